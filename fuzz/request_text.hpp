// SPDX-License-Identifier: MIT
// Requests from the text of an input, as the HTTP parser hands them up.
#pragma once

#include <socketio/engine/http.hpp>
#include <socketio/transport/http_parser.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fuzz {

/// The request whose head is `text`, its lines separated by LF alone; no value if the HTTP parser refuses it.
inline std::optional<socketio::HttpRequest> parse_request(std::string_view text) {
  std::string head;
  for (const char c : text) {
    if (c == '\n') head += '\r';
    head += c;
  }
  head += "\r\n\r\n";
  socketio::HttpHeadParser parser({16'384, 200});
  std::size_t consumed = 0;
  if (parser.parse(head, consumed) != socketio::HttpHeadParser::Status::complete) return std::nullopt;
  return std::move(parser.request());
}

}  // namespace fuzz
