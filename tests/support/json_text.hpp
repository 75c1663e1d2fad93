// SPDX-License-Identifier: MIT
// Values to JSON text and back through the converters, for tests of the protocol layer.
#pragma once

#include <socketio/detail/out_buffer.hpp>
#include <socketio/protocol/convert.hpp>
#include <socketio/protocol/json.hpp>
#include <socketio/protocol/json_writer.hpp>

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace test {

/// A parsed text with what its views need, and three attachments: "zero", "one", "two".
class Document {
 public:
  explicit Document(std::string text, bool with_attachments = true, std::size_t max_depth = 512)
      : text_(std::move(text)) {
    status_ = socketio::detail::parse_json_in_place(text_, 0, max_depth, arena_, root_);
    if (with_attachments) {
      for (const char* bytes : {"zero", "one", "two"}) attachments_.emplace_back(std::string(bytes));
    }
  }

  socketio::detail::JsonStatus status() const { return status_; }

  socketio::ValueView view() const {
    if (status_ != socketio::detail::JsonStatus::ok) throw std::logic_error("not JSON: " + text_);
    return socketio::ValueView(root_, attachments_);
  }

 private:
  std::string text_;
  socketio::detail::JsonArena arena_;
  socketio::JsonValue root_;
  std::vector<socketio::Binary> attachments_;
  socketio::detail::JsonStatus status_;
};

/// The writer's output for a value, followed by its attachments: `[{"_placeholder":true,"num":0}] + zero`.
template <class T>
std::string written(const T& value) {
  socketio::detail::OutBuffer out;
  std::vector<socketio::Binary> attachments;
  socketio::JsonWriter writer(out, &attachments);
  socketio::write_value(writer, value);
  std::string text(out.view());
  for (const socketio::Binary& attachment : attachments) text += " + " + std::string(attachment.view());
  return text;
}

/// The value that is read from a text.
///
/// @throws std::invalid_argument with the converter's message
template <class T>
T read_as(std::string text) {
  const Document document(std::move(text));
  T value{};
  socketio::ConvertError error;
  if (!socketio::read_value(document.view(), value, error)) throw std::invalid_argument(error.message());
  return value;
}

/// The converter's message, or "accepted".
template <class T>
std::string reading_error(std::string text) {
  try {
    static_cast<void>(read_as<T>(std::move(text)));
    return "accepted";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

/// The output of the writer for the value that was read.
template <class T>
std::string rewritten(std::string text) {
  return written(read_as<T>(std::move(text)));
}

inline std::string nested(std::size_t depth, std::string_view opening, std::string_view inner,
                          std::string_view closing) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += opening;
  text += inner;
  for (std::size_t i = 0; i < depth; ++i) text += closing;
  return text;
}

}  // namespace test
