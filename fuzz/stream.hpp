// SPDX-License-Identifier: MIT
// The Asio transport without sockets: its connections over streams in memory, with a clock that the target moves.
#pragma once

#include <socketio/engine/transport.hpp>
#include <socketio/transport/asio_connection.hpp>
#include <socketio/transport/asio_options.hpp>
#include <socketio/transport/asio_shard.hpp>
#include <socketio/transport/asio_stream.hpp>
#include <socketio/transport/websocket_protocol.hpp>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace fuzz {

/// Both ends of a stream of bytes. The functions are those of the client.
///
/// @par Lifetime  Shared by the client and the server's connection.
class Wire {
 public:
  static constexpr std::size_t unlimited = (std::numeric_limits<std::size_t>::max)();

  void send(std::string_view bytes) {
    if (ending_ != Ending::none) return;
    to_server_ += bytes;
    notify();
  }
  /// What one read of the server yields at most.
  void limit_reads(std::size_t bytes) { read_limit_ = bytes; }
  /// How many more bytes the server can write before it has to wait.
  void limit_writes(std::size_t bytes) {
    write_room_ = bytes;
    notify();
  }
  /// Sends nothing more; the server sees the end after what was sent.
  void finish() { end(Ending::finished); }
  /// Cuts the connection: reading and writing fail.
  void reset() { end(Ending::reset); }

  /// What the server has written since the last call.
  std::string take() { return std::exchange(to_client_, {}); }
  bool has_output() const { return !to_client_.empty(); }
  bool closed_by_server() const { return is_closed_; }

 private:
  friend class socketio::detail::AsioStreamConnection<struct Stream>;
  enum class Ending : std::uint8_t { none, finished, reset };

  /// The server's connection, which waits for something.
  class Waiting {
   public:
    virtual void look() = 0;

   protected:
    ~Waiting() = default;
  };

  void end(Ending how) {
    if (ending_ == Ending::reset) return;
    ending_ = how;
    notify();
  }
  void notify() {
    if (server_ != nullptr) server_->look();
  }

  bool is_readable() const { return !to_server_.empty() || ending_ != Ending::none; }
  bool is_writable() const { return write_room_ > 0 || ending_ == Ending::reset; }

  std::size_t read(std::span<char> into, std::error_code& error) {
    if (ending_ == Ending::reset) {
      error = asio::error::connection_reset;
    } else if (!to_server_.empty()) {
      const std::size_t bytes = (std::min)({into.size(), to_server_.size(), read_limit_});
      std::memcpy(into.data(), to_server_.data(), bytes);
      to_server_.erase(0, bytes);
      return bytes;
    } else {
      error = ending_ == Ending::finished ? std::error_code(asio::error::eof) : asio::error::would_block;
    }
    return 0;
  }
  std::size_t write(asio::const_buffer from, std::error_code& error) {
    if (ending_ == Ending::reset) {
      error = asio::error::broken_pipe;
      return 0;
    }
    const std::size_t bytes = (std::min)(from.size(), write_room_);
    if (bytes == 0 && from.size() > 0) error = asio::error::would_block;
    to_client_.append(static_cast<const char*>(from.data()), bytes);
    if (write_room_ != unlimited) write_room_ -= bytes;
    return bytes;
  }

  std::string to_server_;
  std::string to_client_;
  std::size_t read_limit_ = unlimited;
  std::size_t write_room_ = unlimited;
  Ending ending_ = Ending::none;
  bool is_closed_ = false;
  Waiting* server_ = nullptr;
};

/// The server's end of a wire, as a stream for AsioStreamConnection.
struct Stream {
  std::shared_ptr<Wire> wire;
};

}  // namespace fuzz

namespace socketio::detail {

template <>
class AsioStreamConnection<fuzz::Stream> : public AsioConnection, fuzz::Wire::Waiting {
 public:
  AsioStreamConnection(std::shared_ptr<AsioShard> shard, AsioPeer peer, fuzz::Stream stream)
      : AsioConnection(std::move(shard), std::move(peer)), wire_(std::move(stream.wire)) {
    wire_->server_ = this;
  }
  ~AsioStreamConnection() override { close_wire(); }

 protected:
  std::size_t read_some(std::span<char> into, std::error_code& error) override { return wire_->read(into, error); }
  std::size_t write_some(asio::const_buffer from, std::error_code& error) override { return wire_->write(from, error); }
  std::size_t write_some(std::span<const asio::const_buffer> from, std::error_code& error) override {
    std::size_t total = 0;
    for (const asio::const_buffer& piece : from) {
      const std::size_t bytes = wire_->write(piece, error);
      total += bytes;
      if (bytes < piece.size()) break;
    }
    if (total > 0) error.clear();
    return total;
  }
  void wait_readable() override {
    waits_to_read_ = true;
    look();
  }
  void wait_writable() override {
    waits_to_write_ = true;
    look();
  }
  bool cancel_wait_readable() override {
    waits_to_read_ = false;
    return false;
  }
  bool move_stream(AsioShard&) override { return false; }
  void shut_down_send() override {}
  void close_stream() override { close_wire(); }

