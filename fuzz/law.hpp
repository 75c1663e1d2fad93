// SPDX-License-Identifier: MIT
// How a fuzz target states a law that must hold for every input.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace fuzz {

/// Ends the program, as libFuzzer expects it, if `holds` is false.
inline void law(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "law broken: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

}  // namespace fuzz
