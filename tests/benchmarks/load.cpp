// SPDX-License-Identifier: MIT
#include <benchmarks/load/base64.hpp>
#include <benchmarks/load/histogram.hpp>
#include <benchmarks/load/http_response.hpp>
#include <benchmarks/load/stamp.hpp>

#include <tests/support/catch.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

using namespace bench;

TEST_CASE("an empty histogram has percentiles of zero", "[benchmarks]") {
  const Histogram histogram;
  CHECK(histogram.total() == 0);
  CHECK(histogram.percentile(50) == 0);
}

TEST_CASE("a percentile is at most a step of 1/32 below the time that was added", "[benchmarks]") {
  for (std::uint64_t ns = 1; ns < std::uint64_t{1} << 43; ns = ns * 5 / 3 + 1) {
    Histogram histogram;
    histogram.add(ns);
    const double found = histogram.percentile(50);
    CAPTURE(ns, found);
    CHECK(found <= static_cast<double>(ns));
    CHECK(found > static_cast<double>(ns) * 31 / 32 - 1);
  }
}

TEST_CASE("percentiles are those of the added times", "[benchmarks]") {
  Histogram histogram;
  // 1 to 1000 microseconds, in a shuffled order.
  for (std::uint64_t i = 0; i < 1000; ++i) histogram.add((i * 7 % 1000 + 1) * 1000);
  REQUIRE(histogram.total() == 1000);
  const auto near = [](double wanted) { return Approx(wanted).epsilon(1.0 / 31); };
  CHECK(histogram.percentile(50) == near(500'000));
  CHECK(histogram.percentile(95) == near(950'000));
  CHECK(histogram.percentile(99) == near(990'000));
  CHECK(histogram.percentile(99.9) == near(999'000));
  CHECK(histogram.percentile(100) == near(1'000'000));
}

TEST_CASE("one slow message in a thousand is beyond the 99th percentile, but not beyond the last", "[benchmarks]") {
  Histogram histogram;
  for (int i = 0; i < 999; ++i) histogram.add(20);
  histogram.add(1'000'000'000);
  CHECK(histogram.percentile(99) == 20);
  CHECK(histogram.percentile(99.9) == 20);
  CHECK(histogram.percentile(99.95) > 9e8);
}

TEST_CASE("a histogram takes times that are longer than its last step", "[benchmarks]") {
  Histogram histogram;
  histogram.add(~std::uint64_t{0});
  CHECK(histogram.total() == 1);
  CHECK(histogram.percentile(50) > 1e13);
}

TEST_CASE("a stamp comes back as it was written", "[benchmarks]") {
  const auto text = write_stamp({0x0123456789abcdef, 0xfedcba98});
  CHECK(std::string(text.data(), text.size()) == "0123456789abcdeffedcba98");
  Stamp stamp;
  REQUIRE(read_stamp(std::string_view(text.data(), text.size()), stamp));
  CHECK(stamp.sent_ns == 0x0123456789abcdef);
  CHECK(stamp.sender == 0xfedcba98);
}

TEST_CASE("text that is not a stamp is not read as one", "[benchmarks]") {
  Stamp stamp;
  CHECK_FALSE(read_stamp("0123456789abcdeffedcba9", stamp));
  CHECK_FALSE(read_stamp("0123456789abcdeg01234567", stamp));
  CHECK_FALSE(read_stamp("0123456789ABCDEF01234567", stamp));
}

TEST_CASE("base64 is that of RFC 4648", "[benchmarks]") {
  const auto encoded = [](std::string_view bytes) {
    std::string text = "b";
    append_base64(text, bytes);
    return text;
  };
  CHECK(encoded("") == "b");
  CHECK(encoded("f") == "bZg==");
  CHECK(encoded("fo") == "bZm8=");
  CHECK(encoded("foo") == "bZm9v");
  CHECK(encoded("foobar") == "bZm9vYmFy");
  CHECK(encoded("\xff\xfe\xfd") == "b//79");
  CHECK(read_base64("Zm9vYmFy") == "foobar");
  CHECK(read_base64("//79") == "\xff\xfe\xfd");
  CHECK(read_base64("Zg==").empty());
  CHECK(base64_size("") == 0);
  CHECK(base64_size("Zg==") == 1);
  CHECK(base64_size("Zm8=") == 2);
  CHECK(base64_size("Zm9v") == 3);
}

TEST_CASE("a response with a length is read when it is complete", "[benchmarks]") {
  const std::string input = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-LENGTH:  5\r\n\r\nhello";
  HttpResponse response;
  std::string chunks;
  for (std::size_t size = 0; size < input.size(); ++size)
    CHECK(read_response(std::string_view(input).substr(0, size), response, chunks) == 0);
  CHECK(read_response(input + "HTTP/1.1 ", response, chunks) == input.size());
  CHECK(response.status == 200);
  CHECK(response.body == "hello");
  CHECK_FALSE(response.closes);
}

TEST_CASE("a response in chunks is read when the last chunk has arrived", "[benchmarks]") {
  const std::string input =
      "HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
      "5\r\nhello\r\nb\r\n, my\r\nworld\r\n0\r\n\r\n";
  HttpResponse response;
  std::string chunks;
  for (std::size_t size = 0; size < input.size(); ++size)
    CHECK(read_response(std::string_view(input).substr(0, size), response, chunks) == 0);
  CHECK(read_response(input, response, chunks) == input.size());
  CHECK(response.status == 400);
  CHECK(response.body == "hello, my\r\nworld");
  CHECK(response.closes);
}

TEST_CASE("an unreadable response is refused", "[benchmarks]") {
  HttpResponse response;
  std::string chunks;
  CHECK_THROWS_AS(read_response("SSH-2.0 hello\r\n\r\n", response, chunks), std::runtime_error);
  CHECK_THROWS_AS(read_response("HTTP/1.1 200 OK\r\n\r\n", response, chunks), std::runtime_error);
  CHECK_THROWS_AS(read_response("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", response, chunks), std::runtime_error);
}
