// SPDX-License-Identifier: MIT
#include <benchmarks/load/load.hpp>
#include <benchmarks/load/process.hpp>
#include <benchmarks/load/stamp.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace bench {
namespace {

constexpr double ns_per_second = 1e9;

// So few that they fit into the queue of every listener.
constexpr unsigned connecting_at_a_time = 100;

constexpr double patience_seconds = 20;

std::string_view prefix_of_answers(Workload workload) {
  switch (workload) {
    case Workload::echo: return R"(42["echo",")";
    case Workload::ack: return R"(431[")";
    case Workload::bcast: return R"(42["bcast",")";
    case Workload::room: return R"(42["room",")";
    case Workload::binary: return R"(451-["echo",)";
    case Workload::idle:
    case Workload::connect: break;
  }
  return "";
}

}  // namespace

Load::Load(const Options& options) : options_(options), poller_(options.port), rooms_(options.clients) {
  check_descriptors();
  filler_.assign(options_.payload_bytes - stamp_bytes, 'x');
  expected_prefix_ = prefix_of_answers(options_.workload);
  if (options_.workload != Workload::room) return;
  // Without a number of rooms the last room may be smaller, so that no client is in two.
  const std::uint64_t places = std::uint64_t{options_.rooms} * options_.room_size;
  const bool once = places < options_.clients + std::uint64_t{options_.room_size};
  for (std::uint64_t place = 0; place < (once ? std::min<std::uint64_t>(places, options_.clients) : places); ++place)
    rooms_[place % options_.clients].push_back("room" + std::to_string(place / options_.room_size));
}

Load::~Load() {
  for (const auto& client : clients_)
    if (client) client->close();
}

void Load::check_descriptors() const {
  constexpr std::uint64_t others = 32;  // standard streams, the poller, listeners, and files that a runtime opens
  const std::uint64_t needed = std::uint64_t{options_.clients} * (options_.polling ? 2 : 1) + others;
  const auto check = [&](std::uint64_t limit, const std::string& whose) {
    if (limit >= needed) return;
    throw std::runtime_error(std::to_string(options_.clients) + " clients need " + std::to_string(needed) +
                             " descriptors, but " + whose + " may have " + std::to_string(limit) +
                             ": raise the limit, e.g. with ulimit -n");
  };
  check(raise_descriptor_limit(), "this process");
  if (options_.pid != 0) check(descriptor_limit(options_.pid), "the server");
}

Measurement Load::run() {
  result_.memory_before = server_memory();
  const std::uint64_t cpu_before = server_cpu_ns();
  const std::uint64_t start = now_ns();
  connect_all();
  result_.connect_seconds = static_cast<double>(now_ns() - start) / ns_per_second;
  result_.connect_cpu_ns = server_cpu_ns_since(cpu_before);
  run_for(0.2);  // work that a server does a little later belongs to connecting
  result_.memory_connected = server_memory();

  begin();
  if (options_.workload != Workload::idle) run_for(options_.warmup_seconds);
  start_measuring();
  run_for(options_.seconds);
  stop_measuring();
  result_.memory_after = server_memory();
  if (result_.messages == 0 && options_.workload != Workload::idle)
    throw std::runtime_error("nothing came back in " + std::to_string(options_.seconds) + " seconds");
  return result_;
}

std::uint64_t Load::server_cpu_ns() const { return options_.pid == 0 ? 0 : cpu_ns(options_.pid); }

std::uint64_t Load::server_cpu_ns_since(std::uint64_t before) const {
  const std::uint64_t now = server_cpu_ns();
  if (now < before) throw std::runtime_error("a thread of the server has ended: its CPU time is not known");
  return now - before;
}

std::uint64_t Load::server_memory() const { return options_.pid == 0 ? 0 : resident_bytes(options_.pid); }

void Load::connect_all() {
  clients_.resize(options_.clients);
  unsigned opened = 0;
  std::uint64_t progress = now_ns();
  while (ready_ < options_.clients) {
    const unsigned before = ready_;
    while (opened < options_.clients && opened - ready_ < connecting_at_a_time) open(opened++);
    turn(1000);
    if (ready_ != before) progress = poller_.now();
    if (static_cast<double>(poller_.now() - progress) > patience_seconds * ns_per_second)
      throw std::runtime_error("the server does not answer: " + std::to_string(ready_) + " of " +
                               std::to_string(options_.clients) + " clients are connected");
  }
}

void Load::open(unsigned index) {
  ClientUser& user = *this;
  clients_[index] = std::make_unique<Client>(poller_, options_.polling, user, index, rooms_[index]);
  clients_[index]->open();
}

bool Load::is_sender(unsigned index) const {
  const auto up_to = [&](std::uint64_t i) { return i * options_.senders / options_.clients; };
  return up_to(index) != up_to(std::uint64_t{index} + 1);
}

