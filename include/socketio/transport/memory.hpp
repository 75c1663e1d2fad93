// SPDX-License-Identifier: MIT
// A transport inside the process, with no socket and a clock moved by hand, and the client's side of it. Transport
// layer.
#pragma once

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

/// A scheduler whose clock stands still until it is moved.
class ManualScheduler final : public Scheduler {
 public:
  /// The constructing thread becomes the owner's thread.
  explicit ManualScheduler(asio::io_context& context) : context_(context), owner_(std::this_thread::get_id()) {}

  Clock::time_point now() const override { return now_.load(std::memory_order_relaxed); }
  inline void post(Task task) override;
  bool running_in_this_thread() const override { return std::this_thread::get_id() == owner_; }

  /// Runs everything that is ready, due timers included, until nothing is left.
  void run_until_idle();

  /// Moves the clock from deadline to deadline, with everything that becomes ready run in between.
  void advance(Clock::duration by);

 private:
  void wake_at(Clock::time_point deadline) override { static_cast<void>(deadline); }

  asio::io_context& context_;
  std::thread::id owner_;
  std::atomic<Clock::time_point> now_{Clock::time_point(std::chrono::hours(24))};
};

/// The client's side of one HTTP request.
///
/// What the client does reaches the server in a later turn, in order; what the server does is seen at once.
///
/// @par Lifetime  Dropping it does not end the request.
class MemoryResponse {
 public:
  /// Whether the response has arrived.
  bool done = false;
  HttpResponse response;

  /// Whether the connection was ended without a response, or refused to begin with.
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
/// It behaves as a browser does: it answers the server's close frame, unless it has stopped reading. What it does
/// reaches the server in a later turn, in order; what the server sends arrives at the end of the server's turn.
class MemoryWebSocketClient {
 public:
  struct Received {
    bool is_binary;
    std::string payload;
    friend bool operator==(const Received&, const Received&) = default;
  };

  /// Whether the handshake was accepted; `response` is the 101 then, and what the server answered otherwise.
  bool accepted = false;
  HttpResponse response;

  /// Whether compression was agreed on; messages arrive as they were before it all the same.
  bool compresses = false;

  /// Whether the handshake ended without an answer.
  bool destroyed = false;

  /// Messages in the order of their arrival.
  std::vector<Received> received;

  /// The server's close frame, if one has arrived; no status in it reads as 1005.
  std::optional<std::uint16_t> close_code;

  /// Whether the connection is over, for whatever reason.
  bool closed = false;

  /// The handshake has been answered or the connection is over.
  bool ended() const noexcept { return accepted || done_ || destroyed; }

  void send_text(std::string_view payload);
  void send_binary(std::string_view payload);

  /// Sends a close frame. @param code  no value: an empty one
  void close(std::optional<std::uint16_t> code = std::nullopt);

  /// Cuts the connection without a close frame.
  void abort();

  /// Stops or resumes reading: what the server sends stays in its queue meanwhile.
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

  /// Refuses new requests, cuts those that are not answered, ends every WebSocket after what is queued on it.
  void close();

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

#include <socketio/transport/impl/memory.ipp>
