// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/websocket_parser.hpp>. Transport layer, no I/O.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/websocket_parser.hpp>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

namespace socketio {

SOCKETIO_DECL void websocket_mask(std::span<char> bytes, const std::array<char, 4>& key, std::size_t offset) noexcept {
  // A register from here on: the processor could not load at once a word that was stored byte by byte.
  std::uint32_t first;
  std::memcpy(&first, key.data(), sizeof first);
  const int bits = static_cast<int>(8 * (offset % 4));
  const std::uint32_t pattern =
      std::endian::native == std::endian::little ? std::rotr(first, bits) : std::rotl(first, bits);
  const auto mask = [pattern](char* at, auto word) {
    std::memcpy(&word, at, sizeof word);
    word ^= static_cast<decltype(word)>(pattern * std::uint64_t{0x1'0000'0001});
    std::memcpy(at, &word, sizeof word);
  };
  char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 32; at += 32, left -= 32) {  // compilers turn this into vector instructions
    mask(at, std::uint64_t{});
    mask(at + 8, std::uint64_t{});
    mask(at + 16, std::uint64_t{});
    mask(at + 24, std::uint64_t{});
  }
  for (; left >= 8; at += 8, left -= 8) mask(at, std::uint64_t{});
  if (left >= 4) mask(at, std::uint32_t{}), at += 4, left -= 4;
  std::array<char, 4> rest;
  std::memcpy(rest.data(), &pattern, sizeof pattern);
  for (std::size_t i = 0; i < left; ++i) at[i] = static_cast<char>(at[i] ^ rest[i]);
}

SOCKETIO_DECL std::string websocket_control_frame(unsigned opcode, std::string_view payload) {
  std::string frame;
  frame.reserve(2 + payload.size());
  frame += static_cast<char>(0x80u | opcode);
  frame += static_cast<char>(payload.size());
  frame += payload;
  return frame;
}

SOCKETIO_DECL std::string websocket_close_frame(std::optional<std::uint16_t> code, std::string_view reason) {
  std::string payload;
  if (code) {
    payload += static_cast<char>(*code >> 8);
    payload += static_cast<char>(*code & 0xFF);
    payload += reason;
  }
  return websocket_control_frame(0x8, payload);
}

SOCKETIO_DECL WebSocketParser::Partial& WebSocketParser::partial() {
  if (!partial_) partial_ = std::make_unique<Partial>();
  return *partial_;
}

SOCKETIO_DECL WebSocketEvent WebSocketParser::fail(std::uint16_t code, std::string_view why) {
  ended_ = 1;
  WebSocketEvent event;
  event.kind = WebSocketEvent::Kind::failed;
  event.code = code;
  event.error = why;
  return event;
}

SOCKETIO_DECL WebSocketEvent WebSocketParser::parse(std::span<char>& input) {
  if (partial_) {
    if (partial_->delivered) {
      // The caller has had the message; a fragmented one may have left a large buffer behind.
      partial_->delivered = false;
      partial_->in_message = false;
    }
    if (ended_ != 0 || partial_->idle()) partial_.reset();
  }
  WebSocketEvent event;
  while (ended_ == 0 && !input.empty()) {
    if (partial_ && partial_->in_frame) {
      event = continue_frame(input);
    } else {
      Frame frame;
      if (!read_header(input, frame, event)) break;
      begin_frame(frame, input, event);
    }
    if (event.kind != WebSocketEvent::Kind::none) return event;
  }
  if (ended_ != 0) input = {};
  return event;
}

