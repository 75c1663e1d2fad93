// SPDX-License-Identifier: MIT
// Laws of the HTTP parser: any cut of the input gives the same requests, bodies and refusal, within the limits.
#include <socketio/transport/http_parser.hpp>

#include <fuzz/law.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using socketio::HttpBodyDecoder;
using socketio::HttpFraming;
using socketio::HttpHeadParser;
using socketio::HttpLimits;

constexpr HttpLimits limits{512, 20};

/// Reads requests one after the other, as a connection does, and records the results.
class Reader {
 public:
  /// Takes the next input.
  void feed(std::string_view fresh) {
    tail_ += fresh;
    std::string_view input = tail_;
    while (!refused_ && step(input)) {
    }
    tail_ = refused_ ? std::string() : std::string(input);
    fuzz::law(in_body_ || tail_.size() <= limits.max_head_bytes, "what is kept of a head is bounded");
  }

  const std::string& transcript() const { return transcript_; }

 private:
  bool step(std::string_view& input) { return in_body_ ? step_body(input) : step_head(input); }

  bool step_head(std::string_view& input) {
    std::size_t consumed = 0;
    const HttpHeadParser::Status status = head_.parse(input, consumed);
    fuzz::law(consumed <= input.size(), "no more is consumed than there is");
    input.remove_prefix(consumed);
    if (status == HttpHeadParser::Status::incomplete) return false;
    if (status == HttpHeadParser::Status::failed) return refuse(head_.error_status());
    const auto& request = head_.request();
    transcript_ += request.method + ' ' + request.target + '\n';
    fuzz::law(request.headers.size() <= limits.max_header_count, "the fields are bounded");
    std::size_t text_bytes = 0;
    for (std::size_t i = 0; i < request.headers.size(); ++i) {
      const auto field = request.headers[i];
      text_bytes += field.name.size() + field.value.size();
      fuzz::law(!field.name.empty() && field.value.find_first_of("\r\n") == std::string_view::npos,
                "fields have names, and values of one line");
      transcript_.append(field.name).append(1, '=').append(field.value).append(1, '\n');
    }
    fuzz::law(text_bytes <= limits.max_head_bytes, "a head is bounded");
    transcript_ += head_.keep_alive() ? "keep\n" : "close\n";
    body_ = HttpBodyDecoder(head_.framing(), limits);
    in_body_ = true;
    return true;
  }

  bool step_body(std::string_view& input) {
    if (!body_.complete()) {
      if (input.empty()) return false;
      const HttpBodyDecoder::Piece piece = body_.decode(input);
      fuzz::law(piece.consumed <= input.size() && piece.data.size() <= piece.consumed,
                "data is part of what was consumed");
      fuzz::law(piece.consumed > 0 || piece.status == HttpBodyDecoder::Status::failed, "decoding goes on or fails");
      fuzz::law((piece.status == HttpBodyDecoder::Status::complete) == body_.complete(), "the end is told once");
      transcript_ += piece.data;
      input.remove_prefix(piece.consumed);
      if (piece.status == HttpBodyDecoder::Status::failed) return refuse(body_.error_status());
      return true;
    }
    transcript_ += "\nend\n";
    in_body_ = false;
    head_ = HttpHeadParser(limits);
    return true;
  }

  bool refuse(unsigned status) {
    fuzz::law(status >= 400 && status < 600, "a refusal has a status");
    transcript_ += "\nrefused " + std::to_string(status);
    refused_ = true;
    return false;
  }

  HttpHeadParser head_{limits};
  HttpBodyDecoder body_;
  std::string tail_;
  std::string transcript_;
  bool in_body_ = false;
  bool refused_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  Reader whole;
  whole.feed(input);

  Reader bytes;
  for (std::size_t i = 0; i < size; ++i) bytes.feed(input.substr(i, 1));
  fuzz::law(bytes.transcript() == whole.transcript(), "byte by byte is the same");

  // Pieces whose sizes follow from the input itself.
  Reader pieces;
  std::uint32_t state = static_cast<std::uint32_t>(size);
  for (std::size_t at = 0; at < size;) {
    state = state * 1664525u + 1013904223u + data[at];
    const std::size_t piece = std::min<std::size_t>(size - at, 1 + (state >> 24) % 40);
    pieces.feed(input.substr(at, piece));
    at += piece;
  }
  fuzz::law(pieces.transcript() == whole.transcript(), "piece by piece is the same");
  return 0;
}
