// SPDX-License-Identifier: MIT
// Which of the engines of one server has a session, and how many sessions there are altogether. Engine layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/ip_address.hpp>
#include <socketio/engine/options.hpp>
#include <socketio/engine/scheduler.hpp>
#include <socketio/engine/token_bucket.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace socketio::detail {

/// What the engines of one server share, one on each shard.
///
/// Ids that the library makes tell by themselves which engine has the session: nothing is looked up. Those that the
/// program makes (`EngineOptions::generate_id`) are listed.
///
/// @par Thread safety  Any thread.
class SessionDirectory {
 public:
  /// @param options  of each of the engines: their limits of sessions and handshakes
  SessionDirectory(std::size_t engines, const EngineOptions& options);

  std::size_t engines() const noexcept { return engines_; }

  /// A new id that belongs to this engine.
  std::string make_id(std::size_t engine) const;

  /// The engine that has the session, if any has it.
  std::size_t engine_of(std::string_view id) const;

  /// Lists an id of the program's; false if it is there already.
  bool claim(const std::string& id, std::size_t engine);
  void disclaim(const std::string& id) noexcept;

  /// Counts a handshake of that address.
  ///
  /// @return  zero; or how long until there may be one more
  Scheduler::Clock::duration admit_handshake(const std::string& remote_address, Scheduler::Clock::time_point now);
  std::uint64_t refused_handshakes() const noexcept { return refused_handshakes_.load(std::memory_order_relaxed); }

  /// Counts a session, if there may be one more; until `leave`. Peers without an address only count altogether.
  bool enter(const std::string& remote_address);
  void leave(const std::string& remote_address) noexcept;

  std::size_t sessions() const noexcept { return sessions_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

  /// FNV-1a; the text of an id is random enough for anything.
  std::size_t engine_by_text(std::string_view id) const noexcept;

  const std::size_t engines_;
  const std::size_t max_sessions_;
  const std::size_t max_per_address_;
  const unsigned ipv6_prefix_;
  std::unique_ptr<AddressBuckets> handshakes_;  // null: not limited
  std::atomic<std::uint64_t> refused_handshakes_{0};
  std::atomic<std::size_t> sessions_{0};
  std::atomic<bool> has_claims_{false};
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> claims_;
  std::unordered_map<AddressKey, std::size_t, AddressHash> per_address_;  // counted only if that is limited
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/session_directory.ipp>
#endif
