// SPDX-License-Identifier: MIT
// TLS for the transports on TCP: the one header to include for it.
#pragma once

#include <socketio/transport/asio.hpp>
#include <socketio/transport/tls_listening.hpp>
#include <socketio/transport/tls_options.hpp>
