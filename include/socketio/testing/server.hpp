// SPDX-License-Identifier: MIT
// A server inside the test program, without a port and with a clock moved by hand. Testing.
#pragma once

#include <socketio/core/error.hpp>
#include <socketio/core/options.hpp>
#include <socketio/default_config.hpp>
#include <socketio/protocol/value.hpp>
#include <socketio/server.hpp>
#include <socketio/testing/client.hpp>
#include <socketio/testing/error.hpp>
#include <socketio/testing/kit.hpp>
#include <socketio/testing/options.hpp>
#include <socketio/transport/memory.hpp>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <chrono>
#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::testing {

/// A program's configuration, with the transport in memory in the place of its own.
template <class Config = DefaultConfig>
struct ConfigOf : Config {
  using Transport = MemoryTransport;
};

/// A server under test. Everything that socketio::BasicServer has, and scripted clients for it.
///
/// It listens from the beginning. Nothing happens by itself: clients, and the functions below, let it do everything
/// that can be done without time going by, and `advance` lets time go by. Handlers run on the test's thread, inside
/// those calls.
///
/// Handlers take the server as `socketio::BasicServer<Config>&` with `Config` a template parameter, and so serve both
/// the program and its tests.
///
/// @code
/// socketio::testing::Server io;
/// install_handlers(io);
/// auto alice = io.connect("/chat", {{"token", "x"}});
/// auto bob = io.connect("/chat", {{"token", "y"}});
/// alice.emit("chat message", "hi");
/// assert(bob.next("chat message").arg<std::string>(0) == "hi");
/// @endcode
///
/// Asio's own timers, and threads of the program, live by the real clock: see `run_until`.
///
/// @tparam Config      the program's configuration, as it is
/// @par Thread safety  The constructing thread only.
/// @par Lifetime       Clients may outlive it; whatever they are asked for throws then.
template <class Config = DefaultConfig>
class BasicServer : public socketio::BasicServer<ConfigOf<Config>> {
  using Base = socketio::BasicServer<ConfigOf<Config>>;

 public:
  using Client = BasicClient<Config>;
  using Socket = BasicSocket<ConfigOf<Config>>;

  explicit BasicServer(ServerOptions options = {}, MemoryTransportOptions transport_options = {})
      : Base(on_one_thread(std::move(options)), transport_options),
        kit_(std::make_shared<detail::Kit>(this->transport())) {
    this->on_error([kit = std::weak_ptr(kit_)](const ErrorReport& report) {
      if (const auto alive = kit.lock()) alive->report(report);
    });
    this->listen(0);
  }
  ~BasicServer() { kit_->destroy_server(); }

  /// A client with a connection of its own, in a namespace.
  ///
  /// @param auth      the credentials; an object, or null for none
  /// @throws Refused  if the server refuses, for example in a middleware
  /// @throws Error    if no answer comes, since a middleware waits for something: see `open`
  Client connect(std::string nsp = "/", Value auth = {}) { return connect(with(std::move(nsp), std::move(auth))); }
  Client connect(ClientOptions options) {
    Client client = open(std::move(options));
    client.require_connected();
    return client;
  }

  /// As `connect`, whatever the answer: see `Client::connected` and `connect_error`.
  Client open(std::string nsp = "/", Value auth = {}) { return open(with(std::move(nsp), std::move(auth))); }
  Client open(ClientOptions options) {
    auto state = std::make_shared<detail::ClientState<Config>>(kit_, std::move(options), this->options());
    state->connection = std::make_shared<detail::ClientConnection<Config>>(kit_, this->options(), state->options);
    kit_->add(state->connection);
    state->connection->join(state);
    settle();
    return Client(std::move(state));
  }

  /// The server's side of a client.
  ///
  /// @throws Error  if the client is not connected
  Socket socket(const Client& client) {
    client.require_connected();
    for (const Socket& socket : this->of(client.nsp()).sockets())
      if (socket.id() == client.id()) return socket;
    throw Error("the server has no socket " + client.id() + " in " + client.nsp());
  }

  /// Lets everything happen that can happen without time going by. Clients do it in each of their functions.
  void settle() { kit_->settle(); }

  /// Moves the clock: heartbeats, timeouts of acknowledgements and whatever else waits for the time happen in their
  /// order, and clients answer meanwhile.
  void advance(std::chrono::nanoseconds by) { kit_->advance(by); }

  /// For what does not live by this clock, a thread or a timer of Asio: lets things happen until the condition holds,
  /// in real time.
  ///
  /// @throws Error  if it does not within `limit`
  template <std::predicate Condition>
  void run_until(Condition&& condition, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    const auto work = asio::make_work_guard(this->context());  // without any, the loop would not wait
    settle();
    while (!condition()) {
      if (std::chrono::steady_clock::now() >= deadline)
        throw Error("the condition has not come true within " + std::to_string(limit.count()) + " ms");
      this->context().restart();
      this->context().run_one_for(std::chrono::milliseconds(1));
      settle();
    }
  }

  /// What the server has reported: exceptions from handlers, arguments that did not convert, and so on. Empty if the
  /// program has set an error hook of its own.
  const std::vector<ErrorReport>& errors() {
    settle();
    return kit_->reports();
  }
  void clear_errors() { kit_->reports().clear(); }

 private:
  static ServerOptions on_one_thread(ServerOptions options) {
    options.threads = 1;
    return options;
  }

  static ClientOptions with(std::string nsp, Value auth) {
    ClientOptions options;
    options.nsp = std::move(nsp);
    options.auth = std::move(auth);
    return options;
  }

  std::shared_ptr<detail::Kit> kit_;
};

/// Those of the default configuration.
using Server = BasicServer<DefaultConfig>;
using Socket = Server::Socket;

}  // namespace socketio::testing
