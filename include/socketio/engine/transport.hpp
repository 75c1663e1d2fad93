// SPDX-License-Identifier: MIT
// The transport contract: what the engine asks of a network library, and what it promises in return. Engine layer.
#pragma once

#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/compression.hpp>
#include <socketio/engine/http.hpp>
#include <socketio/engine/message.hpp>
#include <socketio/engine/scheduler.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace socketio {

/// How a WebSocket ended.
struct WebSocketClose {
  enum class Cause {
    closed_by_peer,  // the peer's close frame (code: its code, 1005 if it had none), or the end of its stream (1006)
    protocol_violation,  // the peer broke RFC 6455 or a limit; code is what it was told: 1002, 1007, 1008, 1009
    write_failed,        // the connection failed while data was being sent
    closed_locally       // close() or terminate() was called
  };
  Cause cause = Cause::closed_by_peer;
  std::uint16_t code = 1006;
  std::string reason;
};

/// Receives what happens on one WebSocket. All calls come on the owner's thread, never from inside a call to the
/// WebSocket's own functions, and in the order of the events.
class WebSocketListener {
 public:
  virtual ~WebSocketListener() = default;

  /// A complete message, unmasked and defragmented; text is valid UTF-8.
  ///
  /// @param payload  valid during the call only; the listener may overwrite it
  virtual void on_message(bool is_binary, std::span<char> payload) = 0;

  /// Everything sent so far has been accepted by the operating system: the connection is writable again.
  virtual void on_drain() = 0;

  /// The connection has ended. Called exactly once unless the listener was removed; nothing follows it.
  virtual void on_close(const WebSocketClose& how) = 0;
};

/// One established server-side WebSocket (RFC 6455), owned by the transport and shared with the engine.
///
/// What the transport promises:
/// - ping frames are answered, pong frames ignored, close frames echoed; none of them reaches the listener
/// - a violation of RFC 6455 or of the limits closes the connection with the code that the RFC gives it
/// - frames leave in the order of `send`, coalesced: at most one system call per turn of the loop, if the peer keeps up
/// - nothing is delivered before a listener is set, so that bytes sent along with the handshake are not lost
///
/// @par Thread safety  Owner's thread only.
/// @par Lifetime       The transport keeps the listener alive until `on_close` has returned or it is replaced.
///                     Calls on a WebSocket that has ended do nothing.
class WebSocket {
 public:
  virtual ~WebSocket() = default;

  /// Sets or, with nullptr, removes the receiver of events.
  virtual void set_listener(std::shared_ptr<WebSocketListener> listener) = 0;

  /// Queues one message; it is written at the end of this turn of the loop.
  virtual void send(const MessagePtr& message) = 0;

  /// Whether nothing is queued: false from `send` until `on_drain`, hence at least until the end of the turn.
  virtual bool is_writable() const = 0;

  /// Bytes that hold what is queued and not yet accepted by the operating system: frames, and for messages that are
  /// kept as such Message::kept_bytes instead.
  virtual std::size_t unsent_bytes() const = 0;

  /// Accepts larger messages from now on, see WebSocketLimits::max_message_bytes.
  ///
  /// @param bytes  not less than before
  virtual void raise_message_limit(std::size_t bytes) = 0;

  /// Sends a close frame after everything queued, then waits for the peer's, at most the transport's close timeout.
  ///
  /// @param code  no value: an empty close frame (the peer sees 1005)
  virtual void close(std::optional<std::uint16_t> code = std::nullopt) = 0;

  /// Ends the connection at once, without a close frame; what is queued is lost.
  virtual void terminate() = 0;
};

/// What the WebSocket accepts from its peer, and what it offers.
struct WebSocketLimits {
  std::size_t max_message_bytes = 1'000'000;  // defragmented and decompressed; a larger one closes with 1009
  std::size_t max_fragments = 16'384;         // frames of one message; more close with 1008
  std::size_t max_buffered_chunks = 0;  // reads of the network in which one frame may arrive; more close with 1008

  std::size_t max_messages_per_turn = 0;  // handled in one turn of the loop; the rest wait for the next. 0: no limit

  // How messages are compressed if the client offers it; null: they are not. Read only while the handshake is accepted.
  const PerMessageDeflateOptions* per_message_deflate = nullptr;
};

/// How large the body of a request may be, and in how many pieces it may arrive: chunks of HTTP, or reads of the
/// network.
struct BodyLimits {
  BodyLimits(std::size_t bytes, std::size_t chunks = 0) noexcept : max_bytes(bytes), max_chunks(chunks) {}

  std::size_t max_bytes;
  std::size_t max_chunks;  // 0: no limit
};

enum class BodyError { none, too_large, too_many_chunks, aborted };

/// One HTTP request and the means to answer it, at once or later.
///
/// The transport hands it up as soon as the head of the request is complete and valid. Exactly one of `respond`,
/// `accept_websocket` and `destroy` ends it; an exchange that is dropped without an end is destroyed.
///
/// @par Thread safety  Owner's thread only.
/// @par Lifetime       May be kept as long as wanted. Calls after its end, or after the peer has gone, do nothing.
class HttpExchange {
 public:
  using BodyHandler = detail::UniqueFunction<void(BodyError, std::string body)>;

  virtual ~HttpExchange() = default;

  virtual const HttpRequest& request() const = 0;

