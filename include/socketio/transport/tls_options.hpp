// SPDX-License-Identifier: MIT
// What a server shows of itself over TLS, and asks of its clients. Transport layer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace socketio {

enum class TlsVersion : std::uint8_t { tls_1_2, tls_1_3 };

/// The options of Node.js's `https.createServer`, as far as a server needs them. Everything is in PEM, in a file or as
/// text.
struct TlsOptions {
  std::string certificate_chain_file{};  // the server's certificate, then those between it and its authority
  std::string certificate_chain{};
  std::string private_key_file{};
  std::string private_key{};
  std::string passphrase{};  // of the key, if it is encrypted

  // Clients' certificates. Who has one, and what is known of it, is in HttpRequest::tls.
  bool request_cert = false;
  bool reject_unauthorized = true;  // ends those without one that an authority of `ca` vouches for
  std::string ca_file{};            // the authorities
  std::string ca{};

  TlsVersion min_version = TlsVersion::tls_1_2;
  std::string ciphers{};       // for TLS 1.2, as OpenSSL writes them: "ECDHE+AESGCM:!RSA"; empty: OpenSSL's choice
  std::string ciphersuites{};  // for TLS 1.3: "TLS_AES_128_GCM_SHA256:..."; empty: OpenSSL's choice

  /// Every problem in words that can be seen without looking into the files; empty if there is none.
  std::vector<std::string> validate() const {
    std::vector<std::string> problems;
    const auto either = [&problems](const std::string& text, const std::string& file, const std::string& name) {
      if (!text.empty() && !file.empty()) problems.push_back("either " + name + " or " + name + "_file, not both");
    };
    either(certificate_chain, certificate_chain_file, "certificate_chain");
    either(private_key, private_key_file, "private_key");
    either(ca, ca_file, "ca");
    const bool has_ca = !ca.empty() || !ca_file.empty();
    if (certificate_chain.empty() && certificate_chain_file.empty())
      problems.emplace_back("certificate_chain_file or certificate_chain is needed");
    if (private_key.empty() && private_key_file.empty())
      problems.emplace_back("private_key_file or private_key is needed");
    if (has_ca && !request_cert)
      problems.emplace_back("ca is for clients' certificates, which nobody asks for without request_cert");
    if (request_cert && reject_unauthorized && !has_ca)
      problems.emplace_back("request_cert needs ca or ca_file, or else every client would be rejected");
    if (min_version != TlsVersion::tls_1_2 && min_version != TlsVersion::tls_1_3)
      problems.emplace_back("min_version is not one of TlsVersion");
    return problems;
  }
};

}  // namespace socketio
