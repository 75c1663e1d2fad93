// SPDX-License-Identifier: MIT
// The event loops of a server's threads, from their common beginning to their common end. Core layer.
#pragma once

#include <socketio/detail/config.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace asio {
class io_context;
}  // namespace asio

namespace socketio::detail {

class LoopRun;
class OwnLoop;

/// The event loops of a server: the program's own, or loops that this object makes and owns.
///
/// @par Thread safety  Immutable, except `run`, `handle_closed`, `shutdown`.
class EventLoops {
 public:
  /// @param programs  the program's loop; null to make `count` loops
  SOCKETIO_DECL EventLoops(asio::io_context* programs, std::size_t count);
  EventLoops(const EventLoops&) = delete;
  EventLoops& operator=(const EventLoops&) = delete;
  SOCKETIO_DECL ~EventLoops();

  std::size_t size() const noexcept { return contexts_.size(); }
  asio::io_context& operator[](std::size_t index) const noexcept { return *contexts_[index]; }

  /// Runs each loop on a thread of its own, the first one on the calling thread.
  ///
  /// While the server is open, no loop ends. Afterwards they end together: when all have found nothing to do since any
  /// of them did something, for what one does may be work for another. If the program stops one of them, all stop.
  ///
  /// @param is_open   any thread: whether the server is
  /// @throws  what leaves one of the loops, and std::system_error if a thread cannot be started; the loops are stopped
  ///          then
  SOCKETIO_DECL void run(const std::function<bool()>& is_open);

  /// The server is not open any more. On the thread of the first loop, or while none runs.
  SOCKETIO_DECL void handle_closed();

  /// Lets `run` return though there is work left: in the loops that this object owns, for those of the program go on.
  /// Any thread.
  SOCKETIO_DECL void stop();

  /// Drops what is queued in the loops that this object owns, before any of them is destroyed: tasks of one loop may
  /// hold executors and coroutines of another.
  SOCKETIO_DECL void shutdown();

 private:
  std::vector<std::unique_ptr<OwnLoop>> own_;
  std::vector<asio::io_context*> contexts_;
  LoopRun* current_ = nullptr;  // the call of `run` with several loops that is under way
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/run_loops.ipp>
#endif
