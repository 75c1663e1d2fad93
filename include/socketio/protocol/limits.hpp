// SPDX-License-Identifier: MIT
// Every bound on what a peer may make a parser do. Protocol layer.
#pragma once

#include <socketio/detail/config.hpp>

#include <cstddef>
#include <cstdint>

namespace socketio {

/// Bounds on one incoming Socket.IO packet. The size of a single message is bounded by the engine.
struct ParserLimits {
  /// Attachments that a packet may announce: the reference's bound since the parser's release 4.2.6.
  std::size_t max_attachments = 10;

  /// Binary values of one packet with a parser that has no attachments (msgpack): one of two bytes costs a hundred
  /// here.
  std::size_t max_binary_values = 10'000;

  /// Arrays and objects within each other. Far beyond any payload written by a person, far below what a stack takes.
  std::size_t max_depth = 512;

  /// Text and attachments kept for one packet while it is incomplete. What the reference would accept with its
  /// default message size of 1 MB: the text and ten attachments.
  std::size_t max_packet_bytes = 11'000'000;
};

/// The largest acknowledgement id: the integers that a JavaScript number holds exactly end here.
inline constexpr std::uint64_t max_ack_id = (std::uint64_t{1} << 53) - 1;

}  // namespace socketio
