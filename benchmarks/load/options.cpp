// SPDX-License-Identifier: MIT
#include <benchmarks/load/options.hpp>
#include <benchmarks/load/stamp.hpp>

#include <array>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace bench {
namespace {

constexpr std::string_view usage =
    R"(usage: bench_load [--workload NAME] [--transport websocket|polling] [--port P] [--pid SERVER] ...

Puts a load of many Socket.IO clients on the server at 127.0.0.1 and prints what it measured as one line of JSON.
The server must have the five handlers of bench_server.

  --workload NAME      what each client does (default echo):
      echo             emits echo(x), waits for echo(x), emits the next
      ack              emits ack(x), waits for the acknowledgement, emits the next
      bcast            emits bcast(x), which comes to every client; when its own comes back, emits the next
      room             joins its rooms and emits room(name, x), which comes to all who are in that room
      binary           echo with a binary payload
      idle             connects and does nothing but answer pings
      connect          connects to the namespace, disconnects, and so on, --clients at a time
  --transport NAME     websocket (default) or polling: HTTP long-polling on two keep-alive connections per client
  --port P             of the server (default 3000)
  --pid SERVER         process of the server: its CPU time and its resident memory are measured
  --clients N          connected clients (default 50)
  --senders N          how many of them emit, spread over all (default all)
  --in-flight N        events of one sender that are under way at a time (default 1)
  --rate R             events per second of one sender, regularly, whether or not the answers come (default: when an
                       answer comes the next event is sent)
  --room-size N        clients in one room (default 6)
  --rooms N            rooms in all, over which the clients are spread evenly (default clients / room-size: each client is
                       in one); each sender takes its rooms in turn
  --payload BYTES      length of x (default 32, at least 24)
  --seconds S          for which it measures (default 2)
  --warmup S           for which the load runs before that (default 0.5)
  --help               this text

Among the results: messages (received, all clients together), server_us_per_message and load_us_per_message (CPU time,
by the scheduler's account), the latency from the emit to the arrival in microseconds (for connect: from the connection
to the joined namespace), memory_bytes_per_connection (growth of resident memory from before the first client to after
the last). "load_bound": true says that this program itself took more than 80 % of a processor, so that rates and
latencies say less about the server; the server's CPU time per message holds all the same.
)";

double to_number(std::string_view name, std::string_view text, double least, double most) {
  double number = 0;
  std::istringstream stream{std::string(text)};
  if (!(stream >> number) || stream.peek() != std::istringstream::traits_type::eof())
    throw std::invalid_argument(std::string(name) + " takes a number, not " + std::string(text));
  if (number < least || number > most) {
    std::ostringstream sentence;
    sentence << name << " takes a number from " << least << " to " << most << ", not " << text;
    throw std::invalid_argument(sentence.str());
  }
  return number;
}

unsigned to_count(std::string_view name, std::string_view text, unsigned least, unsigned most = 100'000'000) {
  const double number = to_number(name, text, least, most);
  const auto count = static_cast<unsigned>(number);
  if (static_cast<double>(count) != number)
    throw std::invalid_argument(std::string(name) + " takes a whole number, not " + std::string(text));
  return count;
}

Workload to_workload(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Workload>, 7> workloads{{{"echo", Workload::echo},
                                                                            {"ack", Workload::ack},
                                                                            {"bcast", Workload::bcast},
                                                                            {"room", Workload::room},
                                                                            {"binary", Workload::binary},
                                                                            {"idle", Workload::idle},
                                                                            {"connect", Workload::connect}}};
  for (const auto& [known, workload] : workloads)
    if (name == known) return workload;
  throw std::invalid_argument("--workload takes echo, ack, bcast, room, binary, idle or connect, not " +
                              std::string(name));
}

bool to_polling(std::string_view name) {
  if (name == "polling") return true;
  if (name == "websocket") return false;
  throw std::invalid_argument("--transport takes websocket or polling, not " + std::string(name));
}

}  // namespace

Options parse_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name(argv[i]);
    if (name == "--help" || name == "-h") {
      std::cout << usage;
      std::exit(0);
    }
    if (i + 1 == argc) throw std::invalid_argument(std::string(name) + " needs a value; see --help");
    const std::string_view value(argv[i + 1]);
    if (name == "--workload") {
      options.workload = to_workload(value);
      options.workload_name = value;
    } else if (name == "--transport") {
      options.polling = to_polling(value);
    } else if (name == "--port") {
      options.port = static_cast<std::uint16_t>(to_count(name, value, 1, std::numeric_limits<std::uint16_t>::max()));
    } else if (name == "--pid") {
      options.pid = static_cast<int>(to_count(name, value, 1));
    } else if (name == "--clients") {
      options.clients = to_count(name, value, 1);
    } else if (name == "--in-flight") {
      options.in_flight = to_count(name, value, 1);
    } else if (name == "--senders") {
      options.senders = to_count(name, value, 1);
    } else if (name == "--room-size") {
      options.room_size = to_count(name, value, 1);
    } else if (name == "--rooms") {
      options.rooms = to_count(name, value, 1);
    } else if (name == "--rate") {
      options.rate = to_number(name, value, 0.001, 1e6);
    } else if (name == "--payload") {
      options.payload_bytes = to_count(name, value, stamp_bytes);
    } else if (name == "--seconds") {
      options.seconds = to_number(name, value, 0.01, 86'400);
    } else if (name == "--warmup") {
      options.warmup_seconds = to_number(name, value, 0, 86'400);
    } else {
      throw std::invalid_argument("unknown option " + std::string(name) + "; see --help");
    }
  }
  if (options.senders == 0 || options.senders > options.clients) options.senders = options.clients;
  if (options.workload == Workload::room && options.room_size > options.clients)
    throw std::invalid_argument("--room-size is larger than the number of --clients");
  if (options.rooms == 0) options.rooms = (options.clients + options.room_size - 1) / options.room_size;
  return options;
}

}  // namespace bench
