// SPDX-License-Identifier: MIT
// How the cost of the engine and the core grows with clients, rooms, members and message size: one line of JSON for
// each point. The cost of the kernel and the network is not included.

#include <benchmarks/scale/counting_transport.hpp>
#include <socketio/socketio.hpp>

#include <malloc.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <exception>
#include <initializer_list>
#include <iostream>
#include <limits>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace socketio;
using namespace socketio::benchmarks;

struct Config : DefaultConfig {
  using Transport = CountingTransport;
};
using Socket = BasicSocket<Config>;

/// The memory that this process has allocated with malloc and not freed, malloc's own overhead included.
std::size_t bytes_in_use() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

double cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

/// The CPU time of one call.
template <class F>
double cost_of(F&& act) {
  const double start = cpu_ns();
  act();
  return cpu_ns() - start;
}

/// The CPU time of `act`, which may be repeated, per unit: the least of several rounds, because other programs on the
/// machine can only add to it.
///
/// @param units  the units of work of one call
template <class F>
double repeated_cost_of(double units, F&& act) {
  constexpr int rounds = 7;
  constexpr double round_ns = 20e6;  // reading the clock costs as much as sending a message
  std::size_t calls = 1;
  const auto run = [&] {
    for (std::size_t i = 0; i < calls; ++i) act();
  };
  while (cost_of(run) < round_ns) calls *= 2;
  double least = std::numeric_limits<double>::max();
  for (int round = 0; round < rounds; ++round) least = std::min(least, cost_of(run));
  return least / (units * static_cast<double>(calls));
}

/// The members of one line of output.
class Point {
 public:
  Point(std::string_view scale, std::size_t x) { std::cout << "{\"scale\":\"" << scale << "\",\"x\":" << x; }
  Point(const Point&) = delete;
  Point& operator=(const Point&) = delete;
  ~Point() { std::cout << '}' << std::endl; }

  void add(std::string_view name, double value) {
    std::cout << ",\"" << name << "\":" << static_cast<double>(static_cast<long long>(value * 10 + 0.5)) / 10;
  }
};

/// Steps of this size visit all elements, if their number has no other prime factors than 2 and 5.
constexpr std::size_t step = 7919;

struct Setting {
  std::size_t clients = 1000;
  std::size_t handlers = 5;      // as in bench_server
  std::size_t header_bytes = 0;  // of the handshake, in addition to those that every WebSocket client sends
};

/// A server and its clients. The clients connect one after another within ten seconds of the server's clock, so that
/// their heartbeats are spread.
class World {
 public:
  explicit World(const Setting& setting) : count_(setting.clients) {
    // The clients' own memory is allocated before the server's memory is measured.
    websockets_.reserve(count_);
    for (std::size_t i = 0; i < count_; ++i)
      websockets_.push_back(std::make_shared<CountingWebSocket>(io_.transport().hub()));
    io_.transport().hub().dirty.reserve(count_);
    sockets_.reserve(count_);
    io_.on("connection", [this, handlers = setting.handlers](Socket socket) {
      for (std::size_t i = 0; i < handlers; ++i)
        socket.on(i == 0 ? std::string("echo") : "event " + std::to_string(i),
                  [socket](const ValueView& what) { socket.emit("echo", what); });
      sockets_.push_back(socket);
    });
    io_.listen(0);

    HttpRequest request = MemoryTransport::make_request("GET", "/socket.io/?EIO=4&transport=websocket",
                                                        {{"Host", "localhost:3000"},
                                                         {"Connection", "Upgrade"},
                                                         {"Upgrade", "websocket"},
                                                         {"Sec-WebSocket-Version", "13"},
                                                         {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}});
    if (setting.header_bytes > 8) request.headers.add("X-Filler", std::string(setting.header_bytes - 8, 'x'));

    const std::size_t before = bytes_in_use();
    connect_ns_ = cost_of([&] {
      for (const auto& websocket : websockets_) {
        io_.transport().open(request, websocket);
        send(*websocket, "40");
        settle();
        io_.transport().clock().advance(std::chrono::nanoseconds(10s) / static_cast<long>(count_));
      }
    });
    if (sockets_.size() != count_) throw std::runtime_error("clients were refused");
    connection_bytes_ = bytes_in_use() - before;
    delivered_ = messages();
  }

  BasicServer<Config>& io() noexcept { return io_; }
  Socket& socket(std::size_t index) { return sockets_[index]; }
  double per_client(double sum) const { return sum / static_cast<double>(count_); }
  double connect_ns() const { return per_client(connect_ns_); }
  double connection_bytes() const { return per_client(static_cast<double>(connection_bytes_)); }

  /// A client that is far away in memory from the one before; every client has its turn.
  std::size_t next_client() { return at_ = (at_ + step) % count_; }

