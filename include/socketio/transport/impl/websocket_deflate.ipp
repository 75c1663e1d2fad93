// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/websocket_deflate.hpp>. Transport layer, no I/O.
#pragma once

#include <socketio/transport/http_parser.hpp>
#include <socketio/transport/websocket_deflate.hpp>

#include <algorithm>
#include <cstdint>

namespace socketio {

namespace detail {

/// One element of Sec-WebSocket-Extensions.
struct ExtensionOffer {
  struct Parameter {
    std::string_view name;
    std::optional<std::string_view> value;
  };
  std::string_view name;
  std::vector<Parameter> parameters;
};

/// Splits the field; no value if it is malformed. Values are tokens, in quotes or not.
inline std::optional<std::vector<ExtensionOffer>> parse_extensions(std::string_view field) {
  std::vector<ExtensionOffer> offers;
  for (;;) {
    const std::size_t comma = field.find(',');
    std::string_view element = field.substr(0, comma);
    ExtensionOffer offer;
    for (bool is_first = true;; is_first = false) {
      const std::size_t semicolon = element.find(';');
      const std::string_view part = trim_blanks(element.substr(0, semicolon));
      const std::size_t equals = is_first ? std::string_view::npos : part.find('=');
      const std::string_view name = trim_blanks(part.substr(0, equals));
      if (!is_token(name)) return std::nullopt;
      std::optional<std::string_view> value;
      if (equals != std::string_view::npos) {
        value = trim_blanks(part.substr(equals + 1));
        if (value->size() >= 2 && value->front() == '"' && value->back() == '"')
          value = value->substr(1, value->size() - 2);
        if (!is_token(*value)) return std::nullopt;
      }
      if (is_first)
        offer.name = name;
      else
        offer.parameters.push_back({name, value});
      if (semicolon == std::string_view::npos) break;
      element.remove_prefix(semicolon + 1);
    }
    offers.push_back(std::move(offer));
    if (comma == std::string_view::npos) return offers;
    field.remove_prefix(comma + 1);
  }
}

/// 8 to 15, without a leading zero.
inline std::optional<int> parse_window_bits(std::string_view text) noexcept {
  if (text.size() == 1 && (text == "8" || text == "9")) return text.front() - '0';
  if (text.size() == 2 && text.front() == '1' && text.back() >= '0' && text.back() <= '5')
    return 10 + text.back() - '0';
  return std::nullopt;
}

/// An offer of permessage-deflate as it was made.
struct DeflateOffer {
  DeflateAgreement wanted;
  bool can_be_told_window_bits = false;

  static std::optional<DeflateOffer> from(const ExtensionOffer& extension) {
    DeflateOffer offer;
    for (const ExtensionOffer::Parameter& parameter : extension.parameters) {
      const auto bits = parameter.value ? parse_window_bits(*parameter.value) : std::nullopt;
      bool is_fresh = false;
      if (parameter.name == "server_no_context_takeover") {
        is_fresh = !parameter.value && !std::exchange(offer.wanted.server_no_context_takeover, true);
      } else if (parameter.name == "client_no_context_takeover") {
        is_fresh = !parameter.value && !std::exchange(offer.wanted.client_no_context_takeover, true);
      } else if (parameter.name == "server_max_window_bits") {
        is_fresh = bits && !std::exchange(offer.wanted.server_max_window_bits, bits);
      } else if (parameter.name == "client_max_window_bits") {
        is_fresh = (bits || !parameter.value) && !std::exchange(offer.can_be_told_window_bits, true);
        offer.wanted.client_max_window_bits = bits;
      }
      if (!is_fresh) return std::nullopt;
    }
    return offer;
  }

