// SPDX-License-Identifier: MIT
#include <socketio/engine/engine.hpp>
// Which requests become sessions, and how the others are refused.
#include <tests/support/catch.hpp>
#include <tests/support/engine_fixture.hpp>

#include <stdexcept>

using socketio::CloseReason;
using socketio::EngineOptions;
using socketio::Session;
using tests::EngineFixture;
using namespace std::chrono_literals;

TEST_CASE("a polling handshake is answered with the open packet", "[engine][handshake]") {
  EngineFixture f;
  const auto response = f.transport.fetch("GET", "/engine.io/?EIO=4&transport=polling&t=abc");
  REQUIRE(response->status() == 200);
  CHECK(response->header("Content-Type") == "text/plain; charset=UTF-8");
  CHECK(response->header("cache-control") == "no-store");
  CHECK_FALSE(response->header("Set-Cookie"));
  CHECK_FALSE(response->header("Access-Control-Allow-Origin"));
  CHECK_FALSE(response->header("X-XSS-Protection"));
  CHECK(response->body() == "0{\"sid\":\"" + f.session().id() +
                                "\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,\"pingTimeout\":20000,"
                                "\"maxPayload\":1000000}");
  CHECK(f.session().id().size() == 20);
  CHECK(f.session().channel() == Session::Channel::polling);
  CHECK(f.session().transport_name() == "polling");
  CHECK(f.session().ready_state() == Session::ReadyState::open);
  CHECK(f.session().remote_address() == "127.0.0.1");
  CHECK(f.session().request().target == "/engine.io/?EIO=4&transport=polling&t=abc");
  CHECK(f.engine.clients_count() == 1);
  CHECK(f.engine.find(f.session().id()) == f.sessions.back());
}

TEST_CASE("a WebSocket handshake is answered with 101 and the open packet", "[engine][handshake]") {
  EngineFixture f;
  const auto client = f.transport.connect_websocket(EngineFixture::websocket());
  REQUIRE(client->accepted);
  REQUIRE(client->received.size() == 1);
  CHECK_FALSE(client->received[0].is_binary);
  CHECK(client->received[0].payload == "0{\"sid\":\"" + f.session().id() +
                                           "\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,"
                                           "\"maxPayload\":1000000}");
  CHECK(f.session().transport_name() == "websocket");
  CHECK(f.session().is_writable());
  CHECK(f.session().was_writable());
  CHECK_FALSE(f.session().is_upgraded());
}

TEST_CASE("the open packet has the options", "[engine][handshake]") {
  EngineFixture f(
      {.ping_interval = 300ms, .ping_timeout = 200ms, .max_http_buffer_size = 1234, .allow_upgrades = false});
  CHECK(f.transport.fetch("GET", EngineFixture::polling())
            ->body()
            .find("\"upgrades\":[],\"pingInterval\":300,\"pingTimeout\":200,\"maxPayload\":1234}") !=
        std::string::npos);
}

TEST_CASE("the upgrade is not offered if WebSocket is disabled", "[engine][handshake]") {
  EngineFixture f({.transports = {.polling = true, .websocket = false}});
  CHECK(f.transport.fetch("GET", EngineFixture::polling())->body().find("\"upgrades\":[]") != std::string::npos);
}

TEST_CASE("the initial packet follows the open packet", "[engine][handshake]") {
  EngineFixture f({.initial_packet = "faster!"});
  const std::string body = f.transport.fetch("GET", EngineFixture::polling())->body();
  CHECK(body.substr(body.find('\x1e') + 1) == "4faster!");
  const auto client = f.open_websocket();
  CHECK(client->pop().payload == "4faster!");
}

TEST_CASE("packets of the connection handler come with the next poll", "[engine][handshake]") {
  EngineFixture f;
  f.engine.on_connection([](std::shared_ptr<Session> session) { session->send(EngineFixture::text("hi")); });
  const std::string body = f.transport.fetch("GET", EngineFixture::polling())->body();
  CHECK(body.find('\x1e') == std::string::npos);
  const std::string sid = body.substr(9, 20);
  CHECK(f.poll(sid)->body() == "4hi");
}

