// SPDX-License-Identifier: MIT
// The version of the library, stated once; CMake reads it from here.
#pragma once

#define SOCKETIO_VERSION_MAJOR 0
#define SOCKETIO_VERSION_MINOR 1
#define SOCKETIO_VERSION_PATCH 0
