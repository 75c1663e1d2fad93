// SPDX-License-Identifier: MIT
// JSON: our reader and RapidJSON agree on what is JSON and on its meaning; writing after reading is identity.
#include <socketio/protocol/json.hpp>
#include <socketio/protocol/utf8.hpp>
#include <socketio/protocol/value.hpp>

#include <fuzz/infinity.hpp>
#include <fuzz/law.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using socketio::JsonValue;
using socketio::detail::JsonStatus;

namespace {

std::string_view text_of(const JsonValue& value) { return {value.GetString(), value.GetStringLength()}; }

/// RapidJSON refuses a lone surrogate only if it is a leading one; the others become invalid UTF-8.
bool same_text(const JsonValue& ours, const JsonValue& theirs) {
  return text_of(ours) == text_of(theirs) || !socketio::is_valid_utf8(text_of(theirs));
}

/// RapidJSON 1.1.0 misreads some numbers (0e308 becomes 1.9e289), so it keeps them as text.
bool same_number(const JsonValue& ours, const JsonValue& token) {
  if (!token.IsString() || ours.GetDouble() != std::strtod(token.GetString(), nullptr)) return false;
  if (ours.IsInt64()) return text_of(token) == "-0" || std::to_string(ours.GetInt64()) == text_of(token);
  return !ours.IsUint64() || std::to_string(ours.GetUint64()) == text_of(token);
}

bool same(const JsonValue& ours, const JsonValue& theirs) {
  if (ours.IsNumber()) return same_number(ours, theirs);
  if (ours.GetType() != theirs.GetType()) return false;
  if (ours.IsString()) return same_text(ours, theirs);
  if (ours.IsArray()) {
    if (ours.Size() != theirs.Size()) return false;
    for (rapidjson::SizeType i = 0; i < ours.Size(); ++i) {
      if (!same(ours[i], theirs[i])) return false;
    }
  }
  if (ours.IsObject()) {
    if (ours.MemberCount() != theirs.MemberCount()) return false;
    for (auto x = ours.MemberBegin(), y = theirs.MemberBegin(); x != ours.MemberEnd(); ++x, ++y) {
      if (!same_text(x->name, y->name) || !same(x->value, y->value)) return false;
    }
  }
  return true;
}

void compare_with_rapidjson(std::string_view text, JsonStatus status, const JsonValue& ours) {
  // For RapidJSON a NUL is the end of the text.
  if (text.find('\0') != std::string_view::npos) return;
  rapidjson::Document theirs;
  const std::string copy(text);
  theirs.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag>(copy.c_str());
  if (!theirs.HasParseError()) {
    fuzz::law(status == JsonStatus::ok, "what RapidJSON accepts is accepted");
    fuzz::law(same(ours, theirs), "both readers read the same");
    return;
  }
  // It refuses lone surrogates, which JavaScript writes, and refuses zeros with a large exponent as too large.
  const rapidjson::ParseErrorCode error = theirs.GetParseError();
  const bool known_difference =
      error == rapidjson::kParseErrorStringUnicodeSurrogateInvalid || error == rapidjson::kParseErrorNumberTooBig;
  fuzz::law(status != JsonStatus::ok || known_difference, "what RapidJSON refuses is refused");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!socketio::is_valid_utf8(text)) {
    fuzz::law(!socketio::try_parse_json(text), "invalid UTF-8 is refused");
    return 0;
  }

  std::string buffer(text);
  socketio::detail::JsonArena arena;
  JsonValue root;
  const JsonStatus status = socketio::detail::parse_json_in_place(buffer, 0, 64, arena, root);
  if (status == JsonStatus::too_deep) return 0;
  compare_with_rapidjson(text, status, root);

  const auto value = socketio::try_parse_json(text);
  fuzz::law(value.has_value() == (status == JsonStatus::ok), "the same text has the same status");
  if (!value) return 0;
  const std::string written = to_json(*value);
  fuzz::law(socketio::is_valid_utf8(written), "written text is UTF-8");
  const auto again = socketio::try_parse_json(written);
  fuzz::law(again && (*again == *value || fuzz::has_infinity(root)), "reading after writing is identity");
  fuzz::law(to_json(*again) == written, "writing after reading is identity");
  return 0;
}