  /// Replaces the address in `request()`: a proxy that the server trusts has told the one of the client. A transport
  /// that does not override it has no proxies before it.
  ///
  /// @param port  0: not known
  virtual void set_remote(std::string address, std::uint16_t port) {
    static_cast<void>(address);
    static_cast<void>(port);
  }

  /// Whether the request asks to become a WebSocket: an Upgrade field and the `upgrade` token in Connection.
  /// A malformed WebSocket handshake still counts; `accept_websocket` answers that one.
  virtual bool is_upgrade() const = 0;

  /// Reads the body, whatever its framing. Calls the handler once, in a later turn or at once:
  /// - `none` with the complete body (empty if the request has none)
  /// - `too_large` as soon as more than `max_bytes` have been announced or received, `too_many_chunks` as soon as it
  /// has
  ///   arrived in more than `max_chunks` pieces; the rest is discarded, and the exchange can still be answered
  /// - `aborted` when the connection ended or broke HTTP before the body was complete
  virtual void read_body(const BodyLimits& limits, BodyHandler handler) = 0;

  /// Sends the response. Its body is omitted for HEAD, 204 and 304.
  virtual void respond(HttpResponse response) = 0;

  /// Ends the connection without an answer.
  virtual void destroy() = 0;

  /// Sets what is called, once, when the connection ends before the exchange does.
  virtual void on_abort(detail::UniqueFunction<void()> handler) = 0;

  /// Hands the request to another shard of the server, see ShardedTransport: for this side the exchange has ended, and
  /// the transport over there delivers the request as a new one. Only for an exchange with which nothing else has been
  /// done.
  ///
  /// @param shard  an index in the list that the transports were linked with
  /// @return       whether the transport can; if not, nothing has happened
  virtual bool move_to(std::size_t shard) {
    static_cast<void>(shard);
    return false;
  }

  /// Completes the WebSocket opening handshake (RFC 6455 section 4.2).
  ///
  /// A request that does not conform is answered here as `ws` answers it (405 for a method other than GET; 400 for the
  /// Upgrade, Sec-WebSocket-Key, Sec-WebSocket-Version and Sec-WebSocket-Protocol fields, and for
  /// Sec-WebSocket-Extensions if compression is offered; text/html; closed).
  /// The first subprotocol offered is accepted.
  ///
  /// @param headers  added to the 101 response
  /// @return the connection, without a listener; nullptr if the handshake was refused
  virtual std::shared_ptr<WebSocket> accept_websocket(const HttpHeaders& headers, const WebSocketLimits& limits) = 0;
};

using ExchangePtr = std::shared_ptr<HttpExchange>;
using ExchangeHandler = detail::UniqueFunction<void(ExchangePtr)>;

// clang-format off
/// A transport is an object on one shard that listens and hands up exchanges. docs/transports.md has the requirements
/// in full, for authors of transports.
///
/// | operation                  | semantics                                                                   |
/// |----------------------------|-----------------------------------------------------------------------------|
/// | `T(io_context&, options)`  | bound to one event loop, run by one thread; does nothing yet                |
/// | `T::Options`               | an aggregate: limits and timeouts, default-constructible                    |
/// | `t.scheduler()`            | the shard's `Scheduler&`; lives as long as `t`                              |
/// | `t.get_executor()`         | an Asio executor of the shard, for the user's coroutines                    |
/// | `t.on_exchange(handler)`   | sets who receives the exchanges; called on the owner's thread               |
/// | `t.listen(port, address)`  | accepts connections; returns the bound port; throws `std::system_error`     |
/// | `t.close()`                | stops listening, ends idle connections at once and the others after what    |
/// |                            | they are about to send (responses given, close frames), at the latest after |
/// |                            | its shutdown timeout                                                        |
/// | `t.stop_listening(true)`   | optional: accepts no more connections where another process listens too     |
/// | `t.terminate()`            | optional: as `close`, but ends every connection at once                     |
/// | `t.connection_count()`     | optional: how many connections have not ended                               |
/// | `t.when_empty(handler)`    | optional: calls `handler` once, in a later turn on the owner's thread, when |
/// |                            | no connection is left; in the next one if there is none already. There may  |
/// |                            | be several. BasicServer::close(token) waits for it                          |
// clang-format on
template <class T>
concept Transport = requires(T transport, ExchangeHandler handler, std::uint16_t port, const std::string& address) {
  typename T::Options;
  typename T::executor_type;
  { transport.scheduler() } -> std::same_as<Scheduler&>;
  { transport.get_executor() } -> std::same_as<typename T::executor_type>;
  transport.on_exchange(std::move(handler));
  { transport.listen(port, address) } -> std::same_as<std::uint16_t>;
  transport.close();
};

/// A transport that can also listen with `Security`, which is something that it makes other than plain connections
/// with: `t.listen(port, security, address)`. AsioTransport does with Tls, see <socketio/tls.hpp>.
template <class T, class Security>
concept SecurableTransport = Transport<T> &&
    requires(T transport, const Security& security, std::uint16_t port, const std::string& address) {
  { transport.listen(port, security, address) } -> std::same_as<std::uint16_t>;
};

/// A transport of which several, each on the event loop of its own thread, can serve one server together.
///
/// `T::link(transports)` is called once, before anything else is done with them. From then on what one of them accepts
/// is spread over all, `Options::max_connections` counts for all, `listen` of one opens them all, and
/// `HttpExchange::move_to` works between them. `close` and the destructor still concern one only.
template <class T>
concept ShardedTransport = Transport<T> && requires(std::span<T* const> transports) {
  T::link(transports);
};

}  // namespace socketio
