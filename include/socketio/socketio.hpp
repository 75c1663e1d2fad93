// SPDX-License-Identifier: MIT
// The whole server in one include.
#pragma once

#include <socketio/default_config.hpp>
#include <socketio/server.hpp>
#include <socketio/version.hpp>
