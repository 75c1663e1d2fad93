// SPDX-License-Identifier: MIT
// A TCP client that sends any bytes, and a reader of HTTP responses: for tests of servers.
#pragma once

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace socketio::test {

/// A codec between the client's bytes and the wire, such as TLS.
class RawCodec {
 public:
  virtual ~RawCodec() = default;

  virtual bool is_ready() const = 0;                      // the handshake is complete
  virtual bool has_ended() const = 0;                     // the server has announced its end
  virtual void wrap(std::string_view plain) = 0;          // when ready
  virtual std::string unwrap(std::string_view wire) = 0;  // returns the decoded bytes
  virtual void end() = 0;                                 // announces the end
  virtual std::string take_output() = 0;                  // the bytes to send now
};

/// A TCP client without a protocol of its own: it sends the given bytes and keeps the received ones.
class RawClient {
 public:
  RawClient(asio::io_context& context, std::uint16_t port, std::optional<int> receive_buffer_bytes = {},
            std::unique_ptr<RawCodec> codec = nullptr)
      : RawClient(context, {asio::ip::address_v4::loopback(), port}, receive_buffer_bytes, std::move(codec)) {}
  RawClient(asio::io_context& context, const asio::ip::tcp::endpoint& server, std::optional<int> receive_buffer_bytes,
            std::unique_ptr<RawCodec> codec)
      : socket_(context), codec_(std::move(codec)) {
    socket_.open(server.protocol());
    if (receive_buffer_bytes) socket_.set_option(asio::socket_base::receive_buffer_size(*receive_buffer_bytes));
    socket_.connect(server);
    socket_.set_option(asio::ip::tcp::no_delay(true));
    socket_.non_blocking(true);
    read();
    write();
  }

  std::string received;
  bool ended = false;            // the server has closed its side, or reset the connection
  std::error_code end_reason{};  // eof or another error; broken_pipe if a codec has seen no announced end

  /// Sends as much as the operating system takes now, and the rest when it takes it.
  void send(std::string_view bytes) {
    (codec_ ? plain_ : unsent_) += bytes;
    write();
  }
  /// The same without the codec.
  void send_on_wire(std::string_view bytes) {
    unsent_ += bytes;
    write();
  }
  bool all_sent() const { return plain_.empty() && unsent_.empty(); }

  void shut_down_send() {
    is_ending_ = true;
    write();
    if (!codec_) socket_.shutdown(asio::socket_base::shutdown_send);
  }
  void close() {
    std::error_code ignored;
    socket_.close(ignored);
  }
  /// Ends the connection with a reset instead of a FIN.
  void reset() {
    socket_.set_option(asio::socket_base::linger(true, 0));
    close();
  }
  void stall() { stalled_ = true; }
  void resume() {
    stalled_ = false;
    if (!reading_) read();
  }

 private:
  void read() {
    reading_ = true;
    socket_.async_read_some(asio::buffer(chunk_),
                            [this, alive = std::weak_ptr(alive_)](std::error_code error, std::size_t bytes) {
                              if (alive.expired() || error == asio::error::operation_aborted) return;
                              reading_ = false;
                              if (codec_) {
                                received += codec_->unwrap({chunk_.data(), bytes});
                                write();
                              } else {
                                received.append(chunk_.data(), bytes);
                              }
                              if (error) {
                                ended = true;
                                end_reason = error;
                                if (codec_ && error == asio::error::eof && !codec_->has_ended())
                                  end_reason = asio::error::broken_pipe;
                              } else if (!stalled_ || (codec_ && !codec_->is_ready())) {
                                read();
                              }
                            });
  }
  void write() {
    if (codec_) {
      if (codec_->is_ready()) codec_->wrap(std::exchange(plain_, {}));
      if (codec_->is_ready() && is_ending_) codec_->end();
      unsent_ += codec_->take_output();
    }
    while (!unsent_.empty()) {
      std::error_code error;
      const std::size_t bytes = socket_.write_some(asio::buffer(unsent_), error);
      unsent_.erase(0, bytes);
      if (error == asio::error::would_block) {
        socket_.async_wait(asio::socket_base::wait_write,
                           [this, alive = std::weak_ptr(alive_)](std::error_code failed) {
                             if (!alive.expired() && !failed) write();
                           });
        return;
      }
      if (error) return unsent_.clear();
    }
    if (!codec_ || !codec_->is_ready() || !std::exchange(is_ending_, false)) return;
    std::error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
  }

  asio::ip::tcp::socket socket_;
  std::array<char, 16 * 1024> chunk_{};
  std::unique_ptr<RawCodec> codec_;
  std::string plain_;  // to be encoded
  std::string unsent_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();  // reset when a handler must not touch this any more
  bool reading_ = false;
  bool stalled_ = false;
  bool is_ending_ = false;  // end after the unsent bytes
};

using ClientPtr = std::unique_ptr<RawClient>;

/// Runs until the condition holds; gives up after ten seconds, so that a failing test ends.
inline bool run_until(asio::io_context& context, const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    context.restart();
    context.run_one_for(std::chrono::milliseconds(100));
  }
  return true;
}

/// A response as it was received.
struct RawResponse {
  std::string status_line;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;

  std::string field(std::string_view name) const {
    for (const auto& [each, value] : fields)
      if (each == name) return value;
    return {};
  }

  /// The whole response in one text: the status line, the fields by name, an empty line, the body. Lines end with "\n".
  std::string text() const {
    auto sorted = fields;
    std::sort(sorted.begin(), sorted.end());
    std::string result = status_line + '\n';
    for (const auto& [name, value] : sorted) result += name + ": " + value + '\n';
    return result + '\n' + body;
  }
};

/// Takes one complete response with its body off the front of `bytes`.
///
/// @param has_body  false for the answer to HEAD
inline std::optional<RawResponse> take_response(std::string& bytes, bool has_body = true) {
  const std::size_t head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string::npos) return std::nullopt;
  RawResponse response;
  std::size_t at = bytes.find("\r\n");
  response.status_line = bytes.substr(0, at);
  while (at < head_end) {
    const std::size_t begin = at + 2;
    at = bytes.find("\r\n", begin);
    const std::string line = bytes.substr(begin, at - begin);
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos)
      response.fields.emplace_back(line, "");
    else
      response.fields.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  const std::string length = response.field("Content-Length");
  const std::size_t size = has_body && !length.empty() ? std::stoul(length) : 0;
  if (bytes.size() < head_end + 4 + size) return std::nullopt;
  response.body = bytes.substr(head_end + 4, size);
  bytes.erase(0, head_end + 4 + size);
  return response;
}

}  // namespace socketio::test
