// SPDX-License-Identifier: MIT
// A whole server with clients that do anything, and one that behaves: for the targets fuzz_server*.
//
// Every byte goes through the HTTP parser, the WebSocket parser, decompression, the engine and the core. Laws: the
// client that behaves is not affected, it gets the answer to each of its acknowledgements; at the end every connection,
// session, socket and timer has ended.
#pragma once

#include <socketio/protocol/base64.hpp>
#include <socketio/protocol/utf8.hpp>
#include <socketio/server.hpp>
#include <socketio/transport/websocket_deflate.hpp>

#include <fuzz/decisions.hpp>
#include <fuzz/law.hpp>
#include <fuzz/server_app.hpp>
#include <fuzz/server_clients.hpp>
#include <fuzz/stream.hpp>

#include <asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fuzz {

using namespace std::chrono_literals;

/// A server, the hostile clients that an input steers, and the client that behaves.
///
/// @tparam Kind  names `Config`, whose transport is a StreamTransport, and `Client`
template <class Kind>
class ServerWorld {
  using Config = typename Kind::Config;
  using Client = typename Kind::Client;
  using Parser = typename Config::Parser;
  using Io = socketio::BasicServer<Config>;

 public:
  explicit ServerWorld(Decisions& decisions)
      : decisions_(decisions),
        mood_(decisions.byte()),
        app_((mood_ & 64u) != 0),
        io_(context_, options(), server_transport_options()) {
    io_.on_error([](const socketio::ErrorReport& report) { static_cast<void>(report.message()); });
    app_.serve(io_);
    io_.listen(1);
    bystander_.emplace(Client(connect_wire()));
    settle();
    law(bystander_->has_joined(), "a client that behaves joins");
  }

  void run() {
    for (int steps = 0; steps < 300 && !decisions_.empty(); ++steps) step();
    for (Attacker& attacker : attackers_) {
      attacker.client.wire().limit_reads(Wire::unlimited);
      attacker.client.wire().limit_writes(Wire::unlimited);
    }
    check_bystander();
    finish();
  }

 private:
  struct Attacker {
    Client client;
    std::string last_sent;
  };

  socketio::ServerOptions options() {
    socketio::ServerOptions made = server_options(mood_);
    // The first session is that of the client that behaves, whose secret the others do not know.
    made.generate_id = [this](const socketio::HttpRequest&, socketio::SessionIdReply reply) {
      reply(session_count_ == 0 ? std::string("J6bKn5Zq0QdYb1cXe8rTgWmA") : "s" + std::to_string(session_count_));
      ++session_count_;
    };
    return made;
  }

  // What clients do.

  void step() {
    const std::size_t kind = decisions_.below(24);
    switch (kind) {
      case 0: begin_attack(); break;
      case 1: send(decisions_.text()); break;
      case 2: send(decisions_.long_text()); break;
      case 3: chosen_ = decisions_.byte(); break;
      case 4: {
        const std::size_t limit = decisions_.byte();
        with_attacker(
            [&](Attacker& attacker) { attacker.client.wire().limit_reads(limit == 0 ? Wire::unlimited : limit); });
        break;
      }
      case 5: {
        const std::size_t room = decisions_.byte();
        with_attacker([&](Attacker& attacker) {
          attacker.client.wire().limit_writes(room == 255 ? Wire::unlimited : room * 16);
        });
        break;
      }
      case 6: upgrade(); break;
      case 7: {
        const std::string_view payload = decisions_.text();
        send(frame(payload));
        break;
      }
      case 8: send_packet_frames(); break;
      case 9:
      case 10: poll(kind == 10); break;
      case 11: post(); break;
      case 12: post_packets(); break;
      case 13: post_chunked(); break;
      case 14: advance(decisions_.byte() * 100ms); break;
      case 15: end_attack(); break;
      case 16: check_bystander(); break;
      case 17: serve_something(); break;
      case 18: come_back(); break;
      case 19: send_compressed(); break;
      case 20: repeat(); break;
      case 21: send_control(); break;
      case 22: with_attacker([this](Attacker& attacker) { attacker.client.misbehave(decisions_); }); break;
      default: send_any_request(); break;
    }
    if (!decisions_.one_in(4)) settle();
  }

