// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/epoll_set.hpp>. Transport layer, Linux only.
#pragma once

#if defined(__linux__)

#include <socketio/detail/config.hpp>
#include <socketio/transport/epoll_set.hpp>

#include <cerrno>
#include <system_error>

namespace socketio::detail {

SOCKETIO_DECL EpollSet::EpollSet(asio::io_context& context, EndTurn end_turn, void* end_turn_context)
    : epoll_(context), end_turn_(end_turn), end_turn_context_(end_turn_context) {
  const int descriptor = ::epoll_create1(EPOLL_CLOEXEC);
  if (descriptor < 0) throw std::system_error(errno, std::system_category(), "epoll_create1");
  epoll_.assign(descriptor);
}

SOCKETIO_DECL void EpollSet::remove(EpollWatch& watch) noexcept {
  watch.wanted_ = 0;
  static_cast<void>(tell(watch, 0));
  for (std::size_t i = at_; i < count_; ++i)
    if (events_[i].data.ptr == &watch) events_[i].data.ptr = nullptr;
}

SOCKETIO_DECL bool EpollSet::wait(EpollWatch& watch, std::uint8_t events) {
  watch.wanted_ = static_cast<std::uint8_t>(watch.wanted_ | events);
  if ((watch.registered_ & events) == events) return true;
  return tell(watch, static_cast<std::uint8_t>(watch.registered_ | events));
}

SOCKETIO_DECL bool EpollSet::tell(EpollWatch& watch, std::uint8_t events) noexcept {
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

SOCKETIO_DECL void EpollSet::arm() {
  if (armed_ || watches_ == 0 || in_turn_) return;
  armed_ = true;
  epoll_.async_wait(Descriptor::wait_read, [self = shared_from_this()](const std::error_code&) { self->on_wait(); });
}

SOCKETIO_DECL void EpollSet::disarm() noexcept {
  std::error_code ignored;
  if (armed_) epoll_.cancel(ignored);
}

SOCKETIO_DECL void EpollSet::on_wait() {
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

SOCKETIO_DECL void EpollSet::turn() {
  const int count = ::epoll_wait(epoll_.native_handle(), events_.data(), static_cast<int>(max_events), 0);
  count_ = count < 0 ? 0 : static_cast<std::size_t>(count);
  for (at_ = 0; at_ < count_; ++at_) {
    // Null if an earlier on_ready of this turn has removed it.
    auto* const watch = static_cast<EpollWatch*>(events_[at_].data.ptr);
    if (watch == nullptr) continue;
    const std::uint32_t events = events_[at_].events;
    const bool failed = (events & (EPOLLERR | EPOLLHUP)) != 0;
    const std::uint32_t ready = watch->wanted_ & (failed ? EPOLLIN | EPOLLOUT : events);
    watch->wanted_ = static_cast<std::uint8_t>(watch->wanted_ & ~ready);
    if (ready != 0) watch->on_ready((ready & EPOLLIN) != 0, (ready & EPOLLOUT) != 0);
    // The operating system would go on reporting an event for which the owner does not wait again.
    if (events_[at_].data.ptr != nullptr) static_cast<void>(tell(*watch, watch->wanted_));
  }
}

SOCKETIO_DECL void EpollSet::finish_turn() {
  at_ = count_ = 0;
  in_turn_ = false;
  arm();
  if (end_turn_ != nullptr) end_turn_(end_turn_context_);
}

}  // namespace socketio::detail

#endif
