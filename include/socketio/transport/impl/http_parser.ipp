// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/http_parser.hpp>. Transport layer, no I/O.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/http_parser.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

namespace socketio {

namespace detail {

SOCKETIO_DECL bool is_token(std::string_view text) noexcept {
  static constexpr auto table = [] {
    std::array<bool, 256> result{};
    for (std::size_t c = 0; c < 256; ++c) result[c] = is_token_char(static_cast<char>(c));
    return result;
  }();
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return table[static_cast<unsigned char>(c)]; });
}

/// The methods that Node.js knows, without CONNECT, which only a proxy can serve.
SOCKETIO_DECL bool is_known_method(std::string_view method) noexcept {
  static constexpr std::array<std::string_view, 34> methods{
      "GET",    "POST",     "HEAD",      "OPTIONS",  "PUT",       "DELETE",   "PATCH",      "TRACE",      "ACL",
      "BIND",   "CHECKOUT", "COPY",      "LINK",     "LOCK",      "M-SEARCH", "MERGE",      "MKACTIVITY", "MKCALENDAR",
      "MKCOL",  "MOVE",     "NOTIFY",    "PROPFIND", "PROPPATCH", "PURGE",    "QUERY",      "REBIND",     "REPORT",
      "SEARCH", "SOURCE",   "SUBSCRIBE", "UNBIND",   "UNLINK",    "UNLOCK",   "UNSUBSCRIBE"};
  return std::find(methods.begin(), methods.end(), method) != methods.end();
}

SOCKETIO_DECL bool is_request_target(std::string_view target) noexcept {
  if (target.empty()) return false;
  if (std::any_of(target.begin(), target.end(),
                  [](char c) { return c == ' ' || is_forbidden_in_line(c) || c == '\t'; }))
    return false;
  if (target.front() == '/' || target == "*") return true;
  const std::size_t colon = target.find("://");
  return colon != std::string_view::npos && colon > 0 &&
         std::all_of(target.begin(), target.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
           return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' ||
                  c == '.';
         });
}

SOCKETIO_DECL std::optional<std::uint64_t> parse_decimal(std::string_view digits) noexcept {
  if (digits.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

}  // namespace detail

SOCKETIO_DECL HttpHeadParser::Status HttpHeadParser::fail(unsigned status) noexcept {
  error_status_ = status;
  return Status::failed;
}

SOCKETIO_DECL HttpHeadParser::Status HttpHeadParser::parse(std::string_view input, std::size_t& consumed) {
  consumed = 0;
  if (error_status_ != 0) return Status::failed;
  for (;;) {
    // Byte by byte, so that the first mistake decides about the status, wherever the input was cut.
    const std::string_view rest = input.substr(consumed);
    std::size_t at = scanned_;
    for (; at < rest.size(); ++at) {
      if (head_bytes_ + at >= limits_.max_head_bytes) return fail(431);
      const char c = rest[at];
      if (c == '\n' && at > 0 && rest[at - 1] == '\r') break;
      if (at > 0 && rest[at - 1] == '\r') return fail(400);
      if (c != '\r' && detail::is_forbidden_in_line(c)) return fail(400);
    }
    scanned_ = at;
    if (at == rest.size()) return Status::incomplete;

    const std::string_view line = rest.substr(0, at - 1);
    consumed += at + 1;
    head_bytes_ += at + 1;
    scanned_ = 0;
    if (line.empty() && has_request_line_) return finish_head() ? Status::complete : Status::failed;
    if (!parse_line(line)) return Status::failed;
  }
}

SOCKETIO_DECL bool HttpHeadParser::parse_line(std::string_view line) {
  if (has_request_line_) return parse_field(line);
  if (line.empty()) return true;  // RFC 9112 section 2.2: empty lines before a request are ignored
  has_request_line_ = true;
  return parse_request_line(line);
}

SOCKETIO_DECL bool HttpHeadParser::parse_request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return fail(400), false;
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return fail(400), false;
  if (!detail::is_known_method(method) || !detail::is_request_target(target)) return fail(400), false;
  is_http_1_0_ = version.back() == '0';
  request_.method = method;
  request_.target = target;
  return true;
}

SOCKETIO_DECL bool HttpHeadParser::parse_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !detail::is_token(line.substr(0, colon))) return fail(400), false;
  if (request_.headers.size() >= limits_.max_header_count) return fail(431), false;
  request_.headers.add(line.substr(0, colon), detail::trim_blanks(line.substr(colon + 1)));
  return true;
}

