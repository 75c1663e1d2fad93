// SPDX-License-Identifier: MIT
#include <socketio/engine/session.hpp>
// Long-polling: parked and overlapping requests, payloads, limits.
#include <tests/support/catch.hpp>
#include <tests/support/engine_fixture.hpp>

#include <functional>
#include <set>
#include <utility>
#include <vector>

using socketio::Binary;
using socketio::CloseReason;
using socketio::Message;
using socketio::Session;
using tests::EngineFixture;
using namespace std::chrono_literals;

using Strings = std::vector<std::string>;

TEST_CASE("a POST delivers its packets in order and is answered with ok", "[engine][polling]") {
  EngineFixture f;
  f.prototype.echoes = true;
  const std::string sid = f.open_polling();
  const auto response = f.post(sid,
                               "4hello\x1e"
                               "bAQIDBA==\x1e"
                               "4\x1e"
                               "4\xC5\xBElu\xC5\xA5");
  CHECK(response->status() == 200);
  CHECK(response->body() == "ok");
  CHECK(response->header("Content-Type") == "text/html");
  CHECK(response->header("cache-control") == "no-store");
  CHECK(f.recorder().messages == Strings{"hello", "b:\x01\x02\x03\x04", "", "\xC5\xBElu\xC5\xA5"});
  CHECK(f.poll(sid)->body() ==
        "4hello\x1e"
        "bAQIDBA==\x1e"
        "4\x1e"
        "4\xC5\xBElu\xC5\xA5");
}

TEST_CASE("binary packets of clients that break base64 into lines arrive", "[engine][polling]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  const auto response = f.post(sid,
                               "451-[\"bin\",{\"_placeholder\":true,\"num\":0}]\x1e"
                               "bAAH+/w==\n");
  CHECK(response->body() == "ok");
  CHECK(f.recorder().messages ==
        Strings{R"(51-["bin",{"_placeholder":true,"num":0}])", "b:" + std::string("\0\x01\xFE\xFF", 4)});
  CHECK(f.post(sid,
               "bAAH-_w\x1e"
               "b***")
            ->body() == "ok");
  CHECK(f.recorder().messages.size() == 4);
  CHECK(f.recorder().messages.back() == "b:");
  CHECK(f.recorder().closes.empty());
}

TEST_CASE("a POST is answered before its packets are handled", "[engine][polling]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  const auto post = f.transport.start_request(socketio::MemoryTransport::make_request("POST", f.polling(sid)));
  bool is_answered = false;
  f.recorder().react_to = "message";
  f.recorder().reaction = [&](Session&) { is_answered = post->ended() && post->body() == "ok"; };
  post->add_body("4hello");
  post->finish_body();
  f.run();
  CHECK(f.recorder().messages == Strings{"hello"});
  CHECK(is_answered);
}

TEST_CASE("a body that arrives in pieces is read to its end", "[engine][polling]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  const auto response = f.transport.start_request(socketio::MemoryTransport::make_request("POST", f.polling(sid)));
  response->add_body("4hel");
  f.run();
  CHECK_FALSE(response->ended());
  response->add_body(
      "lo\x1e"
      "4you");
  response->finish_body();
  f.run();
  CHECK(response->body() == "ok");
  CHECK(f.recorder().messages == Strings{"hello", "you"});
}

TEST_CASE("invalid UTF-8 in a body becomes replacement characters", "[engine][polling]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  CHECK(f.post(sid, "4a\xFFz")->body() == "ok");
  CHECK(f.recorder().messages == Strings{"a\xEF\xBF\xBDz"});
}

TEST_CASE("a poll waits for a packet", "[engine][polling]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  CHECK_FALSE(f.session().is_writable());
  CHECK_FALSE(f.session().was_writable());
  const auto poll = f.poll(sid);
  CHECK_FALSE(poll->ended());
  CHECK(f.session().is_writable());
  CHECK(f.session().was_writable());
  f.session().send(f.text("one"));
  CHECK(poll->status() == 200);
  CHECK(poll->body() == "4one");
  CHECK(poll->header("Content-Type") == "text/plain; charset=UTF-8");
  CHECK(poll->header("cache-control") == "no-store");
  CHECK_FALSE(f.session().is_writable());
  CHECK_FALSE(f.session().was_writable());
  f.session().send(f.text("two"));
  f.session().send(Message::binary(Binary(std::string("\0\xFF", 2))));
  CHECK(f.session().unsent_bytes() == 6 + 2 * Message::overhead_bytes);
  CHECK(f.session().write_buffer().size() == 2);
  CHECK(f.poll(sid)->body() ==
        "4two\x1e"
        "bAP8=");
  CHECK(f.session().unsent_bytes() == 0);
}