/// Takes a frame's header from the input; false when it is incomplete or has failed.
SOCKETIO_DECL bool WebSocketParser::read_header(std::span<char>& input, Frame& frame, WebSocketEvent& event) {
  std::array<char, max_header_bytes> copy;
  const char* header = nullptr;
  const auto size_of = [](const char* start) -> std::size_t {
    const unsigned length = static_cast<unsigned char>(start[1]) & 0x7Fu;
    return 6u + (length < 126 ? 0u : length == 126 ? 2u : 8u);
  };
  const bool has_part = partial_ && partial_->header_bytes > 0;
  if (!has_part && input.size() >= 2 && input.size() >= size_of(input.data())) {
    header = input.data();
    if (!check_start(static_cast<unsigned char>(header[0]), static_cast<unsigned char>(header[1]), event)) return false;
    input = input.subspan(size_of(header));
  } else {
    Partial& part = partial();
    while (!input.empty()) {
      part.header[part.header_bytes++] = input.front();
      input = input.subspan(1);
      if (part.header_bytes == 2 &&
          !check_start(static_cast<unsigned char>(part.header[0]), static_cast<unsigned char>(part.header[1]), event)) {
        return false;
      }
      if (part.header_bytes >= 2 && part.header_bytes == size_of(part.header.data())) {
        copy = part.header;
        header = copy.data();
        part.header_bytes = 0;
        break;
      }
    }
    if (!header) return false;
  }
  const auto byte = [header](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(header[i])}; };
  frame.fin = (byte(0) & 0x80) != 0;
  frame.is_compressed = (byte(0) & 0x40) != 0;
  frame.opcode = static_cast<std::uint8_t>(byte(0) & 0x0F);
  const std::size_t header_bytes = size_of(header);
  if (header_bytes == 6) {
    frame.left = byte(1) & 0x7F;
  } else {
    for (std::size_t i = 2; i < header_bytes - 4; ++i) frame.left = frame.left << 8 | byte(i);
  }
  std::memcpy(frame.key.data(), header + header_bytes - 4, 4);
  return check_length(frame, event);
}

SOCKETIO_DECL bool WebSocketParser::check_start(unsigned char first, unsigned char second, WebSocketEvent& event) {
  const bool fin = (first & 0x80) != 0;
  const unsigned opcode = first & 0x0Fu;
  const unsigned length = second & 0x7Fu;
  const bool in_message = partial_ && partial_->in_message;
  std::string_view why;
  // Only the first frame of a message tells whether the message is compressed.
  const bool may_be_compressed = may_compress_ != 0 && (opcode == 0x1 || opcode == 0x2);
  if ((first & (may_be_compressed ? 0x30 : 0x70)) != 0) {
    why = "reserved bits must be clear";
  } else if (opcode == 0x0 && !in_message) {
    why = "continuation without a message";
  } else if ((opcode == 0x1 || opcode == 0x2) && in_message) {
    why = "new message inside a fragmented one";
  } else if ((opcode > 0x2 && opcode < 0x8) || opcode > 0xA) {
    why = "unknown opcode";
  } else if (opcode >= 0x8 && !fin) {
    why = "fragmented control frame";
  } else if (opcode >= 0x8 && length > max_control_bytes) {
    why = "control frame too long";
  } else if (opcode == 0x8 && length == 1) {
    why = "close frame with half a code";
  } else if ((second & 0x80) == 0) {
    why = "frame is not masked";
  } else {
    return true;
  }
  event = fail(1002, why);
  return false;
}

SOCKETIO_DECL bool WebSocketParser::check_length(const Frame& frame, WebSocketEvent& event) {
  if (frame.is_control()) return true;
  const bool in_message = partial_ && partial_->in_message;
  const std::size_t so_far = in_message ? partial_->message.size() : 0;
  if (frame.left > max_message_bytes_ - so_far) {
    event = fail(1009, "message too big");
    return false;
  }
  if (in_message && partial_->message_frames >= max_fragments_) {
    event = fail(1008, "too many fragments");
    return false;
  }
  return true;
}

