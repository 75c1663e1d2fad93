// SPDX-License-Identifier: MIT
// TCP connections to 127.0.0.1 on epoll: many in one thread, read when data is there, written once per turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

class Stream;

/// Nanoseconds of the monotonic clock.
std::uint64_t now_ns();

/// The loop. Must outlive its streams.
class Poller {
 public:
  /// @param port  the server's port
  explicit Poller(std::uint16_t port);
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// Writes pending output, waits for input for at most that long, and passes it on.
  void turn(int timeout_ms);

  /// When the current input was read. Outside a turn: when a turn last did anything.
  std::uint64_t now() const { return now_; }
  void update_now() { now_ = now_ns(); }

 private:
  friend class Stream;

  std::uint16_t port_;
  int epoll_;
  std::uint64_t now_ = 0;
  unsigned open_ = 0;
  std::vector<char> buffer_;
  std::vector<Stream*> dirty_;
};

/// One connection. May be closed inside a callback, but destroyed only between turns.
class Stream {
 public:
  class Consumer {
   public:
    /// Takes the complete part from the beginning of the input.
    ///
    /// @return the number of bytes taken; the rest comes again, with more
    virtual std::size_t consume(Stream& stream, std::string_view input) = 0;

    /// The server has closed the connection, which is no longer open.
    virtual void handle_end(Stream& stream) = 0;

   protected:
    ~Consumer() = default;
  };

  Stream(Poller& poller, Consumer& consumer) : poller_(poller), consumer_(consumer) {}
  ~Stream() { close(); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Blocks until the connection is established.
  ///
  /// @throws std::runtime_error  with a message for the user if the server refuses, or no descriptor or port is left
  void connect();
  bool is_open() const { return fd_ >= 0; }

  /// Bytes that are appended to the result are written at the beginning of the next turn.
  std::string& output();

  /// Ends the connection at once, with a reset, so that its port is free again.
  void close();

 private:
  friend class Poller;

  void read(std::string_view input);
  void write();
  void wait_for_room(bool wait);

  Poller& poller_;
  Consumer& consumer_;
  int fd_ = -1;
  bool dirty_ = false;
  bool waits_for_room_ = false;
  std::size_t written_ = 0;  // the written bytes of output_
  std::string input_;        // unconsumed input
  std::string output_;
};

}  // namespace bench