TEST_CASE("packets sent as a unit leave in one response", "[engine][polling]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  const auto poll = f.poll(sid);
  const std::vector<socketio::MessagePtr> unit{f.text("51-x"), Message::binary(Binary("a", 1))};
  f.session().send(unit);
  CHECK(poll->body() ==
        "451-x\x1e"
        "bYQ==");
}

TEST_CASE("old browsers get the X-XSS-Protection header", "[engine][polling]") {
  EngineFixture f;
  for (const char* agent : {"Mozilla/4.0 (compatible;MSIE 8.0)", "Mozilla/5.0 (Trident/7.0)"})
    CHECK(f.transport.fetch("GET", f.polling(), {}, {{"User-Agent", agent}})->header("X-XSS-Protection") == "0");
}

TEST_CASE("a second poll ends the session and both polls", "[engine][polling]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  const auto first = f.poll(sid);
  const auto second = f.poll(sid);
  CHECK(first->status() == 200);
  CHECK(first->body() == "1");
  CHECK(second->status() == 400);
  CHECK(second->body().empty());
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::transport_error);
  CHECK(f.recorder().closes[0].description == "overlap from client");
  CHECK(f.poll(sid)->body() == R"({"code":1,"message":"Session ID unknown"})");
}

TEST_CASE("a second POST ends the session and the first POST's connection", "[engine][polling]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  const auto first = f.transport.start_request(socketio::MemoryTransport::make_request("POST", f.polling(sid)));
  f.run();
  const auto second = f.post(sid, "4x");
  CHECK(first->destroyed);
  CHECK(second->status() == 400);
  CHECK(second->body().empty());
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].description == "data request overlap from client");
  CHECK(f.recorder().messages.empty());
}

TEST_CASE("a poll and a POST may overlap", "[engine][polling]") {
  EngineFixture f;
  f.prototype.echoes = true;
  const std::string sid = f.open_polling();
  const auto poll = f.poll(sid);
  CHECK(f.post(sid, "4x")->body() == "ok");
  CHECK(poll->body() == "4x");
}

TEST_CASE("a broken poll ends the session", "[engine][polling]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  f.poll(sid)->abort();
  f.run();
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::transport_error);
  CHECK(f.recorder().closes[0].description == "poll connection closed prematurely");
  CHECK(f.engine.clients_count() == 0);
}

TEST_CASE("a broken POST ends the session", "[engine][polling]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  const auto post = f.transport.start_request(socketio::MemoryTransport::make_request("POST", f.polling(sid)));
  post->add_body("4x");
  f.run();
  post->abort();
  f.run();
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::transport_error);
  CHECK(f.recorder().closes[0].description == "data request connection closed prematurely");
  CHECK(f.recorder().messages.empty());
}

TEST_CASE("a body of exactly the limit is accepted, one byte more ends the session with 413", "[engine][polling]") {
  EngineFixture f({.max_http_buffer_size = 10});
  const std::string sid = f.open_polling();
  CHECK(f.post(sid, "4123456789")->body() == "ok");
  const auto poll = f.poll(sid);
  const auto too_large = f.post(sid, "41234567890");
  CHECK(too_large->status() == 413);
  CHECK(too_large->body().empty());
  CHECK(too_large->response.close);
  CHECK(poll->body() == "1");
  CHECK(f.recorder().messages == Strings{"123456789"});
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::transport_error);
  CHECK(f.recorder().closes[0].description == "payload too large");
  CHECK(f.post(sid, "4again")->body() == R"({"code":1,"message":"Session ID unknown"})");
}

