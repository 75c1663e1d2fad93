// SPDX-License-Identifier: MIT
// expect: a parent namespace collects no acknowledgements, so it has no timeout for them
#include <socketio/socketio.hpp>

void ask(socketio::ParentNamespace parent) { parent.timeout(std::chrono::seconds(1)); }
