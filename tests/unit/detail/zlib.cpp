// SPDX-License-Identifier: MIT
// zlib streams: messages in both directions, limits, and data that is not DEFLATE.
#include <socketio/detail/zlib.hpp>
#include <tests/support/catch.hpp>

#include <string>
#include <string_view>

#ifdef SOCKETIO_WITH_ZLIB

using socketio::detail::DeflateFormat;
using socketio::detail::Deflater;
using socketio::detail::DeflateSettings;
using socketio::detail::Inflater;
using socketio::detail::InflateResult;
using namespace std::string_view_literals;

namespace {

std::string deflated(Deflater& deflater, std::string_view text) {
  std::string out;
  deflater.message(text, out);
  return out;
}

/// Bytes that do not compress.
std::string noise(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t state = 1;
  for (char& c : text) c = static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
  return text;
}

}  // namespace

TEST_CASE("messages of one stream are decompressed one by one", "[detail][zlib]") {
  Deflater deflater(DeflateFormat::raw, {});
  Inflater inflater(15);
  std::string out;
  for (const std::string& text : {std::string("Hello"), std::string("Hello"), std::string(100'000, 'x'), noise(100'000),
                                  std::string(1, '\0'), noise(64 * 1024), noise(70)}) {
    const std::string compressed = deflated(deflater, text);
    REQUIRE(inflater.message(compressed, 1'000'000, out) == InflateResult::ok);
    CHECK(out == text);
  }
}

TEST_CASE("the examples of RFC 7692 section 7.2.3 are written and read exactly", "[detail][zlib]") {
  Deflater deflater(DeflateFormat::raw, {});
  CHECK(deflated(deflater, "Hello") == "\xf2\x48\xcd\xc9\xc9\x07\x00"sv);
  CHECK(deflated(deflater, "Hello") == "\xf2\x00\x11\x00\x00"sv);
  Inflater inflater(15);
  std::string out;
  const auto read = [&](std::string_view data) {
    REQUIRE(inflater.message(data, 100, out) == InflateResult::ok);
    return out;
  };
  CHECK(read("\xf2\x48\xcd\xc9\xc9\x07\x00"sv) == "Hello");
  CHECK(read("\xf2\x00\x11\x00\x00"sv) == "Hello");
  CHECK(read("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"sv) == "Hello");
  CHECK(read("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"sv) == "Hello");
  CHECK(read("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"sv) == "Hello");
}

TEST_CASE("a final block ends a message, with and without the empty block of the RFC after it", "[detail][zlib]") {
  Inflater inflater(15);
  std::string out;
  for (const std::string_view data : {"\xf3\x48\xcd\xc9\xc9\x07\x00"sv, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"sv}) {
    REQUIRE(inflater.message(data, 100, out) == InflateResult::ok);
    CHECK(out == "Hello");
  }
  // And another block may follow.
  REQUIRE(inflater.message("\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x48\xcd\xc9\xc9\x07\x00"sv, 100, out) ==
          InflateResult::ok);
  CHECK(out == "HelloHello");
}

TEST_CASE("a message may be as large as the limit and no larger", "[detail][zlib]") {
  for (const std::string& text : {std::string(1000, 'x'), noise(1000)}) {
    Deflater deflater(DeflateFormat::raw, {});
    const std::string compressed = deflated(deflater, text);
    std::string out;
    CHECK(Inflater(15).message(compressed, 999, out) == InflateResult::too_big);
    CHECK(out.empty());
    CHECK(Inflater(15).message(compressed, 1000, out) == InflateResult::ok);
    CHECK(out == text);
    CHECK(Inflater(15).message(compressed, 1001, out) == InflateResult::ok);
    CHECK(Inflater(15).message(compressed, static_cast<std::size_t>(-1), out) == InflateResult::ok);
  }
}

TEST_CASE("a small message cannot make a large one", "[detail][zlib]") {
  Deflater deflater(DeflateFormat::raw, {});
  const std::string bomb = deflated(deflater, std::string(50'000'000, '\0'));
  REQUIRE(bomb.size() < 60'000);
  std::string out;
  CHECK(Inflater(15).message(bomb, 1'000'000, out) == InflateResult::too_big);
  CHECK(out.capacity() < 3'000'000);
}

TEST_CASE("invalid and truncated DEFLATE data is recognised", "[detail][zlib]") {
  std::string out;
  CHECK(Inflater(15).message("\xff\xff\xff", 100, out) == InflateResult::bad_data);
  CHECK(Inflater(15).message("\x07", 100, out) == InflateResult::bad_data);
  Deflater deflater(DeflateFormat::raw, {});
  const std::string compressed = deflated(deflater, noise(1000));
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, std::size_t{500}, compressed.size() - 2})
    CHECK(Inflater(15).message(std::string_view(compressed).substr(0, size), 10'000, out) == InflateResult::bad_data);
  // A distance that reaches beyond the beginning.
  CHECK(Inflater(15).message("\xf2\x00\x11\x00\x00"sv, 100, out) == InflateResult::bad_data);
}

TEST_CASE("an empty compressed message is empty", "[detail][zlib]") {
  std::string out = "old";
  CHECK(Inflater(15).message("\x00"sv, 0, out) == InflateResult::ok);
  CHECK(out.empty());
}

TEST_CASE("after a reset neither side needs earlier messages", "[detail][zlib]") {
  Deflater deflater(DeflateFormat::raw, {});
  const std::string first = deflated(deflater, "Hello");
  deflater.reset();
  CHECK(deflated(deflater, "Hello") == first);
  Inflater inflater(15);
  std::string out;
  REQUIRE(inflater.message(first, 100, out) == InflateResult::ok);
  inflater.reset();
  CHECK(inflater.message("\xf2\x00\x11\x00\x00"sv, 100, out) == InflateResult::bad_data);
}

TEST_CASE("data of every window size can be read with a window of that size", "[detail][zlib]") {
  const std::string text = noise(40'000) + noise(40'000);
  for (int bits = 9; bits <= 15; ++bits) {
    DeflateSettings settings;
    settings.window_bits = bits;
    Deflater deflater(DeflateFormat::raw, settings);
    std::string out;
    REQUIRE(Inflater(bits).message(deflated(deflater, text), 100'000, out) == InflateResult::ok);
    CHECK(out == text);
  }
}

#else

TEST_CASE("a build without zlib says so", "[detail][zlib]") { CHECK_FALSE(socketio::detail::has_zlib); }

#endif