TEST_CASE("a plain request that cannot be served is refused with its code", "[engine][handshake]") {
  struct Case {
    const char* method;
    const char* target;
    unsigned status;
    const char* body;
    const char* context;
  };
  const Case cases[] = {
      {"GET", "/engine.io/", 400, R"({"code":0,"message":"Transport unknown"})", ""},
      {"GET", "/engine.io/?EIO=4&transport=tobi", 400, R"({"code":0,"message":"Transport unknown"})",
       "transport=tobi "},
      {"GET", "/engine.io/?EIO=4&transport=constructor", 400, R"({"code":0,"message":"Transport unknown"})",
       "transport=constructor "},
      {"GET", "/engine.io/?EIO=4&transport=__proto__", 400, R"({"code":0,"message":"Transport unknown"})",
       "transport=__proto__ "},
      {"GET", "/engine.io/?EIO=4&transport=webtransport", 400, R"({"code":0,"message":"Transport unknown"})",
       "transport=webtransport "},
      {"GET", "/engine.io/?EIO=4&transport=polling&sid=test", 400, R"({"code":1,"message":"Session ID unknown"})",
       "sid=test "},
      {"POST", "/engine.io/?EIO=4&transport=polling", 400, R"({"code":2,"message":"Bad handshake method"})",
       "method=POST "},
      {"OPTIONS", "/engine.io/?EIO=4&transport=polling", 400, R"({"code":2,"message":"Bad handshake method"})",
       "method=OPTIONS "},
      {"GET", "/engine.io/?EIO=4&transport=websocket", 400, R"({"code":3,"message":"Bad request"})",
       "name=TRANSPORT_HANDSHAKE_ERROR "},
      {"GET", "/engine.io/?EIO=3&transport=polling", 400, R"({"code":5,"message":"Unsupported protocol version"})",
       "protocol=#3 "},
      {"GET", "/engine.io/?transport=polling", 400, R"({"code":5,"message":"Unsupported protocol version"})",
       "protocol=#3 "},
      {"GET", "/engine.io/?EIO=4&EIO=04&transport=polling", 400,
       R"({"code":5,"message":"Unsupported protocol version"})", "protocol=#3 "},
  };
  for (const Case& c : cases) {
    CAPTURE(c.method, c.target);
    EngineFixture f;
    const auto response = f.transport.fetch(c.method, c.target);
    CHECK(response->status() == c.status);
    CHECK(response->body() == c.body);
    CHECK(response->header("Content-Type") == "application/json");
    CHECK_FALSE(response->header("cache-control"));
    REQUIRE(f.refusals.size() == 1);
    CHECK(f.refusals[0].context == c.context);
    CHECK(std::string(c.body).find(f.refusals[0].message) != std::string::npos);
    CHECK(std::string(c.body).find("\"code\":" + std::to_string(f.refusals[0].code)) != std::string::npos);
    CHECK(f.engine.clients_count() == 0);
  }
}

TEST_CASE("an upgrade request that cannot be served is refused in plain text", "[engine][handshake]") {
  struct Case {
    const char* target;
    const char* body;
  };
  const Case cases[] = {
      {"/engine.io/", "Transport unknown"},
      {"/engine.io/?EIO=4&transport=__proto__", "Transport unknown"},
      {"/engine.io/?EIO=4&transport=constructor", "Transport unknown"},
      {"/engine.io/?EIO=4&transport=websocket&sid=nobody", "Session ID unknown"},
      {"/engine.io/?EIO=3&transport=websocket", "Unsupported protocol version"},
      {"/engine.io/?transport=websocket", "Unsupported protocol version"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.target);
    EngineFixture f;
    const auto client = f.transport.connect_websocket(c.target);
    CHECK_FALSE(client->accepted);
    CHECK(client->response.status == 400);
    CHECK(client->response.close);
    CHECK(client->response.headers.find("content-type") == "text/html");
    CHECK(client->response.body == c.body);
    CHECK(f.refusals.size() == 1);
    CHECK(f.engine.clients_count() == 0);
  }
}

