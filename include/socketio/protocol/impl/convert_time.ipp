// SPDX-License-Identifier: MIT
// Bodies of <socketio/protocol/convert_time.hpp>: dates as text. Protocol layer.
#pragma once

#include <socketio/protocol/convert_time.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace socketio::detail {

SOCKETIO_DECL std::string to_iso8601(SysMilliseconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  // std::chrono::year ends at 32767, but every 400 years of 146097 days the calendar begins anew.
  const auto days_since_1970 = day.time_since_epoch().count();
  const auto cycles = (days_since_1970 - (days_since_1970 < 0 ? 146'096 : 0)) / 146'097;
  const std::chrono::year_month_day date(day - std::chrono::days(cycles * 146'097));
  const std::chrono::hh_mm_ss clock(time - day);
  const int year = static_cast<int>(date.year()) + static_cast<int>(cycles) * 400;
  char text[40];
  const int size = std::snprintf(
      text, sizeof text,
      year >= 0 && year <= 9999 ? "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ" : "%+07d-%02u-%02uT%02d:%02d:%02d.%03dZ", year,
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
      static_cast<int>(clock.subseconds().count()));
  return {text, static_cast<std::size_t>(size)};
}

/// Reads the text of a date piece by piece; a piece that does not fit leaves it failed for good.
class DateScanner {
 public:
  explicit DateScanner(std::string_view text) : rest_(text) {}

  /// Exactly `count` digits.
  int digits(int count) {
    int value = 0;
    for (; count > 0; --count) {
      if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') {
        failed_ = true;
        return 0;
      }
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }
  void expect(char c) {
    if (!accept(c)) failed_ = true;
  }
  bool accept(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool starts_with_digit() const { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }
  bool at_end() const { return rest_.empty(); }
  bool failed() const { return failed_; }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

/// The offset from UTC at the end of a date: "Z", "+02:00", "-0330".
inline std::chrono::minutes scan_offset(DateScanner& scan) {
  if (scan.accept('Z')) return std::chrono::minutes(0);
  const bool west = scan.accept('-');
  if (!west) scan.expect('+');
  const int hours = scan.digits(2);
  scan.accept(':');
  const std::chrono::minutes offset = std::chrono::hours(hours) + std::chrono::minutes(scan.digits(2));
  return west ? -offset : offset;
}

SOCKETIO_DECL std::optional<SysMilliseconds> from_iso8601(std::string_view text) {
  using namespace std::chrono;
  DateScanner scan(text);
  const bool before_christ = scan.accept('-');
  const bool expanded = before_christ || scan.accept('+');
  const int absolute_year = scan.digits(expanded ? 6 : 4);
  scan.expect('-');
  const int month_number = scan.digits(2);
  scan.expect('-');
  const int day_number = scan.digits(2);
  // std::chrono::year ends at 32767, far before the 275760 of JavaScript.
  if (scan.failed() || absolute_year > static_cast<int>((year::max)())) return std::nullopt;
  const year_month_day date(year(before_christ ? -absolute_year : absolute_year),
                            month(static_cast<unsigned>(month_number)), day(static_cast<unsigned>(day_number)));
  if (!date.ok()) return std::nullopt;
  const SysMilliseconds midnight = sys_days(date);
  if (scan.at_end()) return midnight;

  scan.expect('T');
  const int hour = scan.digits(2);
  scan.expect(':');
  const int minute = scan.digits(2);
  int second = 0;
  int millisecond = 0;
  if (scan.accept(':')) {
    second = scan.digits(2);
    if (scan.accept('.')) {
      for (int unit = 100, i = 0; i == 0 || scan.starts_with_digit(); ++i, unit /= 10) {
        millisecond += unit * scan.digits(1);
        if (scan.failed()) return std::nullopt;
      }
    }
  }
  const minutes offset = scan_offset(scan);
  const bool in_range =
      (hour < 24 || (hour == 24 && minute == 0 && second == 0 && millisecond == 0)) && minute < 60 && second < 60;
  if (scan.failed() || !scan.at_end() || !in_range) return std::nullopt;
  return midnight + hours(hour) + minutes(minute) + seconds(second) + milliseconds(millisecond) - offset;
}

}  // namespace socketio::detail
