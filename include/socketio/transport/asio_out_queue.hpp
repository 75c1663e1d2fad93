// SPDX-License-Identifier: MIT
// The bytes that one connection of the Asio transport still has to write. Transport layer, no I/O.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/message.hpp>

#include <asio/buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace socketio::detail {

/// Bytes in the order in which they leave. The queue copies small pieces one behind the other, and shares large ones
/// with the other connections that send them.
///
/// A connection has a queue only while it is writing; the shard keeps the idle queues.
///
/// @par Cost  A small piece costs one copy, and no allocation once the queue has been used. That is cheaper than to
///            keep its owner alive: the threads of all shards would change the owner's count for every receiver of a
///            broadcast. Once 64 KiB of copies wait, the receiver is a slow one, and small pieces are shared as well:
///            ten that do not read broadcasts of 200 bytes kept 172 MB of copies, and their growth held up the others.
class AsioOutQueue {
 public:
  void push(const MessagePtr& message);
  /// Queues bytes that `owner` keeps alive and unchanged.
  template <class Owner>
  void push(const std::shared_ptr<Owner>& owner, std::string_view bytes) {
    const bool is_slow = copied_end_ - copied_begin_ >= max_waiting_copies;
    if (bytes.size() <= (is_slow ? max_copied_when_slow : max_copied_bytes))
      copy(bytes);
    else
      share(owner, bytes);
  }
  void push(std::string bytes);
  void push_pong(std::string_view frame);

  bool empty() const noexcept { return pushed_ == written_; }
  std::size_t bytes() const noexcept { return static_cast<std::size_t>(pushed_ - written_); }

  /// The memory that holds them: what a shared message takes besides its bytes counts as if this connection alone had
  /// it.
  std::size_t kept_bytes() const noexcept {
    const std::size_t shared = bytes() - (copied_end_ - copied_begin_);
    return copied_.size() + shared + (shared_.size() - done_) * Message::overhead_bytes;
  }

  /// Pongs that are not completely written.
  std::size_t pongs() const noexcept { return pong_ends_.size(); }

  /// Whether everything that is still to be written lies in one piece, which is then `front`.
  bool is_one_piece() const noexcept { return done_ == shared_.size(); }
  std::string_view front() const noexcept { return {copied_.data() + copied_begin_, copied_end_ - copied_begin_}; }

  /// Lists the pieces to write next, if there are several.
  void gather(std::vector<asio::const_buffer>& buffers) const;

  /// Forgets the first bytes, which have been written.
  void consume(std::size_t bytes);

  /// Empties the queue for its next user; false if it has grown so large that the shard should not keep it.
  bool recycle();

 private:
  // At 512 bytes a copy costs about as much as one more element of the vector that sendmsg reads.
  static constexpr std::size_t max_copied_bytes = 512;
  static constexpr std::size_t max_waiting_copies = 64 * 1024;
  static constexpr std::size_t max_copied_when_slow = 48;  // about what the list of shared pieces needs for one
  static constexpr std::size_t max_buffers = 64;
  static constexpr std::size_t first_copied_bytes = 512;
  static constexpr std::size_t max_kept_copied_bytes = 8 * 1024;
  static constexpr std::size_t max_kept_shared = 64;

  struct Shared {
    std::shared_ptr<const void> owner;
    std::string_view bytes;  // what is left of them
    std::size_t copied_at;   // the copied bytes up to here precede it
  };

  void copy(std::string_view bytes);
  void share(std::shared_ptr<const void> owner, std::string_view bytes);
  void make_room(std::size_t bytes);

  std::vector<char> copied_;  // as large as its capacity
  std::size_t copied_begin_ = 0;
  std::size_t copied_end_ = 0;
  std::vector<Shared> shared_;
  std::size_t done_ = 0;                  // the first of `shared_` that are written
  std::vector<std::uint64_t> pong_ends_;  // in bytes pushed
  std::uint64_t pushed_ = 0;
  std::uint64_t written_ = 0;
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/asio_out_queue.ipp>
#endif
