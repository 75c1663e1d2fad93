// SPDX-License-Identifier: MIT
// A plain socket under a connection of the Asio transport, waited for by the shard's epoll set. Transport layer, Linux
// only.
#pragma once

#if defined(__linux__)

#include <socketio/transport/asio_connection.hpp>
#include <socketio/transport/asio_shard.hpp>
#include <socketio/transport/epoll_set.hpp>

#include <asio/basic_stream_socket.hpp>
#include <asio/error.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <span>
#include <system_error>
#include <utility>

namespace socketio::detail {

template <class Stream>
class AsioStreamConnection;

/// Does the same as the general template in <socketio/transport/asio_stream.hpp>, without a pending operation of Asio
/// per connection. The socket must not block.
template <class Protocol, class Executor>
class AsioStreamConnection<asio::basic_stream_socket<Protocol, Executor>> : public AsioConnection, EpollWatch {
 public:
  using Stream = asio::basic_stream_socket<Protocol, Executor>;

  AsioStreamConnection(std::shared_ptr<AsioShard> shard, AsioPeer peer, Stream stream)
      : AsioStreamConnection(std::move(shard), std::move(peer), stream.release()) {}
  /// Owns the descriptor.
  AsioStreamConnection(std::shared_ptr<AsioShard> shard, AsioPeer peer, int descriptor)
      : AsioConnection(std::move(shard), std::move(peer)), EpollWatch(descriptor) {}
  ~AsioStreamConnection() override { close_stream(); }

 protected:
  std::size_t read_some(std::span<char> into, std::error_code& error) override {
    const ssize_t bytes = ::recv(descriptor(), into.data(), into.size(), 0);
    if (bytes == 0) error = asio::error::eof;
    return result(bytes, error);
  }
  std::size_t write_some(asio::const_buffer from, std::error_code& error) override {
    return result(::send(descriptor(), from.data(), from.size(), MSG_NOSIGNAL), error);
  }
  std::size_t write_some(std::span<const asio::const_buffer> from, std::error_code& error) override {
    std::array<iovec, 64> pieces;
    msghdr message{};
    message.msg_iov = pieces.data();
    for (const asio::const_buffer& piece : from.first((std::min)(from.size(), pieces.size())))
      pieces[message.msg_iovlen++] = {const_cast<void*>(piece.data()), piece.size()};
    return result(::sendmsg(descriptor(), &message, MSG_NOSIGNAL), error);
  }
  void wait_readable() override {
    if (!shard().epoll().wait_readable(*this)) give_up();
  }
  void wait_writable() override {
    if (!shard().epoll().wait_writable(*this)) give_up();
  }
  bool cancel_wait_readable() override {
    shard().epoll().remove(*this);
    return false;
  }
  bool move_stream(AsioShard&) override {
    shard().epoll().remove(*this);
    return true;
  }
  void shut_down_send() override { static_cast<void>(::shutdown(descriptor(), SHUT_WR)); }
  void close_stream() override {
    if (is_closed_) return;
    is_closed_ = true;
    shard().epoll().remove(*this);
    static_cast<void>(::close(descriptor()));
  }

 private:
  void on_ready(bool readable, bool writable) override {
    const auto self = this->shared_from_this();
    // After on_readable the connection may belong to another thread, unless it waits to write.
    if (readable) on_readable();
    if (writable) on_writable();
  }

  /// The operating system has no memory to wait for this socket.
  void give_up() {
    shard().scheduler.post([self = this->shared_from_this()] { self->abandon(false); });
  }

  static std::size_t result(ssize_t bytes, std::error_code& error) {
    if (bytes >= 0) return static_cast<std::size_t>(bytes);
    error.assign(errno, asio::error::get_system_category());
    return 0;
  }

  bool is_closed_ = false;
};

}  // namespace socketio::detail

#endif
