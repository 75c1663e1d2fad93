// SPDX-License-Identifier: MIT
#include <socketio/protocol/error.hpp>

#include <tests/support/catch.hpp>

#include <set>
#include <string>
#include <system_error>

using socketio::ProtocolErrc;

TEST_CASE("protocol errors carry the reference's messages", "[protocol][error]") {
  const auto message = [](ProtocolErrc code) { return std::error_code(code).message(); };
  CHECK(message(ProtocolErrc::unknown_packet_type) == "unknown packet type");
  CHECK(message(ProtocolErrc::illegal_attachment_count) == "Illegal attachments");
  CHECK(message(ProtocolErrc::illegal_attachment_reference) == "illegal attachments");
  CHECK(message(ProtocolErrc::too_many_attachments) == "too many attachments");
  CHECK(message(ProtocolErrc::invalid_payload) == "invalid payload");
  CHECK(message(ProtocolErrc::unexpected_binary) == "got binary data when not reconstructing a packet");
  CHECK(message(ProtocolErrc::unexpected_text) == "got plaintext data when reconstructing a packet");
  CHECK(message(ProtocolErrc::invalid_namespace) == "invalid namespace");
}

TEST_CASE("every protocol error has a message of its own", "[protocol][error]") {
  std::set<std::string> messages;
  const int last = static_cast<int>(ProtocolErrc::invalid_namespace);
  for (int code = 1; code <= last; ++code) messages.insert(std::error_code(static_cast<ProtocolErrc>(code)).message());
  CHECK(messages.size() == static_cast<std::size_t>(last));
  CHECK(messages.count("unknown protocol error") == 0);
  CHECK(socketio::protocol_category().message(last + 1) == "unknown protocol error");
}

TEST_CASE("protocol errors convert to error codes of their category", "[protocol][error]") {
  const std::error_code error = ProtocolErrc::invalid_payload;
  CHECK(error);
  CHECK(error == ProtocolErrc::invalid_payload);
  CHECK(error != ProtocolErrc::invalid_utf8);
  CHECK(std::string(error.category().name()) == "socketio.protocol");
}
