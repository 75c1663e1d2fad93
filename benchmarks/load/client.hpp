// SPDX-License-Identifier: MIT
// One Socket.IO client: opens its session, connects to the namespace, joins its rooms, answers pings.
#pragma once

#include <benchmarks/load/channel.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

class Client;

/// The user of clients.
class ClientUser {
 public:
  virtual void handle_ready(Client& client) = 0;
  /// A packet other than a ping, which came when the client was ready.
  virtual void handle_message(Client& client, std::string_view packet) = 0;
  /// See ChannelUser::handle_binary.
  virtual void handle_attachment(Client& client, std::string_view beginning, std::size_t size) = 0;
  virtual void handle_goodbye(Client& client) = 0;

 protected:
  ~ClientUser() = default;
};

/// May be destroyed only between turns of the poller.
class Client final : private ChannelUser {
 public:
  /// @param rooms  the client joins them before it is ready
  Client(Poller& poller, bool polling, ClientUser& user, unsigned index, std::vector<std::string> rooms);

  void open() { channel_->open(); }
  void say_goodbye() { channel_->say_goodbye(); }
  void close() { channel_->close(); }

  void send(std::string_view packet) { channel_->send(packet); }
  void send_binary(std::string_view bytes) { channel_->send_binary(bytes); }

  unsigned index() const { return index_; }
  std::uint64_t opened_ns() const { return opened_ns_; }

  /// Its rooms, one after the other, and then again from the first. It must have some.
  const std::string& next_room();
  bool has_rooms() const { return !rooms_.empty(); }

 private:
  enum class Stage { opening, connecting, joining, ready };

  void handle_packet(std::string_view packet) override;
  void handle_binary(std::string_view beginning, std::size_t size) override;
  void handle_goodbye() override { user_.handle_goodbye(*this); }
  void join();
  void become_ready();

  ClientUser& user_;
  unsigned index_;
  std::uint64_t opened_ns_;
  std::vector<std::string> rooms_;
  std::size_t next_room_ = 0;
  std::size_t joined_ = 0;
  Stage stage_ = Stage::opening;
  std::unique_ptr<Channel> channel_;
};

}  // namespace bench
