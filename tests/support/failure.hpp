// SPDX-License-Identifier: MIT
// The message of a failed expectation.
#pragma once

#include <socketio/testing/error.hpp>

#include <string>
#include <utility>

namespace test {

/// The text of the Error that a function throws; "nothing was thrown" if it throws none.
template <class F>
std::string failure(F&& function) {
  try {
    std::forward<F>(function)();
  } catch (const socketio::testing::Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace test
