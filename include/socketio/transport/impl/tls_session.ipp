// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/tls_session.hpp>. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/tls_session.hpp>

#include <asio/error.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <string>
#include <utility>

namespace socketio::detail {

SOCKETIO_DECL TlsSession::TlsSession(std::shared_ptr<asio::ssl::context> context, TlsWire& wire)
    : context_(std::move(context)), wire_(wire), ssl_(SSL_new(context_->native_handle())) {
  BIO* const bio = ssl_ ? BIO_new(wire_method()) : nullptr;
  if (bio == nullptr) {
    ssl_.reset();
    failed_ = wire_failed_ = true;
    return;
  }
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_accept_state(ssl_.get());
  // Set here rather than in the context, which may be the program's own.
  SSL_set_mode(ssl_.get(),
               SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_set_options(ssl_.get(), SSL_OP_NO_RENEGOTIATION);
  SSL_set_read_ahead(ssl_.get(), 1);  // else each record takes two system calls
}

/// Calls a function of OpenSSL. The thread has one list of errors: the call neither sees old ones nor leaves its own.
template <class F>
TlsSession::Result TlsSession::call(F&& function) {
  if (failed_) return Result::failed;
  ERR_clear_error();
  const int returned = function();
  if (returned > 0) return Result::done;
  const int error = SSL_get_error(ssl_.get(), returned);
  ERR_clear_error();
  switch (error) {
    case SSL_ERROR_WANT_READ: return Result::wants_read;
    case SSL_ERROR_WANT_WRITE: return Result::wants_write;
    case SSL_ERROR_ZERO_RETURN: return Result::ended;
    default: break;
  }
  failed_ = true;
  return Result::failed;
}

SOCKETIO_DECL TlsSession::Result TlsSession::accept() {
  const Result result = call([this] { return SSL_do_handshake(ssl_.get()); });
  // OpenSSL may have read the first request together with the end of the handshake.
  has_input_ = result == Result::done && SSL_has_pending(ssl_.get()) != 0;
  return result;
}

SOCKETIO_DECL std::size_t TlsSession::read_some(std::span<char> into, std::error_code& error) {
  std::size_t total = 0;
  Result result;
  do {
    std::size_t bytes = 0;
    result = call([&] { return SSL_read_ex(ssl_.get(), into.data() + total, into.size() - total, &bytes); });
    total += bytes;
  } while (result == Result::done && total < into.size() && SSL_has_pending(ssl_.get()) != 0);

  has_input_ = total > 0 && (result == Result::done ? SSL_has_pending(ssl_.get()) != 0
                                                    : result == Result::ended || result == Result::failed);
  reads_when_writable_ = result == Result::wants_write;
  if (total > 0) return total;
  switch (result) {
    case Result::wants_read:
    case Result::wants_write: error = asio::error::would_block; break;
    case Result::ended: error = asio::error::eof; break;
    case Result::done:
    case Result::failed: error = asio::error::connection_reset; break;
  }
  return 0;
}

SOCKETIO_DECL std::size_t TlsSession::write_some(asio::const_buffer from, std::error_code& error) {
  std::size_t bytes = 0;
  const std::size_t size = (std::min)(from.size(), max_record_bytes);
  switch (call([&] { return SSL_write_ex(ssl_.get(), from.data(), size, &bytes); })) {
    case Result::done: return bytes;
    case Result::wants_write: error = asio::error::would_block; break;
    // Only a renegotiation wants to read here, and the session does not allow one.
    case Result::wants_read:
    case Result::ended:
    case Result::failed:
      failed_ = true;
      error = asio::error::connection_reset;
      break;
  }
  return 0;
}

SOCKETIO_DECL void TlsSession::shut_down() {
  if (failed_ || std::exchange(is_shut_down_, true) || !SSL_is_init_finished(ssl_.get())) return;
  static_cast<void>(call([this] { return SSL_shutdown(ssl_.get()); }));
}

SOCKETIO_DECL TlsPeer TlsSession::peer() const {
  TlsPeer peer;
  peer.protocol = SSL_get_version(ssl_.get());
  peer.cipher = SSL_CIPHER_get_name(SSL_get_current_cipher(ssl_.get()));
  if ((SSL_get_verify_mode(ssl_.get()) & SSL_VERIFY_PEER) == 0) return peer;

  struct FreeCertificate {
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  };
  const std::unique_ptr<X509, FreeCertificate> certificate(SSL_get1_peer_certificate(ssl_.get()));
  if (!certificate) {
    peer.authorization_error = "no certificate";
    return peer;
  }
  const long result = SSL_get_verify_result(ssl_.get());
  peer.authorized = result == X509_V_OK;
  if (!peer.authorized) peer.authorization_error = X509_verify_cert_error_string(result);

  struct FreeBio {
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
  };
  const std::unique_ptr<BIO, FreeBio> text(BIO_new(BIO_s_mem()));
  const auto take = [&text] {
    char* data = nullptr;
    const long size = BIO_get_mem_data(text.get(), &data);
    std::string taken(data, static_cast<std::size_t>(size));
    static_cast<void>(BIO_reset(text.get()));
    return taken;
  };
  if (!text) return peer;
  // Characters other than ASCII as UTF-8, not escaped.
  constexpr unsigned long form = XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
  if (X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate.get()), 0, form) >= 0) peer.subject = take();
  if (i2d_X509_bio(text.get(), certificate.get()) > 0) peer.certificate = take();
  return peer;
}

// A BIO of our own, because OpenSSL's for sockets knows neither MSG_NOSIGNAL nor the streams of other systems.
SOCKETIO_DECL const BIO_METHOD* TlsSession::wire_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socketio");
    if (made != nullptr) {
      BIO_meth_set_read(made, &TlsSession::read_wire);
      BIO_meth_set_write(made, &TlsSession::write_wire);
      BIO_meth_set_ctrl(made, &TlsSession::control_wire);
    }
    return made;
  }();
  return method;
}

SOCKETIO_DECL bool TlsSession::may_try_again(const std::error_code& error) {
  return error == asio::error::would_block || error == asio::error::try_again || error == asio::error::interrupted;
}

SOCKETIO_DECL int TlsSession::read_wire(BIO* bio, char* into, int size) {
  auto& self = *static_cast<TlsSession*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  std::error_code error;
  const std::size_t bytes = self.wire_.read_wire({into, static_cast<std::size_t>(size)}, error);
  if (!error) return static_cast<int>(bytes);
  if (may_try_again(error))
    BIO_set_retry_read(bio);
  else
    self.wire_failed_ = true;
  return -1;
}

SOCKETIO_DECL int TlsSession::write_wire(BIO* bio, const char* from, int size) {
  auto& self = *static_cast<TlsSession*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  std::error_code error;
  const std::size_t bytes = self.wire_.write_wire({from, static_cast<std::size_t>(size)}, error);
  if (!error) return static_cast<int>(bytes);
  if (may_try_again(error))
    BIO_set_retry_write(bio);
  else
    self.wire_failed_ = true;
  return -1;
}

SOCKETIO_DECL long TlsSession::control_wire(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

}  // namespace socketio::detail
