// SPDX-License-Identifier: MIT
// One connection of the Asio transport: HTTP first, perhaps a WebSocket later, over any stream. Transport layer.
#pragma once

#include <socketio/engine/http.hpp>
#include <socketio/engine/timer_queue.hpp>
#include <socketio/engine/transport.hpp>
#include <socketio/transport/asio_shard.hpp>
#include <socketio/transport/http_parser.hpp>
#include <socketio/transport/websocket_deflate.hpp>
#include <socketio/transport/websocket_parser.hpp>
#include <socketio/transport/websocket_protocol.hpp>

#include <asio/buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace socketio::detail {

class AsioExchange;

/// What is known of the peer when it connects.
struct AsioPeer {
  std::string address;
  std::uint16_t port = 0;
  bool secure = false;
};

/// The life of a connection, whatever it runs over; AsioStreamConnection adds the stream.
///
/// Whoever calls the stream's operations or the listener may find the connection in any other phase afterwards.
/// While it is idle it waits for readability and owns no buffer; what only HTTP needs is released by the upgrade.
class AsioConnection : public WebSocket, public std::enable_shared_from_this<AsioConnection> {
 public:
  AsioConnection(std::shared_ptr<AsioShard> shard, AsioPeer peer);
  inline ~AsioConnection() override;

  /// Begins to read requests, once the stream is open.
  void start();

  // WebSocket
  inline void set_listener(std::shared_ptr<WebSocketListener> listener) override;
  inline void send(const MessagePtr& message) override;
  bool is_writable() const override { return phase_ == Phase::websocket && !drain_due_; }
  std::size_t unsent_bytes() const override { return queue_ ? queue_->bytes() : 0; }
  inline void close(std::optional<std::uint16_t> code = std::nullopt) override;
  inline void terminate() override;

  // For the exchange that is being answered
  void read_body(std::size_t max_bytes);
  void respond(HttpResponse response, bool is_head);
  void destroy();
  std::shared_ptr<WebSocket> become_websocket(const HttpRequest& request, const HttpResponse& handshake,
                                              const HttpHeaders& headers, const WebSocketLimits& limits,
                                              std::unique_ptr<WebSocketDeflate> deflate);
  std::unique_ptr<WebSocketDeflate> make_deflate(const DeflateAgreement& agreement,
                                                 const PerMessageDeflateOptions& options) const;
  HttpFraming body_framing() const noexcept;
  /// Goes over to another shard, with a request that nobody has looked at; false if there is no such shard.
  bool move_to(std::size_t shard, HttpRequest request, bool is_upgrade);
  bool shard_is_closing() const noexcept { return shard_->closing(); }

  // For the shard
  void flush();
  /// Ends now if nothing is going on, else as soon as what is going on is over.
  void shut_down();
  /// Ends now; with `silently`, nobody is told.
  void abandon(bool silently);
  std::size_t index_in_shard = 0;

 protected:
  /// What a stream waits for to go on with its opening.
  enum class Opening : std::uint8_t { wants_read, wants_write, done, refused, failed };

  // The stream; none of these throws. Reading and writing return std::errc::operation_would_block rather than wait.
  virtual std::size_t read_some(std::span<char> into, std::error_code& error) = 0;
  virtual std::size_t write_some(asio::const_buffer from, std::error_code& error) = 0;
  virtual std::size_t write_some(std::span<const asio::const_buffer> from, std::error_code& error) = 0;
  virtual void wait_readable() = 0;                 // ends in on_readable
  virtual void wait_writable() = 0;                 // ends in on_writable
  virtual bool cancel_wait_readable() = 0;          // whether on_readable still comes
  virtual bool move_stream(AsioShard& target) = 0;  // while nothing is waited for; false if it fails
  virtual void shut_down_send() = 0;
  virtual void close_stream() = 0;

  // Only for streams that are `secure`, on which two sides have to agree first.
  virtual Opening open_stream() { return Opening::done; }
  virtual std::shared_ptr<const TlsPeer> tls_peer() const { return nullptr; }

  void on_readable();
  void on_writable();

  AsioShard& shard() const noexcept { return *shard_; }
  /// The stream cannot read before it has written: on_writable shall be on_readable, too.
  void read_when_writable(bool whether) noexcept { reads_when_writable_ = whether; }

