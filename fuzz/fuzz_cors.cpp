// SPDX-License-Identifier: MIT
// Cross-origin headers: only what a rule allows is repeated, and only what may stand in a header.
//
// The input: the head of a request, its lines separated by LF.
#include <socketio/engine/cors.hpp>

#include <fuzz/law.hpp>
#include <fuzz/request_text.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <regex>
#include <string>
#include <string_view>

using socketio::CorsOptions;
using socketio::CorsOrigin;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto request = fuzz::parse_request({reinterpret_cast<const char*>(data), size});
  if (!request) return 0;
  const std::string origin = request->headers.joined("Origin").value_or("");
  static const std::array<CorsOptions, 5> all{
      CorsOptions{}, CorsOptions{.origin = true, .credentials = true}, CorsOptions{.origin = "https://a.example"},
      CorsOptions{.origin = {"https://a.example", std::regex("^https://[a-z]{1,9}[.]b[.]example$")},
                  .allowed_headers = {"X-One"},
                  .preflight_continue = true},
      CorsOptions{.origin = false}};
  for (const CorsOptions& options : all) {
    socketio::HttpHeaders headers;
    headers.add("Vary", "Accept-Encoding");
    if (origin.size() > 200) continue;  // the standard library's matcher recurses
    const bool is_preflight = socketio::apply_cors(options, *request, headers);
    fuzz::law(!is_preflight || (request->method == "OPTIONS" && !options.preflight_continue),
              "only OPTIONS is answered");
    for (std::size_t i = 0; i < headers.size(); ++i)
      fuzz::law(socketio::is_valid_header_value(headers[i].value), "the fields have one line");
    const auto allowed = headers.find("Access-Control-Allow-Origin");
    if (options.origin.is_none()) {
      fuzz::law(headers.size() == 1, "without a rule there are no headers");
    } else if (allowed && *allowed != "*" && options.origin.fixed() == nullptr) {
      fuzz::law(*allowed == origin && options.origin.allows(origin), "only an allowed origin is named");
    }
    if (!options.origin.is_none() && !options.origin.is_any())
      fuzz::law(headers.has_token("Vary", "Origin") && headers.has_token("Vary", "Accept-Encoding"),
                "caches are told what the answer depends on");
  }
  return 0;
}
