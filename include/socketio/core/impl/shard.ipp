// SPDX-License-Identifier: MIT
// Bodies of shard.hpp. Core layer.
#pragma once

#include <socketio/core/shard.hpp>

#include <exception>
#include <iostream>

namespace socketio::detail {

SOCKETIO_DECL void ErrorSink::set(ErrorHook hook) {
  auto shared = hook ? std::make_shared<const ErrorHook>(std::move(hook)) : nullptr;
  const std::lock_guard lock(mutex_);
  hook_.swap(shared);  // the old hook is destroyed after the lock
}

SOCKETIO_DECL std::shared_ptr<const ErrorHook> ErrorSink::get() const {
  const std::lock_guard lock(mutex_);
  return hook_;
}

SOCKETIO_DECL asio::any_io_executor any_executor(const asio::io_context::executor_type& executor) { return executor; }

SOCKETIO_DECL const std::string* EventNames::keep(std::string_view name) {
  const auto entry = counts_.try_emplace(std::string(name), 0).first;
  ++entry->second;
  return &entry->first;
}

SOCKETIO_DECL void EventNames::release(const std::string* name) noexcept {
  const auto entry = counts_.find(*name);
  if (--entry->second == 0) counts_.erase(entry);
}

SOCKETIO_DECL void Shard::end_work() noexcept {
  if (work_.fetch_sub(1) == 1 && is_idle_awaited_) post([this] { tell_if_idle(); });
}

SOCKETIO_DECL void Shard::when_idle(UniqueFunction<void()> done) {
  when_idle_ = std::move(done);
  is_idle_awaited_ = true;
  post([this] { tell_if_idle(); });
}

SOCKETIO_DECL void Shard::tell_if_idle() {
  if (work_ != 0 || !when_idle_) return;
  is_idle_awaited_ = false;
  const auto done = std::exchange(when_idle_, nullptr);
  done();
}

SOCKETIO_DECL void Shard::close() noexcept {
  scheduler_.store(nullptr, std::memory_order_release);
  executor_ = {};
  errors_->set(nullptr);
}

SOCKETIO_DECL void Shard::report(const ErrorReport& report) const noexcept {
  try {
    if (const auto hook = errors_->get())
      (*hook)(report);
    else if (report.exception)
      std::cerr << "socketio: " << report.message() << std::endl;
  } catch (...) {
    // A hook that throws has nowhere to report to.
  }
}

SOCKETIO_DECL void Shard::warn_without_hook(const ErrorReport& report) const {
  if (!errors_->get()) std::cerr << "socketio: " << report.message() << std::endl;
}

SOCKETIO_DECL void Shard::report_current_exception(std::string_view nsp, std::string_view socket_id,
                                                   std::string_view event) const noexcept {
  try {
    ErrorReport report{make_error_code(Errc::handler_failed),
                       "handler threw",
                       std::string(nsp),
                       std::string(socket_id),
                       std::string(event),
                       std::current_exception()};
    try {
      throw;
    } catch (const std::exception& error) {
      report.detail += std::string(": ") + error.what();
    } catch (...) {
      report.detail += " something that is not a std::exception";
    }
    this->report(report);
  } catch (...) {
    // Out of memory while describing an error: the server goes on without the report.
  }
}

}  // namespace socketio::detail