  void settle() { io_.transport().clock().run_until_idle(); }
  void send(CountingWebSocket& client, std::string_view text) {
    buffer_.assign(text);
    client.receive(buffer_);
  }
  void require_delivered(std::size_t count) {
    const std::size_t before = std::exchange(delivered_, messages());
    if (delivered_ - before != count) throw std::runtime_error("messages are missing");
  }

  /// Sends `payload` to everyone. @return CPU time for each message delivered
  double broadcast(const std::string& payload) {
    return repeated_cost_of(static_cast<double>(count_), [&] {
      io_.emit("news", payload);
      settle();
      require_delivered(count_);
    });
  }

  /// One client after another emits an event, and gets it back, in a turn of its own.
  double echo(const std::string& payload) {
    constexpr std::size_t calls = 100;
    const std::string event = "42[\"echo\",\"" + payload + "\"]";
    return repeated_cost_of(static_cast<double>(calls), [&] {
      for (std::size_t i = 0; i < calls; ++i) {
        send(*websockets_[next_client()], event);
        settle();
      }
      require_delivered(calls);
    });
  }

  /// A ping to every client when it is due, and every client's pong.
  double heartbeat() {
    const double spent = cost_of([&] {
      io_.transport().clock().advance(io_.options().ping_interval);
      for (const auto& websocket : websockets_) send(*websocket, "3");
      settle();
    });
    require_delivered(count_);
    return per_client(spent);
  }

  double disconnect() {
    const double spent = cost_of([&] {
      for (std::size_t i = 0; i < count_; ++i) {
        websockets_[next_client()]->hang_up();
        settle();
      }
    });
    if (io_.engine().clients_count() != 0) throw std::runtime_error("clients are left");
    return per_client(spent);
  }

 private:
  std::size_t messages() { return io_.transport().hub().messages; }

  BasicServer<Config> io_;
  std::size_t count_;
  std::vector<std::shared_ptr<CountingWebSocket>> websockets_;
  std::vector<Socket> sockets_;
  std::string buffer_;
  std::size_t connection_bytes_ = 0;
  double connect_ns_ = 0;
  std::size_t at_ = 0;
  std::size_t delivered_ = 0;
};

const std::string small(32, 'x');

/// Rooms of ten members: the clients from 0 on in the first, the next ten in the second, and so on, around and around.
/// They are filled in an order that jumps from room to room.
class Rooms {
 public:
  static constexpr std::size_t members = 10;

  Rooms(World& world, std::size_t clients, std::size_t count)
      : world_(world), clients_(clients), memberships_(count * members) {
    for (std::size_t i = 0; i < count; ++i) names_.push_back("room " + std::to_string(i));
    const std::size_t before = bytes_in_use();
    join_ns_ = cost_of([&] {
      for (std::size_t i = 0; i < memberships_; ++i) {
        const std::size_t membership = next_membership();
        client_of(membership).join(room_of(membership));
      }
    });
    bytes_ = bytes_in_use() - before;
  }

  double join_ns() const { return join_ns_ / static_cast<double>(memberships_); }
  double bytes_per_membership() const { return static_cast<double>(bytes_) / static_cast<double>(memberships_); }

  double broadcast() {
    constexpr std::size_t calls = 100;
    return repeated_cost_of(static_cast<double>(calls * members), [&] {
      for (std::size_t i = 0; i < calls; ++i) {
        world_.io().to(room_of(next_membership())).emit("news", small);
        world_.settle();
      }
      world_.require_delivered(calls * members);
    });
  }

  /// A client leaves a room and joins it again. @return CPU time for both
  double leave_and_join() {
    constexpr std::size_t calls = 1000;
    return repeated_cost_of(static_cast<double>(calls), [&] {
      for (std::size_t i = 0; i < calls; ++i) {
        const std::size_t membership = next_membership();
        client_of(membership).leave(room_of(membership));
        client_of(membership).join(room_of(membership));
      }
    });
  }

 private:
  std::size_t next_membership() { return at_ = (at_ + step) % memberships_; }
  Socket& client_of(std::size_t membership) { return world_.socket(membership % clients_); }
  const std::string& room_of(std::size_t membership) const { return names_[membership / members]; }

  World& world_;
  std::size_t clients_;
  std::size_t memberships_;
  std::vector<std::string> names_;
  double join_ns_ = 0;
  std::size_t bytes_ = 0;
  std::size_t at_ = 0;
};

void scale_clients(std::size_t most) {
  for (std::size_t x = 100; x <= most; x *= 10) {
    World world({.clients = x});
    Point point("clients", x);
    point.add("bytes_per_connection", world.connection_bytes());
    point.add("cpu_ns_per_connect", world.connect_ns());
    point.add("cpu_ns_per_message", world.broadcast(small));
    point.add("cpu_ns_per_echo", world.echo(small));
    point.add("cpu_ns_per_heartbeat", world.heartbeat());
    point.add("cpu_ns_per_disconnect", world.disconnect());
  }
}