  std::shared_ptr<Wire> connect_wire() {
    wires_.push_back(io_.transport().connect());
    return wires_.back();
  }
  void begin_attack() {
    if (wires_.size() > 24) return;
    if (attackers_.size() == 4) attackers_.erase(attackers_.begin());
    attackers_.push_back({Client(connect_wire(), decisions_), {}});
    chosen_ = attackers_.size() - 1;
  }
  void end_attack() {
    const bool resets = decisions_.one_in(2);
    with_attacker([resets](Attacker& attacker) {
      if (resets)
        attacker.client.wire().reset();
      else
        attacker.client.wire().finish();
    });
  }
  template <class Act>
  void with_attacker(Act act) {
    if (attackers_.empty()) begin_attack();
    if (!attackers_.empty()) act(attackers_[chosen_ % attackers_.size()]);
  }
  void send(std::string_view bytes) {
    with_attacker([&](Attacker& attacker) {
      attacker.client.send(bytes);
      attacker.last_sent = bytes;
    });
  }
  /// The same again, many times, in one turn.
  void repeat() {
    settle();
    const std::size_t times = decisions_.byte();
    with_attacker([times](Attacker& attacker) {
      std::string bytes;
      for (std::size_t i = 0; i < times && bytes.size() < 20'000; ++i) bytes += attacker.last_sent;
      attacker.client.send(bytes);
    });
    settle();
  }

  std::string target(std::string_view transport, bool with_session) {
    const unsigned how = decisions_.byte();
    std::string made = (how & 1u) != 0 ? "/socket.io/?EIO=3&transport=" : "/socket.io/?EIO=4&transport=";
    made += transport;
    if (with_session)
      made +=
          "&sid=s" + std::to_string(session_count_ - (session_count_ > 1 ? 1 + (how >> 4) % (session_count_ - 1) : 0));
    if ((how & 2u) != 0) made += "&j=0";
    if ((how & 4u) != 0) made += "&b64=1";
    return made;
  }
  std::string request(std::string_view method, std::string_view where, std::string_view body = {}) {
    std::string made = std::string(method) + ' ' + std::string(where) + " HTTP/1.1\r\nHost: h\r\n";
    const unsigned how = decisions_.byte();
    if ((how & 1u) != 0) made += "Accept-Encoding: gzip\r\n";
    if ((how & 2u) != 0) made += "Origin: http://o\r\n";
    if ((how & 4u) != 0) made += "Connection: close\r\n";
    if ((how & 8u) != 0) made += "Content-Type: application/octet-stream\r\n";
    if ((how & 16u) != 0) made += "Expect: 100-continue\r\n";
    if (method != "GET" || !body.empty()) made += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return made.append("\r\n").append(body);
  }
  // Each decision in a statement of its own: compilers differ in the order in which they evaluate arguments.
  void poll(bool with_session) {
    const std::string where = target("polling", with_session);
    send(request("GET", where));
  }
  void post() {
    const std::string where = target("polling", true);
    const std::string_view body = decisions_.text();
    send(request("POST", where, body));
  }
  void send_any_request() {
    const std::size_t size = decisions_.below(8);
    const std::string_view method = decisions_.bytes(size);
    const std::string_view where = decisions_.text();
    const std::string_view body = decisions_.text();
    send(request(method, where, body));
  }

  void upgrade() {
    const unsigned how = decisions_.byte();
    std::string fields;
    if ((how & 1u) != 0) fields += "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    if ((how & 2u) != 0) fields += "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n";
    if ((how & 4u) != 0) fields += "Sec-WebSocket-Protocol: a, b\r\n";
    send(upgrade_request(target("websocket", (how & 8u) != 0), fields));
    if ((how & 16u) != 0) send(frame("2probe"));
    if ((how & 32u) != 0) send(frame("5"));
    if ((how & 64u) != 0) send_messages(messages_of(Parser::encode({socketio::PacketType::connect, "/", {}})));
  }

  /// A frame with a payload; mostly an ordinary one.
  std::string frame(std::string_view payload) {
    constexpr Opcode opcodes[] = {Opcode::text, Opcode::binary, Opcode::continuation, Opcode::text};
    const unsigned how = decisions_.byte();
    FrameOptions options;
    options.fin = (how & 4u) == 0;
    if ((how & 0x18u) == 0x18u) options.masked = false;
    if ((how & 0x60u) == 0x60u) options.reserved_bits = (how & 0x80u) != 0 ? 0x40u : 0x20u;
    return client_frame(opcodes[how & 3u], payload, options);
  }
  void send_messages(const std::vector<ClientMessage>& messages) {
    std::string bytes;
    for (const ClientMessage& message : messages)
      bytes += client_frame(message.is_binary ? Opcode::binary : Opcode::text, message.payload);
    send(bytes);
  }
  void send_packet_frames() { send_messages(messages_of(packet())); }
  void send_control() {
    constexpr Opcode opcodes[] = {Opcode::ping, Opcode::pong, Opcode::close, Opcode::close};
    const Opcode opcode = opcodes[decisions_.below(4)];
    const std::size_t size = decisions_.below(128);
    send(client_frame(opcode, decisions_.bytes(size)));
  }
  void send_compressed() {
    const std::string payload(decisions_.long_text());
    if constexpr (socketio::detail::has_zlib) {
      socketio::PerMessageDeflateOptions options;
      options.threshold = 0;
      socketio::DeflatePool pool;
      socketio::DeflateAgreement agreement;
      agreement.server_no_context_takeover = agreement.client_no_context_takeover = true;
      socketio::WebSocketDeflate deflate(pool, agreement, options);
      const auto made = deflate.frame_of(socketio::Message::binary(socketio::Binary('4' + payload)));
      const std::size_t length = static_cast<unsigned char>((*made)[1]) & 0x7Fu;
      const std::string_view compressed = std::string_view(*made).substr(length < 126 ? 2 : length == 126 ? 4 : 10);
      send(client_frame(Opcode::text, compressed, {.reserved_bits = 0x40}));
    }
  }

  /// A packet that the server understands.
  socketio::EncodedPacket packet() {
    static constexpr std::string_view names[] = {
        "echo",   "say",   "types", "throw", "bytes",  "remember", "bye",     "volatile",   "off",     "more",  "timer",
        "end",    "join",  "leave", "room",  "except", "all",      "keep",    "count",      "move",    "clear", "ask",
        "survey", "later", "held",  "x",     "thrown", "extra",    "refused", "disconnect", "upgrade", ""};
    constexpr std::string_view spaces[] = {"/", "/", "/", "/dyn-a", "/dyn-b", "/f", "/no", "/later"};
    const unsigned how = decisions_.byte();
    const std::string_view nsp = spaces[how & 7u];
    const std::optional<std::uint64_t> id =
        (how & 8u) != 0 ? std::optional<std::uint64_t>(decisions_.byte()) : std::nullopt;
    switch (how >> 4) {
      case 0: return Parser::encode({socketio::PacketType::connect, nsp, {}});
      case 1:
        return Parser::encode({socketio::PacketType::connect, nsp, {}}, [this](auto& writer) {
          static constexpr std::string_view wishes[] = {"throw", "deny", "later", "twice", "a", "b"};
          writer.begin_object(2);
          writer.key("wish");
          writer.string(wishes[decisions_.below(std::size(wishes))]);
          writer.key("ask");
          this->write_something(writer);
          writer.end_object();
        });
      case 2: return Parser::encode({socketio::PacketType::disconnect, nsp, {}});
      case 3:
        return Parser::encode({socketio::PacketType::ack, nsp, decisions_.byte()}, [this](auto& writer) {
          writer.begin_array(1);
          this->write_something(writer);
          writer.end_array();
        });
      default:
        return Parser::encode({socketio::PacketType::event, nsp, id}, [this](auto& writer) {
          const std::size_t count = decisions_.below(4);
          writer.begin_array(1 + count);
          writer.string(names[decisions_.below(std::size(names))]);
          for (std::size_t i = 0; i < count; ++i) this->write_something(writer);
          writer.end_array();
        });
    }
  }
  template <class Writer>
  void write_something(Writer& writer) {
    constexpr std::string_view words[] = {"a", "b", "lobby", "", "\xC3\xA9"};
    switch (decisions_.below(8)) {
      case 0: return writer.null();
      case 1: return writer.boolean(decisions_.one_in(2));
      case 2: return writer.unsigned_integer(decisions_.byte());
      case 3: return socketio::write_value(writer, static_cast<double>(decisions_.byte()) / 7);
      case 4: return socketio::write_value(writer, socketio::Binary(std::string(decisions_.text())));
      case 5: return socketio::write_value(writer, std::vector<std::string>{"x", "y"});
      case 6: return socketio::write_value(writer, std::map<std::string, bool>{{"k", true}});
      default: return writer.string(words[decisions_.below(std::size(words))]);
    }
  }

  void post_packets() {
    std::string payload;
    for (std::size_t left = 1 + decisions_.below(3); left > 0; --left) {
      for (const ClientMessage& message : messages_of(packet())) {
        if (!payload.empty()) payload += '\x1e';
        if (!message.is_binary) {
          payload += message.payload;
          continue;
        }
        payload += 'b';
        socketio::base64_encode(std::as_bytes(std::span(message.payload)), payload);
      }
    }
    const std::string where = target("polling", true);
    send(request("POST", where, payload));
  }
  void post_chunked() {
    const std::string where = target("polling", true);
    send("POST " + where + " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (std::size_t left = decisions_.below(4); left > 0; --left) {
      const std::string_view piece = decisions_.text();
      constexpr char digits[] = "0123456789abcdef";
      send(std::string{digits[piece.size() >> 4], digits[piece.size() & 15]} + "\r\n" + std::string(piece) + "\r\n");
      if (decisions_.one_in(2)) settle();
    }
    if (!decisions_.one_in(4)) send("0\r\n\r\n");
  }

  /// CONNECT with the private id that a client has been given last.
  void come_back() {
    const std::string offset = decisions_.one_in(2) ? last_offset_ : valid(std::string(decisions_.text()));
    send_messages(messages_of(Parser::encode({socketio::PacketType::connect, "/", {}}, [&](auto& writer) {
      writer.begin_object(2);
      writer.key("pid");
      writer.string(last_pid_);
      writer.key("offset");
      writer.string(offset);
      writer.end_object();
    })));
  }

  /// Actions of the application, outside of handlers.
  void serve_something() {
    switch (decisions_.below(8)) {
      case 0: app_.answer_acks(); break;
      case 1: app_.answer_clients([this] { return decisions_.one_in(3); }); break;
      case 2: app_.answer_names([this] { return decisions_.one_in(3); }); break;
      case 3: io_.emit("news", std::string(decisions_.text().size(), 'n')); break;
      case 4: io_.to("a").emit("news", socketio::Binary(std::string(decisions_.byte(), '\x01'))); break;
      case 5: io_.in("a").disconnect_sockets(decisions_.one_in(2)); break;
      case 6: app_.drop_acks(); break;
      default: io_.of("/dyn-a").emit("news", 1); break;
    }
  }

  // Time.

  void settle() {
    do io_.transport().run_until_idle();
    while (process_clients());
  }
  bool process_clients() {
    bool acted = bystander_ && bystander_->process();
    for (Attacker& attacker : attackers_) {
      if (!attacker.client.wire().has_output()) continue;
      acted = true;
      const std::string fresh = attacker.client.receive();
      remember(fresh, "\"pid\":\"", last_pid_);
      if (fresh.size() > 3 && fresh.substr(fresh.size() - 2) == "\"]") {
        const std::size_t begin = fresh.rfind(",\"");
        if (begin != std::string::npos) last_offset_ = valid(fresh.substr(begin + 2, fresh.size() - begin - 4));
      }
    }
    return acted;
  }
  static std::string valid(std::string text) { return socketio::is_valid_utf8(text) ? text : std::string(); }
  static void remember(const std::string& received, std::string_view label, std::string& into) {
    const std::size_t begin = received.rfind(label);
    if (begin == std::string::npos) return;
    const std::size_t end = received.find('"', begin + label.size());
    if (end != std::string::npos) into = valid(received.substr(begin + label.size(), end - begin - label.size()));
  }
  /// From deadline to deadline, so that the client that behaves answers each ping when it comes.
  void advance(std::chrono::milliseconds by) {
    settle();
    auto& transport = io_.transport();
    const auto target = transport.scheduler().now() + by;
    while (transport.scheduler().now() < target) {
      transport.set_clock(transport.next_deadline(target));
      settle();
    }
  }

  void check_bystander() {
    bystander_->ask();
    settle();
    law(bystander_->is_answered(), "the client that behaves gets its answer");
  }

  void finish() {
    const bool drops_kept_first = decisions_.one_in(2);
    if (drops_kept_first) app_.drop_kept();
    io_.close();
    settle();
    law(io_.engine().clients_count() == 0, "a closed server has no sessions");
    law(bystander_->was_told_the_end(), "a client that behaves is told the end");
    advance(60s);
    law(bystander_->has_ended(), "the connection of the client that behaves has ended");
    law(io_.transport().connection_count() == 0, "no connection stays");
    for (const auto& wire : wires_) law(wire->closed_by_server(), "every stream is closed");
    law(app_.socket_count() == 0, "every socket that connected has disconnected");
    law(io_.fetch_sockets().empty(), "no socket stays in the namespace");
    // Recovery keeps one for each namespace.
    law(io_.transport().scheduler().timers().size() <= ((mood_ & 2u) != 0 ? 64u : 0u), "no timer stays");
    if (!drops_kept_first) app_.drop_kept();
  }

  Decisions& decisions_;
  unsigned mood_;
  std::size_t session_count_ = 0;
  asio::io_context context_{1};
  ServerApp<Config> app_;
  Io io_;
  std::vector<std::shared_ptr<Wire>> wires_;
  std::optional<Bystander<Client, Parser>> bystander_;
  std::vector<Attacker> attackers_;
  std::size_t chosen_ = 0;
  std::string last_pid_ = "p";
  std::string last_offset_ = "o";
};

template <class Kind>
int run_server(const std::uint8_t* data, std::size_t size) {
  // An input that names the session of the client that behaves could end it.
  if (std::string_view(reinterpret_cast<const char*>(data), size).find("J6bKn5Zq0QdYb1cXe8rTgWmA") !=
      std::string_view::npos)
    return 0;
  Decisions decisions(data, size);
  ServerWorld<Kind>(decisions).run();
  return 0;
}

}  // namespace fuzz
