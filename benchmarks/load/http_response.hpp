// SPDX-License-Identifier: MIT
// One HTTP/1.1 response in the forms that Socket.IO servers send: with a length or with chunks.
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
/// @param chunks    holds the body if it came in chunks
/// @return          the number of its bytes, 0 if it is incomplete
/// @throws std::runtime_error  if it is not a response
std::size_t read_response(std::string_view input, HttpResponse& response, std::string& chunks);

}  // namespace bench
