// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/request_values.hpp>. Engine layer.
#pragma once

#include <socketio/engine/request_values.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace socketio {

/// Entries are never changed, so that a copy made earlier keeps the values that it had.
struct RequestValues::Entry {
  const char* key;
  std::shared_ptr<const void> value;
  Entry* earlier;
  std::atomic<std::uint32_t> holders{1};  // copies whose newest entry this is, and entries that lead to this one
};

SOCKETIO_DECL void RequestValues::attach(const char* key, std::shared_ptr<const void> value) const {
  last_ = new Entry{key, std::move(value), last_};
}

SOCKETIO_DECL const void* RequestValues::find(const char* key) const noexcept {
  for (const Entry* entry = last_; entry != nullptr; entry = entry->earlier)
    if (entry->key == key) return entry->value.get();
  return nullptr;
}

SOCKETIO_DECL void RequestValues::share() const noexcept { last_->holders.fetch_add(1, std::memory_order_relaxed); }

SOCKETIO_DECL void RequestValues::release() noexcept {
  // A loop, since recursion would take as much stack as there are entries.
  while (last_ != nullptr && last_->holders.fetch_sub(1, std::memory_order_acq_rel) == 1)
    delete std::exchange(last_, last_->earlier);
}

}  // namespace socketio