TEST_CASE("a body may arrive in as many pieces as the limit, one more ends the session with 413", "[engine][polling]") {
  EngineFixture f({.max_buffered_chunks = 3});
  const std::string sid = f.open_polling();
  const auto post_in_pieces = [&](int pieces) {
    auto post = f.transport.start_request(socketio::MemoryTransport::make_request("POST", f.polling(sid)));
    for (int i = 0; i < pieces; ++i) post->add_body("4");
    post->finish_body();
    f.run();
    return post;
  };
  CHECK(post_in_pieces(3)->body() == "ok");
  CHECK(f.recorder().messages == Strings{"44"});
  CHECK(post_in_pieces(4)->status() == 413);
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::transport_error);
  CHECK(f.recorder().closes[0].description == "too many chunks");
}

TEST_CASE("a body that does not arrive in time ends the session with 408", "[engine][polling]") {
  EngineFixture f({.http_request_body_timeout = 5s});
  const std::string sid = f.open_polling();
  const auto begin_post = [&] {
    auto post = f.transport.start_request(socketio::MemoryTransport::make_request("POST", f.polling(sid)));
    post->add_body("4sl");
    f.run();
    return post;
  };
  SECTION("in time") {
    const auto post = begin_post();
    f.advance(4'999ms);
    post->add_body("ow");
    post->finish_body();
    f.run();
    CHECK(post->body() == "ok");
    f.advance(10s);
    CHECK(f.recorder().messages == Strings{"slow"});
    CHECK(f.recorder().closes.empty());
  }
  SECTION("too late") {
    const auto poll = f.poll(sid);
    const auto post = begin_post();
    f.advance(4'999ms);
    CHECK_FALSE(post->ended());
    f.advance(1ms);
    CHECK(post->status() == 408);
    CHECK(post->body().empty());
    CHECK(post->response.close);
    CHECK(poll->body() == "1");
    CHECK(f.recorder().messages.empty());
    REQUIRE(f.recorder().closes.size() == 1);
    CHECK(f.recorder().closes[0].reason == CloseReason::transport_error);
    CHECK(f.recorder().closes[0].description == "http request timeout");
    CHECK(f.poll(sid)->status() == 400);
  }
  SECTION("the session ends first") {
    const auto post = begin_post();
    f.session().close(true);
    f.run();
    CHECK(post->destroyed);
    f.advance(10s);
    CHECK(f.recorder().closes.size() == 1);
  }
}

TEST_CASE("without a timeout of bodies the transport decides how long they may take", "[engine][polling]") {
  EngineFixture f({.ping_interval = 1h, .http_request_body_timeout = 0ms});
  const std::string sid = f.open_polling();
  const auto post = f.transport.start_request(socketio::MemoryTransport::make_request("POST", f.polling(sid)));
  f.run();
  f.advance(50min);
  CHECK_FALSE(post->ended());
  CHECK(f.recorder().closes.empty());
}

TEST_CASE("octet streams are refused and end the session", "[engine][polling]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  const auto response = f.post(sid, "4x", {{"Content-Type", "application/octet-stream"}});
  CHECK(response->status() == 400);
  CHECK(response->body().empty());
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::transport_error);
  CHECK(f.recorder().closes[0].description == "invalid content");
  CHECK(f.recorder().messages.empty());

  const std::string other = f.open_polling();
  CHECK(f.post(other, "4x", {{"Content-Type", "application/octet-stream; charset=x"}})->body() == "ok");
}

TEST_CASE("an undecodable packet ends the session after the packets before it", "[engine][polling]") {
  for (const char* body : {"4a\x1e"
                           "abc\x1e"
                           "4b",
                           "4a\x1e",
                           "4a\x1e"
                           "7\x1e"
                           "4b"}) {
    CAPTURE(body);
    EngineFixture f;
    const std::string sid = f.open_polling();
    const auto poll = f.poll(sid);
    CHECK(f.post(sid, body)->body() == "ok");
    CHECK(poll->body() == "1");
    CHECK(f.recorder().messages == Strings{"a"});
    REQUIRE(f.recorder().closes.size() == 1);
    CHECK(f.recorder().closes[0].reason == CloseReason::parse_error);
    CHECK(f.poll(sid)->status() == 400);
  }
}

TEST_CASE("an empty body ends the session", "[engine][polling]") {
  EngineFixture f;
  CHECK(f.post(f.open_polling(), "")->status() == 200);
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::parse_error);
}

