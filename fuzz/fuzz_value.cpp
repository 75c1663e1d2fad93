// SPDX-License-Identifier: MIT
// Conversions: a value that a type accepts is written, and read again as the same; a refusal has a message.
#include <socketio/detail/out_buffer.hpp>
#include <socketio/protocol/convert.hpp>
#include <socketio/protocol/json_writer.hpp>
#include <socketio/protocol/utf8.hpp>

#include <fuzz/infinity.hpp>
#include <fuzz/law.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

using socketio::Binary;
using socketio::Value;

namespace fuzzed {

enum class Level : std::uint8_t { low, high };

struct Tree {
  int value = 0;
  Level level = Level::low;
  std::optional<double> weight;
  std::vector<Tree> children;
  std::map<std::string, Value> extra;
};
SOCKETIO_STRUCT(Tree, value, level, weight, children, extra)

}  // namespace fuzzed

namespace {

using Attachments = std::vector<Binary>;

/// A text and the attachments that its placeholders name.
struct Text {
  std::string json;
  Attachments attachments;
  friend bool operator==(const Text& a, const Text& b) { return a.json == b.json && a.attachments == b.attachments; }
};

template <class T>
std::optional<Text> rewrite(const Text& text) {
  std::string buffer = text.json;
  socketio::detail::JsonArena arena;
  socketio::JsonValue root;
  if (socketio::detail::parse_json_in_place(buffer, 0, 64, arena, root) != socketio::detail::JsonStatus::ok) return {};
  if (fuzz::has_infinity(root)) return {};
  T value{};
  socketio::ConvertError error;
  if (!socketio::read_value(socketio::ValueView(root, text.attachments), value, error)) {
    fuzz::law(!error.expected.empty() && !error.found.empty(), "a refusal says why");
    return {};
  }
  Text out;
  socketio::detail::OutBuffer written;
  socketio::JsonWriter writer(written, &out.attachments);
  socketio::write_value(writer, value);
  out.json = written.view();
  return out;
}

template <class T>
void check(const Text& text) {
  const std::optional<Text> once = rewrite<T>(text);
  if (!once) return;
  const std::optional<Text> twice = rewrite<T>(*once);
  fuzz::law(twice.has_value(), "what a type writes it accepts");
  fuzz::law(*twice == *once, "reading after writing is identity");
}

template <class... T>
void check_all(const Text& text) {
  (check<T>(text), ...);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Text text{std::string(reinterpret_cast<const char*>(data), size),
                  {Binary(std::string("first")), Binary(std::string("\xFF\x00", 2))}};
  if (!socketio::is_valid_utf8(text.json)) return 0;
  check_all<bool, std::int8_t, std::uint16_t, std::int32_t, std::uint32_t, std::int64_t, std::uint64_t, float, double,
            std::string, std::string_view, std::monostate, Binary, std::vector<std::byte>, Value, Value::Object,
            socketio::ValueView, fuzzed::Level>(text);
  check_all<std::optional<std::string>, std::vector<int>, std::vector<Value>, std::vector<bool>, std::set<std::string>,
            std::array<int, 2>, std::map<std::string, std::vector<double>>, std::pair<std::string, Value>,
            std::tuple<int, std::optional<std::string>>, std::unique_ptr<std::vector<Binary>>,
            std::variant<std::monostate, bool, std::int64_t, std::string, std::vector<int>>, fuzzed::Tree>(text);
  check_all<std::chrono::milliseconds, std::chrono::duration<double>, std::chrono::sys_time<std::chrono::milliseconds>,
            std::chrono::sys_time<std::chrono::nanoseconds>>(text);
  return 0;
}
