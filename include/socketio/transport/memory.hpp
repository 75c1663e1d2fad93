// SPDX-License-Identifier: MIT
// A transport inside the process, without sockets, with a clock that the program moves, and the client's side of it.
// Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/http.hpp>
#include <socketio/engine/message.hpp>
#include <socketio/engine/scheduler.hpp>
#include <socketio/engine/transport.hpp>

#include <asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace socketio {

class MemoryTransport;

namespace detail {
class MemoryHub;
class MemoryExchange;
class MemoryWebSocket;
}  // namespace detail

/// A scheduler whose clock stands still until the program moves it.
class ManualScheduler final : public Scheduler {
 public:
  /// The constructing thread becomes the owner's thread.
  explicit ManualScheduler(asio::io_context& context) : context_(context), owner_(std::this_thread::get_id()) {}

  Clock::time_point now() const override { return now_.load(std::memory_order_relaxed); }
  SOCKETIO_DECL void post(Task task) override;
  bool running_in_this_thread() const override { return std::this_thread::get_id() == owner_; }

  /// Runs everything that is ready, due timers included, until nothing is left.
  void run_until_idle();

  /// Moves the clock from deadline to deadline, and runs everything that becomes ready in between.
  void advance(Clock::duration by);

 private:
  void wake_at(Clock::time_point deadline) override { static_cast<void>(deadline); }

  asio::io_context& context_;
  std::thread::id owner_;
  std::atomic<Clock::time_point> now_{Clock::time_point(std::chrono::hours(24))};
};

/// The client's side of one HTTP request.
///
/// The server notices the client's actions in a later turn, in order; the client sees the server's at once.
///
/// @par Lifetime  Dropping it does not end the request.
class MemoryResponse {
 public:
  /// Whether the response has arrived.
  bool done = false;
  HttpResponse response;

  /// Whether the server ended the connection without a response, or did not accept it.
  bool destroyed = false;

  /// Whether `abort` was called before the end.
  bool aborted = false;

  bool ended() const noexcept { return done || destroyed || aborted; }
  unsigned status() const noexcept { return done ? response.status : 0; }
  const std::string& body() const noexcept { return response.body; }
  std::optional<std::string_view> header(std::string_view name) const noexcept { return response.headers.find(name); }

  /// Sends more of the body of a request begun with `MemoryTransport::start_request`.
  void add_body(std::string_view piece);
  void finish_body();

  /// Cuts the connection.
  void abort();

 private:
  friend class MemoryTransport;
  friend class detail::MemoryExchange;

  std::weak_ptr<detail::MemoryExchange> exchange_;
  std::shared_ptr<detail::MemoryHub> hub_;
};

/// The client's side of one WebSocket.
///
/// It behaves as a browser does: it answers the server's close frame, unless it has stopped reading. The server notices
/// its actions in a later turn, in order; the messages of the server arrive at the end of the server's turn.
class MemoryWebSocketClient {
 public:
  struct Received {
    bool is_binary;
    std::string payload;
    friend bool operator==(const Received&, const Received&) = default;
  };

  /// Whether the server accepted the handshake; `response` then has status 101 and the fields that the server has
  /// added, and otherwise is the refusal.
  bool accepted = false;
  HttpResponse response;

  /// Whether both sides agreed on compression; `received` holds the uncompressed messages all the same.
  bool compresses = false;

  /// Whether the handshake ended without an answer.
  bool destroyed = false;

  /// Messages in the order of their arrival.
  std::vector<Received> received;

  /// The code of the server's close frame, if one has arrived; 1005 if it had none.
  std::optional<std::uint16_t> close_code;

  /// Whether the connection has ended.
  bool closed = false;

  /// The handshake has been answered or the connection is over.
  bool ended() const noexcept { return accepted || done_ || destroyed; }

  void send_text(std::string_view payload);
  void send_binary(std::string_view payload);

  /// Sends a close frame. @param code  no value: an empty one
  void close(std::optional<std::uint16_t> code = std::nullopt);

  /// Cuts the connection without a close frame.
  void abort();

