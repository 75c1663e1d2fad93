// SPDX-License-Identifier: MIT
#include <benchmarks/load/client.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {

Client::Client(Poller& poller, bool polling, ClientUser& user, unsigned index, std::vector<std::string> rooms)
    : user_(user),
      index_(index),
      opened_ns_(now_ns()),
      rooms_(std::move(rooms)),
      channel_(polling ? make_polling_channel(poller, *this) : make_websocket_channel(poller, *this)) {}

const std::string& Client::next_room() {
  const std::string& room = rooms_[next_room_];
  next_room_ = (next_room_ + 1) % rooms_.size();
  return room;
}

void Client::handle_packet(std::string_view packet) {
  if (packet == "2") return channel_->send("3");
  const auto expect = [&](std::string_view start, const char* what) {
    if (packet.substr(0, start.size()) != start)
      throw std::runtime_error(std::string("the server refused to ") + what + ": " +
                               std::string(packet.substr(0, 200)));
  };
  switch (stage_) {
    case Stage::opening:
      expect("0", "open a session");
      stage_ = Stage::connecting;
      return channel_->send("40");
    case Stage::connecting:
      expect("40", "connect to the namespace");
      if (rooms_.empty()) return become_ready();
      stage_ = Stage::joining;
      return join();
    case Stage::joining:
      expect("43", "acknowledge \"join\"");
      if (++joined_ == rooms_.size()) become_ready();
      return;
    case Stage::ready: return user_.handle_message(*this, packet);
  }
}

void Client::handle_binary(std::string_view beginning, std::size_t size) {
  if (stage_ != Stage::ready) throw std::runtime_error("the server sent binary data to who did not ask for it");
  user_.handle_attachment(*this, beginning, size);
}

void Client::join() {
  for (std::size_t i = 0; i < rooms_.size(); ++i)
    channel_->send("42" + std::to_string(i) + "[\"join\",\"" + rooms_[i] + "\"]");
}

void Client::become_ready() {
  stage_ = Stage::ready;
  user_.handle_ready(*this);
}

}  // namespace bench
