// SPDX-License-Identifier: MIT
// What a server and all of its namespaces share, also when the server has gone. Core layer.
#pragma once

#include <socketio/core/event_rates.hpp>
#include <socketio/core/options.hpp>
#include <socketio/core/packet_codec.hpp>
#include <socketio/core/recovery_budget.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/protocol/value.hpp>

#include <cstddef>
#include <memory>

namespace socketio::detail {

/// The type of `socket.data()`, Config::SocketData, as functions.
struct SocketDataType {
  std::shared_ptr<void> (*make)();
  Value (*to_value)(const void* data);     // null if the type does not convert
  Value unused;                            // what a socket is said to have whose data nobody has used yet
  std::size_t (*bytes)(const void* data);  // about what it takes
};

/// About the memory that a value takes, with everything in it.
SOCKETIO_DECL std::size_t memory_of(const Value& value);

/// @par Thread safety  Immutable; as its parts.
struct ServerContext {
  std::shared_ptr<const ServerOptions> options;
  std::shared_ptr<const ShardGroup> shards;
  std::shared_ptr<const PacketCodec> codec;
  SocketDataType data_type;
  std::shared_ptr<RecoveryBudget> recovery_budget;  // null without connection state recovery
  std::shared_ptr<const EventRates> event_rates;    // null: events are not limited
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/server_context.ipp>
#endif
