// SPDX-License-Identifier: MIT
// A session over HTTP long-polling: one GET is always waiting on one connection, POSTs go out on another.
//
// Like the JavaScript client, it posts a packet at once if no POST is pending. Packets that are sent meanwhile go
// together into the next POST, up to the server's limit.
#include <benchmarks/load/base64.hpp>
#include <benchmarks/load/channel.hpp>
#include <benchmarks/load/http_response.hpp>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bench {
namespace {

constexpr char separator = '\x1e';

class PollingChannel final : public Channel, private Stream::Consumer {
 public:
  PollingChannel(Poller& poller, ChannelUser& user) : user_(user), get_(poller, *this), post_(poller, *this) {}

  void open() override { poll(); }

  void send(std::string_view packet) override {
    next_packet() += packet;
    post();
  }

  void send_binary(std::string_view bytes) override {
    std::string& pending = next_packet();
    pending += 'b';
    append_base64(pending, bytes);
    post();
  }

  void say_goodbye() override {
    leaving_ = true;
    next_packet() += "41";
    next_packet() += '1';
    post();
  }

  void close() override {
    get_.close();
    post_.close();
  }

 private:
  void poll() {
    if (!get_.is_open()) get_.connect();
    get_.output().append("GET ").append(path_).append(" HTTP/1.1\r\nHost: localhost\r\n\r\n");
    polling_ = true;
  }

  std::string& next_packet() {
    if (!pending_.empty()) pending_ += separator;
    starts_.push_back(pending_.size());
    return pending_;
  }

  void post() {
    if (posting_ || pending_.empty()) return;
    if (!post_.is_open()) post_.connect();
    const std::size_t size = fitting();
    post_.output()
        .append("POST ")
        .append(path_)
        .append(" HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: ")
        .append(std::to_string(size))
        .append("\r\n\r\n")
        .append(pending_, 0, size);
    posting_ = true;
    if (size == pending_.size()) {
      pending_.clear();
      starts_.clear();
      return;
    }
    pending_.erase(0, size + 1);
    starts_.erase(starts_.begin(), std::lower_bound(starts_.begin(), starts_.end(), size + 1));
    for (std::size_t& start : starts_) start -= size + 1;
  }

  /// The size of the pending packets that the server accepts in one request, at least of one.
  std::size_t fitting() const {
    if (pending_.size() <= max_payload_) return pending_.size();
    std::size_t size = 0;
    for (std::size_t i = 1; i <= starts_.size(); ++i) {
      const std::size_t end = i < starts_.size() ? starts_[i] - 1 : pending_.size();
      if (i > 1 && end > max_payload_) break;
      size = end;
    }
    return size;
  }

  std::size_t consume(Stream& stream, std::string_view input) override {
    HttpResponse response;
    const std::size_t used = read_response(input, response, chunks_);
    if (used == 0) return 0;
    const bool is_poll = &stream == &get_;
    if (!(is_poll ? polling_ : posting_)) throw std::runtime_error("the server answered where nothing was asked");
    if (response.status != 200 && !leaving_)
      throw std::runtime_error("the server refused a " + std::string(is_poll ? "GET" : "POST") + " with HTTP " +
                               std::to_string(response.status) + ' ' + std::string(response.body.substr(0, 200)));
    if (response.closes) stream.close();
    if (is_poll) {
      polling_ = false;
      handle_poll(response.body);
    } else {
      posting_ = false;
      if (leaving_ && pending_.empty()) {
        close();
        user_.handle_goodbye();
      } else {
        post();
      }
    }
    return used;
  }

  void handle_poll(std::string_view body) {
    const bool first = path_.size() == open_path.size();
    if (first) handle_open(body);
    if (leaving_) return;
    // The next request is sent after all this has been handled, as in JavaScript.
    while (true) {
      const std::string_view packet = body.substr(0, body.find(separator));
      handle_packet(packet);
      if (packet.size() == body.size()) break;
      body.remove_prefix(packet.size() + 1);
    }
    poll();
  }

  void handle_packet(std::string_view packet) {
    if (packet == "6") return;
    if (packet == "1") throw std::runtime_error("the server has closed a session");
    if (packet.empty() || packet[0] != 'b') return user_.handle_packet(packet);
    packet.remove_prefix(1);
    user_.handle_binary(read_base64(packet.substr(0, 32)), base64_size(packet));
  }

  void handle_open(std::string_view body) {
    const std::string_view sid = value_of(body, "\"sid\":\"");
    if (body.substr(0, 1) != "0" || sid.empty())
      throw std::runtime_error("the server did not open a session: " + std::string(body.substr(0, 200)));
    path_.append("&sid=").append(sid.substr(0, sid.find('"')));
    const std::string_view limit = value_of(body, "\"maxPayload\":");
    if (!limit.empty()) max_payload_ = std::strtoul(std::string(limit.substr(0, 20)).c_str(), nullptr, 10);
  }

  static std::string_view value_of(std::string_view json, std::string_view key) {
    const std::size_t at = json.find(key);
    return at == std::string_view::npos ? std::string_view() : json.substr(at + key.size());
  }

  /// A server may close a connection without a pending request; the next request opens another one.
  void handle_end(Stream& stream) override {
    if (leaving_) {
      if (&stream == &get_) return;
      get_.close();
      return user_.handle_goodbye();
    }
    if (&stream == &get_ ? polling_ : posting_) throw std::runtime_error("the server has closed a connection");
  }

  static constexpr std::string_view open_path = "/socket.io/?EIO=4&transport=polling";

  ChannelUser& user_;
  Stream get_;
  Stream post_;
  bool polling_ = false;
  bool posting_ = false;
  bool leaving_ = false;
  std::size_t max_payload_ = 1'000'000;
  std::string path_{open_path};
  std::string pending_;              // separated packets for the next POST
  std::vector<std::size_t> starts_;  // the size of each of them
  std::string chunks_;
};

}  // namespace

std::unique_ptr<Channel> make_polling_channel(Poller& poller, ChannelUser& user) {
  return std::make_unique<PollingChannel>(poller, user);
}

}  // namespace bench
