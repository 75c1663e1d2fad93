// SPDX-License-Identifier: MIT
// What Linux accounts for a process: its CPU time, its memory, its descriptors.
#pragma once

#include <cstdint>

namespace bench {

/// CPU time of all threads of a process, by the scheduler's account. Threads that have ended are not in it.
///
/// @throws std::runtime_error  when there is no such process, or the kernel keeps no such account
std::uint64_t cpu_ns(int pid);

/// CPU time of this process.
std::uint64_t own_cpu_ns();

/// Resident memory of a process. What the kernel holds for its sockets is not in it.
///
/// @throws std::runtime_error  when there is no such process
std::uint64_t resident_bytes(int pid);

/// Raises this process's limit of open descriptors as far as it may.
///
/// @return the limit
std::uint64_t raise_descriptor_limit();

/// The limit of open descriptors of another process.
///
/// @throws std::runtime_error  when there is no such process
std::uint64_t descriptor_limit(int pid);

}  // namespace bench