void scale_rooms_per_client() {
  constexpr std::size_t clients = 10'000;
  for (std::size_t x = 1; x <= 64; x *= 2) {
    World world({.clients = clients});
    Rooms rooms(world, clients, clients * x / Rooms::members);
    Point point("rooms_per_client", x);
    point.add("bytes_per_membership", rooms.bytes_per_membership());
    point.add("cpu_ns_per_join", rooms.join_ns());
    point.add("cpu_ns_per_leave_and_join", rooms.leave_and_join());
    point.add("cpu_ns_per_message", rooms.broadcast());
    point.add("cpu_ns_per_disconnect", world.disconnect());
  }
}

void scale_rooms() {
  constexpr std::size_t clients = 10'000;
  for (std::size_t x = 1; x <= 100'000; x *= 10) {
    World world({.clients = clients});
    Rooms rooms(world, clients, x);
    Point point("rooms", x);
    point.add("bytes_per_membership", rooms.bytes_per_membership());
    point.add("cpu_ns_per_leave_and_join", rooms.leave_and_join());
    point.add("cpu_ns_per_message", rooms.broadcast());
  }
}

void scale_members() {
  constexpr std::size_t clients = 10'000;
  World world({.clients = clients});
  for (std::size_t x = 1; x <= clients; x *= 10) {
    const std::string room = "of " + std::to_string(x);
    for (std::size_t i = 0; i < x; ++i) world.socket(i).join(room);
    const double per_message = repeated_cost_of(static_cast<double>(x), [&] {
      world.io().to(room).emit("news", small);
      world.settle();
      world.require_delivered(x);
    });
    Point point("members", x);
    point.add("cpu_ns_per_message", per_message);
    point.add("cpu_ns_per_broadcast", per_message * static_cast<double>(x));
  }
}

void scale_message_bytes() {
  World world({.clients = 1000});
  for (std::size_t x = 32; x <= 64 * 1024; x *= x == 32 ? 8 : 4) {
    const std::string payload(x, 'x');
    const double per_message = world.broadcast(payload);
    Point point("message_bytes", x);
    point.add("cpu_ns_per_message", per_message);
    point.add("cpu_ns_per_broadcast", per_message * 1000);
    point.add("cpu_ns_per_echo", world.echo(payload));
  }
}

void scale_handlers() {
  for (const std::size_t x : {0u, 1u, 2u, 5u, 10u, 20u}) {
    const World world({.clients = 1000, .handlers = x});
    Point point("handlers", x);
    point.add("bytes_per_connection", world.connection_bytes());
    point.add("cpu_ns_per_connect", world.connect_ns());
  }
}

void scale_header_bytes() {
  for (const std::size_t x : {0u, 256u, 512u, 1024u, 2048u, 4096u}) {
    const World world({.clients = 1000, .header_bytes = x});
    Point point("header_bytes", x);
    point.add("bytes_per_connection", world.connection_bytes());
    point.add("cpu_ns_per_connect", world.connect_ns());
  }
}

std::size_t to_count(std::string_view text) {
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size())
    throw std::invalid_argument("--max-clients takes a number, not " + std::string(text));
  return count;
}

}  // namespace

int main(int argc, char** argv) try {
  std::size_t most = 1'000'000;
  std::vector<std::string_view> wanted;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--help") {
      std::cout
          << "usage: bench_scale [--max-clients N] [<scale>...]\n"
             "Scales: clients, rooms_per_client, rooms, members, message_bytes, handlers, header_bytes; without\n"
             "one, all. A million clients, the default of --max-clients, take 3 GB and less than a minute.\n"
             "Each point is a line {\"scale\":...,\"x\":...,<what was measured>}: CPU time in nanoseconds, bytes of\n"
             "the heap.\n";
      return 0;
    }
    if (argument == "--max-clients" && i + 1 < argc)
      most = to_count(argv[++i]);
    else
      wanted.push_back(argument);
  }

  struct Scale {
    std::string_view name;
    void (*run)(std::size_t most);
  };
  const Scale scales[] = {{"clients", scale_clients},
                          {"rooms_per_client", [](std::size_t) { scale_rooms_per_client(); }},
                          {"rooms", [](std::size_t) { scale_rooms(); }},
                          {"members", [](std::size_t) { scale_members(); }},
                          {"message_bytes", [](std::size_t) { scale_message_bytes(); }},
                          {"handlers", [](std::size_t) { scale_handlers(); }},
                          {"header_bytes", [](std::size_t) { scale_header_bytes(); }}};
  for (const std::string_view name : wanted)
    if (std::none_of(std::begin(scales), std::end(scales), [&](const Scale& scale) { return scale.name == name; }))
      throw std::invalid_argument("there is no scale " + std::string(name) + "; --help lists them");
  for (const Scale& scale : scales)
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), scale.name) != wanted.end()) scale.run(most);
} catch (const std::exception& error) {
  std::cerr << "bench_scale: " << error.what() << '\n';
  return 1;
}
