// SPDX-License-Identifier: MIT
// SHA-1, for the WebSocket handshake alone: it is broken as a signature and must not serve as one.
#pragma once

#include <socketio/detail/config.hpp>

#include <array>
#include <cstddef>
#include <string_view>

namespace socketio::detail {

using Sha1Digest = std::array<std::byte, 20>;

/// @par Specification  FIPS 180-4 section 6.1.
SOCKETIO_DECL Sha1Digest sha1(std::string_view message) noexcept;

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/detail/impl/sha1.ipp>
#endif
