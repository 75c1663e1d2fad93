// SPDX-License-Identifier: MIT
// The msgpack reader: iterative, in place, bounded by what has arrived. Protocol layer.
#pragma once

#include <socketio/protocol/binary.hpp>
#include <socketio/protocol/convert_time.hpp>
#include <socketio/protocol/impl/json_reader.ipp>
#include <socketio/protocol/impl/json_writer.ipp>
#include <socketio/protocol/json.hpp>
#include <socketio/protocol/limits.hpp>
#include <socketio/protocol/utf8.hpp>
#include <socketio/protocol/value_view.hpp>

#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::detail {

enum class MsgpackKind : std::uint8_t {
  nil,
  undefined,
  boolean,
  integer,           // in `integer`
  unsigned_integer,  // in `unsigned_integer`, and beyond `integer`
  number,            // in `number`
  date,              // in `integer`, as milliseconds that JavaScript can hold
  string,            // `bytes` of it follow
  binary,            // `bytes` of it follow
  extension,         // its type is in `integer`, `bytes` of it follow
  array,             // `items` values follow
  map                // `items` values follow: half of them keys
};

/// A value, or the beginning of one that has a length.
struct MsgpackItem {
  MsgpackKind kind = MsgpackKind::nil;
  bool boolean = false;
  std::int64_t integer = 0;
  std::uint64_t unsigned_integer = 0;
  double number = 0;
  std::size_t bytes = 0;
  std::uint64_t items = 0;
};

/// Walks over bytes; never past their end.
class MsgpackCursor {
 public:
  MsgpackCursor(char* begin, char* end) noexcept : at_(begin), end_(end) {}