  /// Stops or resumes reading; meanwhile the server keeps its messages in its queue.
  void stall_reading(bool stalled = true);

  /// Makes the server's next write fail.
  void break_pipe();

  /// Removes and returns the oldest message; an empty text if there is none.
  Received pop();

 private:
  friend class MemoryTransport;
  friend class detail::MemoryExchange;
  friend class detail::MemoryWebSocket;

  struct Sent {
    enum class What { text, binary, close_frame, end } what;
    std::string payload;
    std::optional<std::uint16_t> code;
  };

  void send(Sent what);

  std::weak_ptr<detail::MemoryExchange> exchange_;
  std::weak_ptr<detail::MemoryWebSocket> websocket_;
  std::shared_ptr<detail::MemoryHub> hub_;
  std::vector<Sent> early_;  // sent before the answer to the handshake
  bool done_ = false;
  bool stalled_ = false;
  bool pipe_is_broken_ = false;
};

using MemoryResponsePtr = std::shared_ptr<MemoryResponse>;
using MemoryWebSocketClientPtr = std::shared_ptr<MemoryWebSocketClient>;

/// Options of `MemoryTransport`.
struct MemoryTransportOptions {
  /// How long the server waits for the client's close frame after its own.
  std::chrono::milliseconds close_timeout{30'000};
};

/// A transport without a network, for tests, fuzzers and benchmarks of the layers above.
///
/// @par Thread safety  The constructing thread only.
/// @par Example
/// @code
/// asio::io_context context;
/// MemoryTransport transport(context);
/// Engine engine(transport.scheduler());
/// transport.on_exchange([&](ExchangePtr exchange) { engine.handle(std::move(exchange)); });
/// transport.listen();
/// auto response = transport.fetch("GET", "/engine.io/?EIO=4&transport=polling");  // response->status() == 200
/// transport.advance(25s);                                                         // a ping is on its way
/// @endcode
class MemoryTransport {
 public:
  using Options = MemoryTransportOptions;
  using executor_type = asio::io_context::executor_type;
  using Headers = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  explicit MemoryTransport(asio::io_context& context, Options options = {});
  MemoryTransport(const MemoryTransport&) = delete;
  MemoryTransport& operator=(const MemoryTransport&) = delete;
  ~MemoryTransport();

  Scheduler& scheduler() noexcept;
  executor_type get_executor() noexcept { return context_.get_executor(); }
  void on_exchange(ExchangeHandler handler);

  /// Accepts requests from now on. @return `port`, or 1 for port 0
  std::uint16_t listen(std::uint16_t port = 0, const std::string& address = {});

  /// Refuses new requests, cuts those without a response, and ends every WebSocket after the messages in its queue.
  void close();

  /// Calls `handler` once, in a later turn, when every request has ended and so has every WebSocket: at the next
  /// opportunity if that is so now. The destructor drops handlers that still wait.
  void when_empty(detail::UniqueFunction<void()> handler);

  /// Runs everything that is ready.
  void run_until_idle();

  /// Moves the clock, firing every timer on the way.
  void advance(Scheduler::Clock::duration by);

  /// A request from 127.0.0.1.
  static HttpRequest make_request(std::string method, std::string target, Headers headers = {});

  /// Sends a complete request; the server gets it in a later turn.
  MemoryResponsePtr request(HttpRequest request, std::string body = {});

  /// Sends the head of a request; the body follows with `MemoryResponse::add_body`.
  MemoryResponsePtr start_request(HttpRequest request);

  /// Sends a complete request and runs until idle.
  MemoryResponsePtr fetch(std::string method, std::string target, std::string body = {}, Headers headers = {});

  /// Asks for a WebSocket; the fields of a correct handshake that the request lacks are added.
  MemoryWebSocketClientPtr connect_websocket(HttpRequest request);

  /// Asks for a WebSocket and runs until idle.
  MemoryWebSocketClientPtr connect_websocket(std::string target, Headers headers = {});

 private:
  asio::io_context& context_;
  std::shared_ptr<detail::MemoryHub> hub_;
};

static_assert(Transport<MemoryTransport>);

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/memory.ipp>
#endif
