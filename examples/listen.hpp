// SPDX-License-Identifier: MIT
// Where an example listens, from its command line: `--port`, and with `--cert` and `--key` over TLS.
#pragma once

#include <examples/options.hpp>
#include <socketio/socketio.hpp>
#ifdef SOCKETIO_WITH_TLS
#include <socketio/tls.hpp>
#endif

#include <stdexcept>
#include <string>

namespace examples {

/// @return  the address to open in a browser
/// @throws std::invalid_argument  for an invalid certificate, or in a program without TLS
inline std::string listen(socketio::Server& io, const Options& options) {
  if (options["--cert"].empty()) return "http://localhost:" + std::to_string(io.listen(options.port()));
#ifdef SOCKETIO_WITH_TLS
  const socketio::Tls tls({.certificate_chain_file = options["--cert"], .private_key_file = options["--key"]});
  return "https://localhost:" + std::to_string(io.listen(options.port(), tls));
#else
  throw std::invalid_argument("this program was built without OpenSSL; install it and configure again");
#endif
}

}  // namespace examples
