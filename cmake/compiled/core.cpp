// SPDX-License-Identifier: MIT
// One of the two source files of socketio::compiled.
#include <socketio/impl/core_src.hpp>
