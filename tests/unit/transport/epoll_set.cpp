// SPDX-License-Identifier: MIT
// Descriptors that wait in one epoll set: what is reported, when, and what callbacks may do.
#include <socketio/transport/epoll_set.hpp>

#if defined(__linux__)

#include <tests/support/catch.hpp>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <sys/socket.h>

#include <unistd.h>

#include <array>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using socketio::detail::EpollSet;
using socketio::detail::EpollWatch;

namespace {

/// One end of a pair of sockets; the test writes to the other end.
class Watch final : public EpollWatch {
 public:
  explicit Watch(std::array<int, 2> ends) : EpollWatch(ends[0]), peer(ends[1]) {}
  Watch() : Watch(pair()) {}
  ~Watch() {
    ::close(descriptor());
    if (peer >= 0) ::close(peer);
  }

  void write() const { REQUIRE(::write(peer, "x", 1) == 1); }
  void read() const {
    char byte = 0;
    REQUIRE(::read(descriptor(), &byte, 1) == 1);
  }
  void close_peer() {
    ::close(peer);
    peer = -1;
  }

  int peer;
  int readable = 0;
  int writable = 0;
  std::function<void()> then;

 private:
  static std::array<int, 2> pair() {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
    return ends;
  }
  void on_ready(bool can_read, bool can_write) override {
    readable += can_read ? 1 : 0;
    writable += can_write ? 1 : 0;
    if (then) then();
  }
};

struct Loop {
  asio::io_context context;
  int turns = 0;
  std::shared_ptr<EpollSet> set = std::make_shared<EpollSet>(
      context, [](void* self) { ++static_cast<Loop*>(self)->turns; }, this);
};

}  // namespace

TEST_CASE("an awaited event is reported once", "[transport][epoll]") {
  Loop loop;
  Watch one;
  REQUIRE(loop.set->wait_readable(one));
  CHECK(one.is_waiting());
  CHECK(loop.context.poll() == 0);
  one.write();
  loop.context.run();  // ends, because no descriptor waits any more
  CHECK(one.readable == 1);
  CHECK(one.writable == 0);
  CHECK_FALSE(one.is_waiting());
  CHECK(loop.turns >= 1);

  // The byte is still unread.
  loop.context.restart();
  REQUIRE(loop.set->wait_readable(one));
  loop.context.run();
  CHECK(one.readable == 2);
  loop.set->remove(one);
}

TEST_CASE("reading and writing are waited for independently", "[transport][epoll]") {
  Loop loop;
  Watch one;
  REQUIRE(loop.set->wait_readable(one));
  REQUIRE(loop.set->wait_writable(one));
  loop.context.run_one();
  CHECK(one.writable == 1);
  CHECK(one.readable == 0);
  CHECK(one.is_waiting());
  CHECK(loop.context.poll() == 0);  // writability is not awaited any more
  one.write();
  loop.context.run();
  CHECK(one.readable == 1);
  CHECK(one.writable == 1);
  loop.set->remove(one);
}

TEST_CASE("a descriptor that waits again is registered with the operating system once", "[transport][epoll]") {
  Loop loop;
  Watch one;
  one.then = [&] {
    one.read();
    if (one.readable < 3) REQUIRE(loop.set->wait_readable(one));
  };
  REQUIRE(loop.set->wait_readable(one));
  for (int i = 0; i < 3; ++i) one.write();
  loop.context.run();
  CHECK(one.readable == 3);
  loop.set->remove(one);
}

TEST_CASE("the end of the peer is reported only to descriptors that wait", "[transport][epoll]") {
  Loop loop;
  Watch waiting;
  Watch silent;
  REQUIRE(loop.set->wait_readable(waiting));
  REQUIRE(loop.set->wait_writable(waiting));
  REQUIRE(loop.set->wait_writable(silent));
  loop.context.run_one();
  waiting.close_peer();
  silent.close_peer();
  loop.context.run();
  CHECK(waiting.readable == 1);
  CHECK(silent.readable == 0);
  loop.set->remove(waiting);
  loop.set->remove(silent);
}

TEST_CASE("a descriptor that another callback of the same turn removes is not reported", "[transport][epoll]") {
  Loop loop;
  std::vector<std::unique_ptr<Watch>> watches;
  int reported = 0;
  for (int i = 0; i < 20; ++i) {
    watches.push_back(std::make_unique<Watch>());
    watches.back()->then = [&] {
      ++reported;
      // All other callbacks are removed, and their memory freed.
      for (auto& each : watches) {
        if (!each || each->readable != 0) continue;
        loop.set->remove(*each);
        each.reset();
      }
    };
    watches.back()->write();
    REQUIRE(loop.set->wait_readable(*watches.back()));
  }
  loop.context.run();
  CHECK(reported == 1);
}

TEST_CASE("a removed descriptor may wait in another set", "[transport][epoll]") {
  Loop first;
  Loop second;
  Watch one;
  REQUIRE(first.set->wait_readable(one));
  first.set->remove(one);
  CHECK_FALSE(one.is_waiting());
  REQUIRE(second.set->wait_readable(one));
  one.write();
  first.context.run();
  CHECK(one.readable == 0);
  second.context.run();
  CHECK(one.readable == 1);
  second.set->remove(one);
}

TEST_CASE("more descriptors than fit into one turn are all reported", "[transport][epoll]") {
  Loop loop;
  std::vector<std::unique_ptr<Watch>> watches;
  for (int i = 0; i < 300; ++i) {
    watches.push_back(std::make_unique<Watch>());
    watches.back()->write();
    REQUIRE(loop.set->wait_readable(*watches.back()));
  }
  loop.context.run();
  for (const auto& each : watches) {
    CHECK(each->readable == 1);
    loop.set->remove(*each);
  }
}

TEST_CASE("an exception from a callback leaves the loop, and the set goes on", "[transport][epoll]") {
  Loop loop;
  Watch one;
  Watch two;
  one.then = two.then = [] { throw std::runtime_error("from a callback"); };
  one.write();
  two.write();
  REQUIRE(loop.set->wait_readable(one));
  REQUIRE(loop.set->wait_readable(two));
  CHECK_THROWS_AS(loop.context.run(), std::runtime_error);
  CHECK(one.readable + two.readable == 1);
  CHECK_THROWS_AS(loop.context.run(), std::runtime_error);
  CHECK(one.readable + two.readable == 2);
  CHECK(loop.turns == 2);
  loop.set->remove(one);
  loop.set->remove(two);
}

TEST_CASE("the loop has time for other work between two turns", "[transport][epoll]") {
  Loop loop;
  Watch busy;
  bool done = false;
  busy.then = [&] {
    if (!done) REQUIRE(loop.set->wait_readable(busy));  // its byte is never read
  };
  busy.write();
  REQUIRE(loop.set->wait_readable(busy));
  asio::post(loop.context, [&] { asio::post(loop.context, [&] { done = true; }); });
  loop.context.run();
  CHECK(done);
  loop.set->remove(busy);
}

TEST_CASE("a set may be closed and dropped while descriptors wait in it", "[transport][epoll]") {
  Watch one;
  {
    Loop loop;
    REQUIRE(loop.set->wait_readable(one));
    loop.set->close();
    loop.set.reset();
  }
  CHECK(one.readable == 0);
}

#endif
