// SPDX-License-Identifier: MIT
// Input that is not HTTP, or too much of it: malformed heads and bodies, smuggling, limits, clients that never finish.

#include "fixture.hpp"

#include <chrono>
#include <utility>

using namespace socketio::test;
using namespace std::chrono_literals;

namespace {

/// The answer to unreadable input, as in Node.js.
std::string refusal(std::string_view status) {
  return "HTTP/1.1 " + std::string(status) + "\r\nConnection: close\r\n\r\n";
}

const std::string bad_request = refusal("400 Bad Request");
const std::string head_too_large = refusal("431 Request Header Fields Too Large");

std::string with_zero(std::string text, char mark = '0') {
  for (char& c : text)
    if (c == mark) c = '\0';
  return text;
}

/// Sends bytes on a connection of its own, then bytes that the server must ignore.
void check_refused(Attack& attack, const std::string& bytes, const std::string& answer) {
  const ClientPtr client = attack.connect();
  client->send(bytes + request("GET", polling_target));
  CHECK(attack.last_words(*client) == answer);
  attack.check_aftermath({});
  CHECK(attack.session_count() == 0);
}

}  // namespace

TEST_CASE("input that is not HTTP is refused and the connection ends", "[adversarial][http][syntax]") {
  Attack attack;
  const std::string host = "Host: localhost\r\n";
  const std::string get = "GET " + std::string(polling_target) + " HTTP/1.1\r\n";
  for (const std::string& bytes : Strings{
           "hello\r\n\r\n",
           "\x01\x02\x03\x04",
           "\x16\x03\x01\x02\x05\x01\x0c\xfc\x03\x03",  // TLS
           "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
           "GET\r\n" + host + "\r\n",
           "GET / \r\n" + host + "\r\n",
           "GET /\r\n" + host + "\r\n",
           "GET  HTTP/1.1\r\n" + host + "\r\n",
           "GET / HTTP/1.2\r\n" + host + "\r\n",
           "GET / HTTP/0.9\r\n" + host + "\r\n",
           "GET / HTTP/2.0\r\n" + host + "\r\n",
           "GET / http/1.1\r\n" + host + "\r\n",
           "GET / HTTP/1.1 \r\n" + host + "\r\n",
           "GET /a b HTTP/1.1\r\n" + host + "\r\n",
           "GET socket.io HTTP/1.1\r\n" + host + "\r\n",
           with_zero("GET /0 HTTP/1.1\r\n") + host + "\r\n",
           "get / HTTP/1.1\r\n" + host + "\r\n",
           "FETCH / HTTP/1.1\r\n" + host + "\r\n",
           "CONNECT a:1 HTTP/1.1\r\n" + host + "\r\n",
           " GET / HTTP/1.1\r\n" + host + "\r\n",
           get + "\r\n",  // no Host
           get + host + host + "\r\n",
           get + host + "no colon\r\n\r\n",
           get + host + "space : before\r\n\r\n",
           get + host + ": no name\r\n\r\n",
           get + host + "(a): b\r\n\r\n",
           get + " folded: b\r\n" + host + "\r\n",
           get + host + "X: a\r\n b\r\n\r\n",
           get + host + with_zero("X: 0\r\n\r\n"),
           get + host + "X: a\rb\r\n\r\n",
           get + host + "X: a\nY: b\r\n\r\n",
           get + host + "X: a\n\n",
           get + host + "X: \x7f\r\n\r\n",
       }) {
    CAPTURE(bytes);
    check_refused(attack, bytes, bad_request);
  }
}

