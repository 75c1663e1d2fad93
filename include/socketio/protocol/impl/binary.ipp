// SPDX-License-Identifier: MIT
// Bodies of <socketio/protocol/binary.hpp>. Protocol layer.
#pragma once

#include <socketio/protocol/binary.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace socketio {

SOCKETIO_DECL Binary::Binary(std::string bytes) : bytes_(std::make_shared<std::string>(std::move(bytes))) {}
SOCKETIO_DECL Binary::Binary(std::span<const std::byte> bytes)
    : Binary(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())) {}
SOCKETIO_DECL Binary::Binary(const void* data, std::size_t size_bytes)
    : Binary(std::string(static_cast<const char*>(data), size_bytes)) {}

}  // namespace socketio