TEST_CASE("a close packet releases the poll and ends the session", "[engine][polling]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  const auto poll = f.poll(sid);
  CHECK(f.post(sid,
               "4a\x1e"
               "1\x1e"
               "4b")
            ->body() == "ok");
  CHECK(poll->body() == "6");
  CHECK(f.recorder().messages == Strings{"a"});
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::transport_close);
  CHECK(f.recorder().closes[0].description.empty());
  CHECK(f.poll(sid)->body() == R"({"code":1,"message":"Session ID unknown"})");
}

TEST_CASE("packets without a meaning over polling are ignored", "[engine][polling]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  CHECK(f.post(sid,
               "0\x1e"
               "5\x1e"
               "6\x1e"
               "4x")
            ->body() == "ok");
  CHECK(f.recorder().messages == Strings{"x"});
  CHECK(f.session().channel() == Session::Channel::polling);
  CHECK(f.session().ready_state() == Session::ReadyState::open);
}

TEST_CASE("other methods than GET and POST get 500 and change nothing", "[engine][polling]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  for (const char* method : {"PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"}) {
    CAPTURE(method);
    const auto response = f.transport.fetch(method, f.polling(sid));
    CHECK(response->status() == 500);
    CHECK(response->body().empty());
  }
  CHECK(f.session().ready_state() == Session::ReadyState::open);
}

TEST_CASE("requests that do not fit their session are refused", "[engine][polling]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  CHECK(f.transport.fetch("GET", f.websocket(sid))->body() == R"({"code":3,"message":"Bad request"})");
  CHECK(f.refusals.back().context == "name=TRANSPORT_MISMATCH transport=websocket previousTransport=polling ");
  CHECK(f.transport.fetch("GET", "/engine.io/?EIO=3&transport=polling&sid=" + sid)->status() == 400);
  CHECK(f.refusals.back().context == "name=PROTOCOL_MISMATCH protocol=#3 previousProtocol=#4 ");
  CHECK(f.transport.connect_websocket("/engine.io/?EIO=3&transport=websocket&sid=" + sid)->response.body ==
        "Bad request");
  CHECK(f.refusals.back().context == "name=PROTOCOL_MISMATCH protocol=#3 previousProtocol=#4 ");
  CHECK(f.session().ready_state() == Session::ReadyState::open);
  CHECK_FALSE(f.session().is_upgrading());
  CHECK(f.post(sid, "4x")->body() == "ok");

  const auto client = f.open_websocket();
  CHECK(f.poll(f.session().id())->status() == 400);
  CHECK(f.refusals.back().context == "name=TRANSPORT_MISMATCH transport=polling previousTransport=websocket ");
  CHECK(f.transport.fetch("GET", f.websocket(f.session().id()))->status() == 400);
  CHECK(f.refusals.back().context == "name=TRANSPORT_HANDSHAKE_ERROR ");
  CHECK_FALSE(client->closed);
}

TEST_CASE("a client that does not poll is closed when too much is unsent", "[engine][polling]") {
  EngineFixture f({.max_unsent_bytes = 10 + Message::overhead_bytes});
  const std::string sid = f.open_polling();
  f.session().send(f.text("123456789"));
  f.run();
  CHECK(f.session().ready_state() == Session::ReadyState::open);
  f.session().send(f.text("a message may be as large as it likes"));
  f.run();
  CHECK(f.session().ready_state() == Session::ReadyState::open);
  f.session().send(f.text("dropped"));
  CHECK(f.recorder().closes.empty());  // not inside send
  CHECK(f.session().ready_state() == Session::ReadyState::closing);
  f.run();
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == CloseReason::transport_error);
  CHECK(f.recorder().closes[0].description == "too many unsent bytes");
  CHECK(f.recorder().unsent_at_close == 2);
  CHECK(f.engine.clients_count() == 0);
}

TEST_CASE("a message that waits for a poll counts with what it takes to keep it", "[engine][polling][limits]") {
  constexpr std::size_t each = 2 + Message::overhead_bytes;
  const std::size_t limits[] = {100 * each - 1, 100 * each, 100 * each + 1};
  for (const std::size_t limit : limits) {
    CAPTURE(limit);
    EngineFixture f({.max_unsent_bytes = limit});
    f.open_polling();
    for (int i = 0; i < 101; ++i) f.session().send(f.text("x"));
    // The message that is sent when more than the limit is unsent is refused: the hundred and first, or the next.
    CHECK((f.session().ready_state() == Session::ReadyState::open) == (limit >= 100 * each));
    CHECK(f.session().unsent_bytes() == (limit >= 100 * each ? 101 : 100) * each);
    f.session().send(f.text("x"));
    CHECK(f.session().ready_state() == Session::ReadyState::closing);
  }
}

