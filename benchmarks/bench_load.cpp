// SPDX-License-Identifier: MIT
// The load: many raw Socket.IO clients in one thread, so lean that the server is what is measured. Linux only.
//
// Prints one line of JSON: what was asked for, messages received per second, the server's and its own CPU time per
// message, the latency from the emit to the arrival, and the server's memory per connection.

#include <sys/epoll.h>
#include <sys/resource.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count());
}

// A payload begins with the time of its emit and the index of its sender, in hexadecimal digits.
constexpr unsigned time_digits = 16;
constexpr unsigned stamp_bytes = 24;

struct Options {
  std::string workload = "echo";  // echo, ack, bcast, room, binary, idle, connect
  std::uint16_t port = 3000;
  int pid = 0;  // of the server
  unsigned clients = 50;
  unsigned in_flight = 1;  // of each client that sends
  unsigned senders = 0;    // clients that send; 0: all of them
  unsigned room_size = 6;  // for `room`: clients in one room
  unsigned rate = 0;       // events per second of each sender; 0: as fast as the answers come
  unsigned payload = 32;   // bytes
  double seconds = 2;
};

unsigned to_number(std::string_view name, std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    throw std::invalid_argument(std::string(name) + " takes a number, not " + std::string(text));
  return number;
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name(argv[i]);
    if (name == "--help") {
      std::cout
          << "usage: bench_load [--workload echo|ack|bcast|room|binary|idle|connect] [--port P] [--pid SERVER]\n"
             "  [--clients N] [--in-flight N] [--senders N] [--room-size N] [--rate PER_SECOND] [--payload BYTES]\n"
             "  [--seconds N]\n";
      std::exit(0);
    }
    if (i + 1 == argc) throw std::invalid_argument(std::string(name) + " needs a value");
    const std::string_view value(argv[i + 1]);
    if (name == "--workload")
      options.workload = value;
    else if (name == "--port")
      options.port = static_cast<std::uint16_t>(to_number(name, value));
    else if (name == "--pid")
      options.pid = static_cast<int>(to_number(name, value));
    else if (name == "--clients")
      options.clients = to_number(name, value);
    else if (name == "--in-flight")
      options.in_flight = to_number(name, value);
    else if (name == "--senders")
      options.senders = to_number(name, value);
    else if (name == "--room-size")
      options.room_size = to_number(name, value);
    else if (name == "--rate")
      options.rate = to_number(name, value);
    else if (name == "--payload")
      options.payload = std::max(stamp_bytes, to_number(name, value));
    else if (name == "--seconds")
      options.seconds = to_number(name, value);
    else
      throw std::invalid_argument("unknown option " + std::string(name));
  }
  return options;
}

/// CPU time of all threads of a process, by the scheduler's own account.
std::uint64_t cpu_ns(int pid) {
  std::uint64_t sum = 0;
  std::error_code ignored;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", ignored)) {
    std::ifstream file(task.path() / "schedstat");
    std::uint64_t ran = 0;
    if (file >> ran) sum += ran;
  }
  return sum;
}

std::uint64_t resident_bytes(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

/// Latencies in steps of 2 %, from 100 ns to minutes.
class Histogram {
 public:
  void add(std::uint64_t ns) {
    ++counts_[std::min(counts_.size() - 1, static_cast<std::size_t>(bucket(ns)))];
    ++total_;
  }
  double percentile_us(double percent) const {
    const double wanted = static_cast<double>(total_) * percent / 100;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > 0 && static_cast<double>(seen) >= wanted) return value(i) / 1000;
    }
    return 0;
  }

 private:
  // 32 steps for each power of two: the exponent and the five bits below it.
  static unsigned bucket(std::uint64_t ns) {
    if (ns < 32) return static_cast<unsigned>(ns);
    const unsigned exponent = 63u - static_cast<unsigned>(__builtin_clzll(ns));
    return (exponent - 4) * 32 + static_cast<unsigned>((ns >> (exponent - 5)) & 31);
  }
  static double value(std::size_t index) {
    if (index < 32) return static_cast<double>(index);
    const std::size_t exponent = index / 32 + 4;
    return static_cast<double>((32 + index % 32)) * static_cast<double>(1ull << (exponent - 5));
  }

  std::array<std::uint64_t, 40 * 32> counts_{};
  std::uint64_t total_ = 0;
};

enum class Stage { upgrading, opening, joining, joining_room, ready, closed };

