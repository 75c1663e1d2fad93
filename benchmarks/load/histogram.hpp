// SPDX-License-Identifier: MIT
// Latencies, counted in steps of 3 %, so that percentiles do not need every message in memory.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace bench {

/// Counts times in nanoseconds. A percentile is at most 1/32 below the time that was added.
class Histogram {
 public:
  void add(std::uint64_t ns) {
    ++counts_[std::min(counts_.size() - 1, bucket(ns))];
    ++total_;
  }

  std::uint64_t total() const { return total_; }

  /// The time, in nanoseconds, that `percent` of 100 of the added times exceed by no more than a step; 0 without times.
  double percentile(double percent) const {
    const double wanted = static_cast<double>(total_) * percent / 100;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > 0 && static_cast<double>(seen) >= wanted) return lowest(i);
    }
    return 0;
  }

 private:
  // 32 steps for each power of two: the exponent and the five bits below it. Each number below 32 has a step of its
  // own.
  static std::size_t bucket(std::uint64_t ns) {
    if (ns < 32) return static_cast<std::size_t>(ns);
    const auto exponent = static_cast<unsigned>(std::bit_width(ns)) - 1;
    return (exponent - 4) * std::size_t{32} + static_cast<std::size_t>((ns >> (exponent - 5)) & 31);
  }
  static double lowest(std::size_t bucket) {
    if (bucket < 32) return static_cast<double>(bucket);
    const std::size_t exponent = bucket / 32 + 4;
    return static_cast<double>(32 + bucket % 32) * static_cast<double>(std::uint64_t{1} << (exponent - 5));
  }

  std::array<std::uint64_t, 40 * 32> counts_{};  // up to 2^44 ns, almost five hours
  std::uint64_t total_ = 0;
};

}  // namespace bench
