// SPDX-License-Identifier: MIT
#include <benchmarks/load/process.hpp>

#include <sys/resource.h>

#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <string>
#include <system_error>

namespace bench {
namespace {

[[noreturn]] void throw_gone(int pid) {
  throw std::runtime_error("there is no process " + std::to_string(pid) + ": the server has ended");
}

std::string directory_of(int pid) { return "/proc/" + std::to_string(pid); }

}  // namespace

std::uint64_t cpu_ns(int pid) {
  std::uint64_t sum = 0;
  std::error_code error;
  for (const auto& task : std::filesystem::directory_iterator(directory_of(pid) + "/task", error)) {
    std::ifstream file(task.path() / "schedstat");
    std::uint64_t ran = 0;
    if (file >> ran) sum += ran;
  }
  if (error) throw_gone(pid);
  if (sum == 0) throw std::runtime_error("this kernel keeps no account in /proc/PID/task/*/schedstat");
  return sum;
}

std::uint64_t own_cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

std::uint64_t resident_bytes(int pid) {
  std::ifstream file(directory_of(pid) + "/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  if (!(file >> total >> resident)) throw_gone(pid);
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

std::uint64_t descriptor_limit(int pid) {
  std::ifstream file(directory_of(pid) + "/limits");
  const std::string name = "Max open files";
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, name.size(), name) != 0) continue;
    const std::string value = line.substr(line.find_first_not_of(' ', name.size()));
    return value.compare(0, 9, "unlimited") == 0 ? std::numeric_limits<std::uint64_t>::max() : std::stoull(value);
  }
  throw_gone(pid);
}

}  // namespace bench
