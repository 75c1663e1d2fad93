// SPDX-License-Identifier: MIT
// What one client can make the server hold and do: each limit one below, at and one beyond it.

#include "../support/client.hpp"

#include <asio/awaitable.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <vector>

using namespace socketio;
using namespace socketio::test;

namespace {

using List = std::vector<std::string>;

/// The error reports of a server, as "code: detail".
struct Reports {
  explicit Reports(Harness& harness) {
    harness.io.on_error(
        [this](const ErrorReport& report) { all.push_back(report.code.message() + ": " + report.detail); });
    harness.pump();
  }
  std::size_t count(const std::string& text) const {
    return static_cast<std::size_t>(std::count(all.begin(), all.end(), text));
  }
  List all;
};

std::string connect_error(const std::string& nsp, const std::string& message) {
  return "44" + nsp + R"(,{"message":")" + message + "\"}";
}

}  // namespace

// ------------------------------------------------------------------------------------------------------- namespaces

TEST_CASE("a connection may be in as many namespaces as max_namespaces_per_connection says", "[behaviour][limits]") {
  Harness harness({.max_namespaces_per_connection = 3});
  const Reports reports(harness);
  harness.io.of(std::regex("^/d"));
  auto client = open_engine(harness);
  join(client, "/d1");
  join(client, "/d2");
  join(client, "/d3");
  client.text("40/d4,");
  CHECK(client.next() == connect_error("/d4", "too many namespaces"));
  CHECK(reports.all == List{"limit exceeded: too many namespaces"});
  SECTION("a namespace that it leaves makes room") {
    client.text("41/d2,");
    join(client, "/d4");
  }
  SECTION("a namespace that it joins again takes no more room") { join(client, "/d2"); }
  SECTION("other connections have theirs") {
    auto other = open_engine(harness);
    join(other, "/d4");
  }
  CHECK_FALSE(client.has_message());
}

TEST_CASE("namespaces that a client is about to join count", "[behaviour][limits]") {
  Harness harness({.max_namespaces_per_connection = 2});
  std::vector<Next> waiting;
  harness.io.of(std::regex("^/slow")).use([&](TestSocket, Next next) { waiting.push_back(next); });
  auto client = open_engine(harness);
  client.text("40/slow1,");
  client.text("40/slow2,");
  client.text("40/slow3,");
  CHECK(client.next() == connect_error("/slow3", "too many namespaces"));
  REQUIRE(waiting.size() == 2);
  waiting[0](ConnectError("no"));
  CHECK(client.next() == connect_error("/slow1", "no"));
  client.text("40/slow3,");
  REQUIRE(harness.until([&] { return waiting.size() == 3; }));
  waiting[2]();
  CHECK(client.next().substr(0, 10) == "40/slow3,{");
}

TEST_CASE("namespaces beyond an index's size are found, left and closed", "[behaviour][limits]") {
  Harness harness({.max_namespaces_per_connection = 0});
  List left;
  harness.io.of(std::regex("^/d")).on("connection", [&](TestSocket socket) {
    socket.on("disconnect", [&, socket] { left.push_back(socket.nsp().name()); });
    socket.on("ask", [](int number) { return number; });
  });
  auto client = open_engine(harness);
  for (int i = 0; i < 100; ++i) join(client, "/d" + std::to_string(i));
  client.text("42/d77,5[\"ask\",7]");
  CHECK(client.next() == "43/d77,5[7]");
  for (int i = 0; i < 100; i += 3) client.text("41/d" + std::to_string(i) + ",");
  client.text("42/d77,6[\"ask\",8]");
  CHECK(client.next() == "43/d77,6[8]");
  CHECK(left.size() == 34);
  left.clear();
  client.abort();
  REQUIRE(harness.until([&] { return left.size() == 66; }));
  CHECK(left.front() == "/d1");
  CHECK(left.back() == "/d98");
}

TEST_CASE("a namespace name may have max_namespace_name_bytes", "[behaviour][limits]") {
  Harness harness({.max_namespace_name_bytes = 20});
  const Reports reports(harness);
  harness.io.of([](const std::string&, const Value&) { return true; });
  const auto name = [](std::size_t bytes) { return "/" + std::string(bytes - 1, 'n'); };
  auto client = open_engine(harness);
  join(client, name(19));
  join(client, name(20));
  client.text("40" + name(21) + ",");
  CHECK(client.next() == connect_error(name(21), "Invalid namespace"));
  CHECK(reports.all.empty());
  CHECK_FALSE(client.has_message());
}

// ------------------------------------------------------------------------------------------------------------ rooms

