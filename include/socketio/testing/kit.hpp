// SPDX-License-Identifier: MIT
// What a server under test shares with its scripted clients: the turns that both take, the clock, the reports. Testing.
#pragma once

#include <socketio/core/error.hpp>
#include <socketio/testing/error.hpp>
#include <socketio/transport/memory.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace socketio::testing::detail {

/// The client's end of one connection.
class Connection {
 public:
  virtual ~Connection() = default;

  /// Takes what has arrived, and answers what a client answers by itself.
  ///
  /// @return  whether there was anything to do
  virtual bool process() = 0;
  virtual bool has_ended() const noexcept = 0;

  /// The server is destroyed: lets go of what holds this connection.
  virtual void abandon() = 0;
};

/// Outlives the server, since clients may.
class Kit {
 public:
  explicit Kit(MemoryTransport& transport) : transport_(&transport) {}

  /// @throws Error  when the server has been destroyed
  MemoryTransport& transport() const {
    if (transport_ == nullptr) throw Error("the server of this client has been destroyed");
    return *transport_;
  }

  void add(std::shared_ptr<Connection> connection) { connections_.push_back(std::move(connection)); }
  void report(const ErrorReport& report) { reports_.push_back(report); }
  std::vector<ErrorReport>& reports() noexcept { return reports_; }

  void destroy_server() {
    transport_ = nullptr;
    for (const auto& connection : std::exchange(connections_, {})) connection->abandon();
  }

  /// Lets both sides do everything that they can do without time going by. Inside a handler it does nothing: whoever
  /// called the handler goes on afterwards.
  void settle() {
    MemoryTransport& server = transport();
    if (is_settling_) return;
    const Settling guard(is_settling_);
    do server.run_until_idle();
    while (process_connections());
  }

  void advance(std::chrono::nanoseconds by) {
    using Clock = Scheduler::Clock;
    settle();
    Scheduler& scheduler = transport().scheduler();
    const Clock::time_point target = scheduler.now() + std::chrono::duration_cast<Clock::duration>(by);
    // From deadline to deadline, so that clients answer each ping when it comes.
    while (scheduler.timers().next_deadline() <= target) {
      transport().advance(std::max(scheduler.timers().next_deadline() - scheduler.now(), Clock::duration::zero()));
      settle();
    }
    transport().advance(target - scheduler.now());
    settle();
  }

 private:
  class Settling {
   public:
    explicit Settling(bool& flag) : flag_(flag) { flag_ = true; }
    Settling(const Settling&) = delete;
    Settling& operator=(const Settling&) = delete;
    ~Settling() { flag_ = false; }

   private:
    bool& flag_;
  };

  bool process_connections() {
    bool acted = false;
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      const std::shared_ptr<Connection> connection = connections_[i];
      acted = connection->process() || acted;
    }
    std::erase_if(connections_, [](const auto& connection) { return connection->has_ended(); });
    return acted;
  }

  MemoryTransport* transport_;
  std::vector<std::shared_ptr<Connection>> connections_;
  std::vector<ErrorReport> reports_;
  bool is_settling_ = false;
};

}  // namespace socketio::testing::detail