void Load::begin() {
  if (options_.workload == Workload::idle) return;
  if (options_.workload == Workload::connect) {
    reconnects_ = true;
    for (const auto& client : clients_) client->say_goodbye();
    return;
  }
  poller_.update_now();
  for (const auto& client : clients_)
    if (is_sender(client->index()) && (options_.workload != Workload::room || client->has_rooms()))
      senders_.push_back(client.get());
  if (options_.rate == 0) {
    for (Client* client : senders_)
      for (unsigned i = 0; i < options_.in_flight; ++i) send_event(*client);
    return;
  }
  // Spread over the interval, like typing people.
  schedule_start_ = poller_.now();
  schedule_step_ns_ = ns_per_second / options_.rate / static_cast<double>(senders_.size());
}

/// Returns the number of milliseconds in which there is nothing to send.
int Load::send_what_is_due() {
  if (schedule_start_ == 0) return 20;
  const double elapsed = static_cast<double>(poller_.now() - schedule_start_);
  while (static_cast<double>(scheduled_) * schedule_step_ns_ <= elapsed)
    send_event(*senders_[scheduled_++ % senders_.size()]);
  return 1;
}

void Load::run_for(double seconds) {
  const std::uint64_t end = now_ns() + static_cast<std::uint64_t>(seconds * ns_per_second);
  while (now_ns() < end) turn(send_what_is_due());
}

void Load::turn(int timeout_ms) {
  poller_.turn(timeout_ms);
  gone_.clear();
}

void Load::start_measuring() {
  result_.messages = 0;
  result_.sent = 0;
  result_.latency = {};
  result_.server_cpu_ns = server_cpu_ns();
  result_.own_cpu_ns = own_cpu_ns();
  measure_start_ = now_ns();
  measuring_ = true;
}

void Load::stop_measuring() {
  measuring_ = false;
  result_.seconds = static_cast<double>(now_ns() - measure_start_) / ns_per_second;
  result_.own_cpu_ns = own_cpu_ns() - result_.own_cpu_ns;
  result_.server_cpu_ns = server_cpu_ns_since(result_.server_cpu_ns);
}

void Load::handle_ready(Client& client) {
  ++ready_;
  if (!reconnects_) return;
  const std::uint64_t now = poller_.now();
  if (measuring_) result_.latency.add(now - std::min(now, client.opened_ns()));
  client.say_goodbye();
}

void Load::handle_goodbye(Client& client) {
  ++result_.messages;
  const unsigned index = client.index();
  client.close();
  gone_.push_back(std::move(clients_[index]));
  open(index);
}

void Load::handle_message(Client& client, std::string_view packet) {
  const auto unexpected = [&] {
    throw std::runtime_error("the server sent what was not expected: " + std::string(packet.substr(0, 200)));
  };
  if (packet.substr(0, expected_prefix_.size()) != expected_prefix_ || expected_prefix_.empty()) return unexpected();
  if (options_.workload == Workload::binary) return;  // the attachment follows
  if (packet.size() != expected_prefix_.size() + options_.payload_bytes + 2) return unexpected();
  count(client, packet.substr(expected_prefix_.size(), stamp_bytes));
}

void Load::handle_attachment(Client& client, std::string_view beginning, std::size_t size) {
  if (size != options_.payload_bytes)
    throw std::runtime_error("an attachment of " + std::to_string(size) + " bytes came instead of " +
                             std::to_string(options_.payload_bytes));
  count(client, beginning);
}

void Load::count(Client& client, std::string_view text) {
  Stamp stamp;
  if (!read_stamp(text, stamp)) throw std::runtime_error("a message without a stamp: " + std::string(text));
  ++result_.messages;
  const std::uint64_t now = poller_.now();
  if (measuring_) result_.latency.add(now - std::min(now, stamp.sent_ns));
  if (stamp.sender == client.index() && options_.rate == 0) send_event(client);
}

void Load::send_event(Client& client) {
  ++result_.sent;
  const auto stamp = write_stamp({poller_.now(), client.index()});
  event_.clear();
  if (options_.workload == Workload::binary) {
    client.send(R"(451-["echo",{"_placeholder":true,"num":0}])");
    event_.append(stamp.data(), stamp.size()).append(filler_);
    return client.send_binary(event_);
  }
  event_ += '4';
  event_ += options_.workload == Workload::ack ? "21[\"ack\",\"" : "2[\"" + options_.workload_name + "\",\"";
  if (options_.workload == Workload::room) event_.append(client.next_room()).append("\",\"");
  event_.append(stamp.data(), stamp.size()).append(filler_).append("\"]");
  client.send(event_);
}

}  // namespace bench
