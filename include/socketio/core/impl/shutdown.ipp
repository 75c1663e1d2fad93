// SPDX-License-Identifier: MIT
// Bodies of shutdown.hpp. Core layer.
#pragma once

#include <socketio/core/server_state.hpp>
#include <socketio/core/shutdown.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/basic_signal_set.hpp>

#include <algorithm>
#include <system_error>
#include <utility>

namespace socketio::detail {

SOCKETIO_DECL Shutdown::Shutdown(ServerState& server)
    : server_(server),
      notice_timer_([](void* self) { static_cast<Shutdown*>(self)->drain(); }, this),
      deadline_timer_([](void* self) { static_cast<Shutdown*>(self)->cut_short(); }, this) {}

SOCKETIO_DECL void Shutdown::wait(std::chrono::milliseconds deadline, Done done) {
  if (done) waiting_.push_back(std::move(done));
  Scheduler& scheduler = server_.shards().home()->scheduler();
  const auto at = scheduler.now() + std::clamp(deadline, std::chrono::milliseconds(0), longest_delay);
  if (at < deadline_) {
    deadline_ = at;
    scheduler.timers().arm(deadline_timer_, at);
  }
  if (stage_ == Stage::none) begin();
}

SOCKETIO_DECL void Shutdown::begin() {
  stage_ = Stage::notice;
  server_.on_each_shard([](ServerState&, ServerShard& shard) { shard.engine().announce_shutdown(); });
  const auto notice = server_.options().shutdown_notice;
  if (notice.count() > 0)
    server_.shards().home()->scheduler().arm(notice_timer_, notice);
  else
    drain();
}

SOCKETIO_DECL void Shutdown::drain() {
  stage_ = Stage::draining;
  server_.server_shard(0).transport().stop_listening_where_others_do();
  undrained_ = server_.shards().size();
  server_.on_each_shard([](ServerState& server, ServerShard& shard) {
    shard.shut_down([weak = server.weak_from_this()] {
      const auto state = weak.lock();
      if (!state) return;
      state->shards().home()->post([weak] {
        if (const auto alive = weak.lock(); alive && alive->shutdown()) alive->shutdown()->handle_drained();
      });
    });
  });
}

SOCKETIO_DECL void Shutdown::handle_drained() {
  if (stage_ == Stage::draining && --undrained_ == 0) close(true);
}

SOCKETIO_DECL void Shutdown::close(bool in_time) {
  stage_ = in_time ? Stage::closing : Stage::cut;
  server_.close([weak = server_.weak_from_this(), in_time] {
    if (const auto alive = weak.lock(); alive && alive->shutdown()) alive->shutdown()->complete(in_time);
  });
}

SOCKETIO_DECL void Shutdown::cut_short() {
  if (stage_ >= Stage::cut) return;
  close(false);
  server_.on_each_shard([](ServerState&, ServerShard& shard) { shard.transport().terminate(); });
}

SOCKETIO_DECL void Shutdown::complete(bool in_time) {
  if (std::exchange(stage_, Stage::over) == Stage::over) return;
  Scheduler& scheduler = server_.shards().home()->scheduler();
  scheduler.cancel(notice_timer_);
  scheduler.cancel(deadline_timer_);
  const std::vector<Done> waiting = std::exchange(waiting_, {});
  server_.end_shutdown(in_time);  // destroys this object in a later turn
  for (const Done& done : waiting) done(in_time);
}

class AsioSignalWatch final : public SignalWatch, public std::enable_shared_from_this<AsioSignalWatch> {
 public:
  AsioSignalWatch(const std::shared_ptr<ServerState>& server, std::chrono::milliseconds deadline,
                  const std::vector<int>& numbers)
      : server_(server), deadline_(deadline), signals_(server->shards().home()->executor()) {
    for (const int number : numbers) signals_.add(number);
  }

  void wait() {
    signals_.async_wait([self = shared_from_this()](std::error_code error, int) {
      const auto server = self->server_.lock();
      if (error || !server) return;
      if (server->is_shutting_down())
        server->cut_shutdown_short();
      else
        server->shut_down(self->deadline_, nullptr);
      self->wait();
    });
  }

  void end() override {
    std::error_code ignored;
    signals_.clear(ignored);
    signals_.cancel(ignored);
  }

 private:
  std::weak_ptr<ServerState> server_;
  std::chrono::milliseconds deadline_;
  asio::basic_signal_set<asio::any_io_executor> signals_;
};

SOCKETIO_DECL std::shared_ptr<SignalWatch> SignalWatch::make(const std::shared_ptr<ServerState>& server,
                                                             std::chrono::milliseconds deadline,
                                                             const std::vector<int>& numbers) {
  const auto watch = std::make_shared<AsioSignalWatch>(server, deadline, numbers);
  watch->wait();
  return watch;
}

}  // namespace socketio::detail
