// SPDX-License-Identifier: MIT
// The client's side of TLS in memory, for RawClient. Needs OpenSSL.
#pragma once

#include <tests/support/raw_client.hpp>

#include <asio/ssl/context.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace socketio::test {

/// A file that tests/support/make_certificates.cmake has created.
inline std::string certificate_file(std::string_view name) {
  return std::string(SOCKETIO_TEST_CERTIFICATES) + '/' + std::string(name);
}

struct ClientTlsOptions {
  std::string authority = "authority";  // the authority of the server's certificate
  std::string certificate;              // its own certificate, "alice"; empty: none
  int version = 0;                      // TLS1_2_VERSION or TLS1_3_VERSION, only this one; 0: any
  std::string ciphers;                  // for TLS 1.2
  std::string application;              // for ALPN
  SSL_SESSION* session = nullptr;       // the session to resume
};

/// TLS between a RawClient and its socket.
class ClientTls : public RawCodec {
 public:
  explicit ClientTls(const ClientTlsOptions& options = {}) {
    SSL_CTX* const context = context_.native_handle();
    context_.load_verify_file(certificate_file(options.authority + ".pem"));
    context_.set_verify_mode(asio::ssl::verify_peer);
    if (!options.certificate.empty()) {
      context_.use_certificate_chain_file(certificate_file(options.certificate + ".pem"));
      context_.use_private_key_file(certificate_file(options.certificate + ".key"), asio::ssl::context::pem);
    }
    if (options.version != 0) {
      SSL_CTX_set_min_proto_version(context, options.version);
      SSL_CTX_set_max_proto_version(context, options.version);
    }
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, [](SSL* ssl, SSL_SESSION* session) {
      static_cast<ClientTls*>(SSL_get_app_data(ssl))->session_.reset(session);
      return 1;
    });
    ssl_.reset(SSL_new(context));
    SSL_set_app_data(ssl(), this);
    SSL_set_bio(ssl(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl());
    SSL_set1_host(ssl(), "localhost");
    if (!options.ciphers.empty()) SSL_set_cipher_list(ssl(), options.ciphers.c_str());
    if (!options.application.empty()) {
      const std::string list = static_cast<char>(options.application.size()) + options.application;
      SSL_set_alpn_protos(ssl(), reinterpret_cast<const unsigned char*>(list.data()),
                          static_cast<unsigned>(list.size()));
    }
    if (options.session != nullptr) SSL_set_session(ssl(), options.session);
    call([this] { return SSL_do_handshake(ssl()); });
  }

  SSL* ssl() const noexcept { return ssl_.get(); }

  /// The newest session with a ticket of the server; null if there is none.
  SSL_SESSION* session() const noexcept { return session_.get(); }

  /// OpenSSL's words for the error: "tlsv13 alert certificate required".
  const std::string& failure() const noexcept { return failure_; }

  bool is_ready() const override { return SSL_is_init_finished(ssl()) != 0; }
  bool has_ended() const override { return (SSL_get_shutdown(ssl()) & SSL_RECEIVED_SHUTDOWN) != 0; }
  void wrap(std::string_view plain) override {
    while (!plain.empty()) {
      std::size_t bytes = 0;
      if (!call([&] { return SSL_write_ex(ssl(), plain.data(), plain.size(), &bytes); })) return;
      plain.remove_prefix(bytes);
    }
  }
  std::string unwrap(std::string_view wire) override {
    BIO_write(SSL_get_rbio(ssl()), wire.data(), static_cast<int>(wire.size()));
    std::string plain;
    char chunk[16 * 1024];
    std::size_t bytes = 0;
    while (call([&] { return SSL_read_ex(ssl(), chunk, sizeof chunk, &bytes); })) plain.append(chunk, bytes);
    return plain;
  }
  void end() override {
    call([this] { return SSL_shutdown(ssl()); });
  }
  std::string take_output() override {
    char* data = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl()), &data);
    std::string output(data, static_cast<std::size_t>(size));
    static_cast<void>(BIO_reset(SSL_get_wbio(ssl())));
    return output;
  }

 private:
  struct Free {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
    void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
  };

  bool call(const std::function<int()>& function) {
    ERR_clear_error();
    const int returned = function();
    if (returned > 0) return true;
    if (SSL_get_error(ssl(), returned) == SSL_ERROR_SSL && failure_.empty()) {
      const char* const words = ERR_reason_error_string(ERR_peek_error());
      failure_ = words != nullptr ? words : "unknown";
    }
    return false;
  }

  asio::ssl::context context_{asio::ssl::context::tls_client};
  std::unique_ptr<SSL_SESSION, Free> session_;
  std::unique_ptr<SSL, Free> ssl_;
  std::string failure_;
};

}  // namespace socketio::test
