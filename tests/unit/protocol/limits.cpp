// SPDX-License-Identifier: MIT
#include <socketio/protocol/limits.hpp>

#include <tests/support/catch.hpp>

TEST_CASE("parser limits are the reference's by default", "[protocol][limits]") {
  const socketio::ParserLimits limits;
  CHECK(limits.max_attachments == 10);
  CHECK(limits.max_depth == 512);
  CHECK(limits.max_binary_values == 10'000);
  CHECK(limits.max_packet_bytes == 11'000'000);
  CHECK(socketio::max_ack_id == 9007199254740991u);  // Number.MAX_SAFE_INTEGER
}
