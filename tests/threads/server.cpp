// SPDX-License-Identifier: MIT
// The server under test, for the files that include running_server.hpp.
#include "running_server.hpp"

template class socketio::BasicServer<socketio::DefaultConfig>;
template class socketio::BasicSocket<socketio::DefaultConfig>;
