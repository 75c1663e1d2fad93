// SPDX-License-Identifier: MIT
// A connection of the Asio transport that speaks TLS over its stream. Transport layer.
#pragma once

#include <socketio/transport/asio_shard.hpp>
#include <socketio/transport/asio_stream.hpp>
#include <socketio/transport/tls_session.hpp>

#include <asio/buffer.hpp>
#include <asio/ssl/context.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <system_error>
#include <utility>

namespace socketio::detail {

/// An AsioStreamConnection of that stream, with TLS between the connection and the stream.
template <class Stream>
class TlsConnection final : public AsioStreamConnection<Stream>, TlsWire {
  using Base = AsioStreamConnection<Stream>;
  using typename Base::Opening;

 public:
  /// @param socket  as for AsioStreamConnection
  template <class Socket>
  TlsConnection(std::shared_ptr<AsioShard> shard, AsioPeer peer, Socket socket,
                std::shared_ptr<asio::ssl::context> context)
      : Base(std::move(shard), std::move(peer), std::move(socket)), session_(std::move(context), *this) {}

 private:
  Opening open_stream() override {
    switch (session_.accept()) {
      case TlsSession::Result::wants_read: return Opening::wants_read;
      case TlsSession::Result::wants_write: return Opening::wants_write;
      case TlsSession::Result::done: peer_ = std::make_shared<const TlsPeer>(session_.peer()); return Opening::done;
      case TlsSession::Result::ended:
      case TlsSession::Result::failed: break;
    }
    is_refused_ = session_.can_still_write();
    return is_refused_ ? Opening::refused : Opening::failed;
  }
  std::shared_ptr<const TlsPeer> tls_peer() const override { return peer_; }

  std::size_t read_some(std::span<char> into, std::error_code& error) override {
    return is_refused_ ? Base::read_some(into, error) : session_.read_some(into, error);
  }
  std::size_t read_plain(std::span<char> into, std::error_code& error) override { return Base::read_some(into, error); }
  std::size_t write_some(asio::const_buffer from, std::error_code& error) override {
    return session_.write_some(from, error);
  }
  std::size_t write_some(std::span<const asio::const_buffer> from, std::error_code& error) override {
    if (from.front().size() >= TlsSession::max_record_bytes) return session_.write_some(from.front(), error);
    // Several small pieces go into one record: each record costs some 22 bytes, the start of a cipher and a system
    // call.
    std::array<char, TlsSession::max_record_bytes> record;
    const std::size_t size = asio::buffer_copy(asio::buffer(record), from);
    return session_.write_some(asio::const_buffer(record.data(), size), error);
  }
  void wait_readable() override {
    if (session_.has_input()) {
      is_resuming_ = true;
      this->shard().scheduler.post([self = this->shared_from_this(), this] {
        is_resuming_ = false;
        this->on_readable();
      });
    } else if (session_.reads_when_writable()) {
      this->read_when_writable(true);
      Base::wait_writable();
    } else {
      Base::wait_readable();
    }
  }
  bool cancel_wait_readable() override { return is_resuming_ || Base::cancel_wait_readable(); }
  bool move_stream(AsioShard& target) override {
    this->read_when_writable(false);
    return Base::move_stream(target);
  }
  void shut_down_send() override {
    session_.shut_down();
    Base::shut_down_send();
  }
  void close_stream() override {
    session_.shut_down();
    Base::close_stream();
  }

  std::size_t read_wire(std::span<char> into, std::error_code& error) override { return Base::read_some(into, error); }
  std::size_t write_wire(asio::const_buffer from, std::error_code& error) override {
    return Base::write_some(from, error);
  }

  TlsSession session_;
  std::shared_ptr<const TlsPeer> peer_;
  bool is_refused_ = false;   // the connection reads and ignores what still arrives
  bool is_resuming_ = false;  // a call of on_readable is posted
};

}  // namespace socketio::detail
