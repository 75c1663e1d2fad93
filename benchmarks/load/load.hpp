// SPDX-License-Identifier: MIT
// The workloads: what the clients do, and which part of it is measured.
#pragma once

#include <benchmarks/load/client.hpp>
#include <benchmarks/load/histogram.hpp>
#include <benchmarks/load/options.hpp>
#include <benchmarks/load/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// The measurements of one run. CPU times are in nanoseconds.
struct Measurement {
  std::uint64_t messages = 0;  // received messages; for `connect`: complete connections, from the handshake to the end
  std::uint64_t sent = 0;
  double seconds = 0;
  std::uint64_t server_cpu_ns = 0;
  std::uint64_t own_cpu_ns = 0;
  std::uint64_t connect_cpu_ns = 0;  // of the server, for all clients together
  double connect_seconds = 0;
  std::uint64_t memory_before = 0;
  std::uint64_t memory_connected = 0;
  std::uint64_t memory_after = 0;
  Histogram latency;
};

class Load final : private ClientUser {
 public:
  /// @throws std::runtime_error  if that many connections are not possible
  explicit Load(const Options& options);
  ~Load();

  /// Connects the clients, lets them work, measures.
  ///
  /// @throws std::runtime_error  if the server refuses, ends a connection, or answers wrongly or not at all
  Measurement run();

 private:
  void check_descriptors() const;
  void connect_all();
  void open(unsigned index);
  void storm();
  void begin();
  void run_for(double seconds);
  void turn(int timeout_ms);
  int send_what_is_due();
  void start_measuring();
  void stop_measuring();
  bool is_sender(unsigned index) const;
  void send_event(Client& client);
  void count(Client& client, std::string_view stamp);
  std::uint64_t server_cpu_ns() const;
  std::uint64_t server_cpu_ns_since(std::uint64_t before) const;
  std::uint64_t server_memory() const;

  void handle_ready(Client& client) override;
  void handle_message(Client& client, std::string_view packet) override;
  void handle_attachment(Client& client, std::string_view beginning, std::size_t size) override;
  void handle_goodbye(Client& client) override;

  const Options options_;
  Poller poller_;
  std::vector<std::unique_ptr<Client>> clients_;  // by index
  std::vector<std::unique_ptr<Client>> gone_;     // destroyed after the turn
  std::vector<std::vector<std::string>> rooms_;   // by client
  std::vector<Client*> senders_;
  unsigned ready_ = 0;
  bool reconnects_ = false;
  bool measuring_ = false;

  std::string event_;
  std::string filler_;           // the text after the stamp
  std::string expected_prefix_;  // the start of every answer, up to the stamp

  std::uint64_t schedule_start_ = 0;
  double schedule_step_ns_ = 0;
  std::uint64_t scheduled_ = 0;  // events that the schedule has sent

  std::uint64_t measure_start_ = 0;
  Measurement result_;
};

}  // namespace bench
