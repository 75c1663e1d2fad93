// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/tls_options.hpp>. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/tls_options.hpp>

namespace socketio {

SOCKETIO_DECL std::vector<std::string> TlsOptions::validate() const {
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
  if (has_ca && !request_cert) problems.emplace_back("ca has no effect without request_cert");
  if (request_cert && reject_unauthorized && !has_ca)
    problems.emplace_back("request_cert needs ca or ca_file, or else every client would be rejected");
  if (min_version != TlsVersion::tls_1_2 && min_version != TlsVersion::tls_1_3)
    problems.emplace_back("min_version is not one of TlsVersion");
  return problems;
}

}  // namespace socketio
