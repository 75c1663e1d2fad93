// SPDX-License-Identifier: MIT
// The server's side of one TLS connection, with OpenSSL, over any stream that does not block. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/http.hpp>

#include <asio/buffer.hpp>
#include <asio/ssl/context.hpp>

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <system_error>

namespace socketio::detail {

/// The stream of encrypted bytes. Both functions return std::errc::operation_would_block rather than wait; the end of
/// the stream is asio::error::eof.
class TlsWire {
 public:
  virtual std::size_t read_wire(std::span<char> into, std::error_code& error) = 0;
  virtual std::size_t write_wire(asio::const_buffer from, std::error_code& error) = 0;

 protected:
  ~TlsWire() = default;
};

/// Nothing that a peer does makes it throw. If OpenSSL runs out of memory the handshake fails.
///
/// OpenSSL keeps no buffers for a session that has nothing to read or write.
///
/// @par Lifetime  Must be destroyed before the wire.
class TlsSession {
 public:
  /// The largest record; smaller ones cost more per byte.
  static constexpr std::size_t max_record_bytes = 16 * 1024;

  enum class Result : std::uint8_t { done, wants_read, wants_write, ended, failed };

  TlsSession(std::shared_ptr<asio::ssl::context> context, TlsWire& wire);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// Goes on with the handshake. Call it again when the stream is ready in the direction that it wants, until it is
  /// done or has failed.
  Result accept();

  /// Whether the peer caused the failure and has been sent an alert; otherwise the stream has ended.
  bool can_still_write() const noexcept { return !wire_failed_; }

  /// Fills `into` as far as it can.
  std::size_t read_some(std::span<char> into, std::error_code& error);

  /// Whether there is more to read, even if nothing else arrives on the wire.
  bool has_input() const noexcept { return has_input_; }

  /// Whether the last read_some can only go on when the wire is writable.
  bool reads_when_writable() const noexcept { return reads_when_writable_; }

  /// Writes one record at most. After operation_would_block the next call must begin with the same bytes, which may lie
  /// elsewhere in memory.
  std::size_t write_some(asio::const_buffer from, std::error_code& error);

  /// Tells the peer that nothing will follow, if the wire takes that at once.
  void shut_down();

  /// Describes the peer; after the handshake.
  TlsPeer peer() const;

 private:
  struct Free {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  };

  template <class F>
  Result call(F&& function);

  static const BIO_METHOD* wire_method();
  static bool may_try_again(const std::error_code& error);
  static int read_wire(BIO* bio, char* into, int size);
  static int write_wire(BIO* bio, const char* from, int size);
  static long control_wire(BIO* bio, int command, long number, void* pointer);

  std::shared_ptr<asio::ssl::context> context_;  // owns the callbacks that OpenSSL may call
  TlsWire& wire_;
  std::unique_ptr<SSL, Free> ssl_;
  bool failed_ = false;
  bool wire_failed_ = false;
  bool has_input_ = false;
  bool reads_when_writable_ = false;
  bool is_shut_down_ = false;
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/tls_session.ipp>
#endif
