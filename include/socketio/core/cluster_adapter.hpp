// SPDX-License-Identifier: MIT
// What adapters that connect several servers have in common: what the servers tell and ask each other. Core layer.
#pragma once

#include <socketio/core/adapter.hpp>
#include <socketio/core/error.hpp>
#include <socketio/core/memory_adapter.hpp>
#include <socketio/core/recovery_options.hpp>
#include <socketio/engine/scheduler.hpp>
#include <socketio/engine/timer_queue.hpp>
#include <socketio/protocol/sid.hpp>
#include <socketio/protocol/value.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace socketio {

/// What one server of a cluster tells others about a namespace. Each type uses the members named beside it.
struct ClusterMessage {
  enum class Type {
    broadcast,           // options, event; timeout, if acknowledgements are wanted
    add_sockets,         // options, rooms
    del_sockets,         // options, rooms
    disconnect_sockets,  // options, close
    fetch_sockets,       // options
    server_side_event,   // event
    withdraw,            // of a broadcast with acknowledgements: nobody waits for them any more
    answer,              // event: the items of one answer
    end                  // sockets, error: there will be no more answers from this server
  };

  Type type = Type::broadcast;
  std::uint64_t request = 0;  // to which answers are wanted, or which is answered; 0: no answers are wanted
  std::string sender{};       // the id of the adapter whose request it is
  BroadcastOptions options{};
  std::vector<Value> event{};
  std::optional<std::chrono::milliseconds> timeout{};
  std::vector<std::string> rooms{};
  bool close = false;
  std::vector<SocketDetails> sockets{};
  std::error_code error{};
};

/// Answers one request of another server. One that goes without having ended the request ends it with
/// Errc::no_answer: nobody need wait for a server that has gone, or for a handler that has lost the request.
///
/// @par Thread safety  One thread at a time, any.
class ClusterResponder {
 public:
  using Send = std::function<void(ClusterMessage)>;

  /// @param send  to the server that asks; kept, and called from any thread
  ClusterResponder(std::uint64_t request, Send send) : request_(request), send_(std::move(send)) {}
  ClusterResponder(const ClusterResponder&) = delete;
  ClusterResponder& operator=(const ClusterResponder&) = delete;
  ~ClusterResponder() {
    if (has_ended_) return;
    try {
      end(make_error_code(Errc::no_answer));
    } catch (...) {
      // Out of memory: the request ends by its timeout.
    }
  }

  void answer(std::vector<Value> items) {
    ClusterMessage message{ClusterMessage::Type::answer, request_, {}};
    message.event = std::move(items);
    send_(std::move(message));
  }
  void end(std::error_code error, std::vector<SocketDetails> sockets = {}) {
    has_ended_ = true;
    ClusterMessage message{ClusterMessage::Type::end, request_, {}};
    message.error = error;
    message.sockets = std::move(sockets);
    send_(std::move(message));
  }

 private:
  std::uint64_t request_;
  Send send_;
  bool has_ended_ = false;
};

/// An adapter for servers that work together: rooms are kept as MemoryAdapter keeps them, and whatever is meant for
/// all servers is also published to the others. How, is for a derived class to say: `publish` on one server, then
/// `receive` on the others.
///
/// With connection state recovery each server remembers what it has sent to its clients, whoever it came from: a client
/// that comes back to another server connects as a new one.
///
/// @par Thread safety  As Adapter; what is protected belongs to the first thread.
/// @par Specification  The ClusterAdapter class of socket.io-adapter 2.5.
class ClusterAdapter : public MemoryAdapter {
 public:
  /// @param request_timeout  for the answers of other servers, where a call has no timeout of its own
  explicit ClusterAdapter(const std::optional<ConnectionStateRecoveryOptions>& recovery = std::nullopt,
                          std::chrono::milliseconds request_timeout = std::chrono::seconds(5))
      : MemoryAdapter(recovery), request_timeout_(request_timeout) {}

  bool connects_servers() const noexcept override { return true; }

  void attach(AdapterHost& host) override { host_ = &host; }

