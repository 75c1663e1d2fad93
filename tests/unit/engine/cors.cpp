// SPDX-License-Identifier: MIT
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12 suspects its own std::regex under sanitizers
#endif

#include <socketio/engine/cors.hpp>
// Cross-origin headers, as the npm package cors sets them.
#include <tests/support/catch.hpp>

#include <regex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using socketio::CorsOptions;
using socketio::CorsOrigin;
using socketio::HttpHeaders;
using socketio::HttpRequest;

namespace {

std::string headers_for(const CorsOptions& options, const std::string& method = "GET",
                        const std::string& origin = "http://a.example", HttpHeaders headers = {}) {
  HttpRequest request;
  request.method = method;
  if (!origin.empty()) request.headers.add("Origin", origin);
  request.headers.add("Access-Control-Request-Headers", "X-Asked");
  std::string text = socketio::apply_cors(options, request, headers) ? "preflight\n" : "";
  for (std::size_t i = 0; i < headers.size(); ++i)
    text += std::string(headers[i].name) + ": " + std::string(headers[i].value) + '\n';
  return text;
}

const std::string reflected = "Access-Control-Allow-Origin: http://a.example\nVary: Origin\n";
const std::string withheld = "Vary: Origin\n";

}  // namespace

TEST_CASE("each rule for origins has its headers", "[engine][cors]") {
  CHECK(headers_for({}) == "Access-Control-Allow-Origin: *\n");
  CHECK(headers_for({.origin = "*"}) == "Access-Control-Allow-Origin: *\n");
  CHECK(headers_for({.origin = "http://b.example"}) == "Access-Control-Allow-Origin: http://b.example\nVary: Origin\n");
  CHECK(headers_for({.origin = true}) == reflected);
  CHECK(headers_for({.origin = false}).empty());
  CHECK(headers_for({.origin = ""}).empty());
  CHECK(headers_for({.origin = {"http://a.example", "http://b.example"}}) == reflected);
  CHECK(headers_for({.origin = {"http://b.example"}}) == withheld);
  CHECK(headers_for({.origin = std::regex("\\.example$")}) == reflected);
  CHECK(headers_for({.origin = std::regex("^a$")}) == withheld);
  CHECK(headers_for({.origin = {"http://b.example", std::regex("example")}}) == reflected);
  CHECK(headers_for({.origin = CorsOrigin::if_allowed([](std::string_view o) { return o == "http://a.example"; })}) ==
        reflected);
  CHECK(headers_for({.origin = CorsOrigin::if_allowed([](std::string_view) { return false; })}) == withheld);
}

TEST_CASE("origins may be chosen by a function", "[engine][cors]") {
  const auto chosen = [](CorsOrigin rule) {
    return headers_for({.origin = CorsOrigin::chosen_by([rule](std::string_view) { return rule; })});
  };
  CHECK(chosen("http://c.example") == "Access-Control-Allow-Origin: http://c.example\nVary: Origin\n");
  CHECK(chosen(true) == reflected);
  CHECK(chosen(false).empty());
  CHECK(chosen({"http://a.example"}) == reflected);
  CHECK_THROWS_AS(headers_for({.origin = CorsOrigin::chosen_by(
                                   [](std::string_view) -> CorsOrigin { throw std::runtime_error("boo"); })}),
                  std::runtime_error);
}

TEST_CASE("a rule for origins that answers later stands alone, and only an engine waits for it", "[engine][cors]") {
  const CorsOrigin later =
      CorsOrigin::chosen_by([](std::string_view, const socketio::CorsOriginReply& reply) { reply(true); });
  CHECK(later.async_chooser() != nullptr);
  CHECK(later.chooser() == nullptr);
  CHECK(CorsOptions{.origin = later}.validate().empty());
  CHECK_THROWS_AS(later.allows("http://a.example"), std::logic_error);
  CHECK_THROWS_AS(headers_for({.origin = later}), std::logic_error);
  CHECK_THROWS_AS((CorsOrigin{"http://a.example", later}), std::invalid_argument);
}

