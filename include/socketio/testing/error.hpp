// SPDX-License-Identifier: MIT
// How an expectation of a test fails. Testing.
#pragma once

#include <socketio/protocol/value.hpp>

#include <stdexcept>
#include <string>
#include <utility>

namespace socketio::testing {

/// An expectation that does not hold. Thrown, so that every test framework reports it: `what()` says what was expected,
/// what has come instead, and what the server has reported.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A namespace or the server refused a client that was to connect.
class Refused : public Error {
 public:
  Refused(const std::string& what, std::string message, Value data)
      : Error(what), message_(std::move(message)), data_(std::move(data)) {}

  /// What `connect_error` tells the client.
  const std::string& message() const noexcept { return message_; }
  const Value& data() const noexcept { return data_; }

 private:
  std::string message_;
  Value data_;
};

}  // namespace socketio::testing
