// SPDX-License-Identifier: MIT
// One of the two source files of socketio::compiled.
#include <socketio/impl/engine_src.hpp>
