// SPDX-License-Identifier: MIT
// Dates as text: any text is read or refused, and what is read is the same after writing and reading again.
#include <socketio/protocol/convert_time.hpp>

#include <fuzz/law.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto time = socketio::detail::from_iso8601({reinterpret_cast<const char*>(data), size});
  if (!time) return 0;
  const std::string written = socketio::detail::to_iso8601(*time);
  fuzz::law(written.size() == 24 || written.size() == 27, "a date has the form of JavaScript");
  fuzz::law(socketio::detail::from_iso8601(written) == time, "a date is the same after writing and reading");
  return 0;
}
