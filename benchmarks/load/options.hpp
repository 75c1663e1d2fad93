// SPDX-License-Identifier: MIT
// The command line of bench_load.
#pragma once

#include <cstdint>
#include <string>

namespace bench {

enum class Workload { echo, ack, bcast, room, binary, idle, connect };

struct Options {
  Workload workload = Workload::echo;
  std::string workload_name = "echo";
  bool polling = false;
  std::uint16_t port = 3000;
  int pid = 0;  // the server's; 0: its CPU time and memory are not measured
  unsigned clients = 50;
  unsigned in_flight = 1;       // of each client that sends
  unsigned senders = 0;         // clients that send; 0: all clients
  unsigned room_size = 6;       // for `room`: clients in one room
  unsigned rooms = 0;           // for `room`: number of rooms; 0: so many that each client is in one
  double rate = 0;              // events per second of each sender; 0: the next one after each answer
  unsigned payload_bytes = 32;  // of an event
  double seconds = 2;
  double warmup_seconds = 0.5;
};

/// Reads the command line. For `--help` it prints the usage and ends the program.
///
/// @throws std::invalid_argument  with a message for the user
Options parse_options(int argc, char** argv);

}  // namespace bench
