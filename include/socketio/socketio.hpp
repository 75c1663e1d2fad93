// SPDX-License-Identifier: MIT
// The whole server in one include.
#pragma once

#include <socketio/core/server.hpp>
#include <socketio/default_config.hpp>
#include <socketio/version.hpp>
