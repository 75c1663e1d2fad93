// SPDX-License-Identifier: MIT
// What an HTTP middleware finds out about a request, as the sockets of its client read it.

#include "../support/client.hpp"

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace socketio;
using namespace socketio::test;

namespace {

struct Member {
  std::string name;
};

/// The member whose name is in the query.
std::optional<Member> member_in(const QueryParams& query) {
  const auto name = query.find("member");
  return name ? std::optional(Member{std::string(*name)}) : std::nullopt;
}

/// Attaches the member whose name is in the query.
void attach_member(MiddlewareContext& context, const MiddlewareNext& next) {
  if (auto member = member_in(context.query())) context.set(std::move(*member));
  next();
}

/// Refuses who is no member; tells others their name at their connection and when they ask.
void serve_members(Harness& harness) {
  harness.io.use([](const TestSocket& socket) {
    if (!socket.handshake().get<Member>()) throw ConnectError("members only");
  });
  harness.io.on("connection", [](TestSocket socket) {
    socket.emit("hello", socket.request().get<Member>()->name);
    socket.on("who am I", [socket] { return socket.handshake().get<Member>()->name; });
  });
}

std::string as_member(std::string_view target, std::string_view name) {
  return std::string(target) + "&member=" + std::string(name);
}

}  // namespace

TEST_CASE("sockets read what an HTTP middleware has attached to their request", "[behaviour][values]") {
  Harness harness;
  harness.io.engine().use(attach_member);
  serve_members(harness);
  auto ada = harness.open(as_member(websocket_target, "Ada"));
  auto grace = harness.open(as_member(websocket_target, "Grace"));
  REQUIRE(ada.next().substr(0, 2) == "0{");
  REQUIRE(grace.next().substr(0, 2) == "0{");
  join(ada);
  join(grace);
  CHECK(ada.next() == R"(42["hello","Ada"])");
  CHECK(grace.next() == R"(42["hello","Grace"])");
  ada.text(R"(421["who am I"])");
  CHECK(ada.next() == R"(431["Ada"])");

  auto stranger = open_engine(harness);
  stranger.text("40");
  CHECK(stranger.next() == R"(44{"message":"members only"})");
}

TEST_CASE("over polling and after the upgrade, sockets have the values of the first request", "[behaviour][values]") {
  Harness harness;
  harness.io.engine().use(attach_member);
  serve_members(harness);
  auto handshake = harness.get(as_member(polling_target, "Ada"));
  REQUIRE(harness.until([&] { return handshake.done(); }));
  const std::string sid = "&sid=" + sid_in(handshake.body());
  const auto exchange = [&](const std::string& message) {
    auto post = harness.post(as_member(polling_target, "Eve") + sid, message);
    REQUIRE(harness.until([&] { return post.done(); }));
    CHECK(post.body() == "ok");
    auto poll = harness.get(as_member(polling_target, "Eve") + sid);
    REQUIRE(harness.until([&] { return poll.done(); }));
    return poll.body();
  };
  CHECK(exchange("40").find(R"(42["hello","Ada"])") != std::string::npos);
  CHECK(exchange(R"(421["who am I"])") == R"(431["Ada"])");

  auto upgraded = harness.open(as_member(websocket_target, "Mallory") + sid);
  upgraded.text("2probe");
  CHECK(upgraded.next() == "3probe");
  upgraded.text("5");
  upgraded.text(R"(422["who am I"])");
  CHECK(upgraded.next() == R"(432["Ada"])");
}

TEST_CASE("an HTTP middleware may wait for what it attaches, in a coroutine", "[behaviour][values]") {
  Harness harness;
  harness.io.engine().use([&](MiddlewareContext& context, MiddlewareNext next) {
    asio::co_spawn(
        harness.io.get_executor(),
        [](MiddlewareContext& waiting, MiddlewareNext go_on) -> asio::awaitable<void> {
          co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
          if (auto member = member_in(waiting.query())) waiting.set(std::move(*member));
          go_on();
        }(context, std::move(next)),
        asio::detached);
  });
  serve_members(harness);
  auto ada = harness.open(as_member(websocket_target, "Ada"));
  REQUIRE(ada.next().substr(0, 2) == "0{");
  join(ada);
  CHECK(ada.next() == R"(42["hello","Ada"])");
}

