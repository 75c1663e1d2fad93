// SPDX-License-Identifier: MIT
// The descriptors of one event loop, waited for through a single operation of Asio. Transport layer, Linux only.
#pragma once

#if defined(__linux__)

#include <socketio/detail/config.hpp>

#include <asio/io_context.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace socketio::detail {

class EpollSet;

/// A descriptor, as an EpollSet knows it.
///
/// @par Lifetime  Must leave its set (`EpollSet::remove`) before it is destroyed or its descriptor closed.
class EpollWatch {
 public:
  EpollWatch(const EpollWatch&) = delete;
  EpollWatch& operator=(const EpollWatch&) = delete;

  int descriptor() const noexcept { return descriptor_; }
  bool is_waiting() const noexcept { return wanted_ != 0; }

 protected:
  explicit EpollWatch(int descriptor) noexcept : descriptor_(descriptor) {}
  ~EpollWatch() = default;

 private:
  friend class EpollSet;

  /// The descriptor is ready, or has failed; the set has stopped waiting for it. May do anything to the set, but must
  /// keep this object alive until it returns.
  virtual void on_ready(bool readable, bool writable) = 0;

  int descriptor_;
  std::uint8_t wanted_ = 0;      // EPOLLIN, EPOLLOUT
  std::uint8_t registered_ = 0;  // what the operating system knows; more than `wanted_` during on_ready
};

/// An epoll instance of its own that is itself a descriptor of an `asio::io_context`.
///
/// An asynchronous wait of Asio costs a system call, two locks and an allocation each time, and every descriptor some
/// 300 bytes. This class pays once in a turn of the loop, for all descriptors that are ready.
///
/// The io_context has work while the set waits for any descriptor.
///
/// @par Thread safety  Owner's thread only.
/// @par Lifetime       Managed by a shared_ptr: it outlives its owner while an operation of Asio is pending.
class EpollSet : public std::enable_shared_from_this<EpollSet> {
 public:
  using EndTurn = void (*)(void* context);

  /// @param end_turn  called with `context` after the descriptors of a turn, until `close`
  /// @throws          std::system_error if the process has no descriptor left
  EpollSet(asio::io_context& context, EndTurn end_turn, void* end_turn_context);

  /// Calls `on_ready` once, in a later turn, when there is something to read.
  ///
  /// @return  false if the operating system has no memory for it
  [[nodiscard]] bool wait_readable(EpollWatch& watch) { return wait(watch, EPOLLIN); }

  /// The same when something can be written.
  [[nodiscard]] bool wait_writable(EpollWatch& watch) { return wait(watch, EPOLLOUT); }

  /// Forgets a descriptor: the set will not call `on_ready`.
  void remove(EpollWatch& watch) noexcept;

  /// Whether the set is calling `on_ready` functions, so that it will soon call `end_turn`.
  bool is_in_turn() const noexcept { return in_turn_; }

  /// From now on `end_turn` is not called.
  void close() noexcept { end_turn_ = nullptr; }

 private:
  using Descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

  // The other work of the io_context waits for at most this many.
  static constexpr std::size_t max_events = 1024;

  bool wait(EpollWatch& watch, std::uint8_t events);
  bool tell(EpollWatch& watch, std::uint8_t events) noexcept;
  void arm();
  void disarm() noexcept;
  void on_wait();
  void turn();
  void finish_turn();

  Descriptor epoll_;
  EndTurn end_turn_;
  void* end_turn_context_;
  std::size_t watches_ = 0;  // that are registered
  std::size_t at_ = 0;       // the event whose on_ready is being called
  std::size_t count_ = 0;
  bool armed_ = false;
  bool in_turn_ = false;
  std::array<epoll_event, max_events> events_;
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/epoll_set.ipp>
#endif

#endif
