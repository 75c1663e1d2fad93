// SPDX-License-Identifier: MIT
// TLS, in the same program.
#include <socketio/socketio.hpp>
#include <socketio/tls.hpp>

#include <stdexcept>

bool tls_refuses_nonsense() {
  try {
    socketio::Server io;
    io.listen(0, socketio::Tls({.certificate_chain = "no certificate", .private_key = "no key"}));
  } catch (const std::invalid_argument&) {
    return true;
  }
  return false;
}