 private:
  void look() override {
    if (is_posted_ || !(can_read() || can_write())) return;
    is_posted_ = true;
    shard().scheduler.post([self = shared_from_this(), this] {
      is_posted_ = false;
      const bool readable = can_read();
      const bool writable = can_write();
      if (readable) waits_to_read_ = false;
      if (writable) waits_to_write_ = false;
      if (readable) on_readable();
      if (writable) on_writable();
      look();
    });
  }
  bool can_read() const { return waits_to_read_ && wire_->is_readable(); }
  bool can_write() const { return waits_to_write_ && wire_->is_writable(); }
  void close_wire() {
    waits_to_read_ = waits_to_write_ = false;
    wire_->server_ = nullptr;
    wire_->is_closed_ = true;
  }

  std::shared_ptr<fuzz::Wire> wire_;
  bool waits_to_read_ = false;
  bool waits_to_write_ = false;
  bool is_posted_ = false;
};

}  // namespace socketio::detail

namespace fuzz {

/// Makes the connection over a wire; a plain one.
struct PlainConnections {
  static std::shared_ptr<socketio::detail::AsioConnection> make(std::shared_ptr<socketio::detail::AsioShard> shard,
                                                                std::shared_ptr<Wire> wire) {
    return std::make_shared<socketio::detail::AsioStreamConnection<Stream>>(
        std::move(shard), socketio::detail::AsioPeer{"192.0.2.1", 50'000, false}, Stream{std::move(wire)});
  }
};

/// No implementation of RFC 6455 but the library's own.
struct NativeWebSockets {
  static std::unique_ptr<socketio::detail::WebSocketProtocolFactory> make() { return nullptr; }
};

/// AsioTransport with wires in place of a listening socket: HTTP, WebSockets, compression, timeouts and the limits are
/// those of AsioTransport.
template <class Connections, class WebSockets = NativeWebSockets>
class StreamTransport {
 public:
  using Options = socketio::AsioTransportOptions;
  using executor_type = asio::io_context::executor_type;
  using Clock = socketio::Scheduler::Clock;

  StreamTransport(asio::io_context& context, Options options)
      : shard_(std::make_shared<socketio::detail::AsioShard>(context, options, WebSockets::make())) {
    shard_->scheduler.set_clock(Clock::time_point(std::chrono::hours(24)));
  }
  StreamTransport(const StreamTransport&) = delete;
  StreamTransport& operator=(const StreamTransport&) = delete;
  ~StreamTransport() { shard_->abandon(true); }

  socketio::Scheduler& scheduler() noexcept { return shard_->scheduler; }
  executor_type get_executor() noexcept { return shard_->scheduler.context().get_executor(); }
  void on_exchange(socketio::ExchangeHandler handler) { shard_->set_exchange_handler(std::move(handler)); }
  std::uint16_t listen(std::uint16_t port, const std::string& = {}) {
    shard_->open();
    return port;
  }
  void close() { shard_->close(); }
  std::size_t connection_count() const noexcept { return shard_->connection_count(); }
  void when_empty(socketio::detail::UniqueFunction<void()> handler) { shard_->when_empty(std::move(handler)); }

  /// A client has connected.
  std::shared_ptr<Wire> connect() {
    auto wire = std::make_shared<Wire>();
    const auto connection = Connections::make(shard_, wire);
    shard_->group->connections.fetch_add(1);
    connection->start();
    return wire;
  }

  /// Runs everything that is ready, due timers included.
  void run_until_idle() {
    auto& scheduler = shard_->scheduler;
    for (;;) {
      scheduler.context().restart();
      scheduler.context().poll();
      if (scheduler.timers().next_deadline() > scheduler.now()) return;
      scheduler.timers().advance(scheduler.now());
    }
  }

  /// The time of the next timer; no later than `latest`.
  Clock::time_point next_deadline(Clock::time_point latest) const {
    return (std::min)(latest, shard_->scheduler.timers().next_deadline());
  }
  /// Moves the clock; does not run anything.
  void set_clock(Clock::time_point now) { shard_->scheduler.set_clock(now); }

 private:
  std::shared_ptr<socketio::detail::AsioShard> shard_;
};

}  // namespace fuzz
