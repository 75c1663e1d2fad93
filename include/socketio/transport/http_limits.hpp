// SPDX-License-Identifier: MIT
// What one HTTP request may cost. Transport layer.
#pragma once

#include <cstddef>

namespace socketio {

/// What one request may cost; the defaults are those of Node.js.
struct HttpLimits {
  std::size_t max_head_bytes = 16 * 1024;  // request line, fields and line ends; also trailers; more: 431
  std::size_t max_header_count = 2000;     // more: 431
};

}  // namespace socketio
