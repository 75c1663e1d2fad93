// SPDX-License-Identifier: MIT
// What waits for the acknowledgements of everyone that a broadcast reached. Core layer.
#pragma once

#include <socketio/core/ack.hpp>
#include <socketio/core/emit_with_ack.hpp>
#include <socketio/core/error.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/protocol/packet.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_executor.hpp>
#include <asio/dispatch.hpp>
#include <asio/error.hpp>
#include <asio/executor_work_guard.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <tuple>
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

  /// `count` shards, not one, will add their receivers and call `start`. Before any of them does.
  void wait_for(std::size_t count) noexcept { not_started_ = count; }

  /// Adds a receiver.
  ///
  /// @param withdraw  takes the entry of this receiver away again; called once, if the whole is cancelled
  /// @return          what the receiver's acknowledgement calls
  PendingAcks::Handler expect(UniqueFunction<void()> withdraw) {
    const std::lock_guard lock(mutex_);
    ++missing_;
    withdraw_.push_back(std::move(withdraw));
    return [self = shared_from_this()](std::error_code error, const Packet* answer) { self->settle(error, answer); };
  }

  /// Sets what else is to be called if the whole is cancelled.
  ///
  /// @return  false if it has ended already, possibly by being cancelled
  bool on_cancel(UniqueFunction<void()> withdraw) {
    const std::lock_guard lock(mutex_);
    if (!ended_) withdraw_.push_back(std::move(withdraw));
    return !ended_;
  }

  /// All receivers of a shard have been added; when there are none at all, or all are settled, it ends here.
  void start() {
    std::unique_lock lock(mutex_);
    --not_started_;
    end_if_settled(lock);
  }

  bool has_ended() {
    const std::lock_guard lock(mutex_);
    return ended_;
  }

  /// Ends with asio::error::operation_aborted and the answers that have come.
  void cancel() {
    std::unique_lock lock(mutex_);
    if (ended_) return;
    error_ = asio::error::operation_aborted;
    const auto withdraw = std::exchange(withdraw_, {});
    end(lock);
    for (const auto& each : withdraw) each();
  }

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
  // A timeout says more than what else may have gone wrong.
  void settle(std::error_code error, const Packet* answer) {
    if (answer) error = take(*answer);  // outside of the lock: it may call what the user has written
    std::unique_lock lock(mutex_);
    if (ended_) return;
    if (error && (!error_ || error == Errc::timed_out)) error_ = error;
    --missing_;
    end_if_settled(lock);
  }

  void end_if_settled(std::unique_lock<std::mutex>& lock) {
    if (missing_ == 0 && not_started_ == 0 && !ended_) end(lock);
  }

  void end(std::unique_lock<std::mutex>& lock) {
    ended_ = true;
    const auto withdraw = std::exchange(withdraw_, {});
    const std::error_code error = error_;
    lock.unlock();
    finish(error);
  }

  std::mutex mutex_;
  std::size_t not_started_ = 1;
  std::size_t missing_ = 0;
  std::error_code error_;
  std::vector<UniqueFunction<void()>> withdraw_;
  bool ended_ = false;
};

/// @tparam Result  what the first item of each answer converts to; void to count them only
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
  CollectedAck(std::shared_ptr<Shard> shard, std::string nsp, std::string event, Finish finish)
      : shard_(std::move(shard)), nsp_(std::move(nsp)), event_(std::move(event)), finish_(std::move(finish)) {}

 private:
  std::error_code take(const Packet& answer) override {
    if constexpr (std::is_void_v<Result>) {
      this->store([this] { ++answers_; });
      return {};
    } else {
      std::tuple<Stored<Result>> item;
      std::string detail;
      if (const std::error_code error = read_results<Result>(answer, item, detail)) {
        shard_->report({error, "acknowledgement: " + detail, nsp_, {}, event_, nullptr});
        return error;
      }
      this->store([&] { answers_.push_back(std::move(std::get<0>(item))); });
      return {};
    }
  }

  void finish(std::error_code error) override {
    shard_->dispatch([self = std::static_pointer_cast<CollectedAck>(this->shared_from_this()), error] {
      try {
        self->finish_(error, std::move(self->answers_));
      } catch (...) {
        self->shard_->report_current_exception(self->nsp_, {}, self->event_);
      }
    });
  }

  std::shared_ptr<Shard> shard_;
  std::string nsp_;
  std::string event_;
  Finish finish_;
  typename BroadcastAnswers<Result>::type answers_{};
};

/// @return  a collector that calls `finish(error, answers)` on the thread of `shard`
template <class Result, class Finish>
std::shared_ptr<BroadcastAck> make_broadcast_ack(std::shared_ptr<Shard> shard, std::string nsp, std::string event,
                                                 Finish finish) {
  return std::make_shared<CollectedAck<Result, Finish>>(std::move(shard), std::move(nsp), std::move(event),
                                                        std::move(finish));
}

/// Makes a function `(error, results...)` of a completion handler: it runs that where it wants to run, keeping its
/// executor busy until then. What the handler throws is reported on the thread of `shard`.
template <class... Results, class CompletionHandler>
auto make_completion(std::shared_ptr<Shard> shard, const std::string& nsp, const std::string& event,
                     CompletionHandler handler) {
  using Executor = asio::associated_executor_t<CompletionHandler, asio::any_io_executor>;
  struct Waiting {
    CompletionHandler handler;
    asio::executor_work_guard<Executor> work;
  };
  Executor executor = asio::get_associated_executor(handler, shard->executor());
  std::unique_ptr<Waiting> made(
      new Waiting{std::move(handler), asio::executor_work_guard<Executor>(std::move(executor))});
  return [waiting = std::move(made), shard = std::move(shard), nsp, event](std::error_code error,
                                                                           Results... results) mutable {
    const Executor where = waiting->work.get_executor();
    asio::dispatch(
        where, [waiting = std::move(waiting), shard, nsp, event, error, ... results = std::move(results)]() mutable {
          try {
            std::move(waiting->handler)(error, std::move(results)...);
          } catch (...) {
            shard->dispatch([shard, nsp, event, exception = std::current_exception()] {
              try {
                std::rethrow_exception(exception);
              } catch (...) {
                shard->report_current_exception(nsp, {}, event);
              }
            });
          }
        });
  };
}

/// @return  a collector that completes as `make_completion`
template <class Result, class CompletionHandler>
std::shared_ptr<BroadcastAck> make_broadcast_completion(const std::shared_ptr<Shard>& shard, const std::string& nsp,
                                                        const std::string& event, CompletionHandler handler) {
  using Answers = typename BroadcastAnswers<Result>::type;
  return make_broadcast_ack<Result>(shard, nsp, event, make_completion<Answers>(shard, nsp, event, std::move(handler)));
}

}  // namespace socketio::detail