struct Client {
  int fd = -1;
  unsigned index = 0;
  Stage stage = Stage::upgrading;
  bool sends = false;
  bool dirty = false;
  std::string in;   // an incomplete frame
  std::string out;  // what is to be written at the end of the turn
  std::uint64_t next_send_ns = 0;
};

class Load {
 public:
  explicit Load(const Options& options) : options_(options), epoll_(epoll_create1(0)), buffer_(1 << 20) {
    if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
    raise_file_limit();
    filler_.assign(options_.payload - stamp_bytes, 'x');
  }

  void run() {
    const std::uint64_t memory_before = resident_bytes(options_.pid);
    const std::uint64_t cpu_before = cpu_ns(options_.pid);
    const Clock::time_point start = Clock::now();
    if (options_.workload == "connect") {
      storm(start, cpu_before);
      return;
    }
    for (unsigned i = 0; i < options_.clients; ++i) connect();
    while (ready_ < options_.clients) turn(1000);
    const std::uint64_t connect_cpu = cpu_ns(options_.pid) - cpu_before;
    const std::uint64_t memory = resident_bytes(options_.pid) - std::min(memory_before, resident_bytes(options_.pid));
    if (options_.workload != "idle") {
      begin();
      run_for(0.5);
      measuring_ = true;
    }
    received_ = 0;
    const std::uint64_t cpu_start = cpu_ns(options_.pid);
    const std::uint64_t own_start = cpu_ns(getpid());
    const Clock::time_point measure_start = Clock::now();
    run_for(options_.seconds);
    const double elapsed = std::chrono::duration<double>(Clock::now() - measure_start).count();
    const double messages = static_cast<double>(std::max<std::uint64_t>(received_, 1));
    const double server_us = static_cast<double>(cpu_ns(options_.pid) - cpu_start) / 1000;
    const double own_us = static_cast<double>(cpu_ns(getpid()) - own_start) / 1000;
    std::printf(
        "{\"workload\":\"%s\",\"clients\":%u,\"in_flight\":%u,\"senders\":%u,\"payload\":%u,\"rate\":%u,"
        "\"messages\":%llu,\"per_second\":%.0f,\"server_us_per_message\":%.4f,\"load_us_per_message\":%.4f,"
        "\"server_cpu_percent\":%.1f,\"load_cpu_percent\":%.1f,\"p50_us\":%.1f,\"p95_us\":%.1f,\"p99_us\":%.1f,"
        "\"p999_us\":%.1f,\"memory_bytes_per_connection\":%.0f,\"connect_us\":%.2f}\n",
        options_.workload.c_str(), options_.clients, options_.in_flight, senders(), options_.payload, options_.rate,
        static_cast<unsigned long long>(received_), messages / elapsed, server_us / messages, own_us / messages,
        server_us / elapsed / 10'000, own_us / elapsed / 10'000, latency_.percentile_us(50), latency_.percentile_us(95),
        latency_.percentile_us(99), latency_.percentile_us(99.9), static_cast<double>(memory) / options_.clients,
        static_cast<double>(connect_cpu) / 1000 / options_.clients);
  }