TEST_CASE("a socket may be in max_rooms_per_socket rooms besides its own", "[behaviour][limits][rooms]") {
  Harness harness({.max_rooms_per_socket = 20});
  const Reports reports(harness);
  std::optional<TestSocket> socket;
  harness.io.on("connection", [&](TestSocket connected) { socket = connected; });
  auto client = open_socket(harness);
  for (int i = 1; i <= 20; ++i) socket->join("r" + std::to_string(i));
  harness.pump();
  CHECK(socket->rooms().size() == 21);
  CHECK(reports.all.empty());
  socket->join("one more");
  harness.pump();
  CHECK(socket->rooms().size() == 21);
  CHECK(harness.io.room("one more").empty());
  CHECK(reports.all == List{"limit exceeded: max_rooms_per_socket"});
  socket->join("r7");  // is there already
  harness.pump();
  CHECK(reports.all.size() == 1);
  socket->leave("r7");
  socket->join("one more");
  harness.pump();
  CHECK(socket->rooms().back() == "one more");
  socket->leave(socket->id());
  socket->join("r7");
  harness.pump();
  CHECK(socket->rooms().size() == 20);
  CHECK(reports.all.size() == 1);  // once for a socket: a client is not to fill the log
  socket->join(socket->id());
  harness.pump();
  CHECK(socket->rooms().size() == 21);
}

TEST_CASE("a room name may have max_room_name_bytes", "[behaviour][limits][rooms]") {
  Harness harness({.max_room_name_bytes = 5});
  const Reports reports(harness);
  std::optional<TestSocket> socket;
  harness.io.on("connection", [&](TestSocket connected) { socket = connected; });
  auto client = open_socket(harness);
  CHECK(socket->rooms() == List{socket->id()});  // which is longer
  socket->join({"1234", "12345", "123456"});
  harness.pump();
  CHECK(socket->rooms() == List{socket->id(), "1234", "12345"});
  CHECK(reports.all == List{"limit exceeded: max_room_name_bytes"});
}

TEST_CASE("rooms of a socket beyond an index's size keep their order", "[behaviour][limits][rooms]") {
  Harness harness;
  std::optional<TestSocket> socket;
  harness.io.on("connection", [&](TestSocket connected) { socket = connected; });
  auto client = open_socket(harness);
  List expected{socket->id()};
  for (int i = 0; i < 200; ++i) socket->join("r" + std::to_string(i));
  for (int i = 0; i < 200; ++i) {
    if (i % 3 == 0)
      socket->leave("r" + std::to_string(i));
    else
      expected.push_back("r" + std::to_string(i));
  }
  harness.pump();
  CHECK(socket->rooms() == expected);
  harness.io.to("r100").emit("news");
  CHECK(client.next() == "42[\"news\"]");
  harness.io.to("r99").emit("news");
  CHECK_FALSE(client.has_message());
}

// ----------------------------------------------------------------------------------------------------------- events

TEST_CASE("an event name may have max_event_name_bytes", "[behaviour][limits]") {
  Harness harness({.max_event_name_bytes = 6});
  const Reports reports(harness);
  List heard;
  harness.io.on("connection",
                [&](TestSocket socket) { socket.on_any([&](const std::string& name) { heard.push_back(name); }); });
  auto client = open_socket(harness);
  client.text(R"(42["12345"])");
  client.text(R"(42["123456"])");
  REQUIRE(harness.until([&] { return heard.size() == 2; }));
  CHECK_FALSE(client.has_message());
  client.text(R"(42["1234567"])");
  CHECK(harness.until([&] { return client.closed(); }));
  CHECK(heard == List{"12345", "123456"});
  CHECK(reports.all == List{"limit exceeded: max_event_name_bytes"});
}