TEST_CASE("a value lives as long as a handle or a handshake of its socket", "[behaviour][values]") {
  Harness harness;
  const auto tracked = std::make_shared<int>(7);
  harness.io.engine().use([&](MiddlewareContext& context, const MiddlewareNext& next) {
    context.set(tracked);
    next();
  });
  std::optional<TestSocket> kept;
  harness.io.on("connection", [&](TestSocket socket) { kept = socket; });
  auto client = open_socket(harness);
  const auto* const value = kept->request().get<std::shared_ptr<int>>();
  client.close();
  REQUIRE(harness.until([&] { return !kept->connected() && harness.io.engine().clients_count() == 0; }));
  CHECK(**value == 7);
  std::optional<Handshake> handshake = kept->handshake();
  kept.reset();
  harness.pump();
  CHECK(**value == 7);
  CHECK(handshake->get<std::shared_ptr<int>>() == value);
  handshake.reset();
  CHECK(harness.until([&] { return tracked.use_count() == 1; }));
}

TEST_CASE("a recovered socket has the values of its new request", "[behaviour][values][recovery]") {
  ServerOptions options;
  options.connection_state_recovery.emplace();
  Harness harness(options);
  harness.io.engine().use(attach_member);
  std::vector<std::string> seen;
  harness.io.on("connection", [&](TestSocket socket) {
    const Member* const member = socket.request().get<Member>();
    seen.push_back((socket.recovered() ? "recovered " : "new ") + (member ? member->name : std::string("nobody")));
    socket.emit("first");
  });
  auto client = harness.open(as_member(websocket_target, "Ada"));
  client.next();
  client.text("40");
  const std::string connected = client.next();
  const std::string event = client.next();
  const auto between = [](const std::string& text, std::string_view begin) {
    const std::size_t at = text.find(begin) + begin.size();
    return text.substr(at, text.find('"', at) - at);
  };
  client.abort();
  REQUIRE(harness.until([&] { return harness.io.engine().clients_count() == 0; }));
  auto again = harness.open(websocket_target);
  again.next();
  again.text(R"(40{"pid":")" + between(connected, R"("pid":")") + R"(","offset":")" + between(event, R"("first",")") +
             "\"}");
  REQUIRE(harness.until([&] { return seen.size() == 2; }));
  CHECK(seen == std::vector<std::string>{"new Ada", "recovered nobody"});
}

TEST_CASE("fetched sockets have no values: these stay on the server that has the client", "[behaviour][values]") {
  Harness harness;
  harness.io.engine().use(attach_member);
  auto client = harness.open(as_member(websocket_target, "Ada"));
  client.next();
  join(client);
  bool fetched = false;
  harness.io.fetch_sockets([&](std::error_code error, const std::vector<BasicRemoteSocket<TestConfig>>& sockets) {
    REQUIRE_FALSE(error);
    REQUIRE(sockets.size() == 1);
    CHECK(sockets[0].handshake().query.find("member") == "Ada");
    CHECK(sockets[0].handshake().get<Member>() == nullptr);
    fetched = true;
  });
  CHECK(harness.until([&] { return fetched; }));
  CHECK(harness.io.sockets().at(0).handshake().get<Member>()->name == "Ada");
}

TEST_CASE("CORS settings and origins that are chosen in a later turn hold up a request until then",
          "[behaviour][values][cors]") {
  asio::any_io_executor executor;
  const auto later = [&executor](auto answer) { asio::post(executor, std::move(answer)); };
  ServerOptions options;
  options.cors_delegate = [later](const HttpRequest& request, const CorsReply& reply) {
    const bool is_refused = request.target.find("refused") != std::string::npos;
    later([later, is_refused, reply] {
      if (is_refused) return reply.fail("no database");
      reply(CorsOptions{.origin = CorsOrigin::chosen_by([later](std::string_view, const CorsOriginReply& origin_reply) {
                          later([origin_reply] { origin_reply(true); });
                        })});
    });
  };
  Harness harness(options);
  executor = harness.io.get_executor();
  auto accepted = harness.get(polling_target);
  auto refused = harness.get(std::string(polling_target) + "&refused");
  REQUIRE(harness.until([&] { return accepted.done() && refused.done(); }));
  CHECK(accepted.status() == 200);
  CHECK(refused.status() == 400);
  auto client = harness.open(websocket_target);
  REQUIRE(client.next().substr(0, 2) == "0{");
  join(client);
}
