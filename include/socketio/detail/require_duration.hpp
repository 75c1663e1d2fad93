// SPDX-License-Identifier: MIT
// What the compiler says to a number where a time is wanted. Detail layer.
#pragma once

#include <type_traits>

namespace socketio::detail {

/// Ends compilation with a sentence that says what to write.
template <class Number>
constexpr void require_duration() {
  static_assert(!std::is_arithmetic_v<Number>,
                "socketio: a time has a unit: write std::chrono::milliseconds(1000), or 1000ms or 1s after `using "
                "namespace std::chrono_literals`, in the place of 1000.");
}

}  // namespace socketio::detail
