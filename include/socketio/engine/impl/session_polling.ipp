// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/session.hpp>: the handshake, and GET and POST of a polling session. Engine layer.
#pragma once

#include <socketio/engine/engine_state.hpp>
#include <socketio/engine/impl/session.ipp>
#include <socketio/engine/query.hpp>
#include <socketio/engine/session.hpp>
#include <socketio/protocol/eio3_payload.hpp>
#include <socketio/protocol/eio_payload.hpp>
#include <socketio/protocol/utf8.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio {

namespace detail {

inline bool is_octet_stream(const HttpRequest& request) {
  return request.headers.find("Content-Type") == "application/octet-stream";
}

/// A text as a JavaScript string that may stand in a script of any age: JSON, without the two line ends that it allows.
inline std::string script_quoted(std::string_view text) {
  std::string quoted = json_quoted(text);
  for (const auto& [line_end, escape] :
       {std::pair<std::string_view, std::string_view>{"\xE2\x80\xA8", "\\u2028"}, {"\xE2\x80\xA9", "\\u2029"}})
    for (std::size_t at = quoted.find(line_end); at != std::string::npos; at = quoted.find(line_end, at))
      quoted.replace(at, line_end.size(), escape);
  return quoted;
}

/// The payload in the form that a page posts whose polls are scripts; no value if there is none.
///
/// Browsers change the line ends of text in a form, hence the client has escaped them.
inline std::optional<std::string> payload_in_form(std::string_view body) {
  const QueryParams form(body);
  const std::optional<std::string_view> field = form.find("d");
  if (!field) return std::nullopt;
  std::string payload;
  for (std::string_view rest = *field; !rest.empty();) {
    std::string_view written = rest.substr(0, 1);
    std::string_view meant = written;
    if (rest.substr(0, 3) == "\\\\n") {
      written = rest.substr(0, 3);
      meant = "\\n";
    } else if (rest.substr(0, 2) == "\\n") {
      written = rest.substr(0, 2);
      meant = "\n";
    }
    payload += meant;
    rest.remove_prefix(written.size());
  }
  return payload;
}

// What a reader of payloads returns, for both revisions.
inline const EioPacketView& packet_in(const EioPacketView& read) noexcept { return read; }
inline const EioPacketView& packet_in(const Eio3Record& read) noexcept { return read.packet; }
inline bool is_raw(const EioPacketView&) noexcept { return false; }
inline bool is_raw(const Eio3Record& read) noexcept { return read.is_raw; }

}  // namespace detail

SOCKETIO_DECL void Session::queue_open_packets() {
  const EngineOptions& options = engine_->options;
  const bool offers_upgrade = channel_ == Channel::polling && options.allow_upgrades && options.transports.websocket;
  std::string handshake = "{\"sid\":" + detail::json_quoted(id_);
  handshake += offers_upgrade ? ",\"upgrades\":[\"websocket\"]" : ",\"upgrades\":[]";
  handshake += ",\"pingInterval\":" + std::to_string(options.ping_interval.count());
  handshake += ",\"pingTimeout\":" + std::to_string(options.ping_timeout.count());
  handshake += ",\"maxPayload\":" + std::to_string(options.max_http_buffer_size) + '}';
  queue(Message::packet(EioPacketType::open, handshake));
  if (options.initial_packet && !options.initial_packet->empty()) queue(Message::text(*options.initial_packet));
  ready_state_ = ReadyState::open;
  arm_heartbeat(is_eio3_ ? options.ping_interval + options.ping_timeout : options.ping_interval);
}

/// The answer to a poll that fetches these packets.
SOCKETIO_DECL Session::PollBody Session::body_of(const Polling& polling, std::span<const MessagePtr> packets) const {
  PollBody body;
  body.may_compress =
      std::any_of(packets.begin(), packets.end(), [](const MessagePtr& packet) { return packet->compress(); });
  if (!is_eio3_) {
    for (const MessagePtr& packet : packets) {
      if (!body.text.empty()) body.text += eio_payload_separator;
      packet->append_to_polling_payload(body.text);
    }
    return finish_body(polling, std::move(body));
  }
  const bool has_bytes =
      polling.takes_bytes &&
      std::any_of(packets.begin(), packets.end(), [](const MessagePtr& packet) { return packet->is_binary(); });
  for (const MessagePtr& packet : packets) {
    const MessagePtr form = !packet->is_binary() ? packet
                            : has_bytes          ? Message::eio3_binary(*packet)
                                                 : Message::eio3_base64(*packet);
    if (has_bytes) {
      append_eio3_head(form->is_binary(), form->payload().size(), body.text);
      body.text += form->payload();
    } else {
      append_eio3_text(form->payload(), body.text);
    }
  }
  if (has_bytes) body.content_type = "application/octet-stream";
  return finish_body(polling, std::move(body));
}

/// The answer to a poll that fetches packets without data; `types`: their payload in revision 4.
SOCKETIO_DECL Session::PollBody Session::body_of_signals(const Polling& polling, std::string_view types) const {
  PollBody body;
  for (const char type : types) {
    if (!is_eio3_)
      body.text += type;
    else if (type != eio_payload_separator)
      append_eio3_text(std::string_view(&type, 1), body.text);
  }
  return finish_body(polling, std::move(body));
}