  char* at() const noexcept { return at_; }
  std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }

  /// @param bytes  at most `left()`.
  void skip(std::size_t bytes) noexcept { at_ += bytes; }

  /// Reads a value up to its bytes or items.
  ///
  /// @return  false if it is incomplete, is no msgpack, or announces more bytes or items than there can be.
  [[nodiscard]] bool read(MsgpackItem& item) {
    item = MsgpackItem();
    if (left() == 0) return false;
    const auto first = static_cast<std::uint8_t>(*at_++);
    if (first < 0x80 || first >= 0xE0) return integer(item, static_cast<std::int8_t>(first));
    if (first < 0x90) return container(item, MsgpackKind::map, std::uint64_t{2} * (first & 0x0Fu));
    if (first < 0xA0) return container(item, MsgpackKind::array, first & 0x0Fu);
    if (first < 0xC0) return content(item, MsgpackKind::string, first & 0x1Fu);
    std::uint64_t bits = 0;
    switch (first) {
      case 0xC0: return true;
      case 0xC2:
      case 0xC3:
        item.kind = MsgpackKind::boolean;
        item.boolean = first == 0xC3;
        return true;
      case 0xC4: return take(1, bits) && content(item, MsgpackKind::binary, bits);
      case 0xC5: return take(2, bits) && content(item, MsgpackKind::binary, bits);
      case 0xC6: return take(4, bits) && content(item, MsgpackKind::binary, bits);
      case 0xC7: return take(1, bits) && extension(item, bits, false);
      case 0xC8: return take(2, bits) && extension(item, bits, false);
      case 0xC9: return take(4, bits) && extension(item, bits, false);
      case 0xCA:
        if (!take(4, bits)) return false;
        return number(item, static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits))));
      case 0xCB: return take(8, bits) && number(item, std::bit_cast<double>(bits));
      case 0xCC: return take(1, bits) && unsigned_integer(item, bits);
      case 0xCD: return take(2, bits) && unsigned_integer(item, bits);
      case 0xCE: return take(4, bits) && unsigned_integer(item, bits);
      case 0xCF: return take(8, bits) && unsigned_integer(item, bits);
      case 0xD0: return take(1, bits) && integer(item, static_cast<std::int8_t>(bits));
      case 0xD1: return take(2, bits) && integer(item, static_cast<std::int16_t>(bits));
      case 0xD2: return take(4, bits) && integer(item, static_cast<std::int32_t>(bits));
      case 0xD3: return take(8, bits) && integer(item, static_cast<std::int64_t>(bits));
      case 0xD4: return extension(item, 1, true);
      case 0xD5: return extension(item, 2, true);
      case 0xD6: return extension(item, 4, true);
      case 0xD7: return extension(item, 8, true);
      case 0xD8: return extension(item, 16, true);
      case 0xD9: return take(1, bits) && content(item, MsgpackKind::string, bits);
      case 0xDA: return take(2, bits) && content(item, MsgpackKind::string, bits);
      case 0xDB: return take(4, bits) && content(item, MsgpackKind::string, bits);
      case 0xDC: return take(2, bits) && container(item, MsgpackKind::array, bits);
      case 0xDD: return take(4, bits) && container(item, MsgpackKind::array, bits);
      case 0xDE: return take(2, bits) && container(item, MsgpackKind::map, 2 * bits);
      case 0xDF: return take(4, bits) && container(item, MsgpackKind::map, 2 * bits);
      default: return false;  // C1 means nothing
    }
  }

  /// Passes one value with everything in it, however deep.
  ///
  /// @return  false if it is incomplete or no msgpack.
  [[nodiscard]] bool skip_value() {
    std::uint64_t owed = 1;
    MsgpackItem item;
    while (owed > 0) {
      if (!read(item)) return false;
      skip(item.bytes);
      owed += item.items;
      --owed;
      if (owed > left()) return false;  // every value takes a byte
    }
    return true;
  }

 private:
  [[nodiscard]] bool take(std::size_t bytes, std::uint64_t& bits) noexcept {
    if (left() < bytes) return false;
    bits = 0;
    for (std::size_t i = 0; i < bytes; ++i) bits = bits << 8 | static_cast<std::uint8_t>(*at_++);
    return true;
  }

  static bool integer(MsgpackItem& item, std::int64_t value) noexcept {
    item.kind = MsgpackKind::integer;
    item.integer = value;
    return true;
  }
  static bool unsigned_integer(MsgpackItem& item, std::uint64_t value) noexcept {
    if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return integer(item, static_cast<std::int64_t>(value));
    }
    item.kind = MsgpackKind::unsigned_integer;
    item.unsigned_integer = value;
    return true;
  }
  static bool number(MsgpackItem& item, double value) noexcept {
    item.kind = MsgpackKind::number;
    item.number = value;
    return true;
  }
  bool content(MsgpackItem& item, MsgpackKind kind, std::uint64_t bytes) const noexcept {
    item.kind = kind;
    item.bytes = static_cast<std::size_t>(bytes);
    return bytes <= left();
  }
  bool container(MsgpackItem& item, MsgpackKind kind, std::uint64_t items) const noexcept {
    item.kind = kind;
    item.items = items;
    return items <= left();
  }

  /// Dates beyond JavaScript's are null there, once they are text.
  static void date(MsgpackItem& item, std::int64_t seconds, std::int64_t milliseconds) noexcept {
    constexpr std::int64_t last_second = 8'640'000'000'000;
    if (seconds < -last_second || seconds > last_second) return;
    const std::int64_t time = seconds * 1000 + milliseconds;
    if (time < -last_second * 1000 || time > last_second * 1000) return;
    item.kind = MsgpackKind::date;
    item.integer = time;
  }

  bool extension(MsgpackItem& item, std::uint64_t bytes, bool is_fixed) {
    std::uint64_t type_bits = 0;
    if (!take(1, type_bits) || bytes > left()) return false;
    const auto type = static_cast<std::int8_t>(type_bits);
    std::uint64_t bits = 0;
    if (type == 0 && !is_fixed) return content(item, MsgpackKind::binary, bytes);  // an ArrayBuffer
    if (type == 0 && bytes == 1) {
      item.kind = MsgpackKind::undefined;
      return take(1, bits);
    }
    if (type == 0 && bytes == 8) {
      if (!take(8, bits)) return false;
      const auto time = static_cast<std::int64_t>(bits);
      date(item, time / 1000, time % 1000);
      return true;
    }
    constexpr std::int64_t nanoseconds_per_millisecond = 1'000'000;
    if (type == -1 && bytes == 4) {
      if (!take(4, bits)) return false;
      date(item, static_cast<std::int64_t>(bits), 0);
      return true;
    }
    if (type == -1 && bytes == 8) {
      if (!take(8, bits)) return false;
      date(item, static_cast<std::int64_t>(bits & 0x3'FFFF'FFFFu),
           static_cast<std::int64_t>(bits >> 34) / nanoseconds_per_millisecond);
      return true;
    }
    if (type == -1 && bytes == 12) {
      std::uint64_t nanoseconds = 0;
      if (!take(4, nanoseconds) || !take(8, bits)) return false;
      date(item, static_cast<std::int64_t>(bits), static_cast<std::int64_t>(nanoseconds) / nanoseconds_per_millisecond);
      return true;
    }
    item.integer = type;
    return content(item, MsgpackKind::extension, bytes);
  }

  char* at_;
  char* end_;
};

