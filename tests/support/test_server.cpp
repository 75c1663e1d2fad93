// SPDX-License-Identifier: MIT
// The server under test, for programs whose files include harness.hpp.
#include "harness.hpp"

template class socketio::BasicServer<socketio::test::TestConfig>;
template class socketio::BasicSocket<socketio::test::TestConfig>;
