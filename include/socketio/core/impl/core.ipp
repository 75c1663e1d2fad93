// SPDX-License-Identifier: MIT
// The bodies of classes that need each other: namespaces, sockets, connections, the cluster and the server. Core layer.
//
// Their headers do not include them: each would be included in the middle of another. The handles do.
#pragma once

#include <socketio/core/impl/cluster.ipp>
#include <socketio/core/impl/connection.ipp>
#include <socketio/core/impl/namespace_state.ipp>
#include <socketio/core/impl/parent_namespace_state.ipp>
#include <socketio/core/impl/recovery.ipp>
#include <socketio/core/impl/server_state.ipp>
#include <socketio/core/impl/shutdown.ipp>
#include <socketio/core/impl/socket_state.ipp>
