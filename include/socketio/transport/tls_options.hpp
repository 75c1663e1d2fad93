// SPDX-License-Identifier: MIT
// The options of TLS: the certificate of a server, and what it requires of its clients. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace socketio {

enum class TlsVersion : std::uint8_t { tls_1_2, tls_1_3 };

/// The options of Node.js's `https.createServer`, as far as a server needs them. Everything is in PEM, in a file or as
/// text.
struct TlsOptions {
  std::string certificate_chain_file{};  // the server's certificate, then the intermediate ones up to its authority
  std::string certificate_chain{};
  std::string private_key_file{};
  std::string private_key{};
  std::string passphrase{};  // of the key, if it is encrypted

  // Clients' certificates. HttpRequest::tls describes the certificate of a request's client.
  bool request_cert = false;
  bool reject_unauthorized = true;  // refuses clients without a certificate that an authority of `ca` has signed
  std::string ca_file{};            // the authorities
  std::string ca{};

  TlsVersion min_version = TlsVersion::tls_1_2;
  std::string ciphers{};       // for TLS 1.2, as OpenSSL writes them: "ECDHE+AESGCM:!RSA"; empty: OpenSSL's choice
  std::string ciphersuites{};  // for TLS 1.3: "TLS_AES_128_GCM_SHA256:..."; empty: OpenSSL's choice

  /// Every problem, in words, that shows without a look into the files; empty if there is none.
  SOCKETIO_DECL std::vector<std::string> validate() const;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/tls_options.ipp>
#endif
