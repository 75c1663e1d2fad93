// SPDX-License-Identifier: MIT
// What the Asio transport knows of a peer when it connects. Transport layer.
#pragma once

#include <cstdint>
#include <string>

namespace socketio::detail {

struct AsioPeer {
  std::string address;
  std::uint16_t port = 0;
  bool secure = false;
};

}  // namespace socketio::detail
