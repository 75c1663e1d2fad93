// SPDX-License-Identifier: MIT
// The load: many raw Socket.IO clients in one thread, with as little work per message as possible. Linux only.
//
// Prints one line of JSON; see --help.
#include <benchmarks/load/load.hpp>
#include <benchmarks/load/options.hpp>

#include <cstdint>
#include <exception>
#include <iostream>
#include <locale>
#include <sstream>
#include <string>
#include <string_view>

namespace {

/// The members of one JSON object. Names and texts need no escapes.
class JsonLine {
 public:
  void text(std::string_view name, std::string_view value) { add(name) << '"' << value << '"'; }
  void flag(std::string_view name, bool value) { add(name) << (value ? "true" : "false"); }
  template <class Number>
  void number(std::string_view name, Number value) {
    add(name) << value;
  }
  /// `null` if the dividend or the divisor is missing.
  void ratio(std::string_view name, bool known, double value, double by) {
    if (known && by != 0)
      number(name, value / by);
    else
      add(name) << "null";
  }
  std::string take() { return "{" + line_.str() + "}"; }

 private:
  std::ostream& add(std::string_view name) {
    line_ << separator_ << '"' << name << "\":";
    separator_ = ",";
    return line_;
  }
  std::ostringstream line_ = [] {
    std::ostringstream stream;
    stream.imbue(std::locale::classic());
    stream.precision(8);
    return stream;
  }();
  const char* separator_ = "";
};

std::string to_json(const bench::Options& options, const bench::Measurement& result) {
  using bench::Workload;
  const auto count = [](std::uint64_t number) { return static_cast<double>(number); };
  const bool has_server = options.pid != 0;
  const double messages = count(result.messages);
  const double own_percent = count(result.own_cpu_ns) / result.seconds / 1e7;

  JsonLine line;
  line.text("workload", options.workload_name);
  line.text("transport", options.polling ? "polling" : "websocket");
  line.number("clients", options.clients);
  line.number("senders", options.senders);
  line.number("in_flight", options.in_flight);
  line.number("rate", options.rate);
  line.number("payload_bytes", options.payload_bytes);
  if (options.workload == Workload::room) {
    line.number("rooms", options.rooms);
    line.number("room_size", options.room_size);
  }
  line.number("seconds", result.seconds);
  line.number("messages", result.messages);
  line.number("sent", result.sent);
  line.number("per_second", messages / result.seconds);
  line.ratio("server_us_per_message", has_server, count(result.server_cpu_ns) / 1000, messages);
  line.ratio("load_us_per_message", true, count(result.own_cpu_ns) / 1000, messages);
  line.ratio("server_cpu_percent", has_server, count(result.server_cpu_ns) / 1e7, result.seconds);
  line.number("load_cpu_percent", own_percent);
  line.flag("load_bound", own_percent > 80);
  const bool has_latency = result.latency.total() != 0;
  const auto percentile = [&](const char* name, double percent) {
    line.ratio(name, has_latency, result.latency.percentile(percent), 1000);
  };
  percentile("p50_us", 50);
  percentile("p95_us", 95);
  percentile("p99_us", 99);
  percentile("p999_us", 99.9);
  line.ratio("memory_bytes_per_connection", has_server, count(result.memory_connected) - count(result.memory_before),
             options.clients);
  line.ratio("memory_bytes_before", has_server, count(result.memory_before), 1);
  line.ratio("memory_bytes_after", has_server, count(result.memory_after), 1);
  if (options.workload == Workload::connect) {
    line.number("connections_per_second", messages / result.seconds);
    line.ratio("connections_per_cpu_second", has_server, messages * 1e9, count(result.server_cpu_ns));
  } else {
    line.ratio("connections_per_second", true, options.clients, result.connect_seconds);
    line.ratio("connections_per_cpu_second", has_server, options.clients * 1e9, count(result.connect_cpu_ns));
  }
  return line.take();
}

}  // namespace

int main(int argc, char** argv) try {
  const bench::Options options = bench::parse_options(argc, argv);
  bench::Load load(options);
  std::cout << to_json(options, load.run()) << std::endl;
} catch (const std::exception& error) {
  std::cerr << "bench_load: " << error.what() << '\n';
  return 1;
}
