// SPDX-License-Identifier: MIT
// The acknowledgements of all receivers of a broadcast, collected. Core layer.
#pragma once

#include <socketio/core/ack.hpp>
#include <socketio/core/ack_results.hpp>
#include <socketio/core/completion.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/protocol/packet.hpp>
#include <socketio/protocol/value.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace socketio::detail {

/// Counts the receivers of one broadcast that still owe an acknowledgement, and ends when none does.
///
/// An answer, the timeout, and the end of a socket settle a receiver: one that has gone is not waited for.
///
/// @par Thread safety  Any thread, since receivers answer on theirs.
class BroadcastAck : public std::enable_shared_from_this<BroadcastAck> {
 public:
  BroadcastAck() = default;
  BroadcastAck(const BroadcastAck&) = delete;
  BroadcastAck& operator=(const BroadcastAck&) = delete;
  virtual ~BroadcastAck() = default;

  /// Sets how many groups of receivers there are: each shard is one, and all other servers together are one. Before any
  /// of them calls `group_done`; one if this is not called.
  void expect_groups(std::size_t count) noexcept { groups_ = count; }

  /// Adds a receiver.
  ///
  /// @param withdraw  takes the entry of this receiver away again; called once, if the whole is cancelled
  /// @return          what the receiver's acknowledgement calls
  SOCKETIO_DECL PendingAcks::Handler expect(UniqueFunction<void()> withdraw);

  /// Takes the answer of a client or handler of another server, or an error instead of answers.
  SOCKETIO_DECL void add_answer(const std::vector<Value>& items);
  SOCKETIO_DECL void add_error(std::error_code error);

  /// All receivers of a group have been added. The whole ends when all groups are done and all receivers are settled.
  SOCKETIO_DECL void group_done();

  /// Sets what else is to be called if the whole is cancelled.
  ///
  /// @return  false if it has ended already, possibly by being cancelled
  SOCKETIO_DECL bool on_cancel(UniqueFunction<void()> withdraw);

  SOCKETIO_DECL bool has_ended();

  /// Ends with asio::error::operation_aborted and the answers that have come.
  SOCKETIO_DECL void cancel();

 protected:
  /// Keeps the first item of an answer; an answer that does not convert is an error.
  virtual std::error_code take(const Packet& answer) = 0;
  virtual void finish(std::error_code error) = 0;

  /// Runs `keep` alone, and not any more once it has ended.
  template <class Keep>
  void store(Keep&& keep) {
    const std::lock_guard lock(mutex_);
    if (!ended_) keep();
  }

 private:
  void settle(std::error_code error, const Packet* answer);
  void end_if_settled(std::unique_lock<std::mutex>& lock);
  void end(std::unique_lock<std::mutex>& lock);

  std::mutex mutex_;
  std::size_t groups_ = 1;  // that are not done
  std::size_t missing_ = 0;
  std::error_code error_;
  std::vector<UniqueFunction<void()>> withdraw_;
  bool ended_ = false;
};

using BroadcastAckPtr = std::shared_ptr<BroadcastAck>;

/// @tparam Result  what the first item of each answer converts to; void to count the answers
template <class Result>
struct BroadcastAnswers {
  using type = std::vector<Result>;
};
template <>
struct BroadcastAnswers<void> {
  using type = std::size_t;
};

/// @tparam Finish  called as finish(error, answers), once
template <class Result, class Finish>
class CollectedAck final : public BroadcastAck {
 public:
  CollectedAck(OperationPlace place, Finish finish) : place_(std::move(place)), finish_(std::move(finish)) {}

 private:
  std::error_code take(const Packet& answer) override {
    if constexpr (std::is_void_v<Result>) {
      this->store([this] { ++answers_; });
      return {};
    } else {
      std::tuple<Stored<Result>> item;
      if (const std::error_code error = read_results<Result>(answer, item, &place_)) return error;
      this->store([&] { answers_.push_back(std::move(std::get<0>(item))); });
      return {};
    }
  }

  void finish(std::error_code error) override {
    place_.shard->dispatch([self = std::static_pointer_cast<CollectedAck>(this->shared_from_this()), error] {
      try {
        self->finish_(error, std::move(self->answers_));
      } catch (...) {
        self->place_.report_exception(std::current_exception());
      }
    });
  }

  OperationPlace place_;
  Finish finish_;
  typename BroadcastAnswers<Result>::type answers_{};
};

/// @return  a collector that calls `finish(error, answers)` on the thread of the place's shard
template <class Result, class Finish>
BroadcastAckPtr make_broadcast_ack(OperationPlace place, Finish finish) {
  return std::make_shared<CollectedAck<Result, Finish>>(std::move(place), std::move(finish));
}

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/broadcast_ack.ipp>
#endif
