// SPDX-License-Identifier: MIT
// Writes msgpack as the clients' parser reads it. Protocol layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/protocol/binary.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
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

  void null();
  void boolean(bool value);

  void integer(std::int64_t value);

  void unsigned_integer(std::uint64_t value);

  void number(double value);

  void number(float value);

  void string(std::string_view value);

  void binary(const Binary& value);

  /// A point in time, which JavaScript receives as a Date. Converters ask for this function before they call it, since
  /// JSON has no counterpart.
  void date(std::chrono::sys_time<std::chrono::milliseconds> value);

  void begin_array(std::size_t count);
  void end_array();
  void begin_object(std::size_t count);
  void end_object();
  void key(std::string_view name);

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

  Level& level() noexcept;

  void count_value();

  void byte(std::uint8_t value);

  /// A byte, and the last `bytes` bytes of `bits` in network order.
  void head(unsigned first, std::uint64_t bits, std::size_t bytes);

  void length_head(const LengthCodes& codes, std::size_t length);

  void container_head(bool is_object, std::size_t count);

  void append_string(std::string_view text);
  void append_valid(std::string_view text);

  void begin(std::size_t count, bool is_object);

  void end();

  std::string& out_;
  std::size_t depth_ = 0;
  std::array<Level, 8> near_;  // deeper levels are rare, and may allocate
  std::vector<Level> far_;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/protocol/impl/msgpack_writer.ipp>
#endif
