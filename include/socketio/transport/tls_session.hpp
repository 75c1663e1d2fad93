// SPDX-License-Identifier: MIT
// The server's side of one TLS connection, by OpenSSL, over any stream that does not block. Transport layer.
#pragma once

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

/// Where encrypted bytes come from and go to. Both return std::errc::operation_would_block rather than wait; the end of
/// the stream is asio::error::eof.
class TlsWire {
 public:
  virtual std::size_t read_wire(std::span<char> into, std::error_code& error) = 0;
  virtual std::size_t write_wire(asio::const_buffer from, std::error_code& error) = 0;

 protected:
  ~TlsWire() = default;
};

/// Does not throw for anything that peers do. Without memory for it in OpenSSL the handshake fails.
///
/// While it has nothing to read or write it owns no buffer of OpenSSL's.
///
/// @par Lifetime  Not beyond the wire.
class TlsSession {
 public:
  /// The most that goes into one record: what is written in smaller pieces costs more.
  static constexpr std::size_t max_record_bytes = 16 * 1024;

  enum class Result : std::uint8_t { done, wants_read, wants_write, ended, failed };

  TlsSession(std::shared_ptr<asio::ssl::context> context, TlsWire& wire);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// The handshake; to be called again when what it wants is there, until it is done or has failed.
  Result accept();

  /// Whether the failure was the peer's, who has been told; otherwise the stream has ended.
  bool can_still_write() const noexcept { return !wire_failed_; }

  /// @return  fills `into` as far as it can
  std::size_t read_some(std::span<char> into, std::error_code& error);

  /// Whether there is more to read although nothing may arrive on the wire.
  bool has_input() const noexcept { return has_input_; }

  /// Whether the last read_some cannot go on before something can be written.
  bool reads_when_writable() const noexcept { return reads_when_writable_; }

  /// One record at most. After operation_would_block the next call must begin with the same bytes, wherever they are.
  std::size_t write_some(asio::const_buffer from, std::error_code& error);

  /// Tells the peer that nothing will follow, as far as that is possible at once.
  void shut_down();

  /// After the handshake.
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

  std::shared_ptr<asio::ssl::context> context_;  // has the callbacks that OpenSSL may call
  TlsWire& wire_;
  std::unique_ptr<SSL, Free> ssl_;
  bool failed_ = false;
  bool wire_failed_ = false;
  bool has_input_ = false;
  bool reads_when_writable_ = false;
  bool is_shut_down_ = false;
};

}  // namespace socketio::detail

#include <socketio/transport/impl/tls_session.ipp>
