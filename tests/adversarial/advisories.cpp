// SPDX-License-Identifier: MIT
// What advisories of other servers describe, and no other file of tests sends: see docs/advisories.md.

#include "fixture.hpp"

#include <string>

using namespace socketio::test;

TEST_CASE("a session id with the name of a JavaScript member is an unknown id", "[adversarial][http][advisories]") {
  Attack attack;
  for (const std::string id : {"__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "%5F_proto__"}) {
    const std::string name = id.front() == '%' ? "__proto__" : id;
    CAPTURE(id);
    for (const char* method : {"GET", "POST"}) {
      CHECK(attack.ask(request(method, polling_target + ("&sid=" + id))) ==
            json_error("400 Bad Request", 1, "Session ID unknown"));
      attack.check_aftermath({"refused 1 Session ID unknown, sid=" + name});
    }
    CHECK(attack.ask(upgrade_request(websocket_target + ("&sid=" + id))) ==
          raw_error("400 Bad Request", "Session ID unknown"));
    attack.check_aftermath({"refused 1 Session ID unknown, sid=" + name});
  }
  CHECK(attack.session_count() == 0);
}

TEST_CASE("a session id that is given several times, or is very long, finds no session of another client",
          "[adversarial][http][advisories]") {
  Attack attack;
  PollingAttacker victim(attack);
  victim.join();
  const std::string sid = victim.target.substr(victim.target.rfind('=') + 1);
  for (const std::string& wrong :
       {"&sid=" + sid + "&sid=x", "&sid=" + sid.substr(1), "&sid=" + sid + "%00", "&sid=" + std::string(8000, 'x')}) {
    CAPTURE(wrong);
    CHECK(attack.ask(request("POST", polling_target + wrong, {}, "41")) ==
          json_error("400 Bad Request", 1, "Session ID unknown"));
    attack.check_aftermath({"refused 1 Session ID unknown, sid=*"});
  }
  victim.check_alive();
}

TEST_CASE("a client may reset its connection while an upgrade is refused", "[adversarial][http][advisories]") {
  Attack attack;
  for (int i = 0; i < 20; ++i) {
    const ClientPtr client = attack.connect();
    client->send(upgrade_request("/socket.io/?EIO=4&transport=unknown"));
    CHECK(attack.until([&] { return client->all_sent(); }));
    client->reset();
  }
  CHECK(attack.ask(request("GET", "/socket.io/?EIO=4&transport=__proto__")) ==
        json_error("400 Bad Request", 0, "Transport unknown"));
  CHECK(attack.session_count() == 0);
}

TEST_CASE("the server does not look into the Host field", "[adversarial][http][advisories]") {
  Attack attack;
  for (const std::string host :
       {"", ":", "[::1", "a:99999999999999999999", "user@evil.example/../?#", "localhost:80:80"}) {
    CAPTURE(host);
    const ClientPtr client = attack.connect();
    client->send("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    CHECK(sid_in(attack.answer(*client)).size() == 20);
  }
  attack.check_aftermath({});
}

TEST_CASE("names of JavaScript members are data in every place", "[adversarial][socketio][advisories]") {
  Attack attack;
  const ClientPtr client = open_joined(attack);
  client->send(text_frame(R"(421["echo",{"__proto__":{"polluted":1},"constructor":2}])"));
  CHECK(attack.message(*client) == R"(431[{"__proto__":{"polluted":1},"constructor":2}])");
  client->send(text_frame(R"(42["__proto__"])"));
  client->send(text_frame(R"(42["constructor",1])"));
  check_alive(attack, *client);
  client->send(text_frame("40/__proto__,"));
  CHECK(attack.message(*client) == R"(44/__proto__,{"message":"Invalid namespace"})");
  check_alive(attack, *client);
}

TEST_CASE("an extension with the name of a JavaScript member is ignored", "[adversarial][http][advisories]") {
  Attack attack;
  const ClientPtr client = attack.connect();
  client->send(upgrade_request(websocket_target, "Sec-WebSocket-Extensions: constructor, __proto__; toString=1\r\n"));
  const std::string head = attack.answer(*client, false);
  CHECK(head.substr(0, 34) == "HTTP/1.1 101 Switching Protocols\nC");
  CHECK(head.find("Extensions") == std::string::npos);
}
