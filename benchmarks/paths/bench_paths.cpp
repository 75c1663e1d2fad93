// SPDX-License-Identifier: MIT
// Runs one hot path of the engine and the core a number of times, without network, clock or random numbers, for an
// instruction counter.

#include <benchmarks/support/memory_clients.hpp>
#include <socketio/socketio.hpp>

#include <sys/types.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

/// Replaces the C library's source of random numbers, from which session ids are made: the same ids in every run, so
/// that hash tables have the same shape and the counts are the same.
extern "C" ssize_t getrandom(void* buffer, std::size_t size, unsigned) {
  static std::uint64_t state = 0;
  auto* out = static_cast<unsigned char*>(buffer);
  for (std::size_t done = 0; done < size;) {
    // splitmix64
    std::uint64_t bits = (state += 0x9E3779B97F4A7C15u);
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
    bits ^= bits >> 31;
    const std::size_t piece = size - done < sizeof bits ? size - done : sizeof bits;
    std::memcpy(out + done, &bits, piece);
    done += piece;
  }
  return static_cast<ssize_t>(size);
}

namespace {

using namespace socketio;
using namespace socketio::benchmarks;
using Socket = BasicSocket<Config>;

void require(bool holds) {
  if (!holds) throw std::runtime_error("the path did not do what it is for");
}

/// One iteration; constructing it is the set-up.
class Path {
 public:
  Path() = default;
  Path(const Path&) = delete;
  Path& operator=(const Path&) = delete;
  virtual ~Path() = default;

  virtual void run() = 0;

 protected:
  void settle() { io.transport().run_until_idle(); }

  MemoryServer io;
};

/// A client that sends one event and gets an answer.
class OneClient : public Path {
 protected:
  OneClient() {
    io.on("connection", [](Socket socket) {
      socket.on("echo", [socket](const ValueView& what) { socket.emit("echo", what); });
      socket.on("ack", [](const ValueView& what) { return what; });
    });
    client_ = connect(io);
  }

  MemoryWebSocketClient& client() { return *client_; }
  void expect(std::size_t messages, std::string_view first) {
    settle();
    require(client_->received.size() == messages && client_->received.front().payload == first);
    client_->received.clear();
  }

 private:
  MemoryWebSocketClientPtr client_;
};

class Echo final : public OneClient {
  void run() override {
    client().send_text("42[\"echo\",\"0123456789abcdef0123456789abcdef\"]");
    expect(1, "42[\"echo\",\"0123456789abcdef0123456789abcdef\"]");
  }
};

class Acknowledgement final : public OneClient {
  void run() override {
    client().send_text("427[\"ack\",\"0123456789abcdef0123456789abcdef\"]");
    expect(1, "437[\"0123456789abcdef0123456789abcdef\"]");
  }
};

class BinaryEcho final : public OneClient {
  void run() override {
    client().send_text("451-[\"echo\",{\"_placeholder\":true,\"num\":0}]");
    client().send_binary(bytes_);
    expect(2, "451-[\"echo\",{\"_placeholder\":true,\"num\":0}]");
  }

  const std::string bytes_ = std::string(1024, '\x7f');
};

class Broadcast final : public Path {
  void run() override {
    io.emit("news", payload_);
    settle();
    require(clients_.take_received() == client_count);
  }

  static constexpr std::size_t client_count = 500;
  const std::string payload_ = std::string(32, 'x');
  MemoryClients clients_{io, client_count};
};

/// 1,000 rooms of six members: each client is in six of them.
class Rooms final : public Path {
 public:
  Rooms() {
    io.on("connection", [this](Socket socket) {
      const std::size_t first = joined_++;
      for (std::size_t i = 0; i < members; ++i) socket.join(rooms_[(first + i) % room_count]);
    });
    for (std::size_t i = 0; i < room_count; ++i) rooms_.push_back("room " + std::to_string(i));
    for (std::size_t i = 0; i < room_count; ++i) clients_.push_back(connect(io));
  }