  void close() override {
    host_ = nullptr;
    questions_.clear();
    const auto ended = std::exchange(requests_, {});
    for (const auto& [id, request] : ended) request->done(make_error_code(Errc::disconnected), {});
    MemoryAdapter::close();
  }

  void broadcast(const OutgoingPacket& packet, const BroadcastOptions& options) override {
    if (host_ && !options.flags.local) {
      ClusterMessage message{ClusterMessage::Type::broadcast};
      message.options = options;
      message.event = host_->event_in(packet);
      if (!message.event.empty()) publish(std::move(message));
    }
    MemoryAdapter::broadcast(packet, options);
  }

  Withdraw broadcast_with_ack(const OutgoingPacket& packet, const BroadcastOptions& options,
                              std::optional<std::chrono::milliseconds> timeout, Reply answer, Done done) override {
    ClusterMessage message{ClusterMessage::Type::broadcast};
    if (host_) message.event = host_->event_in(packet);
    if (message.event.empty()) {
      done(host_ ? make_error_code(Errc::no_answer) : std::error_code());
      return nullptr;
    }
    message.options = options;
    message.timeout = timeout;
    const std::uint64_t id = request(std::move(message), timeout, std::move(answer), without_sockets(std::move(done)));
    return [this, id] { withdraw(id); };
  }

  void add_sockets(const BroadcastOptions& options, const std::vector<std::string>& rooms) override {
    tell(ClusterMessage::Type::add_sockets, options, rooms, false);
  }
  void del_sockets(const BroadcastOptions& options, const std::vector<std::string>& rooms) override {
    tell(ClusterMessage::Type::del_sockets, options, rooms, false);
  }
  void disconnect_sockets(const BroadcastOptions& options, bool close) override {
    tell(ClusterMessage::Type::disconnect_sockets, options, {}, close);
  }

  void fetch_sockets(const BroadcastOptions& options, std::optional<std::chrono::milliseconds> timeout,
                     FetchDone done) override {
    if (!host_) return done({}, {});
    ClusterMessage message{ClusterMessage::Type::fetch_sockets};
    message.options = options;
    request(std::move(message), timeout.value_or(request_timeout_), nullptr, std::move(done));
  }

  void server_side_emit(const OutgoingPacket& packet, Reply answer, Done done) override {
    if (!host_) {
      if (done) done({});
      return;
    }
    ClusterMessage message{ClusterMessage::Type::server_side_event};
    message.event = host_->event_in(packet);
    if (message.event.empty()) {
      if (done) done(make_error_code(Errc::no_answer));
      return;
    }
    if (done)
      request(std::move(message), request_timeout_, std::move(answer), without_sockets(std::move(done)));
    else
      publish(std::move(message));
  }

 protected:
  /// Sends a message to every other server that has this namespace; never to this one. Must not throw: what cannot be
  /// sent is lost.
  ///
  /// @return  how many servers get it. If it is a request, each of them answers in a later turn.
  virtual std::size_t publish(ClusterMessage message) = 0;

  /// A message of another server has come; between `attach` and `close`.
  ///
  /// @param responder  null if no answer is wanted
  void receive(const ClusterMessage& message, const std::shared_ptr<ClusterResponder>& responder) {
    switch (message.type) {
      case ClusterMessage::Type::broadcast:
        if (!responder) return host_->broadcast(message.event, message.options);
        return ask(message, responder);
      case ClusterMessage::Type::add_sockets: return host_->add_sockets(message.options, message.rooms);
      case ClusterMessage::Type::del_sockets: return host_->del_sockets(message.options, message.rooms);
      case ClusterMessage::Type::disconnect_sockets: return host_->disconnect_sockets(message.options, message.close);
      case ClusterMessage::Type::fetch_sockets:
        if (responder)
          host_->fetch_sockets(message.options, [responder](std::vector<SocketDetails> sockets) {
            responder->end({}, std::move(sockets));
          });
        return;
      case ClusterMessage::Type::server_side_event:
        if (!responder) return host_->server_side_event(message.event, nullptr);
        return host_->server_side_event(message.event, [responder](std::vector<Value> items) {
          responder->answer(std::move(items));
          responder->end({});
        });
      case ClusterMessage::Type::withdraw:
        if (auto question = questions_.extract({message.sender, message.request})) question.mapped()();
        return;
      case ClusterMessage::Type::answer:
        if (const auto found = requests_.find(message.request); found != requests_.end() && found->second->answer)
          found->second->answer(message.event);
        return;
      case ClusterMessage::Type::end: return handle_end(message);
    }
  }

