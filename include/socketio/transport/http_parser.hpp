// SPDX-License-Identifier: MIT
// Reads HTTP/1.x requests: an incremental, bounded parser of heads and a decoder of bodies. Transport layer, no I/O.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/http.hpp>
#include <socketio/transport/http_limits.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace socketio {

namespace detail {

/// The characters of methods, field names and other tokens (RFC 9110 section 5.6.2).
constexpr bool is_token_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

SOCKETIO_DECL bool is_token(std::string_view text) noexcept;

/// Control characters other than the horizontal tab: allowed nowhere inside a line.
constexpr bool is_forbidden_in_line(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7F;
}

}  // namespace detail

/// How far the body of a request reaches (RFC 9112 section 6.3).
struct HttpFraming {
  enum class Kind : std::uint8_t { none, length, chunked };
  Kind kind = Kind::none;
  std::uint64_t length = 0;  // bytes; for Kind::length only
};

/// Parses the head of one request, line by line.
///
/// It is as strict as Node.js, and stricter than RFC 9112 requires, because leniency has been abused to smuggle
/// requests: lines end with CRLF, fields are not folded, no space precedes a colon, and there is at most one
/// Content-Length, which never stands beside Transfer-Encoding.
///
/// @par Untrusted input  All of it. The result does not depend on how the input was cut.
/// @par Specification    RFC 9112 sections 2 to 7.
class HttpHeadParser {
 public:
  enum class Status : std::uint8_t { incomplete, complete, failed };

  explicit HttpHeadParser(const HttpLimits& limits = {}) noexcept : limits_(limits) {}

  /// Consumes whole lines from the front of `input`, up to the empty line at most.
  ///
  /// @param consumed  receives the count of bytes used; pass the rest again, followed by what arrives next
  Status parse(std::string_view input, std::size_t& consumed);

  /// Whether any byte of a request has been seen.
  bool started() const noexcept { return head_bytes_ + scanned_ > 0; }

  /// The status to refuse the request with: 400, 417, 431 or 501; 0 unless parse() has failed.
  unsigned error_status() const noexcept { return error_status_; }

  // The following are meaningful once parse() has returned Status::complete.

  HttpRequest& request() noexcept { return request_; }
  HttpFraming framing() const noexcept { return framing_; }
  bool is_http_1_0() const noexcept { return is_http_1_0_; }
  /// Whether the connection may be used again after the response.
  bool keep_alive() const noexcept { return keep_alive_; }
  /// Whether the peer waits for `100 Continue` before it sends the body.
  bool expects_continue() const noexcept { return expects_continue_; }

 private:
  Status fail(unsigned status) noexcept;
  bool parse_line(std::string_view line);
  bool parse_request_line(std::string_view line);
  bool parse_field(std::string_view line);
  bool finish_head();

  HttpLimits limits_;
  HttpRequest request_;
  HttpFraming framing_;
  std::size_t head_bytes_ = 0;  // in the lines consumed
  std::size_t scanned_ = 0;     // of the incomplete line: found to hold no line end and no forbidden byte
  unsigned error_status_ = 0;
  bool has_request_line_ = false;
  bool is_http_1_0_ = false;
  bool keep_alive_ = true;
  bool expects_continue_ = false;
};

/// Removes the framing from the body of one request.
///
/// Chunk extensions and trailers are skipped; each is bounded by `max_head_bytes` for the whole body.
///
/// @par Untrusted input  All of it. The concatenated data do not depend on how the input was cut.
/// @par Specification    RFC 9112 sections 6 and 7.1.
class HttpBodyDecoder {
 public:
  enum class Status : std::uint8_t { incomplete, complete, failed };

  struct Piece {
    Status status;
    std::size_t consumed;   // bytes of the input that were used
    std::string_view data;  // body bytes within them
  };

  explicit HttpBodyDecoder(HttpFraming framing = {}, const HttpLimits& limits = {}) noexcept;

  /// Decodes up to the next piece of data; call again with the rest while input is left and it is not complete.
  Piece decode(std::string_view input) noexcept;

  bool complete() const noexcept { return state_ == State::done; }
  /// The status to refuse the request with (400, 413 or 431); 0 unless decode() has failed.
  unsigned error_status() const noexcept { return error_status_; }
  /// Bytes of data known to come: the rest of a Content-Length, or of the current chunk.
  std::uint64_t remaining() const noexcept { return remaining_; }

 private:
  enum class State : std::uint8_t {
    length,
    chunk_size_first,
    chunk_size,
    chunk_extension,
    chunk_size_lf,
    chunk_data,
    chunk_data_cr,
    chunk_data_lf,
    trailer_start,
    trailer,
    trailer_lf,
    last_lf,
    done,
    failed
  };

  bool step(char c) noexcept;
  bool fail(unsigned status) noexcept;

  std::uint64_t remaining_ = 0;
  std::size_t overhead_left_;
  unsigned error_status_ = 0;
  State state_ = State::done;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/http_parser.ipp>
#endif
