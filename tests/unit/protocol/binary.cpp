// SPDX-License-Identifier: MIT
#include <socketio/protocol/binary.hpp>

#include <tests/support/catch.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>

using socketio::Binary;

TEST_CASE("binary data is made from bytes of any kind", "[protocol][binary]") {
  const std::array<std::byte, 3> bytes{std::byte{1}, std::byte{0}, std::byte{255}};
  const Binary a(bytes);
  const Binary b(bytes.data(), bytes.size());
  const Binary c(std::string("\x01\x00\xFF", 3));
  CHECK(a == b);
  CHECK(b == c);
  CHECK(a.size() == 3);
  CHECK(a.bytes()[2] == std::byte{255});
  CHECK_FALSE(a == Binary(std::string("x")));
}

TEST_CASE("copies of binary data share their bytes", "[protocol][binary]") {
  const Binary original(std::string("data"));
  const Binary copy = original;
  CHECK(copy.data() == original.data());
}

TEST_CASE("empty binary data has bytes to point at", "[protocol][binary]") {
  const Binary empty;
  CHECK(empty.empty());
  CHECK(empty.data() != nullptr);
  CHECK(empty.bytes().empty());
  CHECK(empty == Binary(std::string()));
}
