// SPDX-License-Identifier: MIT
// Adapters of the user's own.

#include "../support/client.hpp"

#include <socketio/core/adapter.hpp>
#include <socketio/core/memory_cluster.hpp>
#include <socketio/core/session_log.hpp>
#include <socketio/core/session_store.hpp>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace socketio;
using namespace socketio::test;

namespace {

/// Connects no servers, and writes down what it is asked to do.
class LoggingAdapter final : public Adapter {
 public:
  LoggingAdapter(std::string nsp, std::vector<std::string>& log) : nsp_(std::move(nsp)), log_(log) {}

  std::size_t server_count() const override { return 3; }
  void attach(AdapterHost& host) override { log_.push_back("attached " + host.nsp()); }
  std::size_t publish(ClusterMessage message) override {
    const auto& rooms = message.options.rooms;
    log_.push_back((rooms.empty() ? "everyone" : rooms.front()) + ' ' + message.event.front().as_string());
    return 0;
  }
  void close() override { log_.push_back("closed " + nsp_); }

 private:
  std::string nsp_;
  std::vector<std::string>& log_;
};

/// Keeps sessions and packets itself.
class StoringAdapter final : public Adapter {
 public:
  explicit StoringAdapter(SessionStore& store) : store_(store) {}

  std::size_t server_count() const override { return 1; }
  void attach(AdapterHost&) override {}
  std::size_t publish(ClusterMessage) override { return 0; }
  SessionStore* session_store() override { return &store_; }
  void close() override {}

 private:
  SessionStore& store_;
};

}  // namespace

TEST_CASE("an adapter may bring the store in which recovery keeps sessions and packets",
          "[behaviour][adapter][recovery]") {
  ServerOptions options;
  options.connection_state_recovery.emplace();
  detail::SessionLog store(*options.connection_state_recovery);
  options.adapter = [&](const std::string&) { return std::make_unique<StoringAdapter>(store); };
  Harness harness(options);
  auto client = open_socket(harness);
  harness.io.emit("kept", 1);
  CHECK_THAT(client.next(), Catch::StartsWith(R"(42["kept",1,")"));
  CHECK(store.usage().log_entries == 1);
  CHECK(harness.io.of("/").adapter().recovery_usage().log_entries == 1);
  client.abort();
  CHECK(harness.until([&] { return store.usage().sessions == 1; }));
}

TEST_CASE("listeners to rooms can be prepended and called once", "[behaviour][adapter]") {
  Harness harness;
  const auto adapter = harness.io.of("/").adapter();
  std::string log;
  adapter.on("join-room", [&](const std::string&) { log += "c"; });
  adapter.prepend("join-room", [&](const std::string&) { log += "b"; });
  adapter.prepend_once("join-room", [&](const std::string&) { log += "a"; });
  auto client = open_socket(harness);
  CHECK(log == "abc");
  harness.io.sockets_join("room");
  CHECK(harness.until([&] { return log == "abcbc"; }));
}

TEST_CASE("a program may bring its own adapter for every namespace", "[behaviour][adapter]") {
  std::vector<std::string> log;
  std::vector<std::string> names;
  Harness harness({.adapter = [&](const std::string& nsp) {
    names.push_back(nsp);
    return std::make_unique<LoggingAdapter>(nsp, log);
  }});
  harness.io.of("/n");
  CHECK(names == std::vector<std::string>{"/", "/n"});
  CHECK(harness.io.of("/n").adapter().server_count() == 3);
  harness.io.on("connection", [](TestSocket socket) { socket.join("room"); });
  auto client = open_socket(harness);
  harness.io.emit("x");
  harness.io.to("room").emit("y");
  harness.io.local().emit("z");
  CHECK(client.next() == R"(42["x"])");
  CHECK(client.next() == R"(42["y"])");
  CHECK(client.next() == R"(42["z"])");
  CHECK(log == std::vector<std::string>{"attached /", "attached /n", "everyone x", "room y"});
  log.clear();
  harness.io.close();
  harness.pump();
  CHECK(log == std::vector<std::string>{"closed /", "closed /n"});
}

TEST_CASE("an adapter function that returns null is a programming mistake", "[behaviour][adapter]") {
  const MemoryCluster cluster;
  const auto none = [make = cluster.adapter()](const std::string& nsp) -> std::unique_ptr<Adapter> {
    if (nsp == "/none") return nullptr;
    return make(nsp);
  };
  Harness harness({.adapter = none});
  CHECK_THROWS_WITH(harness.io.of("/none"), "ServerOptions::adapter made none for /none");
  CHECK_THROWS_AS(harness.io.of("/none"), std::logic_error);
}

TEST_CASE("if the adapter of a client's namespace cannot be made, only that client is refused",
          "[behaviour][adapter]") {
  std::vector<ErrorReport> reports;
  const MemoryCluster cluster;
  Harness harness({.adapter = [make = cluster.adapter()](const std::string& nsp) -> std::unique_ptr<Adapter> {
    if (nsp == "/dynamic-bad") throw std::runtime_error("no adapter today");
    return make(nsp);
  }});
  harness.io.on_error([&](const ErrorReport& report) { reports.push_back(report); });
  harness.io.of([](const std::string&, const Value&) { return true; });
  auto client = open_engine(harness);
  client.text("40/dynamic-bad,");
  CHECK(client.next() == R"(44/dynamic-bad,{"message":"Invalid namespace"})");
  join(client, "/dynamic-good");
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].message() == "in /dynamic-bad: handler threw: no adapter today");
}