namespace {

/// Counts the turns of the loop from the first message on, and notes the turn of each.
struct TurnCounter {
  explicit TurnCounter(EngineFixture& fixture) : f(fixture) {
    f.prototype.react_to = "message";
    f.prototype.reaction = [this](Session&) {
      if (turns.empty()) count();
      turns.push_back(turn);
    };
  }
  void count() {
    if (++turn < 20) f.engine.scheduler().post([this] { count(); });
  }
  std::size_t different() const { return std::set<int>(turns.begin(), turns.end()).size(); }

  EngineFixture& f;
  int turn = 0;
  std::vector<int> turns;
};

constexpr const char* five_packets =
    "41\x1e"
    "42\x1e"
    "43\x1e"
    "44\x1e"
    "45";
const Strings five_messages{"1", "2", "3", "4", "5"};

}  // namespace

TEST_CASE("the packets of one body beyond max_packets_per_turn are handled in later turns",
          "[engine][polling][limits]") {
  for (const auto& [most, turns] :
       std::vector<std::pair<std::size_t, std::size_t>>{{1, 5}, {2, 3}, {4, 2}, {5, 1}, {6, 1}, {0, 1}}) {
    CAPTURE(most);
    EngineFixture f({.max_packets_per_turn = most});
    TurnCounter counter(f);
    const std::string sid = f.open_polling();
    CHECK(f.post(sid, five_packets)->body() == "ok");
    CHECK(f.recorder().messages == five_messages);
    CHECK(counter.different() == turns);
  }
}

TEST_CASE("what a client posts next, or sends after an upgrade, comes after the packets that wait for their turn",
          "[engine][polling][limits]") {
  EngineFixture f({.max_packets_per_turn = 1});
  f.prototype.react_to = "message";
  const auto do_after_first = [&](std::function<void()> act) {
    f.prototype.reaction = [&f, act](Session&) {
      if (f.recorder().messages.size() == 1) f.engine.scheduler().post(act);
    };
  };
  std::string sid;
  SECTION("a POST") {
    socketio::MemoryResponsePtr second;
    do_after_first([&] {
      socketio::HttpRequest request;
      request.method = "POST";
      request.target = f.polling(sid);
      second = f.transport.request(request,
                                   "46\x1e"
                                   "47");
    });
    sid = f.open_polling();
    CHECK(f.post(sid, five_packets)->body() == "ok");
    f.run();
    CHECK(second->body() == "ok");
  }
  SECTION("an upgrade") {
    socketio::MemoryWebSocketClientPtr client;
    do_after_first([&] {
      client->send_text("5");
      client->send_text("46");
      client->send_text("47");
    });
    sid = f.open_polling();
    client = f.probe(sid);
    f.post(sid, five_packets);
    f.run();
    CHECK(f.session().is_upgraded());
  }
  Strings all = five_messages;
  all.insert(all.end(), {"6", "7"});
  CHECK(f.recorder().messages == all);
}

TEST_CASE("a session that ends handles none of the packets that wait for their turn", "[engine][polling][limits]") {
  EngineFixture f({.max_packets_per_turn = 1});
  f.prototype.react_to = "message";
  bool upgrades = false;
  socketio::MemoryWebSocketClientPtr client;
  f.prototype.reaction = [&](Session& session) {
    if (f.recorder().messages.size() == 2) session.close(true);
    if (upgrades) client->send_text("5");
  };
  const std::string sid = f.open_polling();
  SECTION("on polling") {}
  SECTION("while the WebSocket takes over") {
    client = f.probe(sid);
    upgrades = true;
  }
  f.post(sid, five_packets);
  f.run();
  CHECK(f.recorder().messages == Strings{"1", "2"});
  CHECK(f.recorder().closes.size() == 1);
  CHECK(f.engine.clients_count() == 0);
}
