// SPDX-License-Identifier: MIT
// The server under test, for the files that include running_server.hpp.
#include "running_server.hpp"

template class socketio::BasicServer<socketio::DefaultConfig>;
template class socketio::BasicSocket<socketio::DefaultConfig>;
template class socketio::detail::ServerState<socketio::DefaultConfig>;
template class socketio::detail::ServerShard<socketio::DefaultConfig>;
template class socketio::detail::NamespaceState<socketio::DefaultConfig>;
template class socketio::detail::SocketState<socketio::DefaultConfig>;
template class socketio::detail::Connection<socketio::DefaultConfig>;