TEST_CASE("a body whose length is ambiguous is refused", "[adversarial][http][syntax]") {
  Attack attack;
  for (const char* fields : {
           "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
           "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
           "Content-Length: 3\r\nContent-Length: 3\r\n",
           "Content-Length: 3\r\nContent-Length: 4\r\n",
           "Content-Length: 3, 3\r\n",
           "Content-Length: -3\r\n",
           "Content-Length: +3\r\n",
           "Content-Length: 0x3\r\n",
           "Content-Length: 3 3\r\n",
           "Content-Length: three\r\n",
           "Content-Length: \r\n",
           "Content-Length: 18446744073709551616\r\n",
           "Transfer-Encoding: gzip\r\n",
           "Transfer-Encoding: chunked, identity\r\n",
           "Transfer-Encoding: xchunked\r\n",
           "Transfer-Encoding: \r\n",
           "Transfer-Encoding : chunked\r\n",
       }) {
    CAPTURE(fields);
    const std::string head = "POST " + std::string(polling_target) + "&sid=x HTTP/1.1\r\nHost: localhost\r\n" + fields;
    check_refused(attack, head + "\r\nabc", bad_request);
  }
  SECTION("chunks in HTTP/1.0") {
    check_refused(attack, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", bad_request);
  }
  SECTION("chunks inside another transfer coding") {
    check_refused(attack, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                  refusal("501 Not Implemented"));
  }
  SECTION("an expectation other than 100-continue") {
    check_refused(attack, "POST / HTTP/1.1\r\nHost: a\r\nExpect: the best\r\nContent-Length: 1\r\n\r\n",
                  refusal("417 Expectation Failed"));
  }
}

TEST_CASE("a head that is too large is refused", "[adversarial][http][limits]") {
  Attack attack;
  const std::string start = "GET " + std::string(polling_target) + " HTTP/1.1\r\nHost: localhost\r\n";
  check_refused(attack, "GET /" + std::string(20'000, 'a'), head_too_large);
  check_refused(attack, start + "X: " + std::string(20'000, 'a'), head_too_large);
  check_refused(attack, start + std::string(20'000, 'a'), head_too_large);
  std::string many = start;
  for (int i = 0; i < 2'000; ++i) many += "a:\r\n";
  check_refused(attack, many + "\r\n", head_too_large);
  std::string endless;
  for (int i = 0; i < 10'000; ++i) endless += "\r\n";
  check_refused(attack, endless, head_too_large);
  SECTION("but not a head of exactly the limit") {
    const std::string head = start + "X: " + std::string(16 * 1024 - start.size() - 7, 'a') + "\r\n\r\n";
    REQUIRE(head.size() == 16 * 1024);
    const ClientPtr client = attack.connect();
    client->send(head);
    CHECK(attack.answer(*client).substr(0, 15) == "HTTP/1.1 200 OK");
    CHECK(attack.session_count() == 1);
  }
}

TEST_CASE("malformed chunks end the session of their request", "[adversarial][http][syntax]") {
  struct Case {
    std::string body, answer;
  };
  const std::string too_large = refusal("413 Payload Too Large");
  Attack attack;
  for (const Case& c : std::vector<Case>{
           {"x\r\n", bad_request},
           {"\r\n", bad_request},
           {"-1\r\n", bad_request},
           {" 1\r\n4\r\n0\r\n\r\n", bad_request},
           {"0x1\r\n4\r\n0\r\n\r\n", bad_request},
           {"1 \r\n4\r\n0\r\n\r\n", bad_request},
           {"1\n4\r\n0\r\n\r\n", bad_request},
           {"1\r4\r\n0\r\n\r\n", bad_request},
           {"1\r\n42\r\n0\r\n\r\n", bad_request},
           {"1\r\n4\n0\r\n\r\n", bad_request},
           {"1\r\n4\r\n0\r\nX\x01: a\r\n\r\n", bad_request},
           {"1\r\n4\r\n0\r\n folded\r\n\r\n", bad_request},
           {"fffffffffffffffff\r\n", bad_request},
           {std::string(20'000, '0'), bad_request},
           {"1;" + std::string(20'000, 'a'), too_large},
           {"1\r\n4\r\n0\r\nX: " + std::string(20'000, 'a'), head_too_large},
       }) {
    CAPTURE(c.body.substr(0, 40), c.body.size());
    PollingAttacker session(attack);
    session.join();
    session.send_poll();
    session.post->send(request("GET", "/settled"));
    CHECK(session.post_answered() == empty_response("404 Not Found"));
    session.post->send("POST " + session.target + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
                       c.body + request("GET", polling_target));
    CHECK(attack.last_words(*session.post) == c.answer);
    CHECK(session.poll_answered() == poll_answer("1"));
    attack.check_aftermath({"disconnect /: transport error, data request connection closed prematurely"});
    session.check_gone();
    CHECK(attack.session_count() == 0);
  }
}

TEST_CASE("a client that never finishes its request is disconnected, a client that waits in a poll is not",
          "[adversarial][http][timeouts]") {
  Settings settings;
  settings.transport.head_timeout = 200ms;
  settings.transport.request_timeout = 200ms;
  Attack attack(settings);
  const std::string timeout = refusal("408 Request Timeout");
  for (const char* start :
       {"", "G", "GET / HTTP/1.1\r\nHost: a\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1"}) {
    CAPTURE(start);
    const ClientPtr client = attack.connect();
    client->send(start);
    CHECK(attack.last_words(*client) == timeout);
    attack.check_aftermath({});
  }
  PollingAttacker session(attack);
  session.join();
  session.post->send("POST " + session.target + " HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n4");
  CHECK(attack.last_words(*session.post) == timeout);
  attack.check_aftermath({"disconnect /: transport error, data request connection closed prematurely"});
}

TEST_CASE("the server keeps nothing of a client that disconnects in the middle of a request",
          "[adversarial][http][abort]") {
  Attack attack;
  for (const char* start : {"", "G", "GET / HTTP/1.1\r\nHost: a\r\n",
                            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket"}) {
    for (const bool by_reset : {false, true}) {
      CAPTURE(start, by_reset);
      const ClientPtr client = attack.connect();
      client->send(start);
      by_reset ? client->reset() : client->close();
      attack.check_aftermath({});
    }
  }
  SECTION("while the server refuses its upgrade") {
    for (int i = 0; i < 20; ++i) {
      const ClientPtr client = attack.connect();
      client->send(upgrade_request("/socket.io/?EIO=4&transport=tobi"));
      client->reset();
    }
    for (int i = 0; i < 20; ++i) {
      const ClientPtr client = attack.connect();
      client->send(upgrade_request(websocket_target));
      client->reset();
    }
    CHECK(attack.until([&] { return attack.session_count() == 0; }));
  }
}

TEST_CASE("a client that floods with requests waits for their answers", "[adversarial][http][pipelining]") {
  Attack attack;
  const ClientPtr client = attack.connect();
  const std::string one = request("GET", "/socket.io/?EIO=3&transport=polling");
  std::string many;
  for (int i = 0; i < 1'000; ++i) many += one;
  client->send(many);
  const std::string answer = response("400 Bad Request", "Content-Type: application/json\n",
                                      R"({"code":5,"message":"Unsupported protocol version"})");
  int right = 0;
  for (int i = 0; i < 1'000; ++i) right += attack.answer(*client) == answer;
  CHECK(right == 1'000);
  attack.check_aftermath(Strings(1'000, "refused 5 Unsupported protocol version, protocol=3"));
}