/// The answer to a POST.
SOCKETIO_DECL Session::PollBody Session::accepted_post() { return {"ok", "text/html", false}; }

SOCKETIO_DECL Session::PollBody Session::finish_body(const Polling& polling, PollBody body) {
  if (!polling.jsonp_head.empty()) body.text = polling.jsonp_head + detail::script_quoted(body.text) + ");";
  return body;
}

SOCKETIO_DECL void Session::open_polling(HttpExchange& exchange, HttpHeaders headers, bool base64,
                                         std::optional<std::string_view> jsonp) {
  polling_ = std::make_unique<Polling>(*this);
  polling_->takes_bytes = !base64 && !jsonp;
  if (jsonp) {
    polling_->jsonp_head = "___eio[";
    for (const char c : *jsonp)
      if (c >= '0' && c <= '9') polling_->jsonp_head += c;
    polling_->jsonp_head += "](";
  }
  queue_open_packets();
  HttpResponse response;
  response.headers = std::move(headers);
  const std::vector<MessagePtr> packets = std::exchange(buffer_, {});
  buffered_bytes_ = 0;
  PollBody body = body_of(*polling_, packets);
  response.body = std::move(body.text);
  if (body.may_compress) engine_->compress(response, request_);
  exchange.respond(std::move(response));
}

SOCKETIO_DECL void Session::open_websocket(std::shared_ptr<WebSocket> websocket, bool base64) {
  channel_ = Channel::websocket;
  needs_base64_ = base64;
  queue_open_packets();
  attach(std::move(websocket));
  for (const MessagePtr& packet : std::exchange(buffer_, {})) websocket_->send(packet);
  buffered_bytes_ = 0;
}

SOCKETIO_DECL void Session::attach(std::shared_ptr<WebSocket> websocket) {
  websocket_ = std::move(websocket);
  websocket_->set_listener(std::shared_ptr<WebSocketListener>(shared_from_this(), &websocket_ear_));
}

SOCKETIO_DECL void Session::handle_request(ExchangePtr exchange, HttpHeaders headers) {
  if (exchange->request().method == "GET")
    handle_poll(std::move(exchange), std::move(headers));
  else if (exchange->request().method == "POST")
    handle_post(std::move(exchange), std::move(headers));
  else
    respond_empty(*exchange, 500, std::move(headers));
}

SOCKETIO_DECL void Session::respond_empty(HttpExchange& exchange, unsigned status, HttpHeaders headers) {
  HttpResponse response;
  response.status = status;
  response.headers = std::move(headers);
  exchange.respond(std::move(response));
}

SOCKETIO_DECL void Session::handle_poll(ExchangePtr exchange, HttpHeaders headers) {
  if (polling_->poll) {
    finish(CloseReason::transport_error, "overlap from client");
    return respond_empty(*exchange, 400, std::move(headers));
  }
  exchange->on_abort([weak = weak_from_this(), parked = exchange.get()] {
    const std::shared_ptr<Session> self = weak.lock();
    if (!self || !self->polling_ || self->polling_->poll.get() != parked) return;
    self->polling_->poll.reset();
    self->finish(CloseReason::transport_error, "poll connection closed prematurely");
  });
  polling_->poll = std::move(exchange);
  polling_->poll_headers = std::move(headers);
  note_writable();
  flush();
  if (polling_ && polling_->poll && polling_->closes_on_next_poll)
    finish(CloseReason::forced_close, {},
           "6\x1e"
           "1");
}

SOCKETIO_DECL void Session::answer_poll(PollBody body) {
  const ExchangePtr exchange = std::exchange(polling_->poll, nullptr);
  note_writable(false);
  answer(*exchange, std::exchange(polling_->poll_headers, {}), std::move(body));
}

SOCKETIO_DECL void Session::answer(HttpExchange& exchange, HttpHeaders headers, PollBody body) {
  HttpHeaders completed = headers;
  if (!engine_->complete_headers(completed, exchange.request(), body.content_type)) {
    respond_empty(exchange, 500, std::move(headers));
    return fail_later("a headers hook failed");
  }
  HttpResponse response;
  response.headers = std::move(completed);
  response.body = std::move(body.text);
  // The client's next connection is for the successor of a server that shuts down.
  response.close = engine_->is_draining && ready_state_ == ReadyState::closed;
  if (body.may_compress) engine_->compress(response, exchange.request());
  exchange.respond(std::move(response));
}

SOCKETIO_DECL void Session::handle_post(ExchangePtr exchange, HttpHeaders headers) {
  if (polling_->post) {
    finish(CloseReason::transport_error, "data request overlap from client");
    return respond_empty(*exchange, 400, std::move(headers));
  }
  if (!is_eio3_ && detail::is_octet_stream(exchange->request())) {
    finish(CloseReason::transport_error, "invalid content");
    return respond_empty(*exchange, 400, std::move(headers));
  }
  polling_->post = std::move(exchange);
  polling_->post_headers = std::move(headers);
  if (!polling_->has_payload) read_post();  // otherwise the packets of the one before come first
}