TEST_CASE("coroutines in progress of one socket are bounded by max_handlers_in_progress", "[behaviour][limits]") {
  Harness harness({.max_handlers_in_progress = 3});
  const Reports reports(harness);
  std::vector<std::shared_ptr<asio::steady_timer>> waiting;
  int ended = 0;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("wait", [&](std::string) -> asio::awaitable<void> {
      const auto timer = std::make_shared<asio::steady_timer>(co_await asio::this_coro::executor, 1h);
      waiting.push_back(timer);
      std::error_code ignored;
      co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      ++ended;
    });
    socket.on("ask", [] { return 1; });
  });
  auto client = open_socket(harness);
  const auto wait = [&](std::size_t bytes) { client.text("42[\"wait\",\"" + std::string(bytes, 'x') + "\"]"); };

  SECTION("as many as the limit are in progress, and one more ends the connection") {
    for (int i = 0; i < 3; ++i) wait(1);
    client.text(R"(421["ask"])");  // a handler that does not wait needs no place; but there is none to begin with
    CHECK(harness.until([&] { return client.closed(); }));
    CHECK(waiting.size() == 3);
    CHECK(reports.all == List{"limit exceeded: max_handlers_in_progress"});
  }
  SECTION("a handler that has ended makes room") {
    for (int i = 0; i < 3; ++i) wait(1);
    REQUIRE(harness.until([&] { return waiting.size() == 3; }));
    waiting[1]->cancel();
    REQUIRE(harness.until([&] { return ended == 1; }));
    wait(1);
    REQUIRE(harness.until([&] { return waiting.size() == 4; }));
    CHECK_FALSE(client.has_message());
  }
  SECTION("an event counts once for each 4 KiB") {
    wait(4'096 - 20);
    wait(4'096);
    REQUIRE(harness.until([&] { return waiting.size() == 2; }));
    CHECK_FALSE(client.has_message());
    wait(1);
    CHECK(harness.until([&] { return client.closed(); }));
    CHECK(waiting.size() == 2);
  }
  SECTION("handlers that do not wait are not counted") {
    for (int i = 0; i < 20; ++i) {
      client.text(R"(421["ask"])");
      CHECK(client.next() == "431[1]");
    }
  }
  SECTION("other sockets have theirs") {
    for (int i = 0; i < 3; ++i) wait(1);
    auto other = open_socket(harness);
    other.text(R"(421["ask"])");
    CHECK(other.next() == "431[1]");
  }
  for (const auto& timer : waiting) timer->cancel();
  CHECK(harness.until([&] { return ended == static_cast<int>(waiting.size()); }));
}

TEST_CASE("asynchronous middleware in progress counts as a handler", "[behaviour][limits]") {
  Harness harness({.max_handlers_in_progress = 2});
  std::vector<Next> waiting;
  harness.io.on("connection",
                [&](TestSocket socket) { socket.use([&](IncomingEvent&, Next next) { waiting.push_back(next); }); });
  auto client = open_socket(harness);
  client.text(R"(42["one"])");
  client.text(R"(42["two"])");
  REQUIRE(harness.until([&] { return waiting.size() == 2; }));
  SECTION("while it has not answered") {
    client.text(R"(42["three"])");
    CHECK(harness.until([&] { return client.closed(); }));
    CHECK(waiting.size() == 2);
  }
  SECTION("and not afterwards") {
    for (Next& next : waiting) next();
    waiting.clear();
    client.text(R"(42["three"])");
    REQUIRE(harness.until([&] { return waiting.size() == 1; }));
    CHECK_FALSE(client.has_message());
  }
}

// ------------------------------------------------------------------------------------------- before a client has
// joined

TEST_CASE("before a client has joined a namespace its messages may have max_unjoined_bytes", "[behaviour][limits]") {
  Harness harness({.max_unjoined_bytes = 100});
  const auto connect = [](std::size_t bytes) { return R"(40{"token":")" + std::string(bytes - 14, 'x') + "\"}"; };
  REQUIRE(connect(100).size() == 100);
  auto client = open_engine(harness);
  SECTION("over WebSocket, at the limit") {
    client.text(connect(100));
    CHECK(client.next().substr(0, 4) == "40{\"");
    client.text(R"(42["large",")" + std::string(50'000, 'x') + "\"]");
    CHECK_FALSE(client.has_message());
    CHECK_FALSE(client.has_message());
  }
  SECTION("over WebSocket, one byte beyond") {
    client.text(connect(101));
    CHECK(harness.until([&] { return client.closed(); }));
  }
  SECTION("over polling") {
    const std::string target = std::string(polling_target) + "&sid=" + sid_in(harness.get(polling_target).body());
    CHECK(harness.post(target, connect(100)).body() == "ok");
    CHECK(harness.get(target).body().substr(0, 4) == "40{\"");
    CHECK(harness.post(target, R"(42["large",")" + std::string(50'000, 'x') + "\"]").body() == "ok");
    const std::string second = std::string(polling_target) + "&sid=" + sid_in(harness.get(polling_target).body());
    CHECK(harness.post(second, connect(101)).status() == 413);
  }
}

