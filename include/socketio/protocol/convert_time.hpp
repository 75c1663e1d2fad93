// SPDX-License-Identifier: MIT
// Conversion of durations and points in time. Protocol layer.
#pragma once

#include <socketio/protocol/converter.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace socketio {

namespace detail {

using SysMilliseconds = std::chrono::sys_time<std::chrono::milliseconds>;

/// `time` as Date.prototype.toISOString writes it: "2024-02-29T23:59:59.999Z".
SOCKETIO_DECL std::string to_iso8601(SysMilliseconds time);

/// Reads what JavaScript writes, and the forms of the same standard that other clients write: a day alone, seconds
/// or their fraction left out, an offset in place of Z. Digits behind the milliseconds are dropped.
SOCKETIO_DECL std::optional<SysMilliseconds> from_iso8601(std::string_view text);

}  // namespace detail

/// Durations, as their count in their own unit.
template <class Rep, class Period>
struct Converter<std::chrono::duration<Rep, Period>> {
  static constexpr std::string_view name = Converter<Rep>::name;
  template <class Writer>
  static void write(Writer& writer, std::chrono::duration<Rep, Period> value) requires Writable<Rep> {
    write_value(writer, value.count());
  }
  static bool read(ValueView view, std::chrono::duration<Rep, Period>& out,
                   ConvertError& error) requires Readable<Rep> {
    Rep count{};
    if (!read_value(view, count, error)) return false;
    out = std::chrono::duration<Rep, Period>(count);
    return true;
  }
};

/// Points in time, as JSON.stringify writes a Date: ISO 8601 in UTC with milliseconds. Where the parser has dates of
/// its own (msgpack), they are sent as such.
template <class Duration>
struct Converter<std::chrono::time_point<std::chrono::system_clock, Duration>> {
  using TimePoint = std::chrono::time_point<std::chrono::system_clock, Duration>;
  static constexpr std::string_view name = "ISO 8601 date";
  template <class Writer>
  static void write(Writer& writer, TimePoint value) {
    const auto time = std::chrono::floor<std::chrono::milliseconds>(value);
    if constexpr (requires { writer.date(time); }) {
      writer.date(time);
    } else {
      writer.string(detail::to_iso8601(time));
    }
  }
  static bool read(ValueView view, TimePoint& out, ConvertError& error) {
    if (!view.is_string()) return convert_failed<TimePoint>(view, error);
    const std::optional<detail::SysMilliseconds> time = detail::from_iso8601(view.string());
    if (!time || !fits(*time)) {
      error = {std::string(name), "string", {}};
      return false;
    }
    out = TimePoint(std::chrono::duration_cast<Duration>(time->time_since_epoch()));
    return true;
  }

 private:
  /// A clock that counts nanoseconds in 64 bits ends in the year 2262.
  static bool fits(detail::SysMilliseconds time) {
    using Seconds = std::chrono::duration<double>;
    const double seconds = Seconds(time.time_since_epoch()).count();
    return seconds > Seconds((Duration::min)()).count() && seconds < Seconds((Duration::max)()).count();
  }
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/protocol/impl/convert_time.ipp>
#endif