 private:
  using Question = std::pair<std::string, std::uint64_t>;  // who asks, and the number of the request

  struct Request {
    Request(ClusterAdapter& adapter, std::uint64_t number, Reply on_answer, FetchDone on_done)
        : owner(adapter), id(number), answer(std::move(on_answer)), done(std::move(on_done)) {}

    static void expire(void* context) {
      auto& request = *static_cast<Request*>(context);
      request.error = make_error_code(Errc::timed_out);
      request.owner.finish(request.id);
    }

    ClusterAdapter& owner;
    std::uint64_t id;
    Reply answer;
    FetchDone done;
    std::size_t missing = 0;  // servers that have not ended it
    std::vector<SocketDetails> sockets;
    std::error_code error;
    Timer timer{&Request::expire, this};
  };

  static FetchDone without_sockets(Done done) {
    return [done = std::move(done)](std::error_code error, const std::vector<SocketDetails>&) { done(error); };
  }

  void tell(ClusterMessage::Type type, const BroadcastOptions& options, const std::vector<std::string>& rooms,
            bool close) {
    if (!host_) return;
    ClusterMessage message{type};
    message.options = options;
    message.rooms = rooms;
    message.close = close;
    publish(std::move(message));
  }

  /// Asks this server's clients for another server, and remembers the question for as long as it is open.
  void ask(const ClusterMessage& message, const std::shared_ptr<ClusterResponder>& responder) {
    Question question(message.sender, message.request);
    auto withdraw = host_->broadcast_with_ack(
        message.event, message.options, message.timeout,
        [responder](std::vector<Value> items) { responder->answer(std::move(items)); },
        [this, alive = std::weak_ptr(alive_), responder, question](std::error_code error) {
          if (!alive.expired()) questions_.erase(question);
          responder->end(error);
        });
    if (withdraw) questions_.emplace(std::move(question), std::move(withdraw));
  }

  void withdraw(std::uint64_t id) {
    if (requests_.erase(id) == 0 || !host_) return;
    ClusterMessage message{ClusterMessage::Type::withdraw, id, id_};
    publish(std::move(message));
  }

  /// @return  its number; it may have ended already
  std::uint64_t request(ClusterMessage message, std::optional<std::chrono::milliseconds> timeout, Reply answer,
                        FetchDone done) {
    const std::uint64_t id = ++last_request_;
    message.request = id;
    message.sender = id_;
    Request& request =
        *requests_.emplace(id, std::make_unique<Request>(*this, id, std::move(answer), std::move(done))).first->second;
    request.missing = publish(std::move(message));
    if (request.missing == 0) {
      finish(id);
      return id;
    }
    if (timeout)
      host_->scheduler().arm(request.timer, std::clamp(*timeout, std::chrono::milliseconds(0), longest_delay));
    return id;
  }

  void handle_end(const ClusterMessage& message) {
    const auto found = requests_.find(message.request);
    if (found == requests_.end()) return;
    Request& request = *found->second;
    request.sockets.insert(request.sockets.end(), message.sockets.begin(), message.sockets.end());
    if (message.error && (!request.error || message.error == Errc::timed_out)) request.error = message.error;
    if (--request.missing == 0) finish(request.id);
  }

  void finish(std::uint64_t id) {
    const auto found = requests_.find(id);
    const auto request = std::move(found->second);  // what is called may do anything, closing included
    requests_.erase(found);
    request->done(request->error, std::move(request->sockets));
  }

  std::chrono::milliseconds request_timeout_;
  std::string id_ = make_sid();  // among all adapters of the cluster
  AdapterHost* host_ = nullptr;  // null unless attached
  std::uint64_t last_request_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Request>> requests_;
  std::map<Question, Withdraw> questions_;  // of other servers to the clients of this one
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace socketio
