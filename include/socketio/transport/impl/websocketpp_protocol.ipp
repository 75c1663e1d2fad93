// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/websocketpp_protocol.hpp>. Transport layer, no I/O.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/protocol/utf8.hpp>
#include <socketio/transport/http_writer.hpp>
#include <socketio/transport/websocketpp_protocol.hpp>

#include <algorithm>
#include <cassert>
#include <system_error>
#include <utility>

namespace socketio::detail {

SOCKETIO_DECL WebsocketppPrepared::Prepared WebsocketppPrepared::get(const MessagePtr& message) {
  for (const Entry& entry : recent_) {
    if (entry.message.owner_before(message) || message.owner_before(entry.message)) continue;
    if (auto prepared = entry.prepared.lock()) return prepared;
  }
  auto prepared = std::make_shared<WebsocketppConfig::message_type>(nullptr);
  const std::string_view payload = message->payload();
  prepared->set_opcode(message->is_binary() ? websocketpp::frame::opcode::binary : websocketpp::frame::opcode::text);
  prepared->set_header(std::string(message->frame()[0].substr(0, message->frame_bytes() - payload.size())));
  prepared->set_payload(payload.data(), payload.size());
  prepared->set_prepared(true);
  recent_[next_] = {message, prepared};
  next_ = (next_ + 1) % recent_.size();
  return prepared;
}

SOCKETIO_DECL WebsocketppProtocol::WebsocketppProtocol(Connection connection, WebsocketppPrepared& prepared,
                                                       const HttpRequest& request, const WebSocketLimits& limits)
    : connection_(std::move(connection)), prepared_(prepared), limits_(limits) {
  connection_->set_max_message_size(limits.max_message_bytes);
  connection_->set_message_handler(
      [this](const websocketpp::connection_hdl&, MessagePointer message) { on_message(std::move(message)); });
  connection_->set_ping_handler([this](const websocketpp::connection_hdl&, const std::string& payload) {
    text_ = payload;
    event_.kind = WebSocketEvent::Kind::ping;
    event_.payload = text_;
    return false;  // pong() answers
  });

  // AsioHttp has checked the request. WebSocket++ has limits of its own, so it sees only the fields that its response
  // needs.
  std::string head = "GET / HTTP/1.1\r\n";
  append_field(head, "Host", "localhost");
  append_field(head, "Upgrade", "websocket");
  append_field(head, "Connection", "Upgrade");
  append_field(head, "Sec-WebSocket-Key", request.headers.joined("sec-websocket-key").value_or(""));
  append_field(head, "Sec-WebSocket-Version", request.headers.joined("sec-websocket-version").value_or(""));
  head += "\r\n";
  connection_->start();
  connection_->feed(head);
  assert(connection_->get_state() == websocketpp::session::state::open);
}

SOCKETIO_DECL void WebsocketppProtocol::raise_message_limit(std::size_t bytes) {
  limits_.max_message_bytes = bytes;
  connection_->set_max_message_size(bytes);
}

SOCKETIO_DECL std::string WebsocketppProtocol::take_output() { return std::exchange(connection_->output, {}); }

SOCKETIO_DECL WebSocketEvent WebsocketppProtocol::parse(std::span<char>& input) {
  event_ = {};
  message_.reset();
  while (!ended_ && !input.empty() && event_.kind == WebSocketEvent::Kind::none) {
    std::size_t count = 0;  // bytes of the input that WebSocket++ gets at once
    bool within_limits = true;
    if (!in_payload_) {
      const bool began_before = header_bytes_ > 0;
      count = take_header(input);
      if (!in_payload_) break;
      within_limits = count_frame();
      chunks_ = 0;
      const bool hidden = hide_compression();
      const bool shortened = shorten_header();
      if (hidden || shortened || began_before) {
        connection_->feed(std::span(header_).first(header_bytes_));
        input = input.subspan(std::exchange(count, 0));
      }
      header_bytes_ = 0;
    }
    if (payload_left_ > 0 && input.size() > count) ++chunks_;
    const bool has_too_many_chunks =
        within_limits && limits_.max_buffered_chunks != 0 && chunks_ > limits_.max_buffered_chunks;
    if (within_limits && !has_too_many_chunks) {
      const std::size_t rest = static_cast<std::size_t>(std::min<std::uint64_t>(payload_left_, input.size() - count));
      payload_left_ -= rest;
      in_payload_ = payload_left_ > 0;
      count += rest;
    }
    connection_->feed(input.first(count));
    input = input.subspan(count);
    // Only after the header was fed: WebSocket++ may have found a worse mistake in it.
    if (has_too_many_chunks)
      fail(websocketpp::close::status::policy_violation, "too many buffered chunks");
    else if (!within_limits && fragments_ > limits_.max_fragments)
      fail(websocketpp::close::status::policy_violation, "too many fragments");
    else if (!within_limits)
      fail(websocketpp::close::status::message_too_big, "message too big");
    if (connection_->get_state() == websocketpp::session::state::closed) end();
  }
  if (ended_ || header_bytes_ > 0) input = {};
  return event_;
}

/// Copies the part of the header that the input has, and returns its size; in_payload_ tells whether the header is
/// complete now.
SOCKETIO_DECL std::size_t WebsocketppProtocol::take_header(std::span<const char> input) {
  std::size_t count = 0;
  while (count < input.size() && !in_payload_) {
    header_[header_bytes_++] = input[count++];
    in_payload_ = header_bytes_ >= 2 && header_bytes_ == 2 + length_bytes() + mask_bytes();
  }
  if (!in_payload_) return count;
  payload_left_ = length_bytes() == 0 ? static_cast<unsigned char>(header_[1]) & 0x7Fu : 0u;
  for (std::size_t i = 0; i < length_bytes(); ++i)
    payload_left_ = payload_left_ << 8 | static_cast<unsigned char>(header_[2 + i]);
  return count;
}

/// Reads in the first frame of a message whether it is binary and compressed. WebSocket++ sees a compressed message as
/// a binary one without compression; AsioWebSocket decompresses it. Returns whether that has changed the header.
SOCKETIO_DECL bool WebsocketppProtocol::hide_compression() {
  const int opcode = header_[0] & 0x0F;
  if (opcode == 0 || is_control()) return false;
  is_binary_ = opcode == websocketpp::frame::opcode::binary;
  is_compressed_ = may_compress_ && (header_[0] & 0x40) != 0 && (opcode == 1 || opcode == 2);
  if (is_compressed_) header_[0] = static_cast<char>((header_[0] & 0xB0) | websocketpp::frame::opcode::binary);
  return is_compressed_;
}

/// Writes the length in the fewest bytes, because WebSocket++ insists on that; `ws` does not. Returns whether that has
/// changed the header.
SOCKETIO_DECL bool WebsocketppProtocol::shorten_header() {
  const std::size_t present = length_bytes();
  const std::size_t needed = payload_left_ < 126 ? 0 : payload_left_ <= 0xFFFF ? 2 : 8;
  if (needed == present || is_control()) return false;
  const unsigned mask_bit = mask_bytes() != 0 ? 0x80 : 0;
  header_[1] = static_cast<char>(mask_bit | (needed == 0 ? static_cast<unsigned>(payload_left_) : 126u));
  for (std::size_t i = 0; i < needed; ++i) header_[2 + i] = static_cast<char>(payload_left_ >> (8 * (needed - 1 - i)));
  std::copy_n(header_.begin() + static_cast<std::ptrdiff_t>(2 + present), mask_bytes(),
              header_.begin() + static_cast<std::ptrdiff_t>(2 + needed));
  header_bytes_ = 2 + needed + mask_bytes();
  return true;
}

/// Whether a frame whose header is complete keeps two limits: WebSocket++ does not count fragments, and the sum of
/// their lengths may overflow in it.
SOCKETIO_DECL bool WebsocketppProtocol::count_frame() {
  if (is_control()) return true;
  fragments_ = (header_[0] & 0x0F) == 0 ? fragments_ + 1 : 1;
  return payload_left_ <= limits_.max_message_bytes && fragments_ <= limits_.max_fragments;
}

SOCKETIO_DECL void WebsocketppProtocol::on_message(MessagePointer message) {
  std::string& payload = message->get_raw_payload();
  // WebSocket++ accepts a fragmented text that ends in the middle of a character.
  if (!is_binary_ && !is_compressed_ && fragments_ > 1 && !is_valid_utf8(payload))
    return fail(websocketpp::close::status::invalid_payload, "text is not UTF-8");
  message_ = std::move(message);
  event_.kind = WebSocketEvent::Kind::message;
  event_.is_binary = is_binary_;
  event_.is_compressed = is_compressed_;
  event_.payload = payload;
}

SOCKETIO_DECL void WebsocketppProtocol::fail(websocketpp::close::status::value code, const char* why) {
  std::error_code ignored;  // that WebSocket++ has ended already
  connection_->close(code, why, ignored);
}

/// Makes the last event: WebSocket++ has ended because of the peer's close frame, or because of a violation.
SOCKETIO_DECL void WebsocketppProtocol::end() {
  ended_ = true;
  const std::string& their_reason = connection_->get_remote_close_reason();
  const std::string& our_reason = connection_->get_local_close_reason();
  event_ = {};
  // An echo has the peer's reason and our own close frame has none, so another reason explains a violation.
  if (our_reason.empty() || our_reason == their_reason) {
    event_.kind = WebSocketEvent::Kind::close;
    event_.code = connection_->get_remote_close_code();
    text_ = their_reason;
    event_.payload = text_;
    return;
  }
  event_.kind = WebSocketEvent::Kind::failed;
  event_.code = connection_->get_local_close_code();
  text_ = our_reason;
  event_.error = text_;
  // WebSocket++ has no code of its own for a reason that is not UTF-8.
  if (!is_valid_utf8(their_reason)) event_.code = websocketpp::close::status::invalid_payload;
}

SOCKETIO_DECL void WebsocketppProtocol::send(const MessagePtr& message, AsioOutQueue& queue) {
  const auto prepared = prepared_.get(message);
  connection_->queue = &queue;
  connection_->message_in_send = prepared;
  connection_->send(prepared);
  connection_->queue = nullptr;
  connection_->message_in_send.reset();
}

SOCKETIO_DECL std::string WebsocketppProtocol::pong(std::string_view payload) {
  std::error_code ignored;
  connection_->pong(std::string(payload), ignored);
  return take_output();
}

SOCKETIO_DECL std::string WebsocketppProtocol::close(std::optional<std::uint16_t> code, std::string_view reason) {
  namespace status = websocketpp::close::status;
  // With these codes WebSocket++ would not wait for the peer's close frame.
  const bool is_terminal = !ended_ && code && status::terminal(*code);
  // WebSocket++ would answer 1000 to a close frame without a code, and explain violations at length.
  const bool is_other_answer = ended_ && (!code || event_.kind != WebSocketEvent::Kind::close);
  if (is_terminal || is_other_answer) return websocket_close_frame(code, reason);
  if (!ended_) {
    std::error_code ignored;
    connection_->close(code.value_or(status::no_status), std::string(reason), ignored);
  }
  return take_output();
}

SOCKETIO_DECL std::unique_ptr<WebSocketProtocol> WebsocketppFactory::accept(const HttpRequest& request,
                                                                            const HttpResponse& handshake,
                                                                            const HttpHeaders& added,
                                                                            const WebSocketLimits& limits,
                                                                            std::string& response_head) {
  auto protocol = std::make_unique<WebsocketppProtocol>(endpoint_.get_connection(), prepared_, request, limits);
  response_head = protocol->take_output();
  // Appended here, because WebSocket++ joins fields with the same name, which breaks Set-Cookie.
  response_head.erase(response_head.size() - 2);
  for (const char* const agreed : {"Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"})
    if (const auto value = handshake.headers.joined(agreed)) append_field(response_head, agreed, *value);
  append_added_fields(response_head, added);
  response_head += "\r\n";
  return protocol;
}

}  // namespace socketio::detail
