// SPDX-License-Identifier: MIT
// What connection state recovery may hold for all namespaces of a server together. Core layer.
#pragma once

#include <socketio/detail/unique_function.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <utility>

namespace socketio::detail {

/// The sum of what the session logs of a server hold, and what each of them may.
///
/// A log that would exceed the sum drops what it has beyond an equal share first. If that is not enough, others hold
/// more than theirs: it drops the rest as well, and asks for a trim of all logs. So the sum is never exceeded, and one
/// client that invents namespaces takes no more than their shares for long.
///
/// @par Thread safety  Any thread, except `on_trim`.
class RecoveryBudget {
 public:
  explicit RecoveryBudget(std::size_t most) : most_(most) {}

  /// Sets what trims all logs, in a later turn; before the first use.
  void on_trim(UniqueFunction<void()> trim) { trim_ = std::move(trim); }

  void add(std::size_t bytes, bool is_first) noexcept {
    held_ += bytes;
    if (is_first) ++holders_;
  }
  void subtract(std::size_t bytes, bool was_last) noexcept {
    held_ -= bytes;
    if (was_last) --holders_;
  }

  std::size_t held() const noexcept { return held_; }
  bool is_exceeded() const noexcept { return held_ > most_; }

  /// Of each log that holds anything, or has asked for a trim.
  std::size_t share() const noexcept { return most_ / std::max<std::size_t>(holders_ + asking_, 1); }

  /// A log has found no room for anything.
  void ask_for_trim() {
    if (asking_++ == 0 && trim_) trim_();
  }
  void end_trim() noexcept { asking_ = 0; }

 private:
  std::size_t most_;
  std::atomic<std::size_t> held_{0};
  std::atomic<std::size_t> holders_{0};
  std::atomic<std::size_t> asking_{0};
  UniqueFunction<void()> trim_;
};

}  // namespace socketio::detail
