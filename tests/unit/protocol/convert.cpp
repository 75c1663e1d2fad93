// SPDX-License-Identifier: MIT
#include <socketio/protocol/convert.hpp>

#include <tests/support/catch.hpp>
#include <tests/support/json_text.hpp>

#include <chrono>
#include <map>
#include <string>
#include <tuple>
#include <vector>

TEST_CASE("one include converts every convertible type", "[protocol][convert]") {
  using All =
      std::tuple<bool, std::vector<std::map<std::string, socketio::Binary>>, std::chrono::seconds, socketio::Value>;
  const std::string text = R"([true,[{"a":{"_placeholder":true,"num":0}}],5,{"x":[null]}])";
  CHECK(test::rewritten<All>(text) == text + " + zero");
}
