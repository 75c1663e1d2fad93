// SPDX-License-Identifier: MIT
// Linux's accounting of a process: its CPU time, its memory, its descriptors.
#pragma once

#include <cstdint>

namespace bench {

/// CPU time of all threads of a process, as the scheduler counts it, without threads that have ended.
///
/// @throws std::runtime_error  if there is no such process, or the kernel does not count
std::uint64_t cpu_ns(int pid);

/// CPU time of this process.
std::uint64_t own_cpu_ns();

/// Resident memory of a process, without the kernel's memory for its sockets.
///
/// @throws std::runtime_error  if there is no such process
std::uint64_t resident_bytes(int pid);

/// Raises this process's limit of open descriptors as far as possible.
///
/// @return the limit
std::uint64_t raise_descriptor_limit();

/// The limit of open descriptors of another process.
///
/// @throws std::runtime_error  if there is no such process
std::uint64_t descriptor_limit(int pid);

}  // namespace bench
