// SPDX-License-Identifier: MIT
// The client's side of one Engine.IO session: packets in, packets out, over either transport.
#pragma once

#include <benchmarks/load/stream.hpp>

#include <cstddef>
#include <memory>
#include <string_view>

namespace bench {

/// The user of a channel. An error of the server is thrown as std::runtime_error, with a message for the user.
class ChannelUser {
 public:
  /// A text packet with its type first: "0{...}", "2", "42[...]".
  virtual void handle_packet(std::string_view packet) = 0;

  /// A binary message: its first bytes (at least 24 if it has so many) and its whole size.
  virtual void handle_binary(std::string_view beginning, std::size_t size) = 0;

  /// The server has ended the session after say_goodbye().
  virtual void handle_goodbye() = 0;

 protected:
  ~ChannelUser() = default;
};

class Channel {
 public:
  virtual ~Channel() = default;

  /// Connects. The first packet that arrives is the open packet.
  virtual void open() = 0;

  /// Sends a text packet with its type first.
  virtual void send(std::string_view packet) = 0;

  virtual void send_binary(std::string_view bytes) = 0;

  /// Leaves the namespace and the session like the JavaScript client; then handle_goodbye() is called.
  virtual void say_goodbye() = 0;

  /// Ends the connections at once.
  virtual void close() = 0;
};

std::unique_ptr<Channel> make_websocket_channel(Poller& poller, ChannelUser& user);
std::unique_ptr<Channel> make_polling_channel(Poller& poller, ChannelUser& user);

}  // namespace bench
