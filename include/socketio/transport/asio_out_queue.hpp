// SPDX-License-Identifier: MIT
// What one connection of the Asio transport has still to write. Transport layer, no I/O.
#pragma once

#include <socketio/engine/message.hpp>

#include <asio/buffer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::detail {

/// Bytes in order: small pieces are copied one behind the other, large ones shared with whoever else sends them.
///
/// A connection has one only while it is writing; the shard keeps the idle ones.
///
/// @par Cost  A small piece is one copy, without an allocation once the queue has been used: cheaper than keeping its
///            owner alive, whose count the threads of all shards would change for every receiver of a broadcast.
class AsioOutQueue {
 public:
  void push(const MessagePtr& message) {
    for (const std::string_view piece : message->frame()) push(message, piece);
  }
  /// Queues bytes that `owner` keeps alive and unchanged.
  template <class Owner>
  void push(const std::shared_ptr<Owner>& owner, std::string_view bytes) {
    if (bytes.size() <= max_copied_bytes)
      copy(bytes);
    else
      share(owner, bytes);
  }
  void push(std::string bytes) {
    if (bytes.size() <= max_copied_bytes) return copy(bytes);
    auto own = std::make_shared<const std::string>(std::move(bytes));
    const std::string_view view = *own;
    share(std::move(own), view);
  }
  void push_pong(std::string_view frame) {
    copy(frame);
    pong_ends_.push_back(pushed_);
  }

  bool empty() const noexcept { return pushed_ == written_; }
  std::size_t bytes() const noexcept { return static_cast<std::size_t>(pushed_ - written_); }

  /// Pongs that are not completely written.
  std::size_t pongs() const noexcept { return pong_ends_.size(); }

  /// Whether all there is to write lies in one piece, which is then `front`.
  bool is_one_piece() const noexcept { return shared_.empty(); }
  std::string_view front() const noexcept { return {copied_.data() + copied_begin_, copied_end_ - copied_begin_}; }

  /// Lists what is to be written next, if it is more than one piece.
  void gather(std::vector<asio::const_buffer>& buffers) const;

  /// Forgets the first bytes, which have been written.
  void consume(std::size_t bytes);

  /// Makes the queue as new; false if it has grown so much that it is not worth keeping.
  bool recycle();

 private:
  // At 512 bytes copying costs about as much as one more element of the vector that sendmsg walks.
  static constexpr std::size_t max_copied_bytes = 512;
  static constexpr std::size_t max_buffers = 64;
  static constexpr std::size_t first_copied_bytes = 512;
  static constexpr std::size_t max_kept_copied_bytes = 8 * 1024;
  static constexpr std::size_t max_kept_shared = 64;

  struct Shared {
    std::shared_ptr<const void> owner;
    std::string_view bytes;  // what is left of them
    std::size_t copied_at;   // the copied bytes up to here precede it
  };

  void copy(std::string_view bytes) {
    if (bytes.empty()) return;
    if (bytes.size() > copied_.size() - copied_end_) make_room(bytes.size());
    std::memcpy(copied_.data() + copied_end_, bytes.data(), bytes.size());
    copied_end_ += bytes.size();
    pushed_ += bytes.size();
  }
  void share(std::shared_ptr<const void> owner, std::string_view bytes) {
    shared_.push_back({std::move(owner), bytes, copied_end_});
    pushed_ += bytes.size();
  }
  void make_room(std::size_t bytes);

  std::vector<char> copied_;  // as large as its capacity
  std::size_t copied_begin_ = 0;
  std::size_t copied_end_ = 0;
  std::vector<Shared> shared_;
  std::vector<std::uint64_t> pong_ends_;  // in bytes pushed
  std::uint64_t pushed_ = 0;
  std::uint64_t written_ = 0;
};

inline void AsioOutQueue::make_room(std::size_t bytes) {
  // A slow receiver's queue may never run empty: what is written makes room.
  const std::size_t used = copied_end_ - copied_begin_;
  if (copied_begin_ > 0 && copied_begin_ >= used) {
    std::memmove(copied_.data(), copied_.data() + copied_begin_, used);
    for (Shared& shared : shared_) shared.copied_at -= copied_begin_;
    copied_begin_ = 0;
    copied_end_ = used;
  }
  const std::size_t needed = copied_end_ + bytes;
  if (needed > copied_.size()) copied_.resize((std::max)({needed, 2 * copied_.size(), first_copied_bytes}));
}

inline void AsioOutQueue::gather(std::vector<asio::const_buffer>& buffers) const {
  buffers.clear();
  std::size_t at = copied_begin_;
  const auto add_copied = [&](std::size_t end) {
    if (at != end && buffers.size() < max_buffers) buffers.emplace_back(copied_.data() + at, end - at);
    at = end;
  };
  for (const Shared& shared : shared_) {
    add_copied(shared.copied_at);
    if (buffers.size() == max_buffers) return;
    buffers.emplace_back(shared.bytes.data(), shared.bytes.size());
  }
  add_copied(copied_end_);
}

inline void AsioOutQueue::consume(std::size_t bytes) {
  written_ += bytes;
  std::size_t done = 0;  // shared pieces that are completely written
  for (; bytes > 0 && done < shared_.size(); ++done) {
    Shared& first = shared_[done];
    const std::size_t copied = (std::min)(bytes, first.copied_at - copied_begin_);
    copied_begin_ += copied;
    bytes -= copied;
    const std::size_t shared = (std::min)(bytes, first.bytes.size());
    first.bytes.remove_prefix(shared);
    bytes -= shared;
    if (!first.bytes.empty()) break;
  }
  shared_.erase(shared_.begin(), shared_.begin() + static_cast<std::ptrdiff_t>(done));
  copied_begin_ += bytes;
  if (!pong_ends_.empty())
    pong_ends_.erase(pong_ends_.begin(), std::upper_bound(pong_ends_.begin(), pong_ends_.end(), written_));
}

inline bool AsioOutQueue::recycle() {
  shared_.clear();
  pong_ends_.clear();
  copied_begin_ = copied_end_ = 0;
  pushed_ = written_ = 0;
  return copied_.size() <= max_kept_copied_bytes && shared_.capacity() <= max_kept_shared;
}

}  // namespace socketio::detail