TEST_CASE("an upgrade in progress accepts large messages once the client has joined", "[behaviour][limits]") {
  Harness harness({.max_unjoined_bytes = 100});
  std::size_t received = 0;
  harness.io.on("connection", [&](TestSocket socket) {
    socket.on("large", [&](const std::string& text) { received = text.size(); });
  });
  const std::string sid = sid_in(harness.get(polling_target).body());
  auto client = harness.open(std::string(websocket_target) + "&sid=" + sid);
  client.text("2probe");
  CHECK(client.next() == "3probe");
  const std::string target = std::string(polling_target) + "&sid=" + sid;
  CHECK(harness.post(target, "40").body() == "ok");
  client.text("5");
  CHECK(client.next().substr(0, 4) == "40{\"");
  client.text(R"(42["large",")" + std::string(5'000, 'x') + "\"]");
  CHECK(harness.until([&] { return received == 5'000; }));
}

TEST_CASE("attachments for a namespace that the client has not joined end the connection at once",
          "[behaviour][limits]") {
  Harness harness;
  const Reports reports(harness);
  harness.io.of("/n");
  auto client = open_engine(harness);
  SECTION("where it has joined none") { client.text(R"(451-["note",{"_placeholder":true,"num":0}])"); }
  SECTION("where it has joined another") {
    join(client);
    client.text(R"(451-/n,["note",{"_placeholder":true,"num":0}])");
  }
  CHECK(harness.until([&] { return client.closed(); }));
  CHECK(reports.all == List{"protocol violation: packet for a namespace that has not been joined"});
}

TEST_CASE("attachments for a namespace from which the server has sent the client away are not kept",
          "[behaviour][limits]") {
  Harness harness;
  std::optional<TestSocket> socket;
  List heard;
  harness.io.of("/n").on("connection", [&](TestSocket connected) { socket = connected; });
  harness.io.on("connection", [&](TestSocket connected) {
    connected.on_any([&](const std::string& name) { heard.push_back(name); });
  });
  auto client = open_socket(harness);
  join(client, "/n");
  client.text(R"(452-/n,["note",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])");
  client.binary("one");
  harness.pump();
  socket->disconnect();
  CHECK(client.next() == "41/n,");
  client.binary("two");
  client.text(R"(42["after"])");
  CHECK(harness.until([&] { return heard == List{"after"}; }));
  CHECK_FALSE(client.has_message());
}

// --------------------------------------------------------------------------------------------------------- recovery

TEST_CASE("what recovery keeps is bounded for all namespaces together", "[behaviour][limits][recovery]") {
  constexpr std::size_t most = 600'000;
  ServerOptions options;
  options.connection_state_recovery.emplace().max_total_bytes = most;
  Harness harness(std::move(options));
  harness.io.of(std::regex("^/d")).on("connection", [](TestSocket socket) {
    socket.on("fill", [socket](int events) {
      for (int i = 0; i < events; ++i) socket.emit("event", std::string(1'000, 'x'));
      return true;
    });
    socket.on("say", [socket](const std::string& text) { socket.data() = text; });
  });
  const auto usage = [&](int number) {
    return harness.io.of("/d" + std::to_string(number)).adapter().recovery_usage();
  };
  const auto sum = [&] {
    std::size_t bytes = 0;
    for (int i = 0; i < 20; ++i) bytes += usage(i).log_bytes + usage(i).session_bytes;
    return bytes;
  };
  const auto fill = [](auto& client, int number, int events) {
    client.text("42/d" + std::to_string(number) + ",1[\"fill\"," + std::to_string(events) + "]");
    while (client.next().substr(0, 2) != "43") {
    }
  };
  SECTION("each gets its share of the events") {
    auto client = open_engine(harness);
    for (int i = 0; i < 20; ++i) join(client, "/d" + std::to_string(i));
    fill(client, 0, 600);
    CHECK(sum() <= most);
    CHECK(sum() > most * 9 / 10);
    for (int round = 0; round < 3; ++round)
      for (int i = 0; i < 20; ++i) {
        fill(client, i, 20);
        CHECK(sum() <= most);
      }
    for (int i = 0; i < 20; ++i) CHECK(usage(i).log_bytes > most / 20 / 2);
  }
  SECTION("sessions count with their data") {
    for (int i = 0; i < 20; ++i) {
      auto client = open_engine(harness);
      join(client, "/d0");
      client.text("42/d0,[\"say\",\"" + std::string(90'000, 'x') + "\"]");
      CHECK_FALSE(client.has_message());
      client.abort();
      REQUIRE(harness.until([&] { return harness.io.of("/d0").sockets().empty(); }));
      CHECK(sum() <= most);
    }
    CHECK(usage(0).sessions == 6);
    CHECK(usage(0).session_bytes > 540'000);
  }
}