TEST_CASE("an Origin with a character that is invalid in headers is refused", "[engine][handshake]") {
  EngineFixture f;
  const auto response =
      f.transport.fetch("GET", EngineFixture::polling(), {}, {{"Origin", std::string_view("http://a\x01.example")}});
  CHECK(response->status() == 400);
  CHECK(response->body() == R"({"code":3,"message":"Bad request"})");
  REQUIRE(f.refusals.size() == 1);
  CHECK(f.refusals[0].context == "name=INVALID_ORIGIN origin=http://a\x01.example ");
}

TEST_CASE("a disabled channel is an unknown transport", "[engine][handshake]") {
  EngineFixture no_websocket({.transports = {.polling = true, .websocket = false}});
  const auto upgrade = no_websocket.transport.connect_websocket(EngineFixture::websocket());
  CHECK(upgrade->response.status == 400);
  CHECK(upgrade->response.body == R"({"code":0,"message":"Transport unknown"})");
  EngineFixture no_polling({.transports = {.polling = false, .websocket = true}});
  CHECK(no_polling.transport.fetch("GET", EngineFixture::polling())->status() == 400);
  CHECK(no_polling.transport.connect_websocket(EngineFixture::websocket())->accepted);
}

TEST_CASE("an upgrade with transport=polling is accepted and closed", "[engine][handshake]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  for (const std::string& target : {EngineFixture::polling(), EngineFixture::polling(sid)}) {
    const auto client = f.transport.connect_websocket(target);
    CHECK(client->accepted);
    CHECK(client->received.empty());
    CHECK(client->close_code == 1005);
  }
  CHECK(f.engine.clients_count() == 1);
  CHECK(f.session().channel() == Session::Channel::polling);
}

TEST_CASE("a malformed WebSocket handshake is refused by the transport", "[engine][handshake]") {
  EngineFixture f;
  auto request =
      socketio::MemoryTransport::make_request("GET", EngineFixture::websocket(), {{"Sec-WebSocket-Key", "x"}});
  const auto client = f.transport.connect_websocket(std::move(request));
  f.run();
  CHECK(client->response.status == 400);
  CHECK(client->response.body == "Missing or invalid Sec-WebSocket-Key header");
  CHECK(f.engine.clients_count() == 0);
}

TEST_CASE("the path decides which requests the engine gets", "[engine][handshake]") {
  const auto matches = [](EngineOptions options, std::string target) {
    asio::io_context context;
    socketio::MemoryTransport transport(context);
    return socketio::Engine(transport.scheduler(), std::move(options))
        .matches(socketio::MemoryTransport::make_request("GET", std::move(target)));
  };
  CHECK(matches({}, "/engine.io/?EIO=4"));
  CHECK(matches({}, "/engine.io/foo/bar/"));
  CHECK(matches({.path = "/engine.io/"}, "/engine.io/"));
  CHECK_FALSE(matches({}, "/engine.io?EIO=4"));
  CHECK_FALSE(matches({}, "/Engine.io/"));
  CHECK_FALSE(matches({}, "/engine%2Eio/"));
  CHECK_FALSE(matches({}, "/engine.ioo/"));
  CHECK_FALSE(matches({}, ""));
  CHECK(matches({.path = "/engine.io/", .add_trailing_slash = false}, "/engine.io?EIO=4"));
  CHECK(matches({.add_trailing_slash = false}, "/engine.io/foo/bar/"));
  CHECK(matches({.add_trailing_slash = false}, "/engine.iofoo"));
  CHECK(matches({.path = "/"}, "//"));
  CHECK(matches({.path = "/"}, "/x"));
}

