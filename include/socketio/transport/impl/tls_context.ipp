// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/tls_context.hpp>. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/tls_context.hpp>
#include <socketio/transport/tls_options.hpp>

#include <asio/ssl/context.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace socketio::detail {

[[noreturn]] SOCKETIO_DECL void refuse_tls_options(const std::string& why) {
  throw std::invalid_argument("socketio::TlsOptions: " + why);
}

/// Refuses with the reason that OpenSSL gives.
[[noreturn]] SOCKETIO_DECL void refuse_as_openssl_says(const std::string& what) {
  const char* const words = ERR_reason_error_string(ERR_peek_error());
  ERR_clear_error();
  refuse_tls_options(what + ": " + (words != nullptr ? words : "not accepted"));
}

struct FreeOpenssl {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
template <class T>
using OpensslPtr = std::unique_ptr<T, FreeOpenssl>;

/// A text in PEM, and its name for error messages.
class TlsText {
 public:
  /// @throws std::system_error  naming the file, if it cannot be read
  TlsText(std::string name, const std::string& text, const std::string& file) : name_(std::move(name)), text_(text) {
    if (file.empty()) return;
    name_ += " \"" + file + '"';
    errno = 0;
    std::ifstream stream(file, std::ios::binary);
    char chunk[4096];
    while (stream.read(chunk, sizeof chunk), stream.gcount() > 0)
      text_.append(chunk, static_cast<std::size_t>(stream.gcount()));
    if (!stream.eof())
      throw std::system_error(errno != 0 ? errno : EIO, std::generic_category(),
                              "socketio::TlsOptions: cannot read " + name_);
  }

  const std::string& name() const noexcept { return name_; }

  /// At least one.
  ///
  /// @throws std::invalid_argument
  std::vector<OpensslPtr<X509>> certificates() const {
    const auto bio = open();
    std::vector<OpensslPtr<X509>> found;
    while (bio) {
      OpensslPtr<X509> next(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
      if (!next) break;
      found.push_back(std::move(next));
    }
    const unsigned long reason = ERR_peek_last_error();
    const bool is_at_end = ERR_GET_LIB(reason) == ERR_LIB_PEM && ERR_GET_REASON(reason) == PEM_R_NO_START_LINE;
    if (found.empty() || !is_at_end) refuse_as_openssl_says(name_);
    ERR_clear_error();
    return found;
  }

  /// @throws std::invalid_argument
  OpensslPtr<EVP_PKEY> private_key(std::string passphrase) const {
    // Without a callback OpenSSL would ask for the passphrase at the terminal.
    const auto tell = [](char* buffer, int size, int, void* context) {
      const auto& phrase = *static_cast<const std::string*>(context);
      const std::size_t length = (std::min)(phrase.size(), static_cast<std::size_t>(size));
      std::memcpy(buffer, phrase.data(), length);
      return static_cast<int>(length);
    };
    const auto bio = open();
    OpensslPtr<EVP_PKEY> key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, tell, &passphrase) : nullptr);
    if (!key) refuse_as_openssl_says(name_);
    return key;
  }

 private:
  OpensslPtr<BIO> open() const {
    ERR_clear_error();
    return OpensslPtr<BIO>(BIO_new_mem_buf(text_.data(), static_cast<int>(text_.size())));
  }

  std::string name_;
  std::string text_;
};

/// RFC 7301: if the client names protocols, HTTP/1.1 must be one of them.
SOCKETIO_DECL int select_tls_application(SSL*, const unsigned char** selected, unsigned char* selected_size,
                                         const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr unsigned char known[] = "\x08http/1.1";
  unsigned char* found = nullptr;
  const int result = SSL_select_next_proto(&found, selected_size, known, sizeof known - 1, offered, offered_size);
  *selected = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

SOCKETIO_DECL std::shared_ptr<asio::ssl::context> make_tls_context(const TlsOptions& options) {
  std::string problems;
  for (const std::string& problem : options.validate()) problems += (problems.empty() ? "" : "; ") + problem;
  if (!problems.empty()) refuse_tls_options(problems);
  const TlsText chain("certificate_chain", options.certificate_chain, options.certificate_chain_file);
  const TlsText key("private_key", options.private_key, options.private_key_file);
  const TlsText ca("ca", options.ca, options.ca_file);

  auto made = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX* const context = made->native_handle();
  SSL_CTX_set_min_proto_version(context, options.min_version == TlsVersion::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_alpn_select_cb(context, &select_tls_application, nullptr);
  // Clients resume sessions with tickets alone, which cost the server no memory. With clients' certificates OpenSSL
  // wants the name of the context in which a session is valid.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  static constexpr unsigned char session_context[] = "socketio";
  SSL_CTX_set_session_id_context(context, session_context, sizeof session_context - 1);

  ERR_clear_error();
  if (!options.ciphers.empty() && SSL_CTX_set_cipher_list(context, options.ciphers.c_str()) != 1)
    refuse_as_openssl_says("ciphers \"" + options.ciphers + '"');
  if (!options.ciphersuites.empty() && SSL_CTX_set_ciphersuites(context, options.ciphersuites.c_str()) != 1)
    refuse_as_openssl_says("ciphersuites \"" + options.ciphersuites + '"');

  const auto certificates = chain.certificates();
  bool is_taken = SSL_CTX_use_certificate(context, certificates.front().get()) == 1;
  for (std::size_t i = 1; i < certificates.size(); ++i)
    is_taken = is_taken && SSL_CTX_add1_chain_cert(context, certificates[i].get()) == 1;
  if (!is_taken) refuse_as_openssl_says(chain.name());
  if (SSL_CTX_use_PrivateKey(context, key.private_key(options.passphrase).get()) != 1)
    refuse_as_openssl_says(key.name());

  if (options.request_cert) {
    if (!options.ca.empty() || !options.ca_file.empty())
      for (const auto& authority : ca.certificates())
        if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) != 1 ||
            SSL_CTX_add_client_CA(context, authority.get()) != 1)
          refuse_as_openssl_says(ca.name());
    if (options.reject_unauthorized)
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    else  // the handshake goes on, and the program decides by the result
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
  }
  return made;
}

}  // namespace socketio::detail