 private:
  static void raise_file_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }

  unsigned senders() const {
    return options_.senders == 0 ? options_.clients : std::min(options_.senders, options_.clients);
  }

  void connect() {
    auto client = std::make_unique<Client>();
    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (client->fd < 0) throw std::system_error(errno, std::generic_category(), "socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options_.port);
    // One address has some 28,000 ports for us; the loopback network has many addresses.
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (clients_.size() >= 20'000) {
      sockaddr_in own{};
      own.sin_family = AF_INET;
      own.sin_addr.s_addr = htonl(INADDR_LOOPBACK + static_cast<unsigned>(clients_.size() / 20'000));
      bind(client->fd, reinterpret_cast<const sockaddr*>(&own), sizeof own);
    }
    if (::connect(client->fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::system_error(errno, std::generic_category(), "connect");
    const int on = 1;
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(client->fd, F_SETFL, O_NONBLOCK);
    client->index = static_cast<unsigned>(clients_.size());
    client->sends = client->index < senders();
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = client.get();
    epoll_ctl(epoll_, EPOLL_CTL_ADD, client->fd, &event);
    client->out =
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    flush(*client);
    clients_.push_back(std::move(client));
    // The listener's queue is short: let it be emptied.
    if (clients_.size() % 100 == 0) turn(0);
  }

  /// Connections made, joined and closed, one hundred at a time.
  void storm(Clock::time_point start, std::uint64_t cpu_before) {
    std::uint64_t made = 0;
    while (std::chrono::duration<double>(Clock::now() - start).count() < options_.seconds) {
      const unsigned batch = 100;
      ready_ = 0;
      clients_.clear();
      for (unsigned i = 0; i < batch; ++i) connect();
      while (ready_ < batch) turn(1000);
      for (const auto& client : clients_) {
        const linger reset{1, 0};
        setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(client->fd);
      }
      made += batch;
    }
    const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    const double cpu_us = static_cast<double>(cpu_ns(options_.pid) - cpu_before) / 1000;
    std::printf(
        "{\"workload\":\"connect\",\"connections\":%llu,\"per_second\":%.0f,\"server_us_per_connection\":%.2f,"
        "\"connections_per_cpu_second\":%.0f}\n",
        static_cast<unsigned long long>(made), static_cast<double>(made) / elapsed, cpu_us / static_cast<double>(made),
        1e6 * static_cast<double>(made) / cpu_us);
  }

  void begin() {
    const std::uint64_t now = now_ns();
    for (const auto& client : clients_) {
      if (!client->sends) continue;
      if (options_.rate != 0) {
        // Spread over the interval, as typists are.
        client->next_send_ns = now + 1'000'000'000ull / options_.rate * client->index / options_.clients;
        continue;
      }
      for (unsigned i = 0; i < options_.in_flight; ++i) send_event(*client);
      flush(*client);
    }
  }

  void run_for(double seconds) {
    const Clock::time_point end =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    while (Clock::now() < end) {
      turn(options_.rate != 0 ? 1 : 20);
      if (options_.rate == 0) continue;
      const std::uint64_t now = now_ns();
      for (const auto& client : clients_) {
        if (!client->sends || now < client->next_send_ns) continue;
        client->next_send_ns += 1'000'000'000ull / options_.rate;
        send_event(*client);
        flush(*client);
      }
    }
  }

  void turn(int timeout_ms) {
    std::array<epoll_event, 512> events;
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms);
    for (int i = 0; i < count; ++i) read_from(*static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr));
    for (std::size_t i = 0; i < dirty_.size(); ++i) {  // a flush may read, and so make others dirty
      dirty_[i]->dirty = false;
      flush(*dirty_[i]);
    }
    dirty_.clear();
  }

  void read_from(Client& client) {
    const ssize_t size = read(client.fd, buffer_.data(), buffer_.size());
    if (size <= 0) {
      if (size < 0 && errno == EAGAIN) return;
      throw std::runtime_error("the server has closed a connection");
    }
    if (client.in.empty()) {
      const std::size_t used = parse(client, std::string_view(buffer_.data(), static_cast<std::size_t>(size)));
      client.in.assign(buffer_.data() + used, static_cast<std::size_t>(size) - used);
    } else {
      client.in.append(buffer_.data(), static_cast<std::size_t>(size));
      client.in.erase(0, parse(client, client.in));
    }
  }

  std::size_t parse(Client& client, std::string_view input) {
    std::size_t used = 0;
    if (client.stage == Stage::upgrading) {
      const std::size_t end = input.find("\r\n\r\n");
      if (end == std::string_view::npos) return 0;
      if (input.substr(9, 3) != "101") throw std::runtime_error("no WebSocket: " + std::string(input.substr(0, end)));
      client.stage = Stage::opening;
      used = end + 4;
    }
    while (input.size() - used >= 2) {
      const auto* bytes = reinterpret_cast<const unsigned char*>(input.data()) + used;
      std::size_t header = 2;
      std::uint64_t length = bytes[1] & 0x7Fu;
      if (length >= 126) {
        const std::size_t wide = length == 126 ? 2 : 8;
        if (input.size() - used < 2 + wide) break;
        length = 0;
        for (std::size_t i = 0; i < wide; ++i) length = length << 8 | bytes[2 + i];
        header += wide;
      }
      if (input.size() - used < header + length) break;
      handle(client, bytes[0] & 0x0Fu, input.substr(used + header, length));
      used += header + length;
    }
    return used;
  }

  void handle(Client& client, unsigned opcode, std::string_view payload) {
    if (opcode == 8) throw std::runtime_error("the server has closed a WebSocket");
    if (opcode == 1 && payload == "2") return write_frame(client, 1, "3");
    switch (client.stage) {
      case Stage::opening: client.stage = Stage::joining; return write_frame(client, 1, "40");
      case Stage::joining:
        if (options_.workload != "room") return become_ready(client);
        client.stage = Stage::joining_room;
        return write_frame(client, 1, "420[\"join\",\"" + room_of(client) + "\"]");
      case Stage::joining_room: return become_ready(client);
      case Stage::ready: return receive(client, opcode, payload);
      case Stage::upgrading:
      case Stage::closed: return;
    }
  }

  void become_ready(Client& client) {
    client.stage = Stage::ready;
    ++ready_;
  }

  void receive(Client& client, unsigned opcode, std::string_view payload) {
    std::uint64_t sent = 0;
    std::uint32_t sender = client.index;
    if (options_.workload == "binary") {
      if (opcode != 2) return;  // the header of the packet; the attachment follows
      std::memcpy(&sent, payload.data(), sizeof sent);
    } else {
      const std::size_t open = payload.size() < 3 ? std::string_view::npos : payload.rfind('"', payload.size() - 3);
      const std::string_view stamp = open == std::string_view::npos ? payload : payload.substr(open + 1);
      if (stamp.size() < stamp_bytes || !read_hex(stamp.substr(0, time_digits), sent) ||
          !read_hex(stamp.substr(time_digits, stamp_bytes - time_digits), sender))
        throw std::runtime_error("unexpected message " + std::string(payload));
    }
    ++received_;
    if (measuring_) {
      const std::uint64_t now = now_ns();
      latency_.add(now - std::min(now, sent));
    }
    if (sender == client.index && client.sends && options_.rate == 0) send_event(client);
  }

  template <class Number>
  static bool read_hex(std::string_view digits, Number& number) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
    return error == std::errc() && end == digits.data() + digits.size();
  }

  void send_event(Client& client) {
    const std::uint64_t now = now_ns();
    if (options_.workload == "binary") {
      write_frame(client, 1, R"(451-["echo",{"_placeholder":true,"num":0}])");
      std::string bytes(options_.payload, 'x');
      std::memcpy(bytes.data(), &now, sizeof now);
      return write_frame(client, 2, bytes);
    }
    char stamp[stamp_bytes + 1];
    std::snprintf(stamp, sizeof stamp, "%016llx%08x", static_cast<unsigned long long>(now), client.index);
    event_.clear();
    event_ += options_.workload == "ack" ? "421[\"ack\",\"" : "42[\"" + options_.workload + "\",\"";
    if (options_.workload == "room") event_ += room_of(client) + "\",\"";
    event_.append(stamp, stamp_bytes).append(filler_).append("\"]");
    write_frame(client, 1, event_);
  }

  std::string room_of(const Client& client) const { return "room" + std::to_string(client.index / options_.room_size); }

  /// Masked with zeros: the server has the same work, and we have none.
  void write_frame(Client& client, unsigned opcode, std::string_view payload) {
    std::string& out = client.out;
    out += static_cast<char>(0x80u | opcode);
    if (payload.size() < 126) {
      out += static_cast<char>(0x80u | payload.size());
    } else {
      const bool wide = payload.size() > 0xFFFF;
      out += static_cast<char>(0x80u | (wide ? 127u : 126u));
      for (int shift = wide ? 56 : 8; shift >= 0; shift -= 8)
        out += static_cast<char>(static_cast<std::uint64_t>(payload.size()) >> shift);
    }
    out.append(4, '\0');
    out += payload;
    if (!client.dirty) {
      client.dirty = true;
      dirty_.push_back(&client);
    }
  }

  void flush(Client& client) {
    while (!client.out.empty()) {
      const ssize_t size = write(client.fd, client.out.data(), client.out.size());
      if (size < 0 && errno != EAGAIN) throw std::system_error(errno, std::generic_category(), "write");
      if (size > 0) client.out.erase(0, static_cast<std::size_t>(size));
      // The server does not read because it waits for us to: read what is there meanwhile.
      if (size < 0) read_from(client);
    }
  }

  Options options_;
  int epoll_;
  std::vector<char> buffer_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Client*> dirty_;
  std::string filler_;
  std::string event_;
  unsigned ready_ = 0;
  std::uint64_t received_ = 0;
  bool measuring_ = false;
  Histogram latency_;
};

}  // namespace

int main(int argc, char** argv) try {
  const Options options = parse(argc, argv);
  Load(options).run();
} catch (const std::exception& error) {
  std::cerr << "bench_load: " << error.what() << '\n';
  return 1;
}
