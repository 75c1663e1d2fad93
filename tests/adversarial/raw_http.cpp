// SPDX-License-Identifier: MIT
// Requests that the engine refuses, with every code, plain and as an upgrade; and requests that the engine does not
// get.

#include "fixture.hpp"

#include <socketio/engine/engine.hpp>

#include <chrono>
#include <utility>

using namespace socketio;
using namespace socketio::test;
using namespace std::chrono_literals;

namespace {

const std::string bad_request = "400 Bad Request";
const std::string not_known = json_error(bad_request, 1, "Session ID unknown");
const std::string bad_method = json_error(bad_request, 2, "Bad handshake method");
const std::string refused = json_error(bad_request, 3, "Bad request");
const std::string unsupported = json_error(bad_request, 5, "Unsupported protocol version");

std::string at(std::string_view query) { return "/socket.io/" + std::string(query); }

/// The target of a session of the test's own.
struct Sessions {
  explicit Sessions(Attack& attack) : polling(attack), websocket(attack.open_websocket(websocket_target)) {
    polling.join();
    websocket_sid = sid_in(attack.message(*websocket));
    websocket->send(text_frame("40"));
    REQUIRE(attack.message(*websocket).substr(0, 3) == "40{");
    polling_sid = polling.target.substr(polling.target.rfind('=') + 1);
  }

  PollingAttacker polling;
  std::string polling_sid;
  ClientPtr websocket;
  std::string websocket_sid;
};

}  // namespace

TEST_CASE("a request that is not a valid handshake is refused with the code of its error", "[adversarial][http]") {
  Attack attack;
  const std::string unknown = json_error(bad_request, 0, "Transport unknown");
  struct Case {
    std::string method, query, fields, answer, log;
  };
  const auto unknown_transport = [&](std::string name) {
    return Case{"GET", "?EIO=4&transport=" + name, "", unknown, "refused 0 Transport unknown, transport=" + name};
  };
  const auto handshake_by = [&](std::string method) {
    return Case{method, "?EIO=4&transport=polling", "", bad_method, "refused 2 Bad handshake method, method=" + method};
  };
  const auto of_revision = [&](std::string eio) {
    return Case{"GET", "?transport=polling" + eio, "", unsupported,
                "refused 5 Unsupported protocol version, protocol=3"};
  };
  for (const Case& c : std::vector<Case>{
           {"GET", "", "", unknown, "refused 0 Transport unknown"},
           {"GET", "socket.io.js", "", unknown, "refused 0 Transport unknown"},
           {"GET", "?EIO=4", "", unknown, "refused 0 Transport unknown"},
           {"GET", "?EIO=4&TRANSPORT=polling", "", unknown, "refused 0 Transport unknown"},
           {"POST", "?EIO=4&sid=nobody", "", unknown, "refused 0 Transport unknown"},
           {"GET", "?EIO=4&transport=polling&transport=x", "", unknown, "refused 0 Transport unknown, transport=x"},
           {"GET", "?EIO=4&transport=%00", "", unknown, std::string("refused 0 Transport unknown, transport=") + '\0'},
           unknown_transport(""),
           unknown_transport("tobi"),
           unknown_transport("Polling"),
           unknown_transport("constructor"),
           unknown_transport("__proto__"),
           unknown_transport("webtransport"),
           {"GET", "?EIO=4&transport=polling&sid=nobody", "", not_known, "refused 1 Session ID unknown, sid=nobody"},
           {"POST", "?EIO=4&transport=polling&sid=nobody", "", not_known, "refused 1 Session ID unknown, sid=nobody"},
           {"PUT", "?EIO=4&transport=polling&sid=__proto__", "", not_known,
            "refused 1 Session ID unknown, sid=__proto__"},
           {"GET", "?EIO=3&transport=websocket&sid=nobody", "", not_known, "refused 1 Session ID unknown, sid=nobody"},
           handshake_by("POST"),
           handshake_by("PUT"),
           handshake_by("PATCH"),
           handshake_by("DELETE"),
           handshake_by("OPTIONS"),
           {"POST", "?EIO=3&transport=websocket&sid=", "", bad_method, "refused 2 Bad handshake method, method=POST"},
           {"GET", "?EIO=4&transport=websocket", "", refused, "refused 3 Bad request, name=TRANSPORT_HANDSHAKE_ERROR"},
           {"GET", "?EIO=4&transport=polling", "X-Refuse-Me: 1\r\n", refused,
            "refused 3 Bad request, name=MIDDLEWARE_FAILURE, message=as you wish"},
           of_revision(""),
           of_revision("&EIO="),
           of_revision("&EIO=3"),
           of_revision("&EIO=5"),
           of_revision("&EIO=04"),
           of_revision("&EIO=4.0"),
           of_revision("&EIO=+4"),
           of_revision("&EIO=4&EIO=3"),
           of_revision("&EIO=__proto__"),
       }) {
    CAPTURE(c.method, c.query);
    const ClientPtr client = attack.connect();
    client->send(request(c.method, at(c.query), c.fields));
    CHECK(attack.answer(*client) == c.answer);
    // The connection can still be used.
    client->send(request("GET", polling_target, c.fields) + request("GET", at("?transport=polling")));
    attack.answer(*client);
    CHECK(attack.answer(*client) == unsupported);
    Strings log{c.log, "refused 5 Unsupported protocol version, protocol=3"};
    if (!c.fields.empty()) log.insert(log.begin(), c.log);
    attack.check_aftermath(log);
  }
}

