// SPDX-License-Identifier: MIT
// Everything that can be sent and received, in one include. Protocol layer.
#pragma once

#include <socketio/protocol/convert_containers.hpp>
#include <socketio/protocol/convert_scalars.hpp>
#include <socketio/protocol/convert_struct.hpp>
#include <socketio/protocol/convert_time.hpp>
#include <socketio/protocol/converter.hpp>
