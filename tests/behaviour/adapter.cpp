// SPDX-License-Identifier: MIT
// Adapters of the user's own.

#include "../support/client.hpp"

#include <socketio/core/memory_adapter.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace socketio;
using namespace socketio::test;

namespace {

/// Does not send to the room "muted", and records the selections of its broadcasts.
class MutingAdapter final : public MemoryAdapter {
 public:
  explicit MutingAdapter(std::vector<std::string>& log) : log_(log) {}

  void broadcast(const OutgoingPacket& packet, const BroadcastOptions& options) override {
    BroadcastOptions heard = options;
    heard.except.push_back("muted");
    log_.push_back(options.rooms.empty() ? "everyone" : options.rooms.front());
    MemoryAdapter::broadcast(packet, heard);
  }
  void close() override { log_.push_back("closed"); }

 private:
  std::vector<std::string>& log_;
};

}  // namespace

TEST_CASE("a program may bring its own adapter for every namespace", "[behaviour][adapter]") {
  std::vector<std::string> log;
  std::vector<std::string> names;
  Harness harness({.adapter = [&](const std::string& nsp) {
    names.push_back(nsp);
    return std::make_unique<MutingAdapter>(log);
  }});
  harness.io.of("/n");
  CHECK(names == std::vector<std::string>{"/", "/n"});
  harness.io.on("connection", [](TestSocket socket) { socket.on("mute", [socket] { socket.join("muted"); }); });
  auto muted = open_socket(harness);
  auto other = open_socket(harness);
  muted.text(R"(42["mute"])");
  CHECK_FALSE(muted.has_message());
  harness.io.emit("x");
  harness.io.to("muted").emit("y");
  CHECK(other.next() == R"(42["x"])");
  CHECK_FALSE(muted.has_message());
  CHECK(log == std::vector<std::string>{"everyone", "muted"});
  harness.io.close();
  harness.pump();
  CHECK(log == std::vector<std::string>{"everyone", "muted", "closed", "closed"});
}

TEST_CASE("an adapter function that returns null is a programming mistake", "[behaviour][adapter]") {
  const auto none = [](const std::string& nsp) -> std::unique_ptr<Adapter> {
    if (nsp == "/none") return nullptr;
    return std::make_unique<MemoryAdapter>();
  };
  Harness harness({.adapter = none});
  CHECK_THROWS_WITH(harness.io.of("/none"), "ServerOptions::adapter made none for /none");
  CHECK_THROWS_AS(harness.io.of("/none"), std::logic_error);
}

TEST_CASE("if the adapter of a client's namespace cannot be made, only that client is refused",
          "[behaviour][adapter]") {
  std::vector<ErrorReport> reports;
  Harness harness({.adapter = [](const std::string& nsp) -> std::unique_ptr<Adapter> {
    if (nsp == "/dynamic-bad") throw std::runtime_error("no adapter today");
    return std::make_unique<MemoryAdapter>();
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
