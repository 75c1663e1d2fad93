// SPDX-License-Identifier: MIT
// One response of HTTP/1.1, as far as a Socket.IO server sends it: a length or chunks.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bench {

struct HttpResponse {
  unsigned status = 0;
  bool closes = false;  // the server ends the connection after it
  std::string_view body;
};

/// Reads one response at the beginning of `input`.
///
/// @param response  its body views into `input`, or into `chunks`
/// @param chunks    holds a body that came in chunks
/// @return          how many bytes it takes, 0 when it is not complete
/// @throws std::runtime_error  when it is none
std::size_t read_response(std::string_view input, HttpResponse& response, std::string& chunks);

}  // namespace bench
