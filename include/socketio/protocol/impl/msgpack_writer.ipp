// SPDX-License-Identifier: MIT
// Bodies of <socketio/protocol/msgpack_writer.hpp>. Protocol layer.
#pragma once

#include <socketio/protocol/msgpack_writer.hpp>
#include <socketio/protocol/utf8.hpp>

#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

namespace socketio {

SOCKETIO_DECL MsgpackWriter::Level& MsgpackWriter::level() noexcept {
  return depth_ <= near_.size() ? near_[depth_ - 1] : far_[depth_ - near_.size() - 1];
}

SOCKETIO_DECL void MsgpackWriter::count_value() {
  if (depth_ != 0 && !level().is_object) ++level().written;
}

SOCKETIO_DECL void MsgpackWriter::byte(std::uint8_t value) {
  count_value();
  out_.push_back(static_cast<char>(value));
}

SOCKETIO_DECL void MsgpackWriter::head(unsigned first, std::uint64_t bits, std::size_t bytes) {
  std::array<char, 9> text;
  text[0] = static_cast<char>(first);
  for (std::size_t i = 1; i <= bytes; ++i) text[i] = static_cast<char>(bits >> (8 * (bytes - i)));
  out_.append(text.data(), bytes + 1);
}

SOCKETIO_DECL void MsgpackWriter::length_head(const LengthCodes& codes, std::size_t length) {
  if (length < codes.small_size) return head(codes.small | static_cast<unsigned>(length), 0, 0);
  if (length <= 0xFF && codes.in_1_byte != 0) return head(codes.in_1_byte, length, 1);
  if (length <= 0xFFFF) return head(codes.in_2_bytes, length, 2);
  if (length > 0xFFFF'FFFF) throw std::length_error("socketio: msgpack holds no more than 2^32 - 1 bytes or items");
  head(codes.in_4_bytes, length, 4);
}

SOCKETIO_DECL void MsgpackWriter::container_head(bool is_object, std::size_t count) {
  constexpr LengthCodes array{16, 0x90, 0, 0xDC, 0xDD};
  constexpr LengthCodes object{16, 0x80, 0, 0xDE, 0xDF};
  length_head(is_object ? object : array, count);
}

SOCKETIO_DECL void MsgpackWriter::append_string(std::string_view text) {
  if (!is_valid_utf8(text)) return append_valid(to_valid_utf8(text));
  append_valid(text);
}

SOCKETIO_DECL void MsgpackWriter::append_valid(std::string_view text) {
  length_head({32, 0xA0, 0xD9, 0xDA, 0xDB}, text.size());
  out_.append(text);
}

SOCKETIO_DECL void MsgpackWriter::begin(std::size_t count, bool is_object) {
  count_value();
  if (++depth_ > near_.size()) far_.resize(depth_ - near_.size());
  level() = {out_.size(), count, 0, is_object};
  container_head(is_object, count);
}

SOCKETIO_DECL void MsgpackWriter::end() {
  const Level ended = level();
  --depth_;
  if (ended.written == ended.announced) return;
  const std::size_t behind = out_.size();
  container_head(ended.is_object, ended.announced);
  const std::size_t wrong_bytes = out_.size() - behind;
  out_.resize(behind);
  const std::string items = out_.substr(ended.at + wrong_bytes);
  out_.resize(ended.at);
  container_head(ended.is_object, ended.written);
  out_.append(items);
}

SOCKETIO_DECL void MsgpackWriter::null() { byte(0xC0); }

SOCKETIO_DECL void MsgpackWriter::boolean(bool value) { byte(value ? 0xC3 : 0xC2); }

SOCKETIO_DECL void MsgpackWriter::integer(std::int64_t value) {
  if (value >= 0) return unsigned_integer(static_cast<std::uint64_t>(value));
  count_value();
  const auto bits = static_cast<std::uint64_t>(value);
  if (value >= -0x20) return head(static_cast<std::uint8_t>(value), bits, 0);
  if (value >= std::numeric_limits<std::int8_t>::min()) return head(0xD0, bits, 1);
  if (value >= std::numeric_limits<std::int16_t>::min()) return head(0xD1, bits, 2);
  if (value >= std::numeric_limits<std::int32_t>::min()) return head(0xD2, bits, 4);
  head(0xD3, bits, 8);
}

SOCKETIO_DECL void MsgpackWriter::unsigned_integer(std::uint64_t value) {
  count_value();
  if (value < 0x80) return head(static_cast<std::uint8_t>(value), 0, 0);
  if (value <= 0xFF) return head(0xCC, value, 1);
  if (value <= 0xFFFF) return head(0xCD, value, 2);
  if (value <= 0xFFFF'FFFF) return head(0xCE, value, 4);
  head(0xCF, value, 8);
}

SOCKETIO_DECL void MsgpackWriter::number(double value) {
  constexpr double exact_integers = 9007199254740992.0;
  if (std::fabs(value) < exact_integers && std::trunc(value) == value) {
    return integer(static_cast<std::int64_t>(value));
  }
  count_value();
  head(0xCB, std::bit_cast<std::uint64_t>(value), 8);
}

SOCKETIO_DECL void MsgpackWriter::number(float value) {
  if (std::trunc(value) == value && std::fabs(value) < 65536.0f) return integer(static_cast<std::int64_t>(value));
  count_value();
  head(0xCA, std::bit_cast<std::uint32_t>(value), 4);
}

SOCKETIO_DECL void MsgpackWriter::string(std::string_view value) {
  count_value();
  append_string(value);
}

SOCKETIO_DECL void MsgpackWriter::binary(const Binary& value) {
  count_value();
  length_head({0, 0, 0xC4, 0xC5, 0xC6}, value.size());
  out_.append(value.view());
}

SOCKETIO_DECL void MsgpackWriter::date(std::chrono::sys_time<std::chrono::milliseconds> value) {
  count_value();
  const char type[] = {static_cast<char>(0xD7)};
  out_.append(type, sizeof type);
  head(0, static_cast<std::uint64_t>(value.time_since_epoch().count()), 8);
}

SOCKETIO_DECL void MsgpackWriter::begin_array(std::size_t count) { begin(count, false); }

SOCKETIO_DECL void MsgpackWriter::end_array() { end(); }

SOCKETIO_DECL void MsgpackWriter::begin_object(std::size_t count) { begin(count, true); }

SOCKETIO_DECL void MsgpackWriter::end_object() { end(); }

SOCKETIO_DECL void MsgpackWriter::key(std::string_view name) {
  ++level().written;
  append_string(name);
}

}  // namespace socketio
