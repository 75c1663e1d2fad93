// SPDX-License-Identifier: MIT
// The descriptors of one event loop, waited for through a single operation of Asio. Transport layer, Linux only.
#pragma once

#if defined(__linux__)

#include <asio/io_context.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>

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

  /// What was waited for has come, or the descriptor has failed; waiting for it is over. May do anything to the set,
  /// but must keep this object alive until it returns.
  virtual void on_ready(bool readable, bool writable) = 0;

  int descriptor_;
  std::uint8_t wanted_ = 0;      // EPOLLIN, EPOLLOUT
  std::uint8_t registered_ = 0;  // what the operating system has been told; wider than `wanted_` during on_ready
};

/// An epoll instance of its own that is itself a descriptor of an `asio::io_context`.
///
/// An asynchronous wait of Asio costs a system call, two locks and an allocation each time, and every descriptor some
/// 300 bytes; here they are paid once for all descriptors that are ready in a turn of the loop.
///
/// While anything is waited for, the io_context has work; otherwise it has none.
///
/// @par Thread safety  Owner's thread only.
/// @par Lifetime       Managed by a shared_ptr: it outlives what owns it while an operation of Asio is pending.
class EpollSet : public std::enable_shared_from_this<EpollSet> {
 public:
  using EndTurn = void (*)(void* context);

  /// @param end_turn  called with `context` after the descriptors of a turn, until `close`
  /// @throws          std::system_error if the process has no descriptor left
  EpollSet(asio::io_context& context, EndTurn end_turn, void* end_turn_context)
      : epoll_(context), end_turn_(end_turn), end_turn_context_(end_turn_context) {
    const int descriptor = ::epoll_create1(EPOLL_CLOEXEC);
    if (descriptor < 0) throw std::system_error(errno, std::system_category(), "epoll_create1");
    epoll_.assign(descriptor);
  }

  /// Calls `on_ready` once, in a later turn, when there is something to read.
  ///
  /// @return  false if the operating system has no memory for it
  [[nodiscard]] bool wait_readable(EpollWatch& watch) { return wait(watch, EPOLLIN); }

  /// The same when something can be written.
  [[nodiscard]] bool wait_writable(EpollWatch& watch) { return wait(watch, EPOLLOUT); }

  /// Ends all waiting for a descriptor: `on_ready` will not be called, and the set does not know it any more.
  void remove(EpollWatch& watch) noexcept {
    watch.wanted_ = 0;
    static_cast<void>(tell(watch, 0));
    for (std::size_t i = at_; i < count_; ++i)
      if (events_[i].data.ptr == &watch) events_[i].data.ptr = nullptr;
  }

  /// Whether descriptors are being dealt with, so that the end of a turn is near.
  bool is_in_turn() const noexcept { return in_turn_; }

  /// Nobody wants to know of the ends of turns any more.
  void close() noexcept { end_turn_ = nullptr; }

 private:
  using Descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

  // What else the io_context has to do waits for at most this many.
  static constexpr std::size_t max_events = 1024;

  bool wait(EpollWatch& watch, std::uint8_t events) {
    watch.wanted_ = static_cast<std::uint8_t>(watch.wanted_ | events);
    if ((watch.registered_ & events) == events) return true;
    return tell(watch, static_cast<std::uint8_t>(watch.registered_ | events));
  }

  bool tell(EpollWatch& watch, std::uint8_t events) noexcept {
    if (events == watch.registered_) return true;
    const int operation = events == 0 ? EPOLL_CTL_DEL : watch.registered_ == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    epoll_event event{};
    event.events = events;
    event.data.ptr = &watch;
    if (::epoll_ctl(epoll_.native_handle(), operation, watch.descriptor_, &event) != 0 && events != 0) return false;
    if (operation == EPOLL_CTL_ADD && ++watches_ == 1) arm();
    if (operation == EPOLL_CTL_DEL && --watches_ == 0) disarm();
    watch.registered_ = events;
    return true;
  }

  void arm() {
    if (armed_ || watches_ == 0 || in_turn_) return;
    armed_ = true;
    epoll_.async_wait(Descriptor::wait_read, [self = shared_from_this()](const std::error_code&) { self->on_wait(); });
  }
  void disarm() noexcept {
    std::error_code ignored;
    if (armed_) epoll_.cancel(ignored);
  }

  void on_wait() {
    armed_ = false;
    in_turn_ = true;
    try {
      turn();
    } catch (...) {
      finish_turn();
      throw;
    }
    finish_turn();
  }

  void turn() {
    const int count = ::epoll_wait(epoll_.native_handle(), events_.data(), static_cast<int>(max_events), 0);
    count_ = count < 0 ? 0 : static_cast<std::size_t>(count);
    for (at_ = 0; at_ < count_; ++at_) {
      // Null if it was removed by what came before it in this turn.
      auto* const watch = static_cast<EpollWatch*>(events_[at_].data.ptr);
      if (watch == nullptr) continue;
      const std::uint32_t events = events_[at_].events;
      const bool failed = (events & (EPOLLERR | EPOLLHUP)) != 0;
      const std::uint32_t ready = watch->wanted_ & (failed ? EPOLLIN | EPOLLOUT : events);
      watch->wanted_ = static_cast<std::uint8_t>(watch->wanted_ & ~ready);
      if (ready != 0) watch->on_ready((ready & EPOLLIN) != 0, (ready & EPOLLOUT) != 0);
      // What is not wanted again would be reported for ever.
      if (events_[at_].data.ptr != nullptr) static_cast<void>(tell(*watch, watch->wanted_));
    }
  }

  void finish_turn() {
    at_ = count_ = 0;
    in_turn_ = false;
    arm();
    if (end_turn_ != nullptr) end_turn_(end_turn_context_);
  }

  Descriptor epoll_;
  EndTurn end_turn_;
  void* end_turn_context_;
  std::size_t watches_ = 0;  // that are registered
  std::size_t at_ = 0;       // the event being dealt with
  std::size_t count_ = 0;
  bool armed_ = false;
  bool in_turn_ = false;
  std::array<epoll_event, max_events> events_;
};

}  // namespace socketio::detail

#endif
