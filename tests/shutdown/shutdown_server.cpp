// SPDX-License-Identifier: MIT
// The server of the tests of shutdown and hand-over. It notes every event that it has handled, and prints them at its
// end.
//
//   shutdown_server <port>                     listens on a port, 0 for any
//   shutdown_server <port> --reuse-port        which several of them may do at a time
//   shutdown_server <port> --take-over <path>  asks the server behind that Unix socket for its listening sockets
//   shutdown_server <port> --systemd           listens on what was opened for it
//   shutdown_server <port> --activate          opens a socket and starts two such servers for it, one after the other;
//   gives
//                                              each SIGTERM on to the one that runs
//
// With SHUTDOWN_HAND_OVER=<path> it gives its own to who asks there, and shuts down.

#include <tests/support/test_transport.hpp>

#include <socketio/socketio.hpp>

#include <asio/awaitable.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using Local = asio::local::stream_protocol;

struct Config : socketio::DefaultConfig {
  using Transport = socketio::test::TestTransport;
};
using Server = socketio::BasicServer<Config>;
using Socket = socketio::BasicSocket<Config>;

/// What was handled, in order.
class Record {
 public:
  void add(const std::string& event) {
    const std::lock_guard lock(mutex_);
    events_ += event;
    events_ += ' ';
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }

 private:
  mutable std::mutex mutex_;
  std::string events_;
};

/// The three ways in which a handler answers: at once, as a coroutine, and later with the Ack that it has kept.
void add_handlers(Server& io, Record& record) {
  io.on("connection", [&record](Socket socket) {
    socket.on("now", [&record](std::string event) {
      record.add(event);
      return event;
    });
    socket.on("coroutine", [&record](std::string event) -> asio::awaitable<std::string> {
      asio::steady_timer timer(co_await asio::this_coro::executor, 20ms);
      co_await timer.async_wait(asio::use_awaitable);
      record.add(event);
      co_return event;
    });
    socket.on("later", [&record, socket](std::string event, socketio::Ack<std::string> ack) {
      const auto timer = std::make_shared<asio::steady_timer>(socket.get_executor(), 5ms);
      timer->async_wait([&record, timer, event, ack](std::error_code) {
        record.add(event);
        ack(event);
      });
    });
  });
}

/// Gives the listening sockets to the process that connects, and shuts down when that one says that it accepts.
class HandOver : public std::enable_shared_from_this<HandOver> {
 public:
  HandOver(Server& io, const std::string& path)
      : io_(io), acceptor_(io.context(), Local::endpoint(path)), path_(path) {}

  void wait() {
    acceptor_.async_accept([self = shared_from_this()](std::error_code error, Local::socket successor) {
      if (error) return;
      self->acceptor_.close();
      ::unlink(self->path_.c_str());
      socketio::ListeningSocket::send(successor.native_handle(), self->io_.transport().listening_sockets());
      self->successor_.emplace(std::move(successor));
      asio::async_read(*self->successor_, asio::buffer(&self->word_, 1), [self](std::error_code gone, std::size_t) {
        if (!gone) self->io_.shutdown(30s);
      });
    });
  }

  /// Nobody takes over.
  void stop() {
    std::error_code ignored;
    acceptor_.close(ignored);
  }

 private:
  Server& io_;
  Local::acceptor acceptor_;
  std::string path_;
  std::optional<Local::socket> successor_;
  char word_ = 0;
};

std::uint16_t take_over(Server& io, const std::string& path) {
  Local::socket predecessor(io.context());
  predecessor.connect(Local::endpoint(path));
  std::uint16_t port = 0;
  for (const auto& socket : socketio::ListeningSocket::receive(predecessor.native_handle())) port = io.listen(socket);
  asio::write(predecessor, asio::buffer("!", 1));
  return port;
}

/// What systemd does for a service with a socket.
int activate(const char* program) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(socket, 511) != 0)
    return 1;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGCHLD);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  int result = 0;
  for (int round = 0; round < 2 && result == 0; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      sigprocmask(SIG_UNBLOCK, &signals, nullptr);
      if (socket != 3) ::dup2(socket, 3);
      ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
      ::setenv("LISTEN_FDS", "1", 1);
      ::setenv("LISTEN_FDNAMES", "io", 1);
      ::execl(program, program, "0", "--systemd", static_cast<char*>(nullptr));
      ::_exit(127);
    }
    int signal = 0;
    while (::sigwait(&signals, &signal) == 0 && signal == SIGTERM) ::kill(child, SIGTERM);
    ::waitpid(child, &result, 0);
  }
  return result == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string_view how = argc > 2 ? argv[2] : "";
  if (how == "--activate") return activate(argv[0]);
  socketio::AsioTransportOptions transport;
  transport.reuse_port = how == "--reuse-port";
  Server io({.threads = socketio::test::chosen_threads(), .health_path = "/healthz"},
            socketio::test::on_tcp(transport));
  Record record;
  add_handlers(io, record);
  std::uint16_t port = 0;
  if (how == "--take-over") {
    port = take_over(io, argv[3]);
  } else if (how == "--systemd") {
    for (const auto& socket : socketio::ListeningSocket::from_systemd())
      if (socket.name() == "io") port = io.listen(socket);
  } else {
    port = io.listen(static_cast<std::uint16_t>(std::atoi(argv[1])), "127.0.0.1");
  }
  io.shutdown_on_signals(30s);
  std::shared_ptr<HandOver> hand_over;
  if (const char* const path = std::getenv("SHUTDOWN_HAND_OVER")) {
    hand_over = std::make_shared<HandOver>(io, path);
    hand_over->wait();
  }
  std::cout << "listening on " << port << std::endl;
  io.run();
  std::cout << "handled " << record.text() << std::endl;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
