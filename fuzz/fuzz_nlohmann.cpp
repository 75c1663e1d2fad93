// SPDX-License-Identifier: MIT
// Values as nlohmann::json: any value becomes one, and comes back as the same text.
#include <socketio/nlohmann_json.hpp>
#include <socketio/protocol/convert.hpp>
#include <socketio/protocol/json_writer.hpp>
#include <socketio/protocol/utf8.hpp>

#include <fuzz/infinity.hpp>
#include <fuzz/law.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

std::optional<std::string> rewrite(std::string text) {
  socketio::detail::JsonArena arena;
  socketio::JsonValue root;
  if (socketio::detail::parse_json_in_place(text, 0, 64, arena, root) != socketio::detail::JsonStatus::ok) return {};
  if (fuzz::has_infinity(root)) return {};
  nlohmann::ordered_json value;
  socketio::ConvertError error;
  const std::vector<socketio::Binary> attachments{socketio::Binary(std::string("first"))};
  fuzz::law(socketio::read_value(socketio::ValueView(root, attachments), value, error), "every value is accepted");
  std::vector<socketio::Binary> out;
  socketio::detail::OutBuffer written;
  socketio::JsonWriter writer(written, &out);
  socketio::write_value(writer, value);
  return std::string(written.view());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (!socketio::is_valid_utf8(text)) return 0;
  const auto once = rewrite(text);
  if (!once) return 0;
  fuzz::law(rewrite(*once) == once, "reading after writing is identity");
  return 0;
}