SOCKETIO_DECL bool HttpHeadParser::finish_head() {
  std::size_t hosts = 0;
  std::optional<std::string_view> content_length;
  bool has_transfer_encoding = false;
  std::string_view last_coding;
  std::size_t codings = 0;
  const HttpHeaders& headers = request_.headers;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const HttpHeaders::Field field = headers[i];
    if (iequals(field.name, "host")) {
      ++hosts;
    } else if (iequals(field.name, "content-length")) {
      if (content_length) return fail(400), false;
      content_length = field.value;
    } else if (iequals(field.name, "transfer-encoding")) {
      has_transfer_encoding = true;
      for (std::string_view rest = field.value;;) {
        const std::size_t comma = rest.find(',');
        last_coding = detail::trim_blanks(rest.substr(0, comma));
        ++codings;
        if (comma == std::string_view::npos) break;
        rest.remove_prefix(comma + 1);
      }
    } else if (iequals(field.name, "expect")) {
      if (!iequals(field.value, "100-continue")) return fail(417), false;
      expects_continue_ = !is_http_1_0_;
    }
  }
  if (hosts > 1 || (hosts == 0 && !is_http_1_0_)) return fail(400), false;
  if (has_transfer_encoding) {
    // Requests are smuggled in where two parties see the end of a body at different places.
    if (content_length || is_http_1_0_ || !iequals(last_coding, "chunked")) return fail(400), false;
    if (codings > 1) return fail(501), false;
    framing_ = {HttpFraming::Kind::chunked, 0};
  } else if (content_length) {
    const auto length = detail::parse_decimal(*content_length);
    if (!length) return fail(400), false;
    if (*length > 0) framing_ = {HttpFraming::Kind::length, *length};
  }
  if (framing_.kind == HttpFraming::Kind::none) expects_continue_ = false;
  if (headers.has_token("connection", "close"))
    keep_alive_ = false;
  else
    keep_alive_ = !is_http_1_0_ || headers.has_token("connection", "keep-alive");
  return true;
}

SOCKETIO_DECL HttpBodyDecoder::HttpBodyDecoder(HttpFraming framing, const HttpLimits& limits) noexcept
    : overhead_left_(limits.max_head_bytes) {
  if (framing.kind == HttpFraming::Kind::chunked) {
    state_ = State::chunk_size_first;
  } else if (framing.kind == HttpFraming::Kind::length && framing.length > 0) {
    state_ = State::length;
    remaining_ = framing.length;
  }
}

SOCKETIO_DECL bool HttpBodyDecoder::fail(unsigned status) noexcept {
  state_ = State::failed;
  error_status_ = status;
  return false;
}

SOCKETIO_DECL HttpBodyDecoder::Piece HttpBodyDecoder::decode(std::string_view input) noexcept {
  std::size_t at = 0;
  while (at < input.size() && state_ != State::done && state_ != State::failed) {
    if (state_ == State::length || state_ == State::chunk_data) {
      const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input.size() - at));
      const std::string_view data = input.substr(at, take);
      remaining_ -= take;
      if (remaining_ == 0) state_ = state_ == State::length ? State::done : State::chunk_data_cr;
      return {state_ == State::done ? Status::complete : Status::incomplete, at + take, data};
    }
    if (!step(input[at])) break;
    ++at;
  }
  if (state_ == State::failed) return {Status::failed, at, {}};
  return {state_ == State::done ? Status::complete : Status::incomplete, at, {}};
}

/// Takes one byte of the framing of a chunked body.
SOCKETIO_DECL bool HttpBodyDecoder::step(char c) noexcept {
  const auto digit = [c]() -> int {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = detail::ascii_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  };
  const auto spend = [this] { return overhead_left_ > 0 && overhead_left_-- > 0; };
  switch (state_) {
    case State::chunk_size_first:
    case State::chunk_size:
      if (const int value = digit(); value >= 0) {
        if (remaining_ >> 60 != 0) return fail(400);
        remaining_ = remaining_ * 16 + static_cast<std::uint64_t>(value);
        // Leading zeros do not enlarge the number and could go on for ever, so they count as overhead.
        if (remaining_ == 0 && state_ == State::chunk_size && !spend()) return fail(400);
        state_ = State::chunk_size;
      } else if (state_ == State::chunk_size_first) {
        return fail(400);
      } else if (c == '\r') {
        state_ = State::chunk_size_lf;
      } else if (c == ';') {
        state_ = State::chunk_extension;
      } else {
        return fail(400);
      }
      return true;
    case State::chunk_extension:
      if (c == '\r') {
        state_ = State::chunk_size_lf;
        return true;
      }
      if (detail::is_forbidden_in_line(c)) return fail(400);
      return spend() ? true : fail(413);
    case State::chunk_size_lf:
      if (c != '\n') return fail(400);
      state_ = remaining_ == 0 ? State::trailer_start : State::chunk_data;
      return true;
    case State::chunk_data_cr:
      if (c != '\r') return fail(400);
      state_ = State::chunk_data_lf;
      return true;
    case State::chunk_data_lf:
      if (c != '\n') return fail(400);
      state_ = State::chunk_size_first;
      return true;
    case State::trailer_start:
      if (c == '\r') {
        state_ = State::last_lf;
        return true;
      }
      if (!detail::is_token_char(c)) return fail(400);
      state_ = State::trailer;
      return spend() ? true : fail(431);
    case State::trailer:
      if (c == '\r') {
        state_ = State::trailer_lf;
        return true;
      }
      if (detail::is_forbidden_in_line(c)) return fail(400);
      return spend() ? true : fail(431);
    case State::trailer_lf:
      if (c != '\n') return fail(400);
      state_ = State::trailer_start;
      return true;
    case State::last_lf:
      if (c != '\n') return fail(400);
      state_ = State::done;
      return true;
    case State::length:
    case State::chunk_data:
    case State::done:
    case State::failed: break;
  }
  return false;
}

}  // namespace socketio
