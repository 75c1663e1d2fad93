// SPDX-License-Identifier: MIT
// JSON text to a RapidJSON document and back: the only file that includes RapidJSON. Protocol layer.
#pragma once

#include <socketio/detail/config.hpp>

#include <rapidjson/document.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace socketio {

/// What a handler gets that asks for the arguments as the parser left them.
using JsonValue = rapidjson::Value;

namespace detail {

using JsonAllocator = rapidjson::MemoryPoolAllocator<>;

/// Where the nodes of a document lie. Small documents fit into the arena itself.
class JsonArena {
 public:
  JsonArena();
  ~JsonArena();
  JsonArena(const JsonArena&) = delete;
  JsonArena& operator=(const JsonArena&) = delete;

  JsonAllocator& allocator() noexcept { return allocator_; }

  /// Ends the life of every node in it.
  void clear();

 private:
  static constexpr std::size_t first_bytes = 2048;  // some sixty arguments or members
  static constexpr std::size_t chunk_bytes = 16 * 1024;

  static rapidjson::CrtAllocator& heap();

  alignas(std::max_align_t) std::array<char, first_bytes> first_;
  JsonAllocator allocator_;
};

enum class JsonStatus : std::uint8_t { ok, syntax_error, too_deep };

/// Parses one JSON text, replacing it by the unescaped strings that the document then points to.
///
/// RapidJSON's own reader is not used: it takes two to ten times as long; it recurses, or pays for not recursing; it
/// refuses the lone surrogates that JSON.stringify writes; and its release 1.1.0 overflows on crafted numbers
/// (CVE-2024-38517, CVE-2024-39684) and reads 0e308 as 1.9e289.
///
/// @param text       valid UTF-8; kept alive by the caller as long as `root`.
/// @param max_depth  how many arrays and objects may lie within each other.
/// @param arena      receives the nodes.
/// @par Specification  RFC 8259, read as JSON.parse reads it, except that numbers beyond the range of double are
///                     errors. A lone surrogate becomes U+FFFD. Integers keep all their 64 bits.
[[nodiscard]] SOCKETIO_DECL JsonStatus parse_json_in_place(std::string& text, std::size_t from, std::size_t max_depth,
                                                           JsonArena& arena, JsonValue& root);

/// Writes a document through any Writer. The depth of the recursion is that of the document.
template <class Writer, class Encoding, class Allocator>
void write_json(Writer& writer, const rapidjson::GenericValue<Encoding, Allocator>& value) {
  switch (value.GetType()) {
    case rapidjson::kNullType: return writer.null();
    case rapidjson::kFalseType: return writer.boolean(false);
    case rapidjson::kTrueType: return writer.boolean(true);
    case rapidjson::kStringType: return writer.string({value.GetString(), value.GetStringLength()});
    case rapidjson::kNumberType:
      if (value.IsInt64()) return writer.integer(value.GetInt64());
      if (value.IsUint64()) return writer.unsigned_integer(value.GetUint64());
      return writer.number(value.GetDouble());
    case rapidjson::kArrayType:
      writer.begin_array(value.Size());
      for (auto item = value.Begin(); item != value.End(); ++item) write_json(writer, *item);
      return writer.end_array();
    case rapidjson::kObjectType:
      writer.begin_object(value.MemberCount());
      for (auto member = value.MemberBegin(); member != value.MemberEnd(); ++member) {
        writer.key({member->name.GetString(), member->name.GetStringLength()});
        write_json(writer, member->value);
      }
      return writer.end_object();
  }
}

}  // namespace detail

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/protocol/impl/json_reader.ipp>
#endif