 private:
  void run() override {
    io.to(rooms_[next_]).emit("news", payload_);
    settle();
    for (std::size_t i = 0; i < members; ++i) {
      auto& received = clients_[(next_ + room_count - i) % room_count]->received;
      require(received.size() == 1);
      received.clear();
    }
    next_ = (next_ + 1) % room_count;
  }

  static constexpr std::size_t room_count = 1000;
  static constexpr std::size_t members = 6;
  const std::string payload_ = std::string(32, 'x');
  std::vector<std::string> rooms_;
  std::vector<MemoryWebSocketClientPtr> clients_;
  std::size_t joined_ = 0;
  std::size_t next_ = 0;
};

/// A handshake, a CONNECT, and the end of the connection.
class Connect final : public Path {
 public:
  Connect() {
    io.on("connection", [this](Socket socket) {
      ++connected_;
      socket.on("echo", [socket](const ValueView& what) { socket.emit("echo", what); });
      socket.on("disconnect", [this](DisconnectReason) { --connected_; });
    });
  }

 private:
  void run() override {
    const MemoryWebSocketClientPtr client = connect(io);
    require(connected_ == 1);
    client->close();
    settle();
    require(client->closed && connected_ == 0);
  }

  std::size_t connected_ = 0;
};

/// A POST with one event and the GET that fetches its echo.
class Polling final : public Path {
 public:
  Polling() {
    io.on("connection",
          [](Socket socket) { socket.on("echo", [socket](const ValueView& what) { socket.emit("echo", what); }); });
    const auto handshake = io.transport().fetch("GET", target_);
    require(handshake->status() == 200);
    target_ += "&sid=" + parse_json(handshake->body().substr(1)).at("sid").as_string();
    require(io.transport().fetch("POST", target_, "40")->status() == 200);
    require(io.transport().fetch("GET", target_)->body().starts_with("40{"));
  }

 private:
  void run() override {
    const auto post = io.transport().fetch("POST", target_, event_);
    const auto poll = io.transport().fetch("GET", target_);
    require(post->status() == 200 && poll->body() == event_);
  }

  std::string target_ = "/socket.io/?EIO=4&transport=polling";
  const std::string event_ = "42[\"echo\",\"0123456789abcdef0123456789abcdef\"]";
};

template <class T>
std::unique_ptr<Path> make() {
  return std::make_unique<T>();
}

struct Entry {
  std::string_view name;
  std::size_t count;  // the number of iterations that takes valgrind about a second
  std::unique_ptr<Path> (*make)();
};
constexpr std::array<Entry, 7> paths{{{"echo", 2000, make<Echo>},
                                      {"ack", 2000, make<Acknowledgement>},
                                      {"binary", 1000, make<BinaryEcho>},
                                      {"broadcast", 50, make<Broadcast>},
                                      {"room", 1000, make<Rooms>},
                                      {"connect", 500, make<Connect>},
                                      {"polling", 500, make<Polling>}}};

std::size_t to_count(std::string_view text) {
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size())
    throw std::invalid_argument("a count is a number, not " + std::string(text));
  return count;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string_view what = argc > 1 ? argv[1] : "--help";
  if (what == "--list") {
    for (const Entry& entry : paths) std::cout << entry.name << ' ' << entry.count << '\n';
    return 0;
  }
  for (const Entry& entry : paths) {
    if (entry.name != what) continue;
    const std::unique_ptr<Path> path = entry.make();
    for (std::size_t left = argc > 2 ? to_count(argv[2]) : entry.count; left != 0; --left) path->run();
    return 0;
  }
  std::cout << "usage: bench_paths <path> [<count>]\n"
               "       bench_paths --list     the paths, each with the count that it is run by default\n";
  return what == "--help" ? 0 : 2;
} catch (const std::exception& error) {
  std::cerr << "bench_paths: " << error.what() << '\n';
  return 1;
}
