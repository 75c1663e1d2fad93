// SPDX-License-Identifier: MIT
// Bodies of <socketio/protocol/json.hpp>: the JSON reader, which is iterative and reads in place and in one pass.
// Protocol layer.
#pragma once

#include <socketio/protocol/impl/json_writer.ipp>
#include <socketio/protocol/json.hpp>
#include <socketio/protocol/utf8.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace socketio::detail {

/// Turns text into calls of a handler with the interface of RapidJSON's (`StartArray`, `Key`, `Int64`, ...).
template <class Handler>
class JsonReader {
 public:
  /// @param end  points at a NUL byte, on which every scan stops.
  JsonReader(char* begin, char* end, std::size_t max_depth, Handler& handler)
      : at_(begin), end_(end), max_depth_(max_depth), handler_(handler) {}

  JsonStatus run() {
    while (true) {
      // Each turn reads one value; the containers that it opens are read by the turns that follow.
      skip_space();
      switch (*at_) {
        case '[':
        case '{':
          if (!open()) return JsonStatus::too_deep;
          if (!first_item()) return JsonStatus::syntax_error;
          if (opened_) continue;
          break;
        case '"': {
          std::string_view text;
          if (!read_string(text)) return JsonStatus::syntax_error;
          handler_.String(text.data(), static_cast<rapidjson::SizeType>(text.size()), false);
          break;
        }
        case 't':
          if (!skip_word("true")) return JsonStatus::syntax_error;
          handler_.Bool(true);
          break;
        case 'f':
          if (!skip_word("false")) return JsonStatus::syntax_error;
          handler_.Bool(false);
          break;
        case 'n':
          if (!skip_word("null")) return JsonStatus::syntax_error;
          handler_.Null();
          break;
        default:
          if (!read_number()) return JsonStatus::syntax_error;
      }
      switch (after_value()) {
        case Next::value: continue;
        case Next::end: return at_ == end_ ? JsonStatus::ok : JsonStatus::syntax_error;
        case Next::error: return JsonStatus::syntax_error;
      }
    }
  }

 private:
  enum class Next { value, end, error };

  struct Level {
    rapidjson::SizeType count;
    bool is_object;
  };

  static bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

