// SPDX-License-Identifier: MIT
// The test kit in one include: a server inside the test program, and scripted clients. Testing.
#pragma once

#include <socketio/testing/client.hpp>
#include <socketio/testing/error.hpp>
#include <socketio/testing/options.hpp>
#include <socketio/testing/received.hpp>
#include <socketio/testing/server.hpp>