TEST_CASE("an empty function is no delegate", "[engine][cors]") {
  CHECK_FALSE(socketio::CorsDelegate());
  CHECK_FALSE(socketio::CorsDelegate(nullptr));
  CHECK_FALSE(socketio::CorsDelegate(socketio::CorsDelegate::Direct()));
  CHECK_FALSE(socketio::CorsDelegate(socketio::CorsDelegate::Async()));
  CHECK(socketio::CorsDelegate([](const HttpRequest&) { return CorsOptions{}; }));
  CHECK(socketio::CorsDelegate([](const HttpRequest&, const socketio::CorsReply&) {}));
}

TEST_CASE("an origin that is not a valid header value is not reflected", "[engine][cors]") {
  CHECK(headers_for({.origin = true}, "GET", "http://a\r\nX: y") == withheld);
  CHECK(headers_for({.origin = true}, "GET", "") == withheld);
}

TEST_CASE("a preflight gets everything, in the order of the reference", "[engine][cors]") {
  CHECK(headers_for({}, "OPTIONS") ==
        "preflight\nAccess-Control-Allow-Origin: *\n"
        "Access-Control-Allow-Methods: GET,HEAD,PUT,PATCH,POST,DELETE\n"
        "Vary: Access-Control-Request-Headers\nAccess-Control-Allow-Headers: X-Asked\n");
  CHECK(headers_for({.origin = {"http://a.example"},
                     .methods = {"GET", "PUT"},
                     .allowed_headers = {"X-One", "X-Two"},
                     .exposed_headers = {"X-Three", "X-Four"},
                     .credentials = true,
                     .max_age = std::chrono::seconds(0)},
                    "OPTIONS") ==
        "preflight\nAccess-Control-Allow-Origin: http://a.example\nVary: Origin\n"
        "Access-Control-Allow-Credentials: true\nAccess-Control-Allow-Methods: GET,PUT\n"
        "Access-Control-Allow-Headers: X-One,X-Two\nAccess-Control-Max-Age: 0\n"
        "Access-Control-Expose-Headers: X-Three,X-Four\n");
  CHECK(headers_for({.origin = {"http://a.example"}}, "OPTIONS") ==
        "preflight\nAccess-Control-Allow-Origin: http://a.example\nVary: Origin, Access-Control-Request-Headers\n"
        "Access-Control-Allow-Methods: GET,HEAD,PUT,PATCH,POST,DELETE\nAccess-Control-Allow-Headers: X-Asked\n");
  CHECK(headers_for({.origin = false}, "OPTIONS").empty());
  CHECK(headers_for({.preflight_continue = true}, "OPTIONS").substr(0, 9) != "preflight");
}

TEST_CASE("an actual request gets credentials and exposed headers, even from a disallowed origin", "[engine][cors]") {
  CHECK(headers_for({.origin = {"http://b.example"},
                     .allowed_headers = {"X-One"},
                     .exposed_headers = {"X-Three"},
                     .credentials = true,
                     .max_age = std::chrono::seconds(5)}) ==
        "Vary: Origin\nAccess-Control-Allow-Credentials: true\nAccess-Control-Expose-Headers: X-Three\n");
}

TEST_CASE("Vary is extended and never repeated", "[engine][cors]") {
  HttpHeaders present;
  present.add("Vary", "Accept-Encoding, origin");
  CHECK(headers_for({.origin = true}, "GET", "", present) == "Vary: Accept-Encoding, origin\n");
  present.set("Vary", "Accept");
  CHECK(headers_for({.origin = true}, "GET", "", present) == "Vary: Accept, Origin\n");
  present.set("Vary", "*");
  CHECK(headers_for({.origin = true}, "GET", "", present) == "Vary: *\n");
}

TEST_CASE("invalid CORS settings are named", "[engine][cors]") {
  CHECK(CorsOptions{}.validate().empty());
  const CorsOptions options{.origin = "http://a\r\n",
                            .methods = {"GE T"},
                            .allowed_headers = {"X:"},
                            .exposed_headers = {""},
                            .max_age = std::chrono::seconds(-1),
                            .options_success_status = 404};
  CHECK(options.validate().size() == 6);
}
