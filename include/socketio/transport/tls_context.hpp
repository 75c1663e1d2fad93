// SPDX-License-Identifier: MIT
// Makes of TlsOptions what OpenSSL takes. Transport layer.
#pragma once

#include <socketio/transport/tls_options.hpp>

#include <asio/buffer.hpp>
#include <asio/ssl/context.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>

namespace socketio::detail {

[[noreturn]] inline void refuse_tls_options(const std::string& why) {
  throw std::invalid_argument("socketio::TlsOptions: " + why);
}

/// @param reason  OpenSSL's
[[noreturn]] inline void refuse_tls_options(const std::string& what, unsigned long reason) {
  const char* const words = ERR_reason_error_string(reason);
  refuse_tls_options(what + ": " + (words != nullptr ? words : "not accepted"));
}

/// Something in PEM, and what to call it when it is wrong.
struct TlsText {
  std::string name;
  std::string text;

  /// @throws std::system_error  naming the file, if it cannot be read
  static TlsText of(const char* name, const std::string& text, const std::string& file) {
    if (file.empty()) return {name, text};
    errno = 0;
    std::ifstream stream(file, std::ios::binary);
    std::string content((std::istreambuf_iterator<char>(stream)), {});
    // A directory can be opened, and be read no further.
    if (!stream || content.empty())
      throw std::system_error(errno != 0 ? errno : EIO, std::generic_category(),
                              std::string("socketio::TlsOptions: cannot read ") + name + " \"" + file + '"');
    return {std::string(name) + " \"" + file + '"', std::move(content)};
  }

  void check(const std::error_code& error) const {
    if (error) refuse_tls_options(name + ": " + error.message());
  }
};

/// Lets clients' certificates be vouched for by these authorities, and tells the clients their names.
inline void add_tls_authorities(SSL_CTX* context, const TlsText& authorities) {
  struct Free {
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  };
  ERR_clear_error();
  const std::unique_ptr<BIO, Free> bio(
      BIO_new_mem_buf(authorities.text.data(), static_cast<int>(authorities.text.size())));
  std::size_t count = 0;
  while (bio) {
    const std::unique_ptr<X509, Free> certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!certificate) break;
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate.get()) != 1 ||
        SSL_CTX_add_client_CA(context, certificate.get()) != 1)
      refuse_tls_options(authorities.name, ERR_get_error());
    ++count;
  }
  const unsigned long reason = ERR_peek_last_error();
  const bool is_at_end = ERR_GET_LIB(reason) == ERR_LIB_PEM && ERR_GET_REASON(reason) == PEM_R_NO_START_LINE;
  if (count == 0 || !is_at_end) refuse_tls_options(authorities.name, reason);
  ERR_clear_error();
}

/// RFC 7301: the one protocol there is, if the client names any.
inline int select_tls_application(SSL*, const unsigned char** selected, unsigned char* selected_size,
                                  const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr unsigned char known[] = "\x08http/1.1";
  unsigned char* found = nullptr;
  const int result = SSL_select_next_proto(&found, selected_size, known, sizeof known - 1, offered, offered_size);
  *selected = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// @throws std::invalid_argument  naming what is wrong, with OpenSSL's reason
/// @throws std::system_error      naming the file that cannot be read
inline std::shared_ptr<asio::ssl::context> make_tls_context(const TlsOptions& options) {
  std::string problems;
  for (const std::string& problem : options.validate()) problems += (problems.empty() ? "" : "; ") + problem;
  if (!problems.empty()) refuse_tls_options(problems);
  const auto chain = TlsText::of("certificate_chain", options.certificate_chain, options.certificate_chain_file);
  const auto key = TlsText::of("private_key", options.private_key, options.private_key_file);

  auto made = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX* const context = made->native_handle();
  SSL_CTX_set_min_proto_version(context, options.min_version == TlsVersion::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_alpn_select_cb(context, &select_tls_application, nullptr);
  // Sessions are resumed with tickets alone, which cost the server nothing. Those with clients' certificates need a
  // name for what they are valid for.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  static constexpr unsigned char session_context[] = "socketio";
  SSL_CTX_set_session_id_context(context, session_context, sizeof session_context - 1);

  if (!options.ciphers.empty() && SSL_CTX_set_cipher_list(context, options.ciphers.c_str()) != 1)
    refuse_tls_options("ciphers \"" + options.ciphers + '"', ERR_get_error());
  if (!options.ciphersuites.empty() && SSL_CTX_set_ciphersuites(context, options.ciphersuites.c_str()) != 1)
    refuse_tls_options("ciphersuites \"" + options.ciphersuites + '"', ERR_get_error());

  std::error_code error;
  made->use_certificate_chain(asio::buffer(chain.text), error);
  chain.check(error);
  // Always: without a callback OpenSSL asks whoever sits at the terminal.
  made->set_password_callback([passphrase = options.passphrase](std::size_t, auto) { return passphrase; }, error);
  if (!error) made->use_private_key(asio::buffer(key.text), asio::ssl::context::pem, error);
  key.check(error);

  if (options.request_cert) {
    if (!options.ca.empty() || !options.ca_file.empty())
      add_tls_authorities(context, TlsText::of("ca", options.ca, options.ca_file));
    if (options.reject_unauthorized)
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    else  // the handshake goes on, and the program judges by the result
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
  }
  return made;
}

}  // namespace socketio::detail
