// SPDX-License-Identifier: MIT
// The other transport, in the same program.
#include <socketio/transport/websocketpp.hpp>

#include <asio/io_context.hpp>

// With socketio::compiled, the bodies of this transport are compiled by the program that wants it.
#if defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/impl/websocketpp_src.hpp>
#endif

bool second_transport_listens() {
  asio::io_context context;
  socketio::WebsocketppTransport transport(context);
  const bool listens = transport.listen(0, "127.0.0.1") != 0;
  transport.close();
  context.run();
  return listens;
}
