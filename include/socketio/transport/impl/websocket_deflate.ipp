// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/websocket_deflate.hpp>. Transport layer, no I/O.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/http_parser.hpp>
#include <socketio/transport/websocket_deflate.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace socketio {

namespace detail {

/// Takes the text up to the separator, without blanks around it, and leaves what follows; without a separator, nothing
/// follows, and `rest` has no data.
SOCKETIO_DECL std::string_view take_part(std::string_view& rest, char separator) noexcept {
  const std::size_t end = rest.find(separator);
  const std::string_view part = trim_blanks(rest.substr(0, end));
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

/// A parameter of an element of Sec-WebSocket-Extensions.
struct ExtensionParameter {
  std::string_view name;
  std::optional<std::string_view> value{};

  /// False if it is malformed. The value is a token, in quotes or not.
  bool parse(std::string_view text) noexcept {
    name = take_part(text, '=');
    if (!is_token(name)) return false;
    if (!text.data()) return true;
    std::string_view token = trim_blanks(text);
    if (token.size() >= 2 && token.front() == '"' && token.back() == '"') token = token.substr(1, token.size() - 2);
    value = token;
    return is_token(token);
  }
};

/// 8 to 15, without a leading zero.
SOCKETIO_DECL std::optional<int> parse_window_bits(std::string_view text) noexcept {
  if (text.size() == 1 && (text == "8" || text == "9")) return text.front() - '0';
  if (text.size() == 2 && text.front() == '1' && text.back() >= '0' && text.back() <= '5')
    return 10 + text.back() - '0';
  return std::nullopt;
}

/// One offer of permessage-deflate.
struct DeflateOffer {
  DeflateAgreement wanted;
  bool can_be_told_window_bits = false;

  /// False if the extension has no such parameter, not with that value, or not twice.
  bool take(const ExtensionParameter& parameter) {
    const auto bits = parameter.value ? parse_window_bits(*parameter.value) : std::nullopt;
    if (parameter.name == "server_no_context_takeover")
      return !parameter.value && !std::exchange(wanted.server_no_context_takeover, true);
    if (parameter.name == "client_no_context_takeover")
      return !parameter.value && !std::exchange(wanted.client_no_context_takeover, true);
    if (parameter.name == "server_max_window_bits") return bits && !std::exchange(wanted.server_max_window_bits, bits);
    if (parameter.name != "client_max_window_bits") return false;
    wanted.client_max_window_bits = bits;
    return (bits || !parameter.value) && !std::exchange(can_be_told_window_bits, true);
  }

  std::optional<DeflateAgreement> accepted_with(const PerMessageDeflateOptions& options) const {
    if (wanted.server_max_window_bits && options.server_max_window_bits.value_or(0) > *wanted.server_max_window_bits)
      return std::nullopt;
    if (options.client_max_window_bits && !can_be_told_window_bits) return std::nullopt;
    DeflateAgreement agreement = wanted;
    agreement.server_no_context_takeover |= options.server_no_context_takeover;
    agreement.client_no_context_takeover |= options.client_no_context_takeover;
    if (options.server_max_window_bits) agreement.server_max_window_bits = options.server_max_window_bits;
    // RFC 7692 section 7.1.2.2: the server may not ask for more than the client has offered.
    if (options.client_max_window_bits)
      agreement.client_max_window_bits =
          std::min(*options.client_max_window_bits, wanted.client_max_window_bits.value_or(15));
    return agreement;
  }
};

/// A frame of the server whose payload is compressed: FIN and RSV1 set (RFC 7692 section 7.2.3.1).
SOCKETIO_DECL std::shared_ptr<const std::string> deflated_frame(const Message& message, Deflater& deflater) {
  constexpr std::size_t longest_header = 10;
  auto frame = std::make_shared<std::string>(longest_header, '\0');
  deflater.message(message.payload(), *frame);
  const std::uint64_t size = frame->size() - longest_header;
  const std::size_t length_bytes = size < 126 ? 0 : size <= 0xFFFF ? 2 : 8;
  const std::size_t start = longest_header - 2 - length_bytes;
  (*frame)[start] = static_cast<char>(message.is_binary() ? 0xC2 : 0xC1);
  (*frame)[start + 1] = static_cast<char>(length_bytes == 0 ? size : length_bytes == 2 ? 126 : 127);
  for (std::size_t i = 0; i < length_bytes; ++i)
    (*frame)[start + 2 + i] = static_cast<char>(size >> (8 * (length_bytes - 1 - i)));
  frame->erase(0, start);
  return frame;
}

}  // namespace detail

SOCKETIO_DECL std::string DeflateAgreement::to_header() const {
  std::string header = "permessage-deflate";
  if (server_no_context_takeover) header += "; server_no_context_takeover";
  if (client_no_context_takeover) header += "; client_no_context_takeover";
  if (server_max_window_bits) header += "; server_max_window_bits=" + std::to_string(*server_max_window_bits);
  if (client_max_window_bits) header += "; client_max_window_bits=" + std::to_string(*client_max_window_bits);
  return header;
}

SOCKETIO_DECL DeflateNegotiation negotiate_deflate(const HttpHeaders& request_headers,
                                                   const PerMessageDeflateOptions& options) {
  const auto field = request_headers.joined("Sec-WebSocket-Extensions");
  if (!field) return {};
  bool is_offered = false;
  std::optional<DeflateAgreement> agreement;
  std::string_view elements = *field;
  do {
    std::string_view parts = detail::take_part(elements, ',');
    const std::string_view name = detail::take_part(parts, ';');
    if (!detail::is_token(name)) return {.refused = true};
    const bool is_deflate = name == "permessage-deflate";
    detail::DeflateOffer offer;
    while (parts.data()) {
      detail::ExtensionParameter parameter;
      if (!parameter.parse(detail::take_part(parts, ';'))) return {.refused = true};
      if (is_deflate && !offer.take(parameter)) return {.refused = true};
    }
    if (is_deflate && !agreement) agreement = offer.accepted_with(options);
    is_offered |= is_deflate;
  } while (elements.data());
  return {is_offered && !agreement, agreement};
}

SOCKETIO_DECL DeflatePool::Frame DeflatePool::frame_of(const MessagePtr& message,
                                                       const detail::DeflateSettings& settings) {
  const bool is_same_kind = deflater_ && settings == settings_;
  if (is_same_kind && last_message_.lock() == message)
    if (Frame frame = last_frame_.lock()) return frame;
  if (is_same_kind) {
    deflater_->reset();
  } else {
    deflater_ = std::make_unique<detail::Deflater>(detail::DeflateFormat::raw, settings);
    settings_ = settings;
  }
  Frame frame = detail::deflated_frame(*message, *deflater_);
  last_message_ = message;
  last_frame_ = frame;
  return frame;
}

SOCKETIO_DECL detail::Inflater& DeflatePool::inflater() {
  if (inflater_)
    inflater_->reset();
  else
    inflater_ = std::make_unique<detail::Inflater>(15);
  return *inflater_;
}

SOCKETIO_DECL WebSocketDeflate::WebSocketDeflate(DeflatePool& pool, const DeflateAgreement& agreement,
                                                 const PerMessageDeflateOptions& options)
    : pool_(pool),
      threshold_(options.threshold),
      settings_{options.level, agreement.server_max_window_bits.value_or(15), options.mem_level},
      client_window_bits_(agreement.client_max_window_bits.value_or(15)),
      server_has_context_(!agreement.server_no_context_takeover),
      client_has_context_(!agreement.client_no_context_takeover) {}

SOCKETIO_DECL WebSocketDeflate::Frame WebSocketDeflate::frame_of(const MessagePtr& message) {
  const std::string_view payload = message->payload();
  const bool is_small = payload.size() < threshold_ && !deflater_;
  // zlib cannot use a window of 2^8 bytes; the server may send any message uncompressed.
  if (payload.empty() || is_small || !message->compress() || settings_.window_bits < 9) return nullptr;
  if (!server_has_context_) return pool_.frame_of(message, settings_);
  if (!deflater_) deflater_ = std::make_unique<detail::Deflater>(detail::DeflateFormat::raw, settings_);
  return detail::deflated_frame(*message, *deflater_);
}

SOCKETIO_DECL detail::InflateResult WebSocketDeflate::inflate(std::string_view payload, std::size_t max_bytes,
                                                              std::string& out) {
  if (!client_has_context_) return pool_.inflater().message(payload, max_bytes, out);
  if (!inflater_) inflater_ = std::make_unique<detail::Inflater>(client_window_bits_);
  return inflater_->message(payload, max_bytes, out);
}

}  // namespace socketio
