// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/asio_out_queue.hpp>. Transport layer, no I/O.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/asio_out_queue.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace socketio::detail {

SOCKETIO_DECL void AsioOutQueue::push(const MessagePtr& message) {
  for (const std::string_view piece : message->frame()) push(message, piece);
}

SOCKETIO_DECL void AsioOutQueue::push(std::string bytes) {
  if (bytes.size() <= max_copied_bytes) return copy(bytes);
  auto own = std::make_shared<std::string>(std::move(bytes));
  const std::string_view view = *own;
  share(std::move(own), view);
}

SOCKETIO_DECL void AsioOutQueue::push_pong(std::string_view frame) {
  copy(frame);
  pong_ends_.push_back(pushed_);
}

SOCKETIO_DECL void AsioOutQueue::copy(std::string_view bytes) {
  if (bytes.empty()) return;
  if (bytes.size() > copied_.size() - copied_end_) make_room(bytes.size());
  std::memcpy(copied_.data() + copied_end_, bytes.data(), bytes.size());
  copied_end_ += bytes.size();
  pushed_ += bytes.size();
}

SOCKETIO_DECL void AsioOutQueue::share(std::shared_ptr<const void> owner, std::string_view bytes) {
  shared_.push_back({std::move(owner), bytes, copied_end_});
  pushed_ += bytes.size();
}

SOCKETIO_DECL void AsioOutQueue::make_room(std::size_t bytes) {
  // The queue of a slow receiver may never run empty, so the room of written bytes is used again.
  const std::size_t used = copied_end_ - copied_begin_;
  if (copied_begin_ > 0 && copied_begin_ >= used) {
    std::memmove(copied_.data(), copied_.data() + copied_begin_, used);
    for (std::size_t i = done_; i < shared_.size(); ++i) shared_[i].copied_at -= copied_begin_;
    copied_begin_ = 0;
    copied_end_ = used;
  }
  const std::size_t needed = copied_end_ + bytes;
  if (needed > copied_.size()) copied_.resize((std::max)({needed, 2 * copied_.size(), first_copied_bytes}));
}

SOCKETIO_DECL void AsioOutQueue::gather(std::vector<asio::const_buffer>& buffers) const {
  buffers.clear();
  std::size_t at = copied_begin_;
  const auto add_copied = [&](std::size_t end) {
    if (at != end && buffers.size() < max_buffers) buffers.emplace_back(copied_.data() + at, end - at);
    at = end;
  };
  for (std::size_t i = done_; i < shared_.size(); ++i) {
    const Shared& shared = shared_[i];
    add_copied(shared.copied_at);
    if (buffers.size() == max_buffers) return;
    buffers.emplace_back(shared.bytes.data(), shared.bytes.size());
  }
  add_copied(copied_end_);
}

SOCKETIO_DECL void AsioOutQueue::consume(std::size_t bytes) {
  written_ += bytes;
  for (; bytes > 0 && done_ < shared_.size(); ++done_) {
    Shared& first = shared_[done_];
    const std::size_t copied = (std::min)(bytes, first.copied_at - copied_begin_);
    copied_begin_ += copied;
    bytes -= copied;
    const std::size_t shared = (std::min)(bytes, first.bytes.size());
    first.bytes.remove_prefix(shared);
    bytes -= shared;
    if (!first.bytes.empty()) break;
    first.owner.reset();
  }
  // Not one by one: a slow receiver may have ten thousands of pieces.
  if (2 * done_ >= shared_.size()) {
    shared_.erase(shared_.begin(), shared_.begin() + static_cast<std::ptrdiff_t>(done_));
    done_ = 0;
  }
  copied_begin_ += bytes;
  if (!pong_ends_.empty())
    pong_ends_.erase(pong_ends_.begin(), std::upper_bound(pong_ends_.begin(), pong_ends_.end(), written_));
}

SOCKETIO_DECL bool AsioOutQueue::recycle() {
  shared_.clear();
  done_ = 0;
  pong_ends_.clear();
  copied_begin_ = copied_end_ = 0;
  pushed_ = written_ = 0;
  return copied_.size() <= max_kept_copied_bytes && shared_.capacity() <= max_kept_shared;
}

}  // namespace socketio::detail
