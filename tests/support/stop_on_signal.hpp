// SPDX-License-Identifier: MIT
// Ends a server program cleanly on a signal, so that sanitizers can check it for leaks. Test support.
#pragma once

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <csignal>
#include <memory>
#include <system_error>
#include <utility>

/// Calls `stop` once, on the thread that runs `context`, at SIGINT or SIGTERM.
template <class Stop>
void stop_on_signal(asio::io_context& context, Stop stop) {
  auto signals = std::make_shared<asio::signal_set>(context, SIGINT, SIGTERM);
  signals->async_wait([signals, stop = std::move(stop)](std::error_code error, int) mutable {
    if (!error) stop();
  });
}