/// Where the members of a packet begin, of several with one name the last; null for those that are missing.
struct MsgpackMembers {
  char* type = nullptr;
  char* nsp = nullptr;
  char* data = nullptr;
  char* id = nullptr;
  char* end = nullptr;  // of all bytes

  /// Reads a member up to its bytes or items; one that is missing is undefined.
  MsgpackItem read(char* member) const {
    MsgpackItem item;
    item.kind = MsgpackKind::undefined;
    if (member != nullptr) static_cast<void>(MsgpackCursor(member, end).read(item));
    return item;
  }
};

/// Finds the members of a packet, and makes sure that all bytes are msgpack.
///
/// @param cursor  stops behind the value.
/// @return        false if there is not one complete value.
[[nodiscard]] inline bool find_msgpack_members(MsgpackCursor& cursor, MsgpackMembers& members) {
  members.end = cursor.at() + cursor.left();
  const MsgpackCursor begin = cursor;
  MsgpackItem item;
  if (!cursor.read(item)) return false;
  if (item.kind != MsgpackKind::map) {
    cursor = begin;
    return cursor.skip_value();
  }
  for (std::uint64_t left = item.items / 2; left > 0; --left) {
    MsgpackCursor key = cursor;
    if (!cursor.skip_value() || !key.read(item)) return false;
    const std::string_view name(key.at(), item.kind == MsgpackKind::string ? item.bytes : 0);
    if (name == "type") members.type = cursor.at();
    if (name == "nsp") members.nsp = cursor.at();
    if (name == "data") members.data = cursor.at();
    if (name == "id") members.id = cursor.at();
    if (!cursor.skip_value()) return false;
  }
  return true;
}

enum class MsgpackStatus : std::uint8_t { ok, not_a_key, too_deep, too_many_binaries };

/// Turns bytes into calls of a handler with the interface of RapidJSON's (`StartArray`, `Key`, `Int64`, ...).
template <class Handler>
class MsgpackReader {
 public:
  /// @param begin        of one complete value; its strings are moved by a byte, to have room for a NUL behind them.
  /// @param attachments  receive binary data, which the document refers to.
  MsgpackReader(char* begin, char* end, const ParserLimits& limits, std::vector<Binary>& attachments, Handler& handler)
      : cursor_(begin, end), limits_(limits), attachments_(attachments), handler_(handler) {}

  MsgpackStatus run() {
    do {
      if (!cursor_.read(item_)) return MsgpackStatus::not_a_key;
      const MsgpackStatus status = read_value();
      if (status != MsgpackStatus::ok) return status;
      if (!next()) return MsgpackStatus::not_a_key;
    } while (depth_ > 0);
    return MsgpackStatus::ok;
  }

 private:
  struct Level {
    std::uint64_t left;  // items or members still to be read
    rapidjson::SizeType count;
    bool is_object;
  };

  Level& level() noexcept { return depth_ <= near_.size() ? near_[depth_ - 1] : far_[depth_ - near_.size() - 1]; }

  MsgpackStatus read_value() {
    switch (item_.kind) {
      case MsgpackKind::nil:
      case MsgpackKind::undefined: handler_.Null(); break;
      case MsgpackKind::boolean: handler_.Bool(item_.boolean); break;
      case MsgpackKind::integer: handler_.Int64(item_.integer); break;
      case MsgpackKind::unsigned_integer: handler_.Uint64(item_.unsigned_integer); break;
      case MsgpackKind::number: handler_.Double(item_.number); break;
      case MsgpackKind::date: text(to_iso8601(SysMilliseconds(std::chrono::milliseconds(item_.integer)))); break;
      case MsgpackKind::string: string(false); break;
      case MsgpackKind::binary: return binary();
      case MsgpackKind::extension: return extension();
      case MsgpackKind::array: return open(item_.items, false);
      case MsgpackKind::map: return open(item_.items / 2, true);
    }
    return MsgpackStatus::ok;
  }

  MsgpackStatus open(std::uint64_t items, bool is_object) {
    if (depth_ == limits_.max_depth) return MsgpackStatus::too_deep;
    if (++depth_ > near_.size()) far_.resize(depth_ - near_.size());
    level() = {items, 0, is_object};
    is_object ? handler_.StartObject() : handler_.StartArray();
    return MsgpackStatus::ok;
  }

  void close() {
    const Level closed = level();
    --depth_;
    closed.is_object ? handler_.EndObject(closed.count) : handler_.EndArray(closed.count);
  }

  /// Closes the containers that are complete, and stops before the next value, if there is one.
  ///
  /// @return  false for a key that cannot be one.
  bool next() {
    while (depth_ > 0) {
      Level& container = level();
      if (container.left == 0) {
        close();
        continue;
      }
      --container.left;
      if (container.is_object) {
        char* const key = cursor_.at();
        if (!cursor_.skip_value()) return false;
        if (skip_undefined()) continue;  // a member that JSON would leave out
        if (!read_key(key)) return false;
      }
      ++container.count;
      return true;
    }
    return true;
  }

