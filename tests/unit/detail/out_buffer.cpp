// SPDX-License-Identifier: MIT
#include <socketio/detail/out_buffer.hpp>

#include <tests/support/catch.hpp>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

using socketio::detail::OutBuffer;

TEST_CASE("an out buffer grows at both ends", "[detail][out_buffer]") {
  OutBuffer buffer;
  CHECK(buffer.empty());
  CHECK(buffer.view().empty());
  buffer.append("payload");
  buffer.prepend('4');
  buffer.prepend("head:");
  buffer.append('!');
  CHECK(buffer.view() == "head:4payload!");
  CHECK(buffer.size() == 14);
}

TEST_CASE("an out buffer takes headers larger than its headroom", "[detail][out_buffer]") {
  for (const std::size_t size :
       {OutBuffer::headroom - 1, OutBuffer::headroom, OutBuffer::headroom + 1, std::size_t{5000}}) {
    OutBuffer buffer;
    buffer.append("data");
    const std::string header(size, 'h');
    buffer.prepend(header);
    buffer.prepend("x");
    buffer.append("end");
    CHECK(buffer.view() == "x" + header + "dataend");
  }
}

TEST_CASE("an out buffer can be prepended to before anything is appended", "[detail][out_buffer]") {
  OutBuffer buffer;
  buffer.prepend("");
  CHECK(buffer.empty());
  buffer.prepend("2");
  CHECK(buffer.view() == "2");
  buffer.append("x");
  CHECK(buffer.view() == "2x");
}

TEST_CASE("an out buffer keeps what it holds while it grows", "[detail][out_buffer]") {
  OutBuffer buffer;
  buffer.reserve(10);
  std::string expected;
  for (int i = 0; i < 3000; ++i) {
    const std::string piece = std::to_string(i);
    if (i % 3 == 0) {
      buffer.prepend(piece);
      expected.insert(0, piece);
    } else {
      buffer.append(piece);
      expected += piece;
    }
  }
  CHECK(buffer.view() == expected);
}

TEST_CASE("room of an out buffer is committed in part", "[detail][out_buffer]") {
  OutBuffer buffer;
  buffer.append("a");
  char* const room = buffer.room(100);
  room[0] = 'b';
  room[1] = 'c';
  buffer.commit(1);
  CHECK(buffer.view() == "ab");
}

TEST_CASE("out buffers copy and move", "[detail][out_buffer]") {
  OutBuffer buffer;
  buffer.append("text");
  OutBuffer copy = buffer;
  buffer.append("!");
  CHECK(copy.view() == "text");
  OutBuffer moved = std::move(buffer);
  CHECK(moved.view() == "text!");
  moved = copy;
  CHECK(moved.view() == "text");
  const OutBuffer empty;
  const OutBuffer copy_of_empty = empty;
  CHECK(copy_of_empty.view().empty());
}

TEST_CASE("an out buffer releases its memory, with free space in front of the bytes", "[detail][out_buffer]") {
  OutBuffer buffer;
  CHECK(buffer.release() == nullptr);
  const std::size_t size = GENERATE(std::size_t{1}, std::size_t{5000});
  buffer.append(std::string(size, 'x'));
  buffer.prepend(std::string(GENERATE(std::size_t{1}, OutBuffer::headroom, OutBuffer::headroom + 1), 'y'));
  const std::string_view bytes = buffer.view();
  const std::string copy(bytes);
  char* const memory = buffer.release();
  REQUIRE(memory != nullptr);
  CHECK(bytes.data() >= memory + OutBuffer::place_bytes);
  std::memset(memory, 0, OutBuffer::place_bytes);
  CHECK(bytes == copy);
  CHECK(buffer.view().empty());
  std::free(memory);
  buffer.append("again");
  CHECK(buffer.view() == "again");
}
