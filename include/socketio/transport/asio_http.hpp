// SPDX-License-Identifier: MIT
// The requests of one connection of the Asio transport, one after the other, and their responses. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/http.hpp>
#include <socketio/engine/timer_queue.hpp>
#include <socketio/engine/transport.hpp>
#include <socketio/transport/asio_peer.hpp>
#include <socketio/transport/http_parser.hpp>
#include <socketio/transport/proxy_protocol.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace socketio::detail {

class AsioConnection;
class AsioExchange;
class AsioShard;

/// A request on its way to another shard.
struct AsioMove {
  std::shared_ptr<AsioShard> target;
  HttpRequest request;
  bool is_upgrade;
};

/// What a connection does while it speaks HTTP: it parses requests, hands them up one at a time, and queues the
/// responses.
///
/// It is quiet after the connection has ended, and is destroyed with the connection or by the upgrade.
class AsioHttp {
 public:
  AsioHttp(AsioConnection& connection, AsioPeer peer, const HttpLimits& limits);
  AsioHttp(const AsioHttp&) = delete;
  AsioHttp& operator=(const AsioHttp&) = delete;

  // For the connection

  const AsioPeer& peer() const noexcept { return peer_; }

  /// The header of the PROXY protocol with which the connection has to begin; null if there is none, or it is complete.
  ProxyProtocolDecoder* proxy_header() const noexcept { return proxy_header_.get(); }
  void expect_proxy_header() { proxy_header_ = std::make_unique<ProxyProtocolDecoder>(); }
  /// The header is complete, and the peer is the one that it names.
  void accept_proxy_header();
  Timer& timer() noexcept { return timer_; }

  /// Takes requests from the input until one has to wait; keeps the rest. The upgrade may destroy this object.
  void on_input(std::string_view fresh);
  bool wants_input() const;
  /// Everything queued is written. The upgrade may destroy this object.
  void on_flushed();
  void on_write_progress();
  void on_timeout();
  void on_resumed() noexcept { is_resuming_ = false; }

  /// Arms the timer for what the connection waits for now.
  void update_deadline(bool has_input);

  /// Whether there is a request without a response.
  bool owes_response() const noexcept { return state_ != State::head && state_ != State::answered; }

  /// The exchange that waits for its response, which from now on it cannot give.
  std::shared_ptr<AsioExchange> take_exchange();

  /// HTTP is over: releases what it holds.
  void stop();

  /// Destroys an object that the upgrade has replaced, at once or when its `on_input` returns.
  ///
  /// @return  the input that it has kept
  static std::string leave(std::unique_ptr<AsioHttp> http);

  // For a connection that changes its shard

  bool is_moving() const noexcept { return move_ != nullptr; }
  bool is_resuming() const noexcept { return is_resuming_; }
  void begin_move(AsioMove move);
  AsioMove take_move();
  void refuse(unsigned status);
  void deliver(HttpRequest request, bool is_upgrade);
  bool has_kept_input() const noexcept { return !tail_.empty(); }

  // For the exchange

  HttpFraming framing() const noexcept { return parser_.framing(); }
  void read_body(const BodyLimits& limits);
  void respond(HttpResponse response, bool is_head);
  void destroy_connection();

 private:
  enum class State : std::uint8_t {
    head,             // no request is being answered: the next head is awaited
    delivered,        // the exchange has the request, and its body, if any, waits
    reading_body,     // the body goes to the exchange
    discarding_body,  // the body is too large for the exchange, which can still respond
    answered          // the response is queued; the rest of the body is discarded
  };
  class Consuming;
  enum class Deadline : std::uint8_t { none, head, body, write, keep_alive };

  bool step(std::string_view& input);
  bool take_body(std::string_view& input);
  void open_exchange();
  void begin_next_request();
  void resume_later();
  std::shared_ptr<AsioExchange> exchange() const;

  AsioConnection& connection_;
  HttpHeadParser parser_;
  HttpBodyDecoder body_;
  std::string tail_;       // received and not yet used
  std::string body_text_;  // so far, of the body that goes to the exchange
  Timer timer_;
  AsioPeer peer_;
  std::unique_ptr<ProxyProtocolDecoder> proxy_header_;
  AsioExchange* exchange_ = nullptr;   // alive and unanswered, or nullptr
  std::unique_ptr<AsioMove> move_;     // the connection is about to leave this shard
  std::unique_ptr<AsioHttp> retired_;  // this object itself, if the upgrade came inside on_input
  BodyLimits body_limits_{0};
  std::size_t body_chunks_ = 0;  // in which the body has arrived so far
  std::size_t discarded_bytes_ = 0;
  std::uint64_t requests_ = 0;      // whose head was complete
  std::uint64_t deadline_for_ = 0;  // the request that the timer runs for
  Deadline deadline_ = Deadline::none;
  State state_ = State::head;
  bool is_consuming_ = false;  // on_input is on the stack
  bool is_resuming_ = false;   // a call of resume_http is posted
};

/// The request that a connection is answering.
class AsioExchange final : public HttpExchange, public std::enable_shared_from_this<AsioExchange> {
 public:
  AsioExchange(std::shared_ptr<AsioConnection> connection, HttpRequest request, bool upgrade);
  SOCKETIO_DECL ~AsioExchange() override;

  SOCKETIO_DECL const HttpRequest& request() const override;
  SOCKETIO_DECL void set_remote(std::string address, std::uint16_t port) override;
  SOCKETIO_DECL bool is_upgrade() const override;
  SOCKETIO_DECL bool move_to(std::size_t shard) override;
  SOCKETIO_DECL void read_body(const BodyLimits& limits, BodyHandler handler) override;
  SOCKETIO_DECL void respond(HttpResponse response) override;
  SOCKETIO_DECL void destroy() override;
  SOCKETIO_DECL void on_abort(UniqueFunction<void()> handler) override;
  SOCKETIO_DECL std::shared_ptr<WebSocket> accept_websocket(const HttpHeaders& headers,
                                                            const WebSocketLimits& limits) override;

  // For the connection

  void deliver_body(BodyError error, std::string body);
  /// The connection has ended: calls the handlers, unless `silently`.
  void abort(bool silently);

 private:
  std::shared_ptr<AsioConnection> finish();

  std::shared_ptr<AsioConnection> connection_;  // until the exchange has ended
  HttpRequest request_;
  BodyHandler body_handler_;
  UniqueFunction<void()> abort_handler_;
  bool is_upgrade_;
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/asio_exchange.ipp>
#include <socketio/transport/impl/asio_http.ipp>
#endif
