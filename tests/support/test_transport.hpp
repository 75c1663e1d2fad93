// SPDX-License-Identifier: MIT
// One transport for a whole test program, chosen when it starts, so that the tests are compiled once for all
// transports.
#pragma once

#include <socketio/engine/scheduler.hpp>
#include <socketio/engine/transport.hpp>
#include <socketio/fwd.hpp>
#include <socketio/transport/asio_options.hpp>
#include <socketio/transport/listening_socket.hpp>
#include <socketio/transport/memory.hpp>
#include <tests/support/raw_client.hpp>

#include <asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace socketio::test {

/// The name in the environment variable SOCKETIO_TEST_TRANSPORT, or `otherwise` if it is not set.
std::string_view chosen_transport(std::string_view otherwise = "memory");

/// Whether the transport of that name listens with TLS.
inline bool speaks_tls(std::string_view transport) { return transport.ends_with("_tls"); }

/// The codec that a RawClient needs for the transport of that name; null if it needs none.
std::unique_ptr<RawCodec> make_codec(std::string_view transport);

/// The number in the environment variable SOCKETIO_TEST_THREADS, or 1: for programs that can run on several threads.
std::size_t chosen_threads();

struct TestTransportOptions {
  std::string_view name = chosen_transport();
  AsioTransportOptions tcp{};  // for the transports on TCP
};

/// Forwards to the transport of that name. The layers above use transports through abstract classes anyway; this adds
/// one call to the few functions that depend on the type.
class TestTransport {
 public:
  using Options = TestTransportOptions;
  using executor_type = asio::io_context::executor_type;

  /// @throws std::invalid_argument  for an unknown name
  explicit TestTransport(asio::io_context& context, Options options = {});
  TestTransport(const TestTransport&) = delete;
  TestTransport& operator=(const TestTransport&) = delete;
  ~TestTransport();

  static void link(std::span<TestTransport* const> transports);

  Scheduler& scheduler() noexcept;
  executor_type get_executor() noexcept { return context_.get_executor(); }
  void on_exchange(ExchangeHandler handler);
  std::uint16_t listen(std::uint16_t port, const std::string& address = {});
  /// Works with every transport; only in programs that have the tests' certificates.
  std::uint16_t listen(std::uint16_t port, const Tls& tls, const std::string& address = {});
  /// Of the transports on TCP.
  void listen(const UnixSocket& where);
  std::uint16_t listen(const ListeningSocket& socket);
  std::vector<ListeningSocket> listening_sockets() const;
  void stop_listening(bool only_where_others_do = false);
  void terminate();
  void close();

  /// The memory transport itself; null if this is a transport on TCP.
  MemoryTransport* memory() noexcept;

  /// The open connections of a transport on TCP.
  std::size_t connection_count() const noexcept;

 private:
  struct Any;
  template <class T>
  struct Of;
  template <class T>
  struct Secure;

  static std::unique_ptr<Any> make(asio::io_context& context, const Options& options);

  asio::io_context& context_;
  std::unique_ptr<Any> transport_;
};

static_assert(ShardedTransport<TestTransport>);

/// For programs that need sockets: AsioTransport, unless the environment names another one on TCP.
inline TestTransport::Options on_tcp(const AsioTransportOptions& options = {}) {
  return {chosen_transport("asio"), options};
}

}  // namespace socketio::test