TEST_CASE("allow_request decides at once or later", "[engine][handshake]") {
  std::vector<socketio::Verdict> verdicts;
  std::vector<std::string> asked;
  EngineFixture f({.allow_request = [&](const socketio::HttpRequest& request, socketio::Verdict verdict) {
    asked.push_back(request.target);
    if (request.target.find("refuse") != std::string::npos)
      verdict.refuse("Thou \"shall\" not pass");
    else if (request.target.find("silent") != std::string::npos)
      verdict.refuse();
    else if (request.target.find("forget") == std::string::npos)
      verdicts.push_back(verdict);
  }});

  SECTION("a refusal with its text") {
    const auto response = f.transport.fetch("GET", EngineFixture::polling() + "&refuse");
    CHECK(response->status() == 403);
    CHECK(response->body() == R"({"code":4,"message":"Thou \"shall\" not pass"})");
    REQUIRE(f.refusals.size() == 1);
    CHECK(f.refusals[0].message == "Forbidden");
    CHECK(f.refusals[0].context == "message=Thou \"shall\" not pass ");
  }
  SECTION("a refusal without text") {
    CHECK(f.transport.fetch("GET", EngineFixture::polling() + "&silent")->body() ==
          R"({"code":4,"message":"Forbidden"})");
  }
  SECTION("a refused upgrade is a 400 in plain text") {
    const auto client = f.transport.connect_websocket(EngineFixture::websocket() + "&refuse");
    CHECK(client->response.status == 400);
    CHECK(client->response.body == "Thou \"shall\" not pass");
  }
  SECTION("a later verdict; the first one counts, and only handshakes ask for it") {
    const auto response = f.transport.fetch("GET", EngineFixture::polling());
    CHECK_FALSE(response->ended());
    verdicts.at(0).allow();
    verdicts.at(0).refuse();
    CHECK(response->status() == 200);
    f.poll(f.session().id());
    f.post(f.session().id(), "4x");
    f.transport.connect_websocket(EngineFixture::websocket(f.session().id()));
    CHECK(asked.size() == 1);
  }
  SECTION("a forgotten verdict ends the connection") {
    CHECK(f.transport.fetch("GET", EngineFixture::polling() + "&forget")->destroyed);
    CHECK(f.transport.connect_websocket(EngineFixture::websocket() + "&forget")->destroyed);
  }
  SECTION("a verdict for a client that has disconnected makes a session that ends like every silent session") {
    const auto response = f.transport.request(socketio::MemoryTransport::make_request("GET", EngineFixture::polling()));
    f.run();
    response->abort();
    f.run();
    verdicts.at(0).allow();
    f.advance(45s);
    CHECK(f.engine.clients_count() == 0);
  }
  SECTION("a verdict after the engine has been closed is too late") {
    const auto response = f.transport.fetch("GET", EngineFixture::polling());
    f.engine.close();
    verdicts.at(0).allow();
    CHECK(response->status() == 503);
    CHECK(f.engine.clients_count() == 0);
  }
}