  void skip_space() noexcept {
    while (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t') ++at_;
  }

  bool skip_word(std::string_view word) noexcept {
    // Stops at the NUL at the latest, since no word contains one.
    for (const char c : word) {
      if (*at_ != c) return false;
      ++at_;
    }
    return true;
  }

  Level& level() noexcept { return depth_ <= near_.size() ? near_[depth_ - 1] : far_[depth_ - near_.size() - 1]; }

  bool open() {
    if (depth_ == max_depth_) return false;
    const bool is_object = *at_++ == '{';
    if (++depth_ > near_.size()) far_.resize(depth_ - near_.size());
    level() = {0, is_object};
    is_object ? handler_.StartObject() : handler_.StartArray();
    return true;
  }

  void close() {
    const Level closed = level();
    --depth_;
    ++at_;
    closed.is_object ? handler_.EndObject(closed.count) : handler_.EndArray(closed.count);
  }

  /// Stops before the first item of the container just opened, or behind it if it is empty.
  bool first_item() {
    skip_space();
    opened_ = *at_ != (level().is_object ? '}' : ']');
    if (!opened_) {
      close();
      return true;
    }
    return !level().is_object || read_key();
  }

  Next after_value() {
    while (depth_ > 0) {
      Level& container = level();
      ++container.count;
      skip_space();
      if (*at_ == ',') {
        ++at_;
        if (!container.is_object) return Next::value;
        skip_space();
        return read_key() ? Next::value : Next::error;
      }
      if (*at_ != (container.is_object ? '}' : ']')) return Next::error;
      close();
    }
    skip_space();
    return Next::end;
  }

  bool read_key() {
    std::string_view key;
    if (*at_ != '"' || !read_string(key)) return false;
    handler_.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()), false);
    skip_space();
    if (*at_ != ':') return false;
    ++at_;
    return true;
  }

  bool read_string(std::string_view& text) {
    char* const begin = ++at_;
    skip_plain();
    char* to = at_;
    while (*at_ != '"') {
      if (*at_ != '\\' || !read_escape(to)) return false;
      char* const plain = at_;
      skip_plain();
      const auto plain_bytes = static_cast<std::size_t>(at_ - plain);
      std::memmove(to, plain, plain_bytes);
      to += plain_bytes;
    }
    ++at_;
    *to = '\0';  // the quotation mark or something before it; callers of RapidJSON expect a C string
    text = {begin, static_cast<std::size_t>(to - begin)};
    return true;
  }

  /// Moves to the next quotation mark, backslash or control character; the NUL at the end is one.
  void skip_plain() noexcept {
    while (true) {
      at_ += plain_json_prefix_bytes({at_, static_cast<std::size_t>(end_ - at_)});
      if (static_cast<unsigned char>(*at_) < 0x80) return;
      do ++at_;
      while (static_cast<unsigned char>(*at_) >= 0x80);
    }
  }

  bool read_escape(char*& to) {
    ++at_;
    char c = *at_;
    switch (c) {
      case '"':
      case '\\':
      case '/': break;
      case 'b': c = '\b'; break;
      case 'f': c = '\f'; break;
      case 'n': c = '\n'; break;
      case 'r': c = '\r'; break;
      case 't': c = '\t'; break;
      case 'u': ++at_; return read_code_point(to);
      default: return false;
    }
    ++at_;
    *to++ = c;
    return true;
  }

  bool read_hex4(std::uint32_t& value) noexcept {
    value = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = *at_;
      std::uint32_t digit = 0;
      if (is_digit(c)) {
        digit = static_cast<std::uint32_t>(c - '0');
      } else if (c >= 'a' && c <= 'f') {
        digit = static_cast<std::uint32_t>(c - 'a' + 10);
      } else if (c >= 'A' && c <= 'F') {
        digit = static_cast<std::uint32_t>(c - 'A' + 10);
      } else {
        return false;
      }
      value = value << 4 | digit;
    }
    return true;
  }

  /// What is written never outgrows what was read: 6 bytes give at most 3, 12 give 4.
  bool read_code_point(char*& to) {
    std::uint32_t code = 0;
    if (!read_hex4(code)) return false;
    if (code >= 0xD800 && code <= 0xDFFF) {
      std::uint32_t low = 0;
      char* const behind = at_;
      if (code <= 0xDBFF && at_[0] == '\\' && at_[1] == 'u') {
        at_ += 2;
        if (!read_hex4(low)) return false;
      }
      if (low >= 0xDC00 && low <= 0xDFFF) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      } else {
        code = 0xFFFD;
        at_ = behind;
      }
    }
    const auto put = [&](std::uint32_t byte) { *to++ = static_cast<char>(byte); };
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xC0 | code >> 6);
      put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      put(0xE0 | code >> 12);
      put(0x80 | (code >> 6 & 0x3F));
      put(0x80 | (code & 0x3F));
    } else {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3F));
      put(0x80 | (code >> 6 & 0x3F));
      put(0x80 | (code & 0x3F));
    }
    return true;
  }

  bool read_number() {
    const char* const begin = at_;
    const bool negative = *at_ == '-';
    if (negative) ++at_;
    if (!is_digit(*at_)) return false;
    const char* const digits = at_;
    std::uint64_t magnitude = 0;  // exact for up to 19 digits
    if (*at_ == '0') {
      ++at_;
    } else {
      for (; is_digit(*at_); ++at_) magnitude = magnitude * 10 + static_cast<std::uint64_t>(*at_ - '0');
    }
    const auto digit_count = at_ - digits;
    bool is_integer = true;
    if (*at_ == '.') {
      is_integer = false;
      ++at_;
      if (!skip_digits()) return false;
    }
    if (*at_ == 'e' || *at_ == 'E') {
      is_integer = false;
      ++at_;
      if (*at_ == '+' || *at_ == '-') ++at_;
      if (!skip_digits()) return false;
    }
    if (is_integer && digit_count <= 18) {
      const auto value = static_cast<std::int64_t>(magnitude);
      handler_.Int64(negative ? -value : value);
      return true;
    }
    if (!is_integer || !read_wide_integer(begin, negative)) read_double(begin);
    return true;
  }

  bool skip_digits() noexcept {
    if (!is_digit(*at_)) return false;
    while (is_digit(*at_)) ++at_;
    return true;
  }

  bool read_wide_integer(const char* begin, bool negative) {
    std::uint64_t unsigned_value = 0;
    if (negative) {
      std::int64_t value = 0;
      if (std::from_chars(begin, at_, value).ec != std::errc()) return false;
      handler_.Int64(value);
      return true;
    }
    if (std::from_chars(begin, at_, unsigned_value).ec != std::errc()) return false;
    handler_.Uint64(unsigned_value);
    return true;
  }

  /// As JSON.parse: what is beyond the range of doubles is infinite.
  void read_double(const char* begin) {
    double value = 0;
    if (std::from_chars(begin, at_, value).ec == std::errc::result_out_of_range) {
      const bool is_zero = is_too_small({begin, static_cast<std::size_t>(at_ - begin)});
      value = is_zero ? 0 : std::numeric_limits<double>::infinity();
      if (*begin == '-') value = -value;
    }
    handler_.Double(value);
  }

  /// Whether a number that no double can hold is too near to zero, rather than too far from it.
  static bool is_too_small(std::string_view number) noexcept {
    const std::size_t e = number.find_first_of("eE");
    const std::string_view mantissa = number.substr(0, e);
    const std::size_t first = mantissa.find_first_of("123456789");
    if (first == std::string_view::npos) return true;
    std::size_t point = mantissa.find('.');
    if (point == std::string_view::npos) point = mantissa.size();
    // The place of the first digit that counts: 1 for 5, 2 for 50, 0 for 0.5, -1 for 0.05.
    const auto place = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first) + (first > point ? 1 : 0);
    if (e == std::string_view::npos) return place <= 0;
    const bool negative = number[e + 1] == '-';
    const char* const digits = number.data() + e + (number[e + 1] == '-' || number[e + 1] == '+' ? 2 : 1);
    std::int64_t exponent = 0;
    constexpr std::int64_t largest = std::int64_t{1} << 60;  // more outweighs any mantissa, and could overflow the sum
    if (std::from_chars(digits, number.data() + number.size(), exponent).ec != std::errc() || exponent > largest)
      return negative;
    return place + (negative ? -exponent : exponent) <= 0;
  }

  char* at_;
  char* const end_;
  const std::size_t max_depth_;
  Handler& handler_;
  std::size_t depth_ = 0;
  bool opened_ = false;
  std::array<Level, 32> near_;  // deeper levels are rare, and may allocate
  std::vector<Level> far_;
};