 private:
  enum class Phase : std::uint8_t {
    opening,  // the stream is not ready for HTTP
    http,
    websocket,
    closing,    // our close frame is on its way, the peer's is awaited
    flushing,   // nothing more is wanted; ends when all is written
    lingering,  // all is written; ends when the peer has seen that
    ended
  };
  struct Http;
  struct Extra;
  struct Move;
  enum class HttpDeadline : std::uint8_t { none, head, body, write, keep_alive };

  Extra& extra();
  AsioOutQueue& queue();
  void mark_dirty();
  void update_reading();
  bool wants_input() const;
  void arm(std::chrono::milliseconds timeout);
  void on_timeout();
  void on_input_end(const std::error_code& error);
  void on_write_failed();
  void on_write_progress();
  void on_flushed();
  void end();
  void end_after_flush(bool linger);
  std::shared_ptr<AsioExchange> take_exchange();
  void resume_input_later();
  void open();

  void http_input(std::string_view fresh);
  bool http_step(std::string_view& input);
  void http_open_exchange();
  void http_deliver(HttpRequest request, bool is_upgrade);
  bool is_moving() const noexcept;
  void try_move();
  void arrive(HttpRequest request, bool is_upgrade);
  bool http_decode_body(std::string_view& input);
  void http_next_request();
  void http_refuse(unsigned status);
  void http_on_timeout();
  void http_update_deadline(bool has_input);

  void websocket_input(std::span<char> input);
  void websocket_compressed(const WebSocketEvent& event);
  void websocket_closed_by_peer(std::uint16_t code, std::string reason);
  void websocket_violated(std::uint16_t code, std::string_view why);
  void websocket_pong(std::string_view payload);
  void websocket_queue_close(std::optional<std::uint16_t> code, std::string_view reason = {});
  void websocket_stop() noexcept;
  void report_close(WebSocketClose how);
  void deliver_close();

  std::shared_ptr<AsioShard> shard_;
  std::unique_ptr<Http> http_;    // Phase::http only
  std::unique_ptr<Extra> extra_;  // when something out of the ordinary happens
  std::unique_ptr<AsioOutQueue> queue_;
  std::unique_ptr<WebSocketDeflate> deflate_;  // if the client compresses
  std::shared_ptr<WebSocketListener> listener_;
  WebSocketParser parser_{WebSocketLimits{}};
  std::unique_ptr<WebSocketProtocol> protocol_;  // instead of parser_, where the shard has others
  Phase phase_ = Phase::http;
  bool waiting_readable_ = false;
  bool waiting_writable_ = false;
  bool dirty_ = false;
  bool drain_due_ = false;
  bool linger_ = false;
  bool reads_when_writable_ = false;
};

/// The request that a connection is answering.
class AsioExchange final : public HttpExchange, public std::enable_shared_from_this<AsioExchange> {
 public:
  AsioExchange(std::shared_ptr<AsioConnection> connection, HttpRequest request, bool upgrade)
      : connection_(std::move(connection)), request_(std::move(request)), is_upgrade_(upgrade) {}
  ~AsioExchange() override { destroy(); }

  const HttpRequest& request() const override { return request_; }
  bool is_upgrade() const override { return is_upgrade_; }
  inline bool move_to(std::size_t shard) override;
  inline void read_body(std::size_t max_bytes, BodyHandler handler) override;
  inline void respond(HttpResponse response) override;
  inline void destroy() override;
  void on_abort(detail::UniqueFunction<void()> handler) override {
    if (connection_) abort_handler_ = std::move(handler);
  }
  inline std::shared_ptr<WebSocket> accept_websocket(const HttpHeaders& headers,
                                                     const WebSocketLimits& limits) override;

  // For the connection
  void deliver_body(BodyError error, std::string body);
  /// The connection is gone: tells whoever waits, unless `silently`.
  void abort(bool silently);

 private:
  std::shared_ptr<AsioConnection> finish();

  std::shared_ptr<AsioConnection> connection_;  // until the exchange has ended
  HttpRequest request_;
  BodyHandler body_handler_;
  detail::UniqueFunction<void()> abort_handler_;
  bool is_upgrade_;
};

}  // namespace socketio::detail

#include <socketio/transport/impl/asio_connection.ipp>
#include <socketio/transport/impl/asio_http.ipp>
#include <socketio/transport/impl/asio_move.ipp>
#include <socketio/transport/impl/asio_shard.ipp>
#include <socketio/transport/impl/asio_websocket.ipp>
