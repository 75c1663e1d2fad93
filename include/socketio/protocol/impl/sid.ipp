// SPDX-License-Identifier: MIT
// Bodies of <socketio/protocol/sid.hpp>. Protocol layer.
#pragma once

#include <socketio/protocol/base64.hpp>
#include <socketio/protocol/sid.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>

#if defined(__linux__)
#include <sys/random.h>
#elif defined(_WIN32)
#include <random>
#else
#include <cstdlib>
#endif

namespace socketio {

namespace detail {

/// Fills `bytes` from the operating system's source of randomness.
///
/// @par Errors  throws std::system_error when the system has none to give.
inline void fill_random(std::span<std::byte> bytes) {
#if defined(__linux__)
  while (!bytes.empty()) {
    const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      throw std::system_error(errno, std::system_category(), "getrandom");
    }
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
#elif defined(_WIN32)
  // rand_s underneath, hence RtlGenRandom, without the price of <windows.h>.
  std::random_device source;
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(source() & 0xFFu);
#else
  ::arc4random_buf(bytes.data(), bytes.size());
#endif
}

}  // namespace detail

SOCKETIO_DECL std::string make_sid() {
  static std::atomic<std::uint32_t> counter{0};
  std::array<std::byte, 15> bytes;
  detail::fill_random(std::span(bytes).first<12>());
  const std::uint32_t count = counter.fetch_add(1, std::memory_order_relaxed);
  bytes[12] = static_cast<std::byte>((count >> 16) & 0xFFu);
  bytes[13] = static_cast<std::byte>((count >> 8) & 0xFFu);
  bytes[14] = static_cast<std::byte>(count & 0xFFu);

  std::string sid;
  base64_encode(bytes, sid);
  for (char& c : sid) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return std::string(sid.data(), sid.size());  // no larger than it must be: ids live long
}

}  // namespace socketio
