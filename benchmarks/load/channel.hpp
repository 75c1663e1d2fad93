// SPDX-License-Identifier: MIT
// One Engine.IO session seen from the client: packets in, packets out, over either transport.
#pragma once

#include <benchmarks/load/stream.hpp>

#include <cstddef>
#include <memory>
#include <string_view>

namespace bench {

/// Whoever uses a channel. What the server does wrong is thrown as std::runtime_error, with a sentence for the user.
class ChannelUser {
 public:
  /// A text packet with its type first: "0{...}", "2", "42[...]".
  virtual void handle_packet(std::string_view packet) = 0;

  /// A binary message: its first bytes, at least 24 of them if it has so many, and its whole size.
  virtual void handle_binary(std::string_view beginning, std::size_t size) = 0;

  /// The server has ended the session after say_goodbye().
  virtual void handle_goodbye() = 0;

 protected:
  ~ChannelUser() = default;
};

class Channel {
 public:
  virtual ~Channel() = default;

  /// Connects. The first packet that comes is the open packet.
  virtual void open() = 0;

  /// Sends a text packet with its type first.
  virtual void send(std::string_view packet) = 0;

  virtual void send_binary(std::string_view bytes) = 0;

  /// Leaves the namespace and the session as the JavaScript client does; handle_goodbye() follows.
  virtual void say_goodbye() = 0;

  /// Ends the connections at once.
  virtual void close() = 0;
};

std::unique_ptr<Channel> make_websocket_channel(Poller& poller, ChannelUser& user);
std::unique_ptr<Channel> make_polling_channel(Poller& poller, ChannelUser& user);

}  // namespace bench
