// SPDX-License-Identifier: MIT
// Puts a stream under a connection of the Asio transport: anything of the shape of an Asio stream socket. Transport
// layer.
#pragma once

#include <socketio/transport/asio_connection.hpp>
#include <socketio/transport/asio_shard.hpp>
#include <socketio/transport/epoll_stream.hpp>

#include <asio/buffer.hpp>
#include <asio/socket_base.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <system_error>
#include <utility>

namespace socketio::detail {

/// A connection over a `Stream`, which is an Asio stream socket or looks like one.
///
/// On Linux plain sockets have a specialization.
///
/// The stream needs `non_blocking`, `read_some` and `write_some` that fail with would_block rather than wait,
/// `async_wait` for both directions, `shutdown` and `close`.
template <class Stream>
class AsioStreamConnection : public AsioConnection {
 public:
  AsioStreamConnection(std::shared_ptr<AsioShard> shard, AsioPeer peer, Stream stream)
      : AsioConnection(std::move(shard), std::move(peer)), stream_(std::move(stream)) {}

 protected:
  std::size_t read_some(std::span<char> into, std::error_code& error) override {
    return stream_.read_some(asio::buffer(into.data(), into.size()), error);
  }
  std::size_t write_some(asio::const_buffer from, std::error_code& error) override {
    return stream_.write_some(from, error);
  }
  std::size_t write_some(std::span<const asio::const_buffer> from, std::error_code& error) override {
    return stream_.write_some(from, error);
  }
  void wait_readable() override {
    stream_.async_wait(asio::socket_base::wait_read, [self = keep()](const std::error_code&) { self->on_readable(); });
  }
  void wait_writable() override {
    stream_.async_wait(asio::socket_base::wait_write, [self = keep()](const std::error_code&) { self->on_writable(); });
  }
  bool cancel_wait_readable() override {
    std::error_code ignored;
    stream_.cancel(ignored);
    return true;
  }
  bool move_stream(AsioShard& target) override {
    std::error_code error;
    const auto protocol = stream_.local_endpoint(error).protocol();
    if (error) return false;
    const auto handle = stream_.release(error);
    if (error) return false;
    // This thread binds the stream to the other loop, so that the connection does not refer to this loop on its way.
    stream_ = Stream(target.scheduler.context().get_executor());
    stream_.assign(protocol, handle, error);
    if (!error) stream_.non_blocking(true, error);
    return !error;
  }
  void shut_down_send() override {
    std::error_code ignored;  // the peer may have gone
    stream_.shutdown(asio::socket_base::shutdown_send, ignored);
  }
  void close_stream() override {
    std::error_code ignored;
    stream_.close(ignored);
  }

 private:
  std::shared_ptr<AsioStreamConnection> keep() {
    return std::static_pointer_cast<AsioStreamConnection>(this->shared_from_this());
  }

  Stream stream_;
};

}  // namespace socketio::detail