/// Memory for the nodes of containers that are still open: on the stack as long as they are few.
class JsonStackAllocator {
 public:
  static constexpr bool kNeedFree = false;
  static constexpr std::size_t near_bytes = 4096;

  JsonStackAllocator() = default;
  JsonStackAllocator(const JsonStackAllocator&) = delete;
  JsonStackAllocator& operator=(const JsonStackAllocator&) = delete;
  ~JsonStackAllocator() { std::free(far_); }

  void* Malloc(std::size_t size) { return Realloc(nullptr, 0, size); }

  // The one user is a growing stack: there is never more than one block.
  void* Realloc(void* block, std::size_t used, std::size_t size) {
    if (size <= near_bytes && far_ == nullptr) return near_.data();
    void* const grown = std::realloc(far_, size);
    if (grown == nullptr) throw std::bad_alloc();
    if (far_ == nullptr && block != nullptr) std::memcpy(grown, block, used);
    return far_ = grown;
  }

  static void Free(void*) noexcept {}

 private:
  void* far_ = nullptr;
  alignas(std::max_align_t) std::array<char, near_bytes> near_;
};

SOCKETIO_DECL JsonArena::JsonArena() : allocator_(first_.data(), first_.size(), chunk_bytes, &heap()) {}
SOCKETIO_DECL JsonArena::~JsonArena() = default;
SOCKETIO_DECL void JsonArena::clear() { allocator_.Clear(); }
SOCKETIO_DECL rapidjson::CrtAllocator& JsonArena::heap() {
  static rapidjson::CrtAllocator allocator;
  return allocator;
}

SOCKETIO_DECL JsonStatus parse_json_in_place(std::string& text, std::size_t from, std::size_t max_depth,
                                             JsonArena& arena, JsonValue& root) {
  using Document = rapidjson::GenericDocument<rapidjson::UTF8<>, JsonAllocator, JsonStackAllocator>;
  JsonStackAllocator stack;
  Document document(&arena.allocator(), JsonStackAllocator::near_bytes, &stack);

  JsonStatus status = JsonStatus::ok;
  const auto read = [&](Document& handler) {
    status = JsonReader<Document>(text.data() + from, text.data() + text.size(), max_depth, handler).run();
    return status == JsonStatus::ok;
  };
  document.Populate(read);
  if (status == JsonStatus::ok) root = static_cast<JsonValue&>(document);
  return status;
}

}  // namespace socketio::detail