  std::optional<DeflateAgreement> accepted_with(const PerMessageDeflateOptions& options) const {
    if (wanted.server_max_window_bits && options.server_max_window_bits.value_or(0) > *wanted.server_max_window_bits)
      return std::nullopt;
    if (options.client_max_window_bits && !can_be_told_window_bits) return std::nullopt;
    DeflateAgreement agreement = wanted;
    agreement.server_no_context_takeover |= options.server_no_context_takeover;
    agreement.client_no_context_takeover |= options.client_no_context_takeover;
    if (options.server_max_window_bits) agreement.server_max_window_bits = options.server_max_window_bits;
    // RFC 7692 section 7.1.2.2: never more than the client has said it will use.
    if (options.client_max_window_bits)
      agreement.client_max_window_bits =
          std::min(*options.client_max_window_bits, wanted.client_max_window_bits.value_or(15));
    return agreement;
  }
};

/// A frame of the server whose payload is compressed: FIN and RSV1 set (RFC 7692 section 7.2.3.1).
inline std::shared_ptr<const std::string> deflated_frame(const Message& message, Deflater& deflater) {
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

inline std::string DeflateAgreement::to_header() const {
  std::string header = "permessage-deflate";
  if (server_no_context_takeover) header += "; server_no_context_takeover";
  if (client_no_context_takeover) header += "; client_no_context_takeover";
  if (server_max_window_bits) header += "; server_max_window_bits=" + std::to_string(*server_max_window_bits);
  if (client_max_window_bits) header += "; client_max_window_bits=" + std::to_string(*client_max_window_bits);
  return header;
}

inline DeflateNegotiation negotiate_deflate(const HttpHeaders& request_headers,
                                            const PerMessageDeflateOptions& options) {
  const auto field = request_headers.joined("Sec-WebSocket-Extensions");
  if (!field) return {};
  const auto extensions = detail::parse_extensions(*field);
  if (!extensions) return {.refused = true};
  bool is_offered = false;
  std::optional<DeflateAgreement> agreement;
  for (const detail::ExtensionOffer& extension : *extensions) {
    if (extension.name != "permessage-deflate") continue;
    is_offered = true;
    const auto offer = detail::DeflateOffer::from(extension);
    if (!offer) return {.refused = true};
    if (!agreement) agreement = offer->accepted_with(options);
  }
  return {is_offered && !agreement, agreement};
}

inline DeflatePool::Frame DeflatePool::frame_of(const MessagePtr& message, const detail::DeflateSettings& settings) {
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

inline detail::Inflater& DeflatePool::inflater() {
  if (inflater_)
    inflater_->reset();
  else
    inflater_ = std::make_unique<detail::Inflater>(15);
  return *inflater_;
}

inline WebSocketDeflate::WebSocketDeflate(DeflatePool& pool, const DeflateAgreement& agreement,
                                          const PerMessageDeflateOptions& options)
    : pool_(pool),
      threshold_(options.threshold),
      settings_{options.level, agreement.server_max_window_bits.value_or(15), options.mem_level},
      client_window_bits_(agreement.client_max_window_bits.value_or(15)),
      server_has_context_(!agreement.server_no_context_takeover),
      client_has_context_(!agreement.client_no_context_takeover) {}

inline WebSocketDeflate::Frame WebSocketDeflate::frame_of(const MessagePtr& message) {
  const std::string_view payload = message->payload();
  const bool is_small = payload.size() < threshold_ && !deflater_;
  // zlib cannot keep to 2^8 bytes; a message that is not compressed is always allowed.
  if (payload.empty() || is_small || !message->compress() || settings_.window_bits < 9) return nullptr;
  if (!server_has_context_) return pool_.frame_of(message, settings_);
  if (!deflater_) deflater_ = std::make_unique<detail::Deflater>(detail::DeflateFormat::raw, settings_);
  return detail::deflated_frame(*message, *deflater_);
}

inline detail::InflateResult WebSocketDeflate::inflate(std::string_view payload, std::size_t max_bytes,
                                                       std::string& out) {
  if (!client_has_context_) return pool_.inflater().message(payload, max_bytes, out);
  if (!inflater_) inflater_ = std::make_unique<detail::Inflater>(client_window_bits_);
  return inflater_->message(payload, max_bytes, out);
}

}  // namespace socketio
