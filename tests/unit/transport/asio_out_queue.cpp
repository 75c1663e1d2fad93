// SPDX-License-Identifier: MIT
// The queue of unsent bytes: order, sharing, partial writes, pongs.
#include <socketio/transport/asio_out_queue.hpp>

#include <tests/support/catch.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using socketio::Binary;
using socketio::Message;
using socketio::detail::AsioOutQueue;

namespace {

/// The bytes that the queue would write next, in one string.
std::string next_of(const AsioOutQueue& queue, std::vector<asio::const_buffer>& buffers) {
  if (queue.is_one_piece()) return std::string(queue.front());
  queue.gather(buffers);
  std::string all;
  for (const asio::const_buffer& buffer : buffers) all.append(static_cast<const char*>(buffer.data()), buffer.size());
  return all;
}

std::string next_of(const AsioOutQueue& queue) {
  std::vector<asio::const_buffer> buffers;
  return next_of(queue, buffers);
}

}  // namespace

TEST_CASE("small pieces that are queued one behind the other are written as one", "[transport][out_queue]") {
  AsioOutQueue queue;
  CHECK(queue.empty());
  queue.push(Message::text("one"));
  queue.push(std::string("two"));
  queue.push(std::make_shared<const std::string>("owner"), "three");
  CHECK(queue.is_one_piece());
  CHECK(queue.front() ==
        "\x81\x04"
        "4onetwothree");
  CHECK(queue.bytes() == queue.front().size());
  queue.consume(7);
  CHECK(queue.front() == "wothree");
  queue.consume(7);
  CHECK(queue.empty());
  CHECK(queue.bytes() == 0);
}

TEST_CASE("a large piece is not copied and lives as long as it is queued", "[transport][out_queue]") {
  AsioOutQueue queue;
  auto message = Message::binary(Binary(std::string(5'000, 'b')));
  const std::weak_ptr<const Message> watched = message;
  const char* const bytes = message->payload().data();
  queue.push(Message::text("before"));
  queue.push(message);
  queue.push(std::string("after"));
  message.reset();
  REQUIRE_FALSE(queue.is_one_piece());
  std::vector<asio::const_buffer> buffers;
  queue.gather(buffers);
  REQUIRE(buffers.size() == 3);
  CHECK(buffers[1].data() == bytes);
  queue.consume(buffers[0].size() + 4'999);
  CHECK_FALSE(watched.expired());
  CHECK(next_of(queue) == "bafter");
  queue.consume(1);
  CHECK(watched.expired());
  CHECK(queue.is_one_piece());
  CHECK(queue.front() == "after");
}

TEST_CASE("one system call gets a bounded number of pieces", "[transport][out_queue]") {
  AsioOutQueue queue;
  std::string all;
  for (int i = 0; i < 100; ++i) {
    queue.push(std::string(600, static_cast<char>('a' + i % 26)));
    queue.push(std::to_string(i));
    all += std::string(600, static_cast<char>('a' + i % 26)) + std::to_string(i);
  }
  std::vector<asio::const_buffer> buffers;
  while (!queue.empty()) {
    const std::string next = next_of(queue, buffers);
    CHECK(buffers.size() <= 64);
    REQUIRE(all.substr(0, next.size()) == next);
    all.erase(0, next.size());
    queue.consume(next.size());
  }
  CHECK(all.empty());
}

TEST_CASE("a pong counts until its last byte is written", "[transport][out_queue]") {
  AsioOutQueue queue;
  queue.push(std::string("abc"));
  queue.push_pong("pong");
  queue.push(std::string(1'000, 'x'));
  queue.push_pong("pong");
  CHECK(queue.pongs() == 2);
  queue.consume(6);
  CHECK(queue.pongs() == 2);
  queue.consume(1);
  CHECK(queue.pongs() == 1);
  queue.consume(1'003);
  CHECK(queue.pongs() == 1);
  queue.consume(1);
  CHECK(queue.pongs() == 0);
  CHECK(queue.empty());
}

TEST_CASE("the bytes keep their order, whatever is queued and however it is written", "[transport][out_queue]") {
  std::mt19937 random(1);
  AsioOutQueue queue;
  std::vector<asio::const_buffer> buffers;
  std::string expected;
  std::uint64_t pushed = 0;
  for (int round = 0; round < 20'000; ++round) {
    const unsigned what = random() % 8;
    if (what < 4) {
      const std::size_t sizes[] = {0, 1, 40, 511, 512, 513, 3'000};
      const auto bytes =
          std::make_shared<const std::string>(sizes[random() % 7], static_cast<char>('a' + pushed++ % 26));
      if (what < 2)
        queue.push(*bytes);
      else
        queue.push(bytes, *bytes);
      expected += *bytes;
    } else {
      const std::string next = next_of(queue, buffers);
      REQUIRE(expected.compare(0, next.size(), next) == 0);
      const std::size_t written = next.empty() ? 0 : random() % (next.size() + 1);
      queue.consume(written);
      expected.erase(0, written);
    }
    REQUIRE(queue.bytes() == expected.size());
    REQUIRE(queue.empty() == expected.empty());
    if (queue.empty() && random() % 4 == 0) static_cast<void>(queue.recycle());
  }
}

TEST_CASE("once 64 KiB of copies wait, small pieces are shared, and leave in order", "[transport][out_queue]") {
  AsioOutQueue queue;
  std::vector<std::weak_ptr<const Message>> messages;
  std::string expected;
  const auto push = [&] {
    const auto message = Message::text(std::to_string(messages.size()) + std::string(200, 'x'));
    messages.push_back(message);
    expected += message->frame()[0];
    queue.push(message);
  };
  while (queue.bytes() < 64 * 1024) push();
  CHECK(queue.is_one_piece());
  for (const auto& message : messages) CHECK(message.expired());
  const std::size_t copied = messages.size();
  for (int i = 0; i < 200; ++i) push();
  CHECK_FALSE(queue.is_one_piece());
  for (std::size_t i = copied; i < messages.size(); ++i) CHECK_FALSE(messages[i].expired());
  queue.push(std::string("tiny"));  // cheaper to copy than to share
  expected += "tiny";
  CHECK(queue.kept_bytes() >= queue.bytes() + 200 * Message::overhead_bytes);

  std::string written;
  std::mt19937 random(5);
  while (!queue.empty()) {
    const std::string next = next_of(queue);
    const std::size_t bytes = 1 + random() % next.size();
    written += next.substr(0, bytes);
    queue.consume(bytes);
  }
  CHECK(written == expected);
  for (const auto& message : messages) CHECK(message.expired());
  CHECK(queue.recycle() == false);  // it has grown
}

TEST_CASE("what is written is released at once, however much follows", "[transport][out_queue]") {
  AsioOutQueue queue;
  std::vector<std::weak_ptr<const Message>> messages;
  for (int i = 0; i < 100; ++i) {
    const auto message = Message::text(std::string(1'000, 'x'));
    messages.push_back(message);
    queue.push(message);
  }
  const std::size_t each = queue.bytes() / 100;
  for (std::size_t i = 0; i < 100; ++i) {
    queue.consume(each);
    for (std::size_t k = 0; k < 100; ++k) REQUIRE(messages[k].expired() == (k <= i));
    REQUIRE(queue.bytes() == (99 - i) * each);
  }
  CHECK(queue.empty());
}