TEST_CASE("the answer to HEAD has no body", "[adversarial][http]") {
  Attack attack;
  const ClientPtr client = attack.connect();
  client->send(request("HEAD", polling_target) + request("POST", polling_target));
  CHECK(attack.answer(*client, false) == bad_method.substr(0, bad_method.find("\n\n") + 2));
  CHECK(attack.answer(*client) == bad_method);
  attack.check_aftermath(
      {"refused 2 Bad handshake method, method=HEAD", "refused 2 Bad handshake method, method=POST"});
}

TEST_CASE("a request that does not fit its session is refused and does not affect the session", "[adversarial][http]") {
  Attack attack;
  Sessions sessions(attack);
  const std::string& polling = sessions.polling_sid;
  const std::string& websocket = sessions.websocket_sid;
  const std::string mismatch = "refused 3 Bad request, name=TRANSPORT_MISMATCH, transport=";
  const std::string revision = "refused 3 Bad request, name=PROTOCOL_MISMATCH, protocol=3, previousProtocol=4";
  struct Case {
    std::string method, query, answer, log;
  };
  for (const Case& c : std::vector<Case>{
           {"GET", "?EIO=4&transport=polling&sid=" + websocket, refused,
            mismatch + "polling, previousTransport=websocket"},
           {"POST", "?EIO=4&transport=polling&sid=" + websocket, refused,
            mismatch + "polling, previousTransport=websocket"},
           {"GET", "?EIO=4&transport=websocket&sid=" + polling, refused,
            mismatch + "websocket, previousTransport=polling"},
           {"GET", "?EIO=4&transport=websocket&sid=" + websocket, refused,
            "refused 3 Bad request, name=TRANSPORT_HANDSHAKE_ERROR"},
           {"GET", "?EIO=3&transport=polling&sid=" + polling, refused, revision},
           {"POST", "?EIO=3&transport=polling&sid=" + polling, refused, revision},
           {"GET", "?transport=polling&sid=" + polling, refused, revision},
           {"PUT", "?EIO=4&transport=polling&sid=" + polling, empty_response("500 Internal Server Error"), ""},
           {"DELETE", "?EIO=4&transport=polling&sid=" + polling, empty_response("500 Internal Server Error"), ""},
           {"PATCH", "?EIO=4&transport=polling&sid=" + polling, empty_response("500 Internal Server Error"), ""},
           {"HEAD", "?EIO=4&transport=polling&sid=" + polling, empty_response("500 Internal Server Error"), ""},
           {"OPTIONS", "?EIO=4&transport=polling&sid=" + polling, empty_response("500 Internal Server Error"), ""},
       }) {
    CAPTURE(c.method, c.query);
    CHECK(attack.ask(request(c.method, at(c.query))) == c.answer);
    attack.check_aftermath(c.log.empty() ? Strings{} : Strings{c.log});
    sessions.polling.check_alive();
    check_alive(attack, *sessions.websocket);
  }
  CHECK(attack.session_count() == 2);
}