SOCKETIO_DECL void Session::read_post() {
  HttpExchange* const exchange = polling_->post.get();
  const EngineOptions& options = engine_->options;
  if (options.http_request_body_timeout.count() != 0)
    engine_->scheduler.arm(polling_->body_timer, options.http_request_body_timeout);
  exchange->read_body({max_message_bytes(), options.max_buffered_chunks},
                      [weak = weak_from_this(), reading = exchange](BodyError error, std::string body) {
                        const std::shared_ptr<Session> self = weak.lock();
                        if (self && self->polling_ && self->polling_->post.get() == reading)
                          self->handle_body(error, std::move(body));
                      });
}

SOCKETIO_DECL void Session::handle_body(BodyError error, std::string body) {
  const ExchangePtr exchange = take_post();
  HttpHeaders headers = std::exchange(polling_->post_headers, {});
  switch (error) {
    case BodyError::aborted: return finish(CloseReason::transport_error, "data request connection closed prematurely");
    case BodyError::too_large: return refuse_body(*exchange, 413, std::move(headers), "payload too large");
    case BodyError::too_many_chunks: return refuse_body(*exchange, 413, std::move(headers), "too many chunks");
    case BodyError::none: break;
  }
  const bool is_binary = is_eio3_ && polling_->jsonp_head.empty() && detail::is_octet_stream(exchange->request());
  if (!is_binary && !is_valid_utf8(body)) body = to_valid_utf8(body);
  const std::optional<std::string> form_field =
      polling_->jsonp_head.empty() ? std::move(body) : detail::payload_in_form(body);
  // Before the packets are handled: what they cause to be sent must not arrive before this answer. A client that gets
  // its acknowledgement while it still waits for the answer, and disconnects then, may send nothing to say so
  // (python-socketio).
  answer(*exchange, std::move(headers), accepted_post());
  if (!form_field) return;  // a form without a payload
  polling_->payload = *std::move(form_field);
  polling_->payload_from = 0;
  polling_->payload_is_binary = is_binary;
  polling_->has_payload = true;
  take_payload(engine_->options.max_packets_per_turn);
}

SOCKETIO_DECL void Session::handle_body_timeout() {
  const ExchangePtr exchange = take_post();
  refuse_body(*exchange, 408, std::exchange(polling_->post_headers, {}), "http request timeout");
}

/// Answers a POST whose body is not read to its end, and ends its connection and the session.
SOCKETIO_DECL void Session::refuse_body(HttpExchange& exchange, unsigned status, HttpHeaders headers,
                                        std::string_view why) {
  HttpResponse response;
  response.status = status;
  response.headers = std::move(headers);
  response.close = true;
  exchange.respond(std::move(response));
  finish(CloseReason::transport_error, why);
}

/// Handles the next packets of the last POST, and sees to the rest in a later turn.
///
/// @param most  0: all of them
SOCKETIO_DECL void Session::take_payload(std::size_t most) {
  std::string payload = std::move(polling_->payload);
  const std::string_view rest = std::string_view(payload).substr(polling_->payload_from);
  const bool is_binary = polling_->payload_is_binary;
  const bool goes_on = is_eio3_ ? take_packets(Eio3PayloadReader(rest, is_binary), payload, most)
                                : take_packets(EioPayloadReader(rest), payload, most);
  if (!goes_on) return;
  polling_->payload = std::move(payload);
  engine_->scheduler.post([weak = weak_from_this()] {
    const std::shared_ptr<Session> self = weak.lock();
    if (self && self->ready_state_ != ReadyState::closed && self->polling_ && self->polling_->has_payload)
      self->take_payload(self->engine_->options.max_packets_per_turn);
  });
}

/// @return  whether packets are left
template <class Reader>
bool Session::take_packets(Reader reader, std::span<char> payload, std::size_t most) {
  for (std::size_t taken = 0; taken != most || most == 0; ++taken) {
    const auto read = reader.next();
    if (!read) break;
    const EioPacketView& packet = detail::packet_in(*read);
    if (packet.type == EioPacketType::close)
      finish(CloseReason::transport_close, {}, "6");
    else if (detail::is_raw(*read))
      handle_packet(packet.type, true, part_of(payload, packet.data));
    else
      handle_decoded(packet, payload);
    if (ready_state_ == ReadyState::closed) return false;
  }
  if (!reader.is_done()) {
    polling_->payload_from = payload.size() - reader.rest().size();
    return true;
  }
  polling_->has_payload = false;
  if (reader.failed() && ready_state_ == ReadyState::open)
    finish(CloseReason::parse_error, {});
  else if (polling_->post)
    read_post();  // it has waited
  return false;
}

SOCKETIO_DECL ExchangePtr Session::take_post() {
  engine_->scheduler.cancel(polling_->body_timer);
  return std::exchange(polling_->post, nullptr);
}

SOCKETIO_DECL void Session::abort_post() {
  if (const ExchangePtr exchange = take_post()) exchange->destroy();
}

}  // namespace socketio