  bool skip_undefined() {
    MsgpackCursor value = cursor_;
    if (!value.read(item_) || item_.kind != MsgpackKind::undefined) return false;
    cursor_ = value;
    return true;
  }

  bool read_key(char* begin) {
    const MsgpackCursor value = std::exchange(cursor_, MsgpackCursor(begin, cursor_.at()));
    if (!cursor_.read(item_)) return false;
    bool is_key = true;
    NumberBuffer number;
    switch (item_.kind) {
      case MsgpackKind::string:
        if (std::string_view(cursor_.at(), item_.bytes) == foreign_placeholder_key) {
          handler_.Key(foreign_placeholder_key, sizeof foreign_placeholder_key - 1, false);
        } else {
          string(true);
        }
        break;
      case MsgpackKind::integer: text(integer_text(number, item_.integer), true); break;
      case MsgpackKind::unsigned_integer: text(integer_text(number, item_.unsigned_integer), true); break;
      case MsgpackKind::number: text(name_text(number, item_.number), true); break;
      case MsgpackKind::boolean: text(item_.boolean ? "true" : "false", true); break;
      case MsgpackKind::nil: text("null", true); break;
      case MsgpackKind::undefined: text("undefined", true); break;
      default: is_key = false;
    }
    cursor_ = value;
    return is_key;
  }

  /// Text that does not lie in the message, or does so without a NUL behind it, is copied.
  void text(std::string_view text, bool is_key = false, bool copy = true) {
    const auto size = static_cast<rapidjson::SizeType>(text.size());
    is_key ? handler_.Key(text.data(), size, copy) : handler_.String(text.data(), size, copy);
  }

  void string(bool is_key) {
    char* const from = cursor_.at();
    cursor_.skip(item_.bytes);
    if (!is_valid_utf8({from, item_.bytes})) return text(to_valid_utf8({from, item_.bytes}), is_key);
    // Callers of RapidJSON expect a C string: over the last byte of its head, which has been read.
    char* const to = from - 1;
    std::memmove(to, from, item_.bytes);
    to[item_.bytes] = '\0';
    text({to, item_.bytes}, is_key, false);
  }

  MsgpackStatus binary() {
    if (attachments_.size() == limits_.max_binary_values) return MsgpackStatus::too_many_binaries;
    const auto index = static_cast<std::int64_t>(attachments_.size());
    attachments_.push_back(item_.bytes == 0 ? Binary() : Binary(cursor_.at(), item_.bytes));
    cursor_.skip(item_.bytes);
    handler_.StartObject();
    handler_.Key("_placeholder", 12, false);
    handler_.Bool(true);
    handler_.Key("num", 3, false);
    handler_.Int64(index);
    handler_.EndObject(2);
    return MsgpackStatus::ok;
  }

  MsgpackStatus extension() {
    if (depth_ == limits_.max_depth) return MsgpackStatus::too_deep;
    handler_.StartArray();
    handler_.Int64(item_.integer);
    const MsgpackStatus status = binary();
    if (status == MsgpackStatus::ok) handler_.EndArray(2);
    return status;
  }

  MsgpackCursor cursor_;
  MsgpackItem item_;
  const ParserLimits& limits_;
  std::vector<Binary>& attachments_;
  Handler& handler_;
  std::size_t depth_ = 0;
  std::array<Level, 32> near_;  // deeper levels are rare, and may allocate
  std::vector<Level> far_;
};

/// Reads one value, which `find_msgpack_members` has found complete.
[[nodiscard]] inline MsgpackStatus read_msgpack_in_place(char* begin, char* end, const ParserLimits& limits,
                                                         std::vector<Binary>& attachments, JsonArena& arena,
                                                         JsonValue& root) {
  using Document = rapidjson::GenericDocument<rapidjson::UTF8<>, JsonAllocator, JsonStackAllocator>;
  JsonStackAllocator stack;
  Document document(&arena.allocator(), JsonStackAllocator::near_bytes, &stack);

  MsgpackStatus status = MsgpackStatus::ok;
  const auto read = [&](Document& handler) {
    status = MsgpackReader<Document>(begin, end, limits, attachments, handler).run();
    return status == MsgpackStatus::ok;
  };
  document.Populate(read);
  if (status == MsgpackStatus::ok) root = static_cast<JsonValue&>(document);
  return status;
}

}  // namespace socketio::detail
