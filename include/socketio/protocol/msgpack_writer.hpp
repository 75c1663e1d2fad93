// SPDX-License-Identifier: MIT
// Writes msgpack as the clients' parser reads it. Protocol layer.
#pragma once

#include <socketio/protocol/binary.hpp>
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
#include <vector>

namespace socketio {

/// Writes one msgpack value, piece by piece, without building a document. Models the Writer of convert.hpp.
///
/// Integers, and doubles without a fraction, take their shortest form; a `float` takes four bytes and arrives with
/// exactly its value; NaN and infinity arrive as such. Binary data stands where it is, and dates arrive as `Date`.
/// What is not UTF-8 becomes U+FFFD. A container that turns out to have more or fewer items than announced is
/// corrected when it ends.
///
/// @par Lifetime       `out` must outlive the writer.
/// @par Errors         throws std::length_error for what msgpack cannot hold: 2^32 bytes or items.
/// @par Specification  the msgpack format, in the dialect of notepack.io 2: a date is an extension of type 0.
class MsgpackWriter {
 public:
  explicit MsgpackWriter(std::string& out) noexcept : out_(out) {}

  void null() { byte(0xC0); }
  void boolean(bool value) { byte(value ? 0xC3 : 0xC2); }

  void integer(std::int64_t value) {
    if (value >= 0) return unsigned_integer(static_cast<std::uint64_t>(value));
    count_value();
    const auto bits = static_cast<std::uint64_t>(value);
    if (value >= -0x20) return head(static_cast<std::uint8_t>(value), bits, 0);
    if (value >= std::numeric_limits<std::int8_t>::min()) return head(0xD0, bits, 1);
    if (value >= std::numeric_limits<std::int16_t>::min()) return head(0xD1, bits, 2);
    if (value >= std::numeric_limits<std::int32_t>::min()) return head(0xD2, bits, 4);
    head(0xD3, bits, 8);
  }

  void unsigned_integer(std::uint64_t value) {
    count_value();
    if (value < 0x80) return head(static_cast<std::uint8_t>(value), 0, 0);
    if (value <= 0xFF) return head(0xCC, value, 1);
    if (value <= 0xFFFF) return head(0xCD, value, 2);
    if (value <= 0xFFFF'FFFF) return head(0xCE, value, 4);
    head(0xCF, value, 8);
  }

  void number(double value) {
    constexpr double exact_integers = 9007199254740992.0;
    if (std::fabs(value) < exact_integers && std::trunc(value) == value) {
      return integer(static_cast<std::int64_t>(value));
    }
    count_value();
    head(0xCB, std::bit_cast<std::uint64_t>(value), 8);
  }

  void number(float value) {
    if (std::trunc(value) == value && std::fabs(value) < 65536.0f) return integer(static_cast<std::int64_t>(value));
    count_value();
    head(0xCA, std::bit_cast<std::uint32_t>(value), 4);
  }

  void string(std::string_view value) {
    count_value();
    append_string(value);
  }

  void binary(const Binary& value) {
    count_value();
    length_head({0, 0, 0xC4, 0xC5, 0xC6}, value.size());
    out_.append(value.view());
  }

  /// A point in time, which JavaScript receives as a Date. Converters ask for this function before they call it, since
  /// JSON has no counterpart.
  void date(std::chrono::sys_time<std::chrono::milliseconds> value) {
    count_value();
    const char type[] = {static_cast<char>(0xD7)};
    out_.append(type, sizeof type);
    head(0, static_cast<std::uint64_t>(value.time_since_epoch().count()), 8);
  }

  void begin_array(std::size_t count) { begin(count, false); }
  void end_array() { end(); }
  void begin_object(std::size_t count) { begin(count, true); }
  void end_object() { end(); }
  void key(std::string_view name) {
    ++level().written;
    append_string(name);
  }

 private:
  struct Level {
    std::size_t at = 0;  // of its head in `out_`
    std::size_t announced = 0;
    std::size_t written = 0;
    bool is_object = false;
  };

  /// The first bytes for a length: up to `small_size - 1` in the byte itself, then with 1, 2 or 4 bytes behind it.
  struct LengthCodes {
    std::size_t small_size;
    unsigned small;
    unsigned in_1_byte;  // 0: there is none
    unsigned in_2_bytes;
    unsigned in_4_bytes;
  };

  Level& level() noexcept { return depth_ <= near_.size() ? near_[depth_ - 1] : far_[depth_ - near_.size() - 1]; }

  void count_value() {
    if (depth_ != 0 && !level().is_object) ++level().written;
  }

  void byte(std::uint8_t value) {
    count_value();
    out_.push_back(static_cast<char>(value));
  }

  /// A byte, and the last `bytes` bytes of `bits` in network order.
  void head(unsigned first, std::uint64_t bits, std::size_t bytes) {
    std::array<char, 9> text;
    text[0] = static_cast<char>(first);
    for (std::size_t i = 1; i <= bytes; ++i) text[i] = static_cast<char>(bits >> (8 * (bytes - i)));
    out_.append(text.data(), bytes + 1);
  }

  void length_head(const LengthCodes& codes, std::size_t length) {
    if (length < codes.small_size) return head(codes.small | static_cast<unsigned>(length), 0, 0);
    if (length <= 0xFF && codes.in_1_byte != 0) return head(codes.in_1_byte, length, 1);
    if (length <= 0xFFFF) return head(codes.in_2_bytes, length, 2);
    if (length > 0xFFFF'FFFF) throw std::length_error("socketio: msgpack holds no more than 2^32 - 1 bytes or items");
    head(codes.in_4_bytes, length, 4);
  }

  void container_head(bool is_object, std::size_t count) {
    constexpr LengthCodes array{16, 0x90, 0, 0xDC, 0xDD};
    constexpr LengthCodes object{16, 0x80, 0, 0xDE, 0xDF};
    length_head(is_object ? object : array, count);
  }

  void append_string(std::string_view text) {
    if (!is_valid_utf8(text)) return append_valid(to_valid_utf8(text));
    append_valid(text);
  }
  void append_valid(std::string_view text) {
    length_head({32, 0xA0, 0xD9, 0xDA, 0xDB}, text.size());
    out_.append(text);
  }

  void begin(std::size_t count, bool is_object) {
    count_value();
    if (++depth_ > near_.size()) far_.resize(depth_ - near_.size());
    level() = {out_.size(), count, 0, is_object};
    container_head(is_object, count);
  }

  void end() {
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

  std::string& out_;
  std::size_t depth_ = 0;
  std::array<Level, 8> near_;  // deeper levels are rare, and may allocate
  std::vector<Level> far_;
};

}  // namespace socketio
