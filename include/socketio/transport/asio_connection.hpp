// SPDX-License-Identifier: MIT
// One connection of the Asio transport: reads, writes, waits and ends, over any stream. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/http.hpp>
#include <socketio/engine/timer_queue.hpp>
#include <socketio/engine/transport.hpp>
#include <socketio/transport/asio_out_queue.hpp>
#include <socketio/transport/asio_peer.hpp>

#include <asio/buffer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <system_error>

namespace socketio {
class WebSocketDeflate;
}  // namespace socketio

namespace socketio::detail {

class AsioHttp;
class AsioShard;
class AsioWebSocket;

/// The life of a connection, whatever it runs over; AsioStreamConnection adds the stream.
///
/// What the peer sends goes to an AsioHttp first. When a request is accepted as a WebSocket, an AsioWebSocket takes its
/// place. Both queue what they send, and decide when the connection ends.
///
/// Any call to the stream, to the HTTP or to the WebSocket may change the phase of the connection.
///
/// @par Cost  An idle connection waits for readability and owns no buffer; the upgrade releases everything that only
///            HTTP needs.
class AsioConnection : public std::enable_shared_from_this<AsioConnection> {
 public:
  enum class Phase : std::uint8_t {
    opening,  // the stream is not ready for HTTP
    http,
    websocket,
    closing,    // our close frame is on its way, the peer's is awaited
    flushing,   // the connection reads no more, and ends when everything is written
    lingering,  // everything is written; the connection ends when the peer has seen that
    ended
  };

  AsioConnection(std::shared_ptr<AsioShard> shard, AsioPeer peer);
  AsioConnection(const AsioConnection&) = delete;
  AsioConnection& operator=(const AsioConnection&) = delete;
  SOCKETIO_DECL virtual ~AsioConnection();

  /// Begins to read requests, once the stream is open.
  void start();

  // For the shard

  /// Writes the queue.
  void flush();
  /// Ends an idle connection now, and a busy one as soon as it is idle.
  void shut_down();
  /// Ends now; with `silently`, without a call to a listener or handler.
  void abandon(bool silently);
  std::uint32_t index_in_shard = 0;

  // For the exchange that is being answered

  /// Null from the upgrade on.
  AsioHttp* http() const noexcept { return http_.get(); }
  std::shared_ptr<WebSocket> become_websocket(const HttpRequest& request, const HttpResponse& handshake,
                                              const HttpHeaders& headers, const WebSocketLimits& limits,
                                              std::unique_ptr<WebSocketDeflate> deflate);
  /// Goes over to another shard, with a request with which nothing has been done; false if there is no such shard.
  bool move_to(std::size_t shard, HttpRequest request, bool is_upgrade);

  // For its HTTP and its WebSocket

  Phase phase() const noexcept { return phase_; }
  AsioShard& shard() const noexcept { return *shard_; }
  AsioWebSocket& websocket() noexcept;

  /// The bytes that the connection writes; call `mark_dirty` after a push.
  AsioOutQueue& queue() { return queue_ ? *queue_ : take_queue(); }
  bool has_unsent() const noexcept { return queue_ != nullptr; }
  std::size_t unsent_bytes() const noexcept { return queue_ ? queue_->bytes() : 0; }
  /// The memory that holds them.
  std::size_t kept_bytes() const noexcept { return queue_ ? queue_->kept_bytes() : 0; }
  std::size_t unsent_pongs() const noexcept { return queue_ ? queue_->pongs() : 0; }
  bool waits_to_write() const noexcept { return waiting_writable_; }

  /// Has the queue written at the end of this turn.
  void mark_dirty() {
    if (!dirty_ && !waiting_writable_) flush_later();
  }
  bool is_dirty() const noexcept { return dirty_; }
  /// The same; when everything is written, the connection calls `on_drain` of its WebSocket.
  void mark_dirty_and_drain() {
    drain_due_ = true;
    mark_dirty();
  }
  bool is_drain_due() const noexcept { return drain_due_; }

  /// Waits for input, unless the HTTP or the WebSocket has enough of it.
  void update_reading();

  /// Starts the one timeout of the connection; what it means depends on the phase.
  void arm(std::chrono::milliseconds timeout);
  static void on_timer(void* connection) { static_cast<AsioConnection*>(connection)->on_timeout(); }

  /// The WebSocket has queued the close frame that begins its closing handshake.
  void begin_closing();
  void end();
  void end_after_flush(bool linger);

  /// Goes on with the input that HTTP has kept, in a turn of its own.
  void resume_http();

  /// For streams that are `secure`.
  virtual std::shared_ptr<const TlsPeer> tls_peer() const { return nullptr; }

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
  virtual bool move_stream(AsioShard& target) = 0;  // only while the connection waits for nothing; false if it fails
  virtual void shut_down_send() = 0;
  virtual void close_stream() = 0;

  /// Reads what arrives, below TLS if there is any.
  virtual std::size_t read_plain(std::span<char> into, std::error_code& error) { return read_some(into, error); }

  /// For streams that are `secure`: goes on with the handshake that precedes HTTP.
  virtual Opening open_stream() { return Opening::done; }

  void on_readable();
  void on_writable();

  /// The stream can only read when it has written: on_writable calls on_readable, too.
  void read_when_writable(bool whether) noexcept { reads_when_writable_ = whether; }

 private:
  AsioOutQueue& take_queue();
  void flush_later();
  void open();
  Opening read_proxy_header();
  bool wants_input();
  Timer& timer();
  void on_timeout();
  void on_input_end(const std::error_code& error);
  void on_write_failed();
  void on_write_progress();
  void on_flushed();

  bool is_moving() const noexcept;
  void try_move();
  void arrive(HttpRequest request, bool is_upgrade);

  template <class W, class... Args>
  void emplace_websocket(Args&&... args);

  // Enough for either kind of AsioWebSocket, which would otherwise cost another allocation: connections wait in their
  // hundreds of thousands.
  static constexpr std::size_t websocket_room = 6 * sizeof(void*) + 24;

  Phase phase_ = Phase::http;
  bool dirty_ = false;
  bool waiting_writable_ = false;
  bool drain_due_ : 1 = false;
  bool waiting_readable_ : 1 = false;
  bool linger_ : 1 = false;
  bool reads_when_writable_ : 1 = false;
  std::shared_ptr<AsioShard> shard_;
  std::unique_ptr<AsioHttp> http_;                      // until the upgrade
  std::unique_ptr<AsioOutQueue> queue_;                 // while there is something to write
  alignas(void*) std::byte websocket_[websocket_room];  // from the upgrade on: whenever there is no http_
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/asio_connection.ipp>
#include <socketio/transport/impl/asio_move.ipp>
#endif