/// Fills in the event in place: a copy would load as a whole what was just stored in parts, and wait for it.
SOCKETIO_DECL void WebSocketParser::begin_frame(const Frame& frame, std::span<char>& input, WebSocketEvent& event) {
  const bool in_message = partial_ && partial_->in_message;
  if (frame.left <= input.size() && (frame.is_control() || (frame.fin && !in_message))) {
    const auto payload = input.first(static_cast<std::size_t>(frame.left));
    input = input.subspan(payload.size());
    websocket_mask(payload, frame.key);
    if (frame.is_control()) {
      event = control_frame(frame, payload);
      return;
    }
    const bool is_binary = frame.opcode == 0x2;
    if (!is_binary && !frame.is_compressed && !is_valid_utf8({payload.data(), payload.size()})) {
      event = fail(1007, "text is not UTF-8");
      return;
    }
    event.kind = WebSocketEvent::Kind::message;
    event.is_binary = is_binary;
    event.is_compressed = frame.is_compressed;
    event.payload = payload;
    return;
  }
  Partial& part = partial();
  part.frame = frame;
  part.in_frame = true;
  part.frame_chunks = 0;
  part.control_bytes = 0;
  if (!frame.is_control()) {
    if (!in_message) {
      part.in_message = true;
      part.message_is_binary = frame.opcode == 0x2;
      part.message_is_compressed = frame.is_compressed;
      part.message_frames = 0;
      part.utf8.reset();
      part.message.clear();
    }
    ++part.message_frames;
  }
  event = continue_frame(input);
}

SOCKETIO_DECL WebSocketEvent WebSocketParser::continue_frame(std::span<char>& input) {
  Partial& part = *partial_;
  Frame& frame = part.frame;
  const auto piece = input.first(static_cast<std::size_t>(std::min<std::uint64_t>(frame.left, input.size())));
  if (max_chunks_ != 0 && !piece.empty() && ++part.frame_chunks > max_chunks_)
    return fail(1008, "too many buffered chunks");
  input = input.subspan(piece.size());
  frame.left -= piece.size();
  websocket_mask(piece, frame.key);
  // The next piece starts elsewhere in the key. Not std::rotate: optimising, GCC 12 warns of its insides here.
  const auto key = frame.key;
  for (std::size_t i = 0; i < key.size(); ++i) frame.key[i] = key[(i + piece.size()) % key.size()];

  if (frame.is_control()) {
    if (!piece.empty()) std::memcpy(part.control.data() + part.control_bytes, piece.data(), piece.size());
    part.control_bytes = static_cast<std::uint8_t>(part.control_bytes + piece.size());
    if (frame.left > 0) return {};
    part.in_frame = false;
    return control_frame(frame, std::span<char>(part.control).first(part.control_bytes));
  }
  part.message.append(piece.data(), piece.size());
  const bool is_plain_text = !part.message_is_binary && !part.message_is_compressed;
  if (is_plain_text && !part.utf8.feed(std::string_view(piece.data(), piece.size())))
    return fail(1007, "text is not UTF-8");
  if (frame.left > 0) return {};
  part.in_frame = false;
  if (!frame.fin) return {};
  if (is_plain_text && !part.utf8.complete()) return fail(1007, "text is not UTF-8");
  part.delivered = true;
  WebSocketEvent event;
  event.kind = WebSocketEvent::Kind::message;
  event.is_binary = part.message_is_binary;
  event.is_compressed = part.message_is_compressed;
  event.payload = part.message;
  return event;
}

SOCKETIO_DECL WebSocketEvent WebSocketParser::control_frame(const Frame& frame, std::span<char> payload) {
  WebSocketEvent event;
  event.payload = payload;
  if (frame.opcode == 0x9) {
    event.kind = WebSocketEvent::Kind::ping;
  } else if (frame.opcode == 0xA) {
    event.kind = WebSocketEvent::Kind::pong;
  } else {
    event.code = 1005;
    if (!payload.empty()) {
      event.code = static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8 |
                                              static_cast<unsigned char>(payload[1]));
      event.payload = payload.subspan(2);
      if (!is_valid_close_code(event.code)) return fail(1002, "invalid close code");
      if (!is_valid_utf8({event.payload.data(), event.payload.size()})) return fail(1007, "close reason is not UTF-8");
    }
    event.kind = WebSocketEvent::Kind::close;
    ended_ = 1;
  }
  return event;
}

}  // namespace socketio