TEST_CASE("a control character in Origin is a malformed request", "[adversarial][http]") {
  Attack attack;
  const ClientPtr client = attack.connect();
  client->send(request("GET", polling_target, "Origin: http://a\x01.example\r\n"));
  CHECK(attack.last_words(*client) == "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  attack.check_aftermath({});
  CHECK(attack.session_count() == 0);
}

TEST_CASE("targets outside the path do not reach the engine", "[adversarial][http]") {
  Attack attack;
  for (const char* target :
       {"/", "//", "/other", "/socket.io?EIO=4&transport=polling", "/Socket.io/?EIO=4&transport=polling",
        "/%73ocket.io/?EIO=4&transport=polling", "/./socket.io/?EIO=4&transport=polling", "/socket.iofoo/?EIO=4",
        "http://localhost/socket.io/?EIO=4&transport=polling"}) {
    CAPTURE(target);
    CHECK(attack.ask(request("GET", target)) == empty_response("404 Not Found"));
    attack.check_aftermath({});
  }
  CHECK(attack.ask(request("OPTIONS", "*")) == empty_response("404 Not Found"));
  attack.check_aftermath({});
}

TEST_CASE("with the path / the engine reads the query of every target", "[adversarial][http]") {
  Settings settings;
  settings.server.path = "/";
  settings.server.add_trailing_slash = false;
  Attack attack(settings);
  for (const char* target : {"//", "//?x", "///socket.io/?EIO=4", "/?&&=&transport", "/%?transport=%zz%"}) {
    CAPTURE(target);
    const std::string answer = attack.ask(request("GET", target));
    CHECK(answer == json_error(bad_request, 0, "Transport unknown"));
    std::string log = "refused 0 Transport unknown";
    if (std::string_view(target).find("&transport") != std::string_view::npos) log += ", transport=";
    if (std::string_view(target).find("?transport") != std::string_view::npos) log += ", transport=%zz%";
    attack.check_aftermath({log});
  }
}

TEST_CASE("an upgrade that the engine refuses gets an answer in plain text and its connection ends",
          "[adversarial][http][upgrade]") {
  Attack attack;
  Sessions sessions(attack);
  struct Case {
    std::string request, message, log;
  };
  const std::string post_upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  const std::string sid = "&sid=" + sessions.polling_sid;
  for (const Case& c : std::vector<Case>{
           {upgrade_request(at("")), "Transport unknown", "refused 0 Transport unknown"},
           {upgrade_request(at("?EIO=4")), "Transport unknown", "refused 0 Transport unknown"},
           {upgrade_request(at("?EIO=4&transport=__proto__")), "Transport unknown",
            "refused 0 Transport unknown, transport=__proto__"},
           {upgrade_request(at("?EIO=4&transport=constructor&sid=x")), "Transport unknown",
            "refused 0 Transport unknown, transport=constructor"},
           {upgrade_request(at("?EIO=4&transport=webtransport")), "Transport unknown",
            "refused 0 Transport unknown, transport=webtransport"},
           {upgrade_request(at("?EIO=4&transport=websocket&sid=nobody")), "Session ID unknown",
            "refused 1 Session ID unknown, sid=nobody"},
           {request("POST", websocket_target, post_upgrade), "Bad handshake method",
            "refused 2 Bad handshake method, method=POST"},
           {request("OPTIONS", websocket_target, post_upgrade), "Bad handshake method",
            "refused 2 Bad handshake method, method=OPTIONS"},
           {upgrade_request(websocket_target, "X-Refuse-Me: 1\r\n"), "Bad request",
            "refused 3 Bad request, name=MIDDLEWARE_FAILURE, message=as you wish"},
           {upgrade_request(at("?EIO=3&transport=websocket" + sid)), "Bad request",
            "refused 3 Bad request, name=PROTOCOL_MISMATCH, protocol=3, previousProtocol=4"},
           {upgrade_request(at("?transport=websocket" + sid)), "Bad request",
            "refused 3 Bad request, name=PROTOCOL_MISMATCH, protocol=3, previousProtocol=4"},
           {upgrade_request(at("?EIO=3&transport=websocket")), "Unsupported protocol version",
            "refused 5 Unsupported protocol version, protocol=3"},
           {upgrade_request(at("?transport=websocket")), "Unsupported protocol version",
            "refused 5 Unsupported protocol version, protocol=3"},
       }) {
    CAPTURE(c.request);
    const ClientPtr client = attack.connect();
    client->send(c.request + text_frame("never read"));
    CHECK(attack.answer(*client) == raw_error(bad_request, c.message));
    CHECK(attack.last_words(*client) == "");
    attack.check_aftermath({c.log});
    sessions.polling.check_alive();
  }
  CHECK(attack.session_count() == 2);
}

TEST_CASE("a malformed WebSocket handshake is refused as ws refuses it", "[adversarial][http][upgrade]") {
  Attack attack;
  PollingAttacker session(attack);
  session.join();
  const std::string sid = session.target.substr(session.target.find("&sid="));
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::string version = "Sec-WebSocket-Version: 13\r\n";
  const std::string upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  const std::string no_key = raw_error(bad_request, "Missing or invalid Sec-WebSocket-Key header", "Content-Type");
  const std::string no_version = response(bad_request, "Content-Type: text/html\nSec-WebSocket-Version: 13, 8\n",
                                          "Missing or invalid Sec-WebSocket-Version header", false);
  const std::string bad_protocol = raw_error(bad_request, "Invalid Sec-WebSocket-Protocol header", "Content-Type");
  struct Case {
    std::string fields, answer;
  };
  for (const Case& c : std::vector<Case>{
           {"Connection: Upgrade\r\nUpgrade: h2c\r\n" + key + version,
            raw_error(bad_request, "Invalid Upgrade header", "Content-Type")},
           {"Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n" + key + version,
            raw_error(bad_request, "Invalid Upgrade header", "Content-Type")},
           {upgrade + version, no_key},
           {upgrade + version + "Sec-WebSocket-Key: \r\n", no_key},
           {upgrade + version + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n", no_key},
           {upgrade + version + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQAA\r\n", no_key},
           {upgrade + version + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j-Q==\r\n", no_key},
           {upgrade + version + key + key, no_key},
           {upgrade + key, no_version},
           {upgrade + key + "Sec-WebSocket-Version: 7\r\n", no_version},
           {upgrade + key + "Sec-WebSocket-Version: 14\r\n", no_version},
           {upgrade + key + "Sec-WebSocket-Version: thirteen\r\n", no_version},
           {upgrade + key + version + version, no_version},
           {upgrade + key + version + "Sec-WebSocket-Protocol: \r\n", bad_protocol},
           {upgrade + key + version + "Sec-WebSocket-Protocol: a,,b\r\n", bad_protocol},
           {upgrade + key + version + "Sec-WebSocket-Protocol: a b\r\n", bad_protocol},
           {upgrade + key + version + "Sec-WebSocket-Protocol: a, a\r\n", bad_protocol},
       }) {
    CAPTURE(c.fields);
    for (const std::string& target : {std::string(websocket_target), websocket_target + sid}) {
      CAPTURE(target);
      const ClientPtr client = attack.connect();
      client->send(request("GET", target, c.fields));
      CHECK(attack.answer(*client) == c.answer);
      CHECK(attack.last_words(*client) == "");
      attack.check_aftermath({});
    }
    session.check_alive();
  }
  SECTION("with another method than GET, for a session") {
    for (const char* method : {"POST", "PUT", "HEAD"}) {
      CAPTURE(method);
      const ClientPtr client = attack.connect();
      client->send(request(method, websocket_target + sid, upgrade + key + version));
      const bool is_head = method == std::string("HEAD");
      const std::string expected = raw_error("405 Method Not Allowed", "Invalid HTTP method", "Content-Type");
      CHECK(attack.answer(*client, !is_head) == (is_head ? expected.substr(0, expected.find("\n\n") + 2) : expected));
      attack.last_words(*client);
      attack.check_aftermath({});
      session.check_alive();
    }
  }
  SECTION("with a body") {
    const ClientPtr client = attack.connect();
    client->send(upgrade_request(websocket_target, "Content-Length: 3\r\n") + "abc");
    CHECK(attack.answer(*client) == raw_error(bad_request, "Unexpected body", "Content-Type"));
    CHECK(attack.last_words(*client) == "");
    attack.check_aftermath({});
  }
  CHECK(attack.session_count() == 1);
}

TEST_CASE("an upgrade outside the path is ended without an answer", "[adversarial][http][upgrade]") {
  Settings settings;
  settings.server.destroy_upgrade_timeout = 1ms;
  Attack attack(settings);
  for (const char* target : {"/", "/other", "/socket.io?EIO=4&transport=websocket"}) {
    const ClientPtr client = attack.connect();
    client->send(upgrade_request(target) + text_frame("never read"));
    CHECK(attack.last_words(*client) == "");
    attack.check_aftermath({});
  }
}

TEST_CASE("a client that allow_request refuses gets the message of the refusal", "[adversarial][http]") {
  struct Case {
    const char* why;
    const char* json;
    const char* plain;
    const char* details;
  };
  for (const Case& c : std::vector<Case>{{"", "Forbidden", "Forbidden", ""},
                                         {"Sorry", "Sorry", "Sorry", ", message=Sorry"},
                                         {"\"\\\r\n\x1f\xc3\xa9", "\\\"\\\\\\r\\n\\u001f\xc3\xa9",
                                          "\"\\\r\n\x1f\xc3\xa9", ", message=\"\\\r\n\x1f\xc3\xa9"}}) {
    CAPTURE(c.why);
    Settings settings;
    settings.server.allow_request = [&c](const HttpRequest& request, Verdict verdict) {
      if (request.headers.contains("X-Forbid-Me"))
        verdict.refuse(c.why);
      else
        verdict.allow();
    };
    Attack attack(settings);
    CHECK(attack.ask(request("GET", polling_target, "X-Forbid-Me: 1\r\n")) == json_error("403 Forbidden", 4, c.json));
    attack.check_aftermath({std::string("refused 4 Forbidden") + c.details});
    // allow_request is asked before the revision is checked.
    CHECK(attack.ask(request("GET", at("?EIO=3&transport=polling"), "X-Forbid-Me: 1\r\n")) ==
          json_error("403 Forbidden", 4, c.json));
    attack.check_aftermath({std::string("refused 4 Forbidden") + c.details});

    const ClientPtr client = attack.connect();
    client->send(upgrade_request(websocket_target, "X-Forbid-Me: 1\r\n"));
    CHECK(attack.answer(*client) == raw_error(bad_request, c.plain));
    CHECK(attack.last_words(*client) == "");
    attack.check_aftermath({std::string("refused 4 Forbidden") + c.details});
    CHECK(attack.session_count() == 0);
  }
}

TEST_CASE("a handshake is refused if generate_id fails", "[adversarial][http]") {
  Settings settings;
  int made = 0;
  settings.server.generate_id = [&made](const HttpRequest& request, SessionIdReply reply) {
    if (request.headers.contains("X-No-Id"))
      reply.fail("no id today");
    else
      reply("id" + std::to_string(++made));
  };
  Attack attack(settings);
  const std::string log = "refused 3 Bad request, name=ID_GENERATION_ERROR, error=no id today";
  CHECK(attack.ask(request("GET", polling_target, "X-No-Id: 1\r\n")) == refused);
  attack.check_aftermath({log});
  const ClientPtr client = attack.connect();
  client->send(upgrade_request(websocket_target, "X-No-Id: 1\r\n"));
  CHECK(attack.answer(*client) == raw_error(bad_request, "Bad request"));
  CHECK(attack.last_words(*client) == "");
  attack.check_aftermath({log});
  CHECK(attack.session_count() == 0);
}

TEST_CASE("error responses have CORS headers but no headers of hooks", "[adversarial][http][cors]") {
  Settings settings;
  settings.server.cors_delegate = [](const HttpRequest& request) {
    return request.headers.contains("Origin") ? std::optional(CorsOptions{}) : std::nullopt;
  };
  Attack attack(settings);
  CHECK(attack.ask(request("GET", at("?EIO=4&transport=tobi"), "Origin: http://a.example\r\n")) ==
        response(bad_request, "Access-Control-Allow-Origin: *\nContent-Type: application/json\n",
                 R"({"code":0,"message":"Transport unknown"})"));
  attack.check_aftermath({"refused 0 Transport unknown, transport=tobi"});
}

TEST_CASE("CORS settings that are chosen later are on the response, and the client may leave before",
          "[adversarial][http][cors]") {
  std::vector<CorsReply> waiting;
  Settings settings;
  settings.server.cors_delegate = [&](const HttpRequest& request, const CorsReply& reply) {
    if (!request.headers.contains("Origin")) return reply(std::nullopt);
    waiting.push_back(reply);
  };
  Attack attack(settings);
  const std::string from_page = request("GET", at("?EIO=4&transport=tobi"), "Origin: http://a.example\r\n");
  const ClientPtr client = attack.connect();
  client->send(from_page);
  REQUIRE(attack.until([&] { return waiting.size() == 1; }));
  waiting[0](CorsOptions{
      .origin = CorsOrigin::chosen_by([](std::string_view, const CorsOriginReply& reply) { reply(true); })});
  CHECK(attack.answer(*client) == response(bad_request,
                                           "Access-Control-Allow-Origin: http://a.example\nVary: Origin\n"
                                           "Content-Type: application/json\n",
                                           R"({"code":0,"message":"Transport unknown"})"));
  attack.check_aftermath({"refused 0 Transport unknown, transport=tobi"});

  ClientPtr impatient = attack.connect();
  impatient->send(request("GET", polling_target, "Origin: http://a.example\r\n"));
  REQUIRE(attack.until([&] { return waiting.size() == 2; }));
  impatient.reset();
  attack.check_aftermath({});
  waiting[1].fail("no database");
  attack.check_aftermath({"refused 3 Bad request, name=MIDDLEWARE_FAILURE, message=no database"});
  CHECK(attack.session_count() == 0);

  client->send(from_page);
  REQUIRE(attack.until([&] { return waiting.size() == 3; }));
  waiting.clear();
  CHECK(attack.last_words(*client) == "");
  attack.check_aftermath({});
}

TEST_CASE("a Cookie header of many cookies is read up to the limit", "[adversarial][http]") {
  std::vector<std::size_t> counts;
  Settings settings;
  settings.server.allow_request = [&](const HttpRequest& request, const Verdict& verdict) {
    if (!request.headers.contains("Cookie")) return verdict.allow();
    counts.push_back(request.cookies().size());
    verdict.refuse();
  };
  Attack attack(settings);
  std::string cookies;
  for (int i = 0; i < 3000; ++i) cookies += "a=b;";
  CHECK(attack.ask(request("GET", polling_target, "Cookie: " + cookies + "\r\n")) ==
        json_error("403 Forbidden", 4, "Forbidden"));
  CHECK(attack.ask(request("GET", polling_target, "Cookie: ;=;%;\"=\"\xFF;=\r\nCookie: a=\"\r\n")) ==
        json_error("403 Forbidden", 4, "Forbidden"));
  CHECK(counts == std::vector<std::size_t>{Cookies::max_count, 4});
  attack.check_aftermath({"refused 4 Forbidden", "refused 4 Forbidden"});
}

TEST_CASE("a disabled transport is an unknown transport", "[adversarial][http]") {
  SECTION("an upgrade request is a plain request if WebSocket is disabled") {
    Settings settings;
    settings.server.transports.websocket = false;
    Attack attack(settings);
    const std::string answer = json_error(bad_request, 0, "Transport unknown");
    CHECK(attack.ask(upgrade_request(websocket_target)) == answer);
    CHECK(attack.ask(request("GET", websocket_target)) == answer);
    const std::string log = "refused 0 Transport unknown, transport=websocket";
    attack.check_aftermath({log, log});
  }
  SECTION("a polling request if polling is disabled") {
    Settings settings;
    settings.server.transports.polling = false;
    Attack attack(settings);
    CHECK(attack.ask(request("GET", polling_target)) == json_error(bad_request, 0, "Transport unknown"));
    const ClientPtr client = attack.connect();
    client->send(upgrade_request(polling_target));
    CHECK(attack.answer(*client) == raw_error(bad_request, "Transport unknown"));
    CHECK(attack.last_words(*client) == "");
    const std::string log = "refused 0 Transport unknown, transport=polling";
    attack.check_aftermath({log, log});
  }
}

TEST_CASE("a server with max_sessions sessions refuses the next handshake", "[adversarial][http]") {
  Settings settings;
  settings.server.max_sessions = 3;
  Attack attack(settings);
  const PollingAttacker last(attack);
  const std::string too_many = "refused 3 Bad request, name=TOO_MANY_SESSIONS";
  CHECK(attack.ask(request("GET", polling_target)) == json_error("503 Service Unavailable", 3, "Bad request"));
  attack.check_aftermath({too_many});
  const ClientPtr client = attack.connect();
  client->send(upgrade_request(websocket_target));
  CHECK(attack.answer(*client) == raw_error("503 Service Unavailable", "Bad request"));
  CHECK(attack.last_words(*client) == "");
  attack.check_aftermath({too_many});
}

TEST_CASE("a server that is closing refuses new handshakes", "[adversarial][http]") {
  Settings settings;
  std::vector<Verdict> verdicts;
  bool waits = false;
  settings.server.allow_request = [&](const HttpRequest&, Verdict verdict) {
    if (waits)
      verdicts.push_back(std::move(verdict));
    else
      verdict.allow();
  };
  Attack attack(settings);
  waits = true;
  const ClientPtr polling = attack.connect();
  const ClientPtr websocket = attack.connect();
  polling->send(request("GET", polling_target));
  websocket->send(upgrade_request(websocket_target));
  REQUIRE(attack.until([&] { return verdicts.size() == 2; }));
  attack.close_engine();
  for (const Verdict& verdict : std::exchange(verdicts, {})) verdict.allow();
  CHECK(attack.answer(*polling) ==
        "HTTP/1.1 503 Service Unavailable\nConnection: close\nContent-Length: 0\nRetry-After: 1\n\n");
  CHECK(
      attack.answer(*websocket) ==
      "HTTP/1.1 503 Service Unavailable\nConnection: close\nContent-Length: 19\nContent-type: text/html\nRetry-After: "
      "1\n\nService Unavailable");
  CHECK(attack.last_words(*websocket) == "");
}
