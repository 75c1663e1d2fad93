// SPDX-License-Identifier: MIT
#include <socketio/protocol/convert_time.hpp>

#include <tests/support/catch.hpp>
#include <tests/support/json_text.hpp>

#include <chrono>
#include <string>
#include <string_view>

using namespace std::chrono_literals;
using test::read_as;
using test::reading_error;
using test::rewritten;
using test::written;

namespace {

using Clock = std::chrono::system_clock;
using Milliseconds = std::chrono::sys_time<std::chrono::milliseconds>;

std::string again(const std::string& date) { return rewritten<Milliseconds>("\"" + date + "\""); }

}  // namespace

TEST_CASE("durations convert as their count", "[protocol][convert]") {
  CHECK(written(1500ms) == "1500");
  CHECK(written(2s) == "2");
  CHECK(written(std::chrono::duration<double>(0.25)) == "0.25");
  CHECK(read_as<std::chrono::seconds>("90") == 90s);
  CHECK(read_as<std::chrono::duration<double>>("0.5").count() == 0.5);
  CHECK(reading_error<std::chrono::seconds>("1.5") == "expected integer, got number");
}

// The expectations are what JSON.stringify writes for a Date of the same time.
TEST_CASE("points in time are written as JavaScript writes dates", "[protocol][convert]") {
  const auto at = [](long long milliseconds) { return Milliseconds(std::chrono::milliseconds(milliseconds)); };
  CHECK(written(at(0)) == R"("1970-01-01T00:00:00.000Z")");
  CHECK(written(at(-1)) == R"("1969-12-31T23:59:59.999Z")");
  CHECK(written(at(1709251199999)) == R"("2024-02-29T23:59:59.999Z")");
  CHECK(written(at(253402300799999)) == R"("9999-12-31T23:59:59.999Z")");
  CHECK(written(at(253402300800000)) == R"("+010000-01-01T00:00:00.000Z")");
  CHECK(written(at(-62198755200000)) == R"("-000001-01-01T00:00:00.000Z")");
  CHECK(written(at(-62167219200000)) == R"("0000-01-01T00:00:00.000Z")");
  CHECK(written(at(971890963199999)) == R"("+032767-12-31T23:59:59.999Z")");
  CHECK(written(at(971890963200000)) == R"("+032768-01-01T00:00:00.000Z")");
  CHECK(written(at(8640000000000000)) == R"("+275760-09-13T00:00:00.000Z")");
  CHECK(written(at(-8640000000000000)) == R"("-271821-04-20T00:00:00.000Z")");
  CHECK(written(Clock::time_point(1ns)) == R"("1970-01-01T00:00:00.000Z")");
  CHECK(written(std::chrono::sys_days(2024y / 1 / 2)) == R"("2024-01-02T00:00:00.000Z")");
}

TEST_CASE("dates in the usual forms are read", "[protocol][convert]") {
  CHECK(again("2024-02-29T23:59:59.999Z") == R"("2024-02-29T23:59:59.999Z")");
  CHECK(again("2024-02-29") == R"("2024-02-29T00:00:00.000Z")");
  CHECK(again("2024-02-29T12:30Z") == R"("2024-02-29T12:30:00.000Z")");
  CHECK(again("2024-02-29T12:30:05Z") == R"("2024-02-29T12:30:05.000Z")");
  CHECK(again("2024-02-29T12:30:05.1Z") == R"("2024-02-29T12:30:05.100Z")");
  CHECK(again("2024-02-29T12:30:05.123456789Z") == R"("2024-02-29T12:30:05.123Z")");
  CHECK(again("2024-02-29T12:30:05+02:00") == R"("2024-02-29T10:30:05.000Z")");
  CHECK(again("2024-02-29T22:30:05-0330") == R"("2024-03-01T02:00:05.000Z")");
  CHECK(again("2024-02-29T24:00:00Z") == R"("2024-03-01T00:00:00.000Z")");
  CHECK(again("+010000-01-01T00:00:00.000Z") == R"("+010000-01-01T00:00:00.000Z")");
  CHECK(again("-000001-01-01T00:00:00.000Z") == R"("-000001-01-01T00:00:00.000Z")");
}

TEST_CASE("text that is not a date is refused", "[protocol][convert]") {
  for (const std::string_view date : {"",
                                      "today",
                                      "2024",
                                      "2024-02",
                                      "2024-2-1",
                                      "2023-02-29",
                                      "2024-13-01",
                                      "2024-00-01",
                                      "2024-01-00",
                                      "2024-01-32",
                                      "2024-01-01T",
                                      "2024-01-01 00:00Z",
                                      "2024-01-01T00Z",
                                      "2024-01-01T00:00",
                                      "2024-01-01T00:00:00.Z",
                                      "2024-01-01T25:00Z",
                                      "2024-01-01T24:01Z",
                                      "2024-01-01T00:60Z",
                                      "2024-01-01T00:00:60Z",
                                      "2024-01-01T00:00Zx",
                                      "2024-01-01T00:00+1",
                                      "20240101T000000Z",
                                      "+275760-09-13T00:00:00.000Z",
                                      "-2024-01-01",
                                      "999999-01-01"}) {
    INFO(date);
    CHECK(reading_error<Milliseconds>("\"" + std::string(date) + "\"") == "expected ISO 8601 date, got string");
  }
  CHECK(reading_error<Milliseconds>("0") == "expected ISO 8601 date, got integer");
}

TEST_CASE("a date that a clock cannot hold is refused", "[protocol][convert]") {
  using Nanoseconds = std::chrono::sys_time<std::chrono::nanoseconds>;
  CHECK(reading_error<Nanoseconds>(R"("2262-01-01T00:00:00.000Z")") == "accepted");
  CHECK(reading_error<Nanoseconds>(R"("2263-01-01T00:00:00.000Z")") == "expected ISO 8601 date, got string");
  CHECK(reading_error<Nanoseconds>(R"("1677-01-01T00:00:00.000Z")") == "expected ISO 8601 date, got string");
}