TEST_CASE("session ids may be made by the program", "[engine][handshake]") {
  int next = 0;
  std::vector<socketio::SessionIdReply> replies;
  std::string mode = "at once";
  EngineFixture f({.generate_id = [&](const socketio::HttpRequest&, socketio::SessionIdReply reply) {
    if (mode == "at once") reply("id \"" + std::to_string(++next) + '"');
    if (mode == "later") replies.push_back(reply);
    if (mode == "fail") reply.fail("out of ids");
    if (mode == "throw") throw std::runtime_error("boo");
    if (mode == "empty") reply("");
    if (mode == "same") reply("same");
  }});

  SECTION("at once") {
    const auto response = f.transport.fetch("GET", EngineFixture::polling());
    CHECK(f.session().id() == "id \"1\"");
    CHECK(response->body().find(R"("sid":"id \"1\"")") != std::string::npos);
    CHECK(f.post("id+%221%22", "4x")->body() == "ok");
  }
  SECTION("later") {
    mode = "later";
    const auto polling = f.transport.fetch("GET", EngineFixture::polling());
    const auto websocket = f.transport.connect_websocket(EngineFixture::websocket());
    CHECK_FALSE(polling->ended());
    CHECK_FALSE(websocket->ended());
    replies.at(0)("a");
    replies.at(0)("again");
    replies.at(1)("b");
    f.run();
    CHECK(polling->status() == 200);
    CHECK(websocket->accepted);
    CHECK(f.engine.clients_count() == 2);
  }
  SECTION("not at all") {
    for (const char* how : {"fail", "throw", "empty"}) {
      CAPTURE(how);
      mode = how;
      f.refusals.clear();
      CHECK(f.transport.fetch("GET", EngineFixture::polling())->body() == R"({"code":3,"message":"Bad request"})");
      CHECK(f.transport.connect_websocket(EngineFixture::websocket())->response.body == "Bad request");
      REQUIRE(f.refusals.size() == 2);
      CHECK(f.refusals[0].context.substr(0, 25) == "name=ID_GENERATION_ERROR ");
    }
    CHECK(f.errors.size() == 2);
  }
  SECTION("never twice") {
    mode = "same";
    CHECK(f.transport.fetch("GET", EngineFixture::polling())->status() == 200);
    CHECK(f.transport.fetch("GET", EngineFixture::polling())->status() == 400);
    CHECK(f.engine.clients_count() == 1);
  }
}

TEST_CASE("sessions are limited in total and per address", "[engine][handshake]") {
  const auto from = [](const char* address) {
    auto request = socketio::MemoryTransport::make_request("GET", EngineFixture::polling());
    request.remote_address = address;
    return request;
  };
  EngineFixture f({.max_sessions = 3, .max_sessions_per_address = 2});
  const auto open = [&](const char* address) {
    const auto response = f.transport.request(from(address));
    f.run();
    return response->status();
  };
  CHECK(open("10.0.0.1") == 200);
  CHECK(open("10.0.0.1") == 200);
  CHECK(open("10.0.0.1") == 503);
  CHECK(open("10.0.0.2") == 200);
  CHECK(open("10.0.0.3") == 503);
  REQUIRE(f.refusals.size() == 2);
  CHECK(f.refusals[0].context == "name=TOO_MANY_SESSIONS ");
  f.sessions[0]->close(true);
  CHECK(open("10.0.0.1") == 200);
}

TEST_CASE("a closed engine refuses handshakes with 503 until it is opened again", "[engine][handshake]") {
  EngineFixture f;
  f.engine.close();
  CHECK(f.engine.is_closed());
  CHECK(f.transport.fetch("GET", EngineFixture::polling())->status() == 503);
  const auto client = f.transport.connect_websocket(EngineFixture::websocket());
  CHECK(client->response.status == 503);
  CHECK(client->response.body == "Service Unavailable");
  CHECK(f.refusals.empty());
  f.engine.reopen();
  CHECK(f.transport.fetch("GET", EngineFixture::polling())->status() == 200);
  CHECK(f.transport.connect_websocket(EngineFixture::websocket())->accepted);
}

TEST_CASE("invalid options are all named at once", "[engine][handshake]") {
  asio::io_context context;
  socketio::MemoryTransport transport(context);
  EngineOptions options;
  options.path = "engine io";
  options.ping_interval = 0ms;
  options.ping_timeout = -1ms;
  options.upgrade_timeout = 0ms;
  options.max_http_buffer_size = 0;
  options.transports = {false, false};
  options.initial_packet = "\xFF";
  options.cookie = socketio::CookieOptions{.name = "a b"};
  options.cors = socketio::CorsOptions{.methods = {"GET\r\n"}};
  CHECK(options.validate().size() == 10);
  CHECK_THROWS_AS(socketio::Engine(transport.scheduler(), options), std::invalid_argument);
  CHECK_THROWS_WITH(socketio::Engine(transport.scheduler(), options), Catch::Contains("ping_timeout"));
  CHECK(EngineOptions{}.validate().empty());
}
