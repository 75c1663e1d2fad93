// SPDX-License-Identifier: MIT
// Functions of all tests of bad input: HTTP, Engine.IO and Socket.IO from the client's side.

#include "fixture.hpp"

#include <algorithm>
#include <utility>

namespace socketio::test {

std::string request(std::string_view method, std::string_view target, std::string_view fields, std::string_view body) {
  std::string text(method);
  text += ' ';
  text += target;
  text += " HTTP/1.1\r\nHost: localhost\r\n";
  text += fields;
  if (!body.empty() || method == "POST") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text += "\r\n";
  return text += body;
}

std::string upgrade_request(std::string_view target, std::string_view fields) {
  return request("GET", target,
                 "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
                     std::string(fields));
}

std::string response(std::string_view status, std::string_view fields, std::string_view body, bool keep_alive) {
  RawResponse whole;
  whole.status_line = "HTTP/1.1 " + std::string(status);
  whole.fields = {{"Connection", keep_alive ? "keep-alive" : "close"}, {"Content-Length", std::to_string(body.size())}};
  while (!fields.empty()) {
    const std::string_view line = fields.substr(0, fields.find('\n'));
    const std::size_t colon = line.find(": ");
    whole.fields.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    fields.remove_prefix(line.size() + 1);
  }
  whole.body = body;
  return whole.text();
}

std::string json_error(std::string_view status, int code, std::string_view message) {
  return response(status, "Content-Type: application/json\n",
                  R"({"code":)" + std::to_string(code) + R"(,"message":")" + std::string(message) + R"("})");
}

std::string raw_error(std::string_view status, std::string_view message, std::string_view type_name) {
  return response(status, std::string(type_name) + ": text/html\n", message, false);
}

std::string empty_response(std::string_view status, bool keep_alive) { return response(status, {}, {}, keep_alive); }

std::string poll_answer(std::string_view payload) {
  return response("200 OK", "Content-Type: text/plain; charset=UTF-8\nX-Hook: headers\ncache-control: no-store\n",
                  payload);
}

std::string post_answer() {
  return response("200 OK", "Content-Type: text/html\nX-Hook: headers\ncache-control: no-store\n", "ok");
}

std::string hex(std::string_view bytes) {
  std::string digits;
  for (const char c : bytes) {
    for (const int shift : {4, 0}) digits += "0123456789abcdef"[static_cast<unsigned char>(c) >> shift & 0xF];
  }
  return digits;
}

std::string sid_in(std::string_view text) {
  const std::size_t at = text.find(R"("sid":")");
  if (at == std::string_view::npos) {
    FAIL("no sid in " << text);
    return {};
  }
  text.remove_prefix(at + 7);
  return std::string(text.substr(0, text.find('"')));
}

std::string Attack::answer(RawClient& client, bool has_body) {
  std::optional<RawResponse> taken;
  until([&] { return (taken = take_response(client.received, has_body)) || client.ended; });
  if (!taken) return "no answer, but: " + client.received;
  taken->fields.erase(std::remove_if(taken->fields.begin(), taken->fields.end(),
                                     [](const auto& field) { return field.first == "Keep-Alive"; }),
                      taken->fields.end());
  return taken->text();
}

std::string Attack::ask(std::string_view request) {
  const ClientPtr client = connect();
  client->send(request);
  return answer(*client);
}

std::string Attack::last_words(RawClient& client) {
  return until([&] { return client.ended; }) ? std::exchange(client.received, {})
                                             : "not ended, but: " + client.received;
}

ClientPtr Attack::open_websocket(const std::string& target, std::string_view sent_along) {
  ClientPtr client = connect();
  client->send(upgrade_request(target) + std::string(sent_along));
  const std::string head = answer(*client, false);
  INFO(head);
  REQUIRE(head.substr(0, 34) == "HTTP/1.1 101 Switching Protocols\nC");
  return client;
}

std::string Attack::message(RawClient& client) {
  std::optional<ServerFrame> frame;
  until([&] { return (frame = take_server_frame(client.received)) || client.ended; });
  if (!frame) return "no message, but: " + hex(client.received);
  if (frame->opcode == Opcode::text) return frame->payload;
  return "opcode " + std::to_string(static_cast<unsigned>(frame->opcode)) + ": " + hex(frame->payload);
}

std::string Attack::websocket_end(RawClient& client) {
  std::string seen;
  std::optional<ServerFrame> frame;
  do {
    std::string rest = client.received;
    until([&] { return (frame = take_server_frame(rest = client.received)) || client.ended; });
    if (!frame) return hex(seen + client.received) + (client.ended ? ", ended" : ", not ended");
    seen.append(client.received, 0, client.received.size() - rest.size());
    client.received = std::move(rest);
  } while (frame->opcode != Opcode::close);
  if (!client.ended) client.send(client_frame(Opcode::close, frame->payload));
  return hex(seen + last_words(client));
}

PollingAttacker::PollingAttacker(Attack& attack) : poll(attack.connect()), post(attack.connect()), attack_(attack) {
  poll->send(request("GET", polling_target));
  target = polling_target + ("&sid=" + sid_in(attack_.answer(*poll)));
}

void PollingAttacker::join(const std::string& nsp) {
  const std::string prefix = "40" + (nsp.empty() ? "" : nsp + ",");
  send_post(prefix);
  REQUIRE(post_answered() == post_answer());
  send_poll();
  const std::string answered = poll_answered();
  REQUIRE(answered == poll_answer(prefix + R"({"sid":")" + sid_in(answered) + "\"}"));
}

void PollingAttacker::check_alive() {
  send_post(R"(4277["echo","alive"])");
  CHECK(post_answered() == post_answer());
  send_poll();
  CHECK(poll_answered() == poll_answer(R"(4377["alive"])"));
}

void PollingAttacker::check_gone() {
  CHECK(attack_.ask(request("GET", target)) == json_error("400 Bad Request", 1, "Session ID unknown"));
  attack_.check_aftermath({"refused 1 Session ID unknown, sid=" + target.substr(target.rfind('=') + 1)});
}

ClientPtr open_joined(Attack& attack, const Strings& namespaces) {
  ClientPtr client = attack.open_websocket(websocket_target);
  REQUIRE(attack.message(*client).substr(0, 2) == "0{");
  for (const std::string& nsp : namespaces) {
    const std::string prefix = "40" + (nsp.empty() ? "" : nsp + ",");
    client->send(text_frame(prefix));
    const std::string answered = attack.message(*client);
    REQUIRE(answered == prefix + R"({"sid":")" + sid_in(answered) + "\"}");
  }
  return client;
}

void check_alive(Attack& attack, RawClient& client) {
  client.send(text_frame(R"(4277["echo","alive"])"));
  CHECK(attack.message(client) == R"(4377["alive"])");
  CHECK(hex(client.received) == "");
}

}  // namespace socketio::test
