// SPDX-License-Identifier: MIT
// The fixture of all tests of bad input: a Socket.IO server on a TCP port, a client that attacks it, and two bystanders
// that must not notice. The server itself is compiled once, in server.cpp.
#pragma once

#include <socketio/core/options.hpp>
#include <socketio/transport/asio_options.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/raw_client.hpp>
#include <tests/support/websocket_frames.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace socketio::test {

using Strings = std::vector<std::string>;

struct Settings {
  ServerOptions server{};
  AsioTransportOptions transport{};
};

/// The server under attack, on the thread of the test.
///
/// Namespaces: "/" and "/n" answer `echo` with its argument and disconnect the socket on `dismiss`; the middleware of
/// "/slow" never lets a client pass. Engine middleware refuses requests with the field `X-Refuse-Me`.
class Attack {
 public:
  explicit Attack(Settings settings = {});
  ~Attack();

  ClientPtr connect(std::optional<int> receive_buffer_bytes = {});
  bool until(const std::function<bool()>& condition);

  /// The next response to a client, as RawResponse::text() without Keep-Alive, whose seconds may vary.
  std::string answer(RawClient& client, bool has_body = true);
  /// The same for a request on a connection of its own.
  std::string ask(std::string_view request);
  /// The bytes that a client still receives until the server ends the connection.
  std::string last_words(RawClient& client);

  /// A WebSocket whose handshake has been accepted, but nothing received from it.
  ClientPtr open_websocket(const std::string& target, std::string_view sent_along = {});
  /// The next text or binary message.
  std::string message(RawClient& client);
  /// The bytes that a WebSocket still receives until its close frame has been answered and the connection has ended, in
  /// hexadecimal digits: "8800" is an empty close frame, "880203ea" one of code 1002.
  std::string websocket_end(RawClient& client);

  /// The number of sessions besides those of the bystanders.
  std::size_t session_count() const;
  /// Ends all sessions and refuses new ones, like a server that is closing.
  void close_engine();

  /// Waits until all this has happened in the server since the last call, then lets the bystanders have their echoes
  /// and checks that nothing else has happened.
  ///
  /// Lines: "refused <code> <message>, <details>", "error <namespace>: <message>", "malformed: <why>",
  /// "violation: <why>", "event <namespace>: <arguments>", "disconnect <namespace>: <reason>, <description>". An
  /// expected line that ends with `*` stands for any that begins like it.
  void check_aftermath(const Strings& expected);

 private:
  struct Server;
  struct Bystanders;

  std::unique_ptr<Server> server_;
  std::unique_ptr<Bystanders> bystanders_;
};

inline constexpr const char* polling_target = "/socket.io/?EIO=4&transport=polling";
inline constexpr const char* websocket_target = "/socket.io/?EIO=4&transport=websocket";

/// A request with a Host field, and with a Content-Length if it has a body or is a POST.
std::string request(std::string_view method, std::string_view target, std::string_view fields = {},
                    std::string_view body = {});
/// A request for a WebSocket.
std::string upgrade_request(std::string_view target, std::string_view fields = {});

// Responses as Attack::answer gives them.
/// @param fields  besides Content-Length and Connection; each with its "\n"
std::string response(std::string_view status, std::string_view fields, std::string_view body, bool keep_alive = true);
std::string json_error(std::string_view status, int code, std::string_view message);
/// The refusal of an upgrade; the type differs between the engine's and the transport's refusals.
std::string raw_error(std::string_view status, std::string_view message, std::string_view type_name = "Content-type");
std::string empty_response(std::string_view status, bool keep_alive = true);
std::string poll_answer(std::string_view payload);
std::string post_answer();

std::string hex(std::string_view bytes);
inline std::string text_frame(std::string_view payload) { return client_frame(Opcode::text, payload); }

/// The value of "sid" in a JSON text.
std::string sid_in(std::string_view text);

/// A client that has a polling session and two connections.
class PollingAttacker {
 public:
  explicit PollingAttacker(Attack& attack);

  /// Joins a namespace ("/" if none is named).
  void join(const std::string& nsp = {});

  void send_poll() { poll->send(request("GET", target)); }
  void send_post(std::string_view body, std::string_view fields = {}) {
    post->send(request("POST", target, fields, body));
  }
  std::string poll_answered() { return attack_.answer(*poll); }
  std::string post_answered() { return attack_.answer(*post); }

  /// Checks that the session exists, that its socket answers an echo, and that nothing else arrives.
  void check_alive();
  /// Checks that the session does not exist any more.
  void check_gone();

  std::string target;
  ClientPtr poll;
  ClientPtr post;

 private:
  Attack& attack_;
};

/// A WebSocket session that has joined these namespaces ("/" is "").
ClientPtr open_joined(Attack& attack, const Strings& namespaces = {""});
/// Checks that a WebSocket session exists: its socket in "/" answers an echo, and nothing else arrives.
void check_alive(Attack& attack, RawClient& client);

}  // namespace socketio::test
