// SPDX-License-Identifier: MIT
// Bodies of completion.hpp. Core layer.
#pragma once

#include <socketio/core/completion.hpp>

namespace socketio::detail {

SOCKETIO_DECL void OperationPlace::report(std::error_code error, std::string detail) const {
  shard->report({error, std::move(detail), nsp, socket_id, event, nullptr});
}

SOCKETIO_DECL void OperationPlace::report_exception(std::exception_ptr exception) const {
  shard->dispatch([place = *this, exception = std::move(exception)] {
    try {
      std::rethrow_exception(exception);
    } catch (...) {
      place.shard->report_current_exception(place.nsp, place.socket_id, place.event);
    }
  });
}

SOCKETIO_DECL void dispatch_on(const asio::any_io_executor& executor, UniqueFunction<void()> function) {
  asio::dispatch(executor, std::move(function));
}

SOCKETIO_DECL void post_on(const asio::any_io_executor& executor, UniqueFunction<void()> function) {
  asio::post(executor, std::move(function));
}

}  // namespace socketio::detail
