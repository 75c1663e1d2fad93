// SPDX-License-Identifier: MIT
// A block of C++ from a document, as a function that can be run, and what its comments say about the clients.
#pragma once

#include <socketio/socketio.hpp>

#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace socketio::test {

/// Static objects in the generated units; the runner runs all of them.
class Snippet {
 public:
  using AtTheStart = void (*)(Server& io);
  using OnConnection = void (*)(Server& io, Socket socket, Namespace nsp);
  using InCoroutine = asio::awaitable<void> (*)(Server& io, Socket socket, Namespace nsp);
  using Function = std::variant<AtTheStart, OnConnection, InCoroutine>;

  Snippet(std::string place, Function function, std::string_view text)
      : place_(std::move(place)), function_(function), text_(text) {
    all().push_back(this);
  }
  Snippet(const Snippet&) = delete;
  Snippet& operator=(const Snippet&) = delete;

  /// "docs/api.md:12".
  const std::string& place() const noexcept { return place_; }
  const Function& function() const noexcept { return function_; }
  std::string_view text() const noexcept { return text_; }

  static std::vector<const Snippet*>& all() {
    static std::vector<const Snippet*> list;
    return list;
  }

 private:
  std::string place_;
  Function function_;
  std::string_view text_;
};

}  // namespace socketio::test
