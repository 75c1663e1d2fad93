// SPDX-License-Identifier: MIT
#include <socketio/protocol/sid.hpp>

#include <tests/support/catch.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <set>
#include <string>
#include <thread>
#include <vector>

TEST_CASE("a session id has twenty URL-safe characters", "[protocol][sid]") {
  for (int i = 0; i < 1000; ++i) {
    const std::string sid = socketio::make_sid();
    CHECK(sid.size() == 20);
    CHECK(std::all_of(sid.begin(), sid.end(), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
    }));
  }
}

TEST_CASE("session ids of several threads differ", "[protocol][sid]") {
  constexpr std::size_t threads = 4;
  constexpr std::size_t each = 2000;
  std::array<std::vector<std::string>, threads> made;
  std::vector<std::thread> running;
  for (auto& mine : made) {
    running.emplace_back([&mine] {
      for (std::size_t i = 0; i < each; ++i) mine.push_back(socketio::make_sid());
    });
  }
  for (std::thread& thread : running) thread.join();
  std::set<std::string> all;
  for (const auto& mine : made) all.insert(mine.begin(), mine.end());
  CHECK(all.size() == threads * each);
}

TEST_CASE("the random part of session ids does not repeat", "[protocol][sid]") {
  std::set<std::string> random_parts;
  for (int i = 0; i < 2000; ++i) random_parts.insert(socketio::make_sid().substr(0, 16));
  CHECK(random_parts.size() == 2000);
}

TEST_CASE("the random source fills every byte", "[protocol][sid]") {
  std::array<bool, 64> changed{};
  for (int round = 0; round < 20; ++round) {
    std::array<std::byte, 64> bytes{};
    socketio::detail::fill_random(bytes);
    for (std::size_t i = 0; i < bytes.size(); ++i) changed[i] = changed[i] || bytes[i] != std::byte{0};
  }
  CHECK(std::all_of(changed.begin(), changed.end(), [](bool c) { return c; }));
}
