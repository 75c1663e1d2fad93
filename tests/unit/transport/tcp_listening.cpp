// SPDX-License-Identifier: MIT
// Listening on Unix sockets and on sockets that listen already; what programs inherit that a server starts.
#include <socketio/transport/listening_socket.hpp>

#include <tests/support/asio_fixture.hpp>

#if defined(ASIO_HAS_LOCAL_SOCKETS)

#include <asio/buffer.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/write.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

using namespace socketio;
using namespace socketio::test;

namespace {

/// A folder for the files of one test.
class Folder {
 public:
  Folder() {
    std::string name = "/tmp/socketio-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  ~Folder() {
    for (const char* file : {"a.sock", "b.sock", "file"}) ::unlink((path_ + '/' + file).c_str());
    ::rmdir(path_.c_str());
  }
  std::string file(const std::string& name) const { return path_ + '/' + name; }

 private:
  std::string path_;
};

bool is_there(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0;
}

unsigned permissions_of(const std::string& path) {
  struct stat found {};
  REQUIRE(::lstat(path.c_str(), &found) == 0);
  return found.st_mode & 0777u;
}

std::error_code error_of_listening(TestTransport& transport, const UnixSocket& where) {
  try {
    transport.listen(where);
  } catch (const std::system_error& error) {
    CHECK(std::string(error.what()).find(where.path) != std::string::npos);
    return error.code();
  }
  return {};
}

/// A client of a Unix socket.
class UnixClient {
 public:
  UnixClient(asio::io_context& context, const std::string& path) : socket_(context) {
    std::string name = path;
    if (name.front() == '@') name.front() = '\0';
    socket_.connect(asio::local::stream_protocol::endpoint(name));
    read();
  }
  void send(std::string_view text) { asio::write(socket_, asio::buffer(text.data(), text.size())); }

  std::string received;
  bool ended = false;

 private:
  void read() {
    socket_.async_read_some(asio::buffer(buffer_), [this](std::error_code error, std::size_t bytes) {
      received.append(buffer_.data(), bytes);
      if (error)
        ended = true;
      else
        read();
    });
  }

  asio::local::stream_protocol::socket socket_;
  std::array<char, 4096> buffer_{};
};

constexpr std::string_view get = "GET /path HTTP/1.1\r\nHost: a\r\n\r\n";

HttpResponse saying(std::string body) {
  HttpResponse response;
  response.body = std::move(body);
  return response;
}

/// Answers each request with the address of its client and the target.
void answer_with_address(AsioFixture& server) {
  server.when_exchange = [](const ExchangePtr& exchange) {
    const HttpRequest& request = exchange->request();
    exchange->respond(
        saying('<' + request.remote_address + ':' + std::to_string(request.remote_port) + "> " + request.target));
  };
}

}  // namespace

TEST_CASE("a server listens on a Unix socket, whose clients have no address", "[transport][unix]") {
  const Folder folder;
  AsioFixture server;
  answer_with_address(server);
  const std::string path = folder.file("a.sock");
  server.transport->listen(UnixSocket{path});
  UnixClient client(server.context, path);
  client.send(get);
  REQUIRE(server.until([&] {
    return client.received.find("</path") == std::string::npos &&
           client.received.find("<:0> /path") != std::string::npos;
  }));
  // The port beside it goes on.
  const auto other = server.connect();
  other->send(get);
  CHECK(server.until([&] { return other->received.find("<127.0.0.1:") != std::string::npos; }));
}

TEST_CASE("a Unix socket carries WebSockets", "[transport][unix]") {
  const Folder folder;
  AsioFixture server;
  server.transport->listen(UnixSocket{folder.file("a.sock")});
  server.when_exchange = [&](const ExchangePtr& exchange) {
    server.websocket = exchange->accept_websocket({}, server.websocket_limits);
    server.listener = std::make_shared<RecordingListener>();
    server.websocket->set_listener(server.listener);
  };
  UnixClient client(server.context, folder.file("a.sock"));
  client.send(AsioFixture::websocket_request);
  client.send(client_frame(Opcode::text, "hello"));
  REQUIRE(server.until([&] { return server.listener && !server.listener->messages.empty(); }));
  CHECK(server.listener->messages.front() == "hello");
}

TEST_CASE("the file of a Unix socket has the permissions that were asked for", "[transport][unix]") {
  const Folder folder;
  AsioFixture server;
  const mode_t before = ::umask(077);
  server.transport->listen(UnixSocket{folder.file("a.sock"), 0660});
  server.transport->listen(UnixSocket{folder.file("b.sock")});
  ::umask(before);
  CHECK(permissions_of(folder.file("a.sock")) == 0660);
  CHECK(permissions_of(folder.file("b.sock")) == 0700);
}

TEST_CASE("the file of a Unix socket is removed when the server stops listening", "[transport][unix]") {
  const Folder folder;
  AsioFixture server;
  const std::string path = folder.file("a.sock");
  server.transport->listen(UnixSocket{path});
  CHECK(is_there(path));
  SECTION("it stops") { server.transport->stop_listening(); }
  SECTION("it closes") { server.transport->close(); }
  SECTION("it is destroyed") { server.transport.reset(); }
  CHECK_FALSE(is_there(path));
}

TEST_CASE("a relative path is removed from where it was, though the folder has changed", "[transport][unix]") {
  const Folder folder;
  AsioFixture server;
  const int home = ::open(".", O_RDONLY);
  REQUIRE(::chdir(folder.file("").c_str()) == 0);
  server.transport->listen(UnixSocket{"a.sock"});
  REQUIRE(::fchdir(home) == 0);
  ::close(home);
  CHECK(is_there(folder.file("a.sock")));
  server.transport->close();
  CHECK_FALSE(is_there(folder.file("a.sock")));
}

TEST_CASE("a server leaves a file that has taken the place of its own", "[transport][unix]") {
  const Folder folder;
  AsioFixture server;
  const std::string path = folder.file("a.sock");
  server.transport->listen(UnixSocket{path});
  ::unlink(path.c_str());
  std::ofstream(path) << "somebody's";
  server.transport->close();
  CHECK(is_there(path));
}

TEST_CASE("a socket that nobody listens on is replaced", "[transport][unix]") {
  const Folder folder;
  const std::string path = folder.file("a.sock");
  AsioFixture server;
  answer_with_address(server);
  const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(dead, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::close(dead);
  REQUIRE(is_there(path));
  server.transport->listen(UnixSocket{path});
  UnixClient client(server.context, path);
  client.send(get);
  CHECK(server.until([&] { return client.received.find("/path") != std::string::npos; }));
}

TEST_CASE("a server does not listen on the Unix socket of another one, nor in the place of a file",
          "[transport][unix]") {
  const Folder folder;
  AsioFixture server;
  AsioFixture other;
  const std::string path = folder.file("a.sock");
  other.transport->listen(UnixSocket{path});
  CHECK(error_of_listening(*server.transport, UnixSocket{path}) == std::errc::address_in_use);
  UnixClient client(other.context, path);  // the other one has not been disturbed
  CHECK(is_there(path));

  const std::string file = folder.file("file");
  std::ofstream(file) << "precious";
  CHECK(error_of_listening(*server.transport, UnixSocket{file}) == std::errc::address_in_use);
  std::string content;
  std::ifstream(file) >> content;
  CHECK(content == "precious");
}

TEST_CASE("a path that cannot be one is refused", "[transport][unix]") {
  AsioFixture server;
  CHECK(error_of_listening(*server.transport, UnixSocket{}) == std::errc::invalid_argument);
  CHECK(error_of_listening(*server.transport, UnixSocket{"/tmp/" + std::string(200, 'x')}) ==
        std::errc::filename_too_long);
  CHECK(error_of_listening(*server.transport, UnixSocket{"/no/such/folder/a.sock"}) ==
        std::errc::no_such_file_or_directory);
}

#if defined(__linux__)
TEST_CASE("a server listens on an abstract name, which is free again afterwards", "[transport][unix]") {
  const std::string name = "@socketio-test-" + std::to_string(::getpid());
  AsioFixture server;
  answer_with_address(server);
  server.transport->listen(UnixSocket{name});
  UnixClient client(server.context, name);
  client.send(get);
  REQUIRE(server.until([&] { return client.received.find("<:0> /path") != std::string::npos; }));
  CHECK_FALSE(is_there(name));
  AsioFixture other;
  CHECK(error_of_listening(*other.transport, UnixSocket{name}) == std::errc::address_in_use);
  server.transport->close();
  CHECK_FALSE(error_of_listening(*other.transport, UnixSocket{name}));
}
#endif

TEST_CASE("a program that a server starts inherits none of its sockets", "[transport][inherit]") {
  const Folder folder;
  AsioFixture server;
  server.transport->listen(UnixSocket{folder.file("a.sock")});
  server.when_exchange = [](const ExchangePtr& exchange) { exchange->respond(saying("accepted")); };
  const auto client = server.connect();
  client->send(get);
  UnixClient local(server.context, folder.file("a.sock"));
  local.send(get);
  REQUIRE(server.until([&] {
    return client->received.find("accepted") != std::string::npos &&
           local.received.find("accepted") != std::string::npos;
  }));
  int open = 0;
  for (int descriptor = 3; descriptor < 1024; ++descriptor) {
    const int flags = ::fcntl(descriptor, F_GETFD);
    int type = 0;
    socklen_t size = sizeof type;
    if (flags < 0 || ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0) continue;
    sockaddr_storage peer{};
    size = sizeof peer;
    sockaddr_storage here{};
    socklen_t here_size = sizeof here;
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&here), &here_size);
    const bool is_client = ::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
                           here.ss_family == AF_INET &&
                           ntohs(reinterpret_cast<const sockaddr_in&>(here).sin_port) != server.port;
    const bool is_local_client = here.ss_family == AF_UNIX && here_size <= sizeof(sa_family_t);
    if (is_client || is_local_client) continue;  // the test's own
    ++open;
    CHECK((flags & FD_CLOEXEC) != 0);
  }
  CHECK(open >= 4);  // two that listen, two that were accepted
}

TEST_CASE("the port of a server that has closed is free, though a program that it has started runs on",
          "[transport][inherit]") {
  AsioFixture server;
  server.when_exchange = [](const ExchangePtr& exchange) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::execlp("sleep", "sleep", "60", static_cast<char*>(nullptr));
      ::_exit(127);
    }
    exchange->respond(saying("child " + std::to_string(child) + " "));
  };
  const auto client = server.connect();
  client->send(get);
  REQUIRE(server.until([&] { return client->received.find("child ") != std::string::npos; }));
  const pid_t child = std::stoi(client->received.substr(client->received.find("child ") + 6));
  server.transport->close();
  AsioTransportOptions strict;
  strict.reuse_address = true;
  AsioFixture next(strict);
  // Until exec has happened the child has copies of all descriptors.
  const auto is_free = [&] {
    try {
      next.transport->listen(server.port, "127.0.0.1");
      return true;
    } catch (const std::system_error&) {
      return false;
    }
  };
  CHECK(next.until(is_free));
  CHECK(::kill(child, 0) == 0);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST_CASE("a server listens on a socket that another one has, and goes on when that one has stopped",
          "[transport][handover]") {
  AsioFixture old;
  old.when_exchange = [](const ExchangePtr& exchange) { exchange->respond(saying("old")); };
  AsioFixture next;
  next.when_exchange = [](const ExchangePtr& exchange) { exchange->respond(saying("next")); };
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
  {
    ListeningSocket::send(ends[0], old.transport->listening_sockets());
    const std::vector<ListeningSocket> received = ListeningSocket::receive(ends[1]);
    REQUIRE(received.size() == 1);
    CHECK(next.transport->listen(received.front()) == old.port);
  }
  const auto kept = old.connect();  // whichever of the two accepts it
  old.transport->stop_listening();
  const auto client = next.connect();
  std::unique_ptr<RawClient> late(new RawClient(next.context, old.port, {}, make_codec(chosen_transport("asio"))));
  late->send(get);
  CHECK(next.until([&] { return late->received.find("next") != std::string::npos; }));
  ::close(ends[0]);
  CHECK(ListeningSocket::receive(ends[1]).empty());  // the end of the connection
  ::close(ends[1]);
}

TEST_CASE("who receives a Unix socket removes its file, and not who has sent it", "[transport][handover]") {
  const Folder folder;
  const std::string path = folder.file("a.sock");
  AsioFixture old;
  AsioFixture next;
  old.transport->listen(UnixSocket{path});
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
  ListeningSocket::send(ends[0], old.transport->listening_sockets());
  for (const ListeningSocket& socket : ListeningSocket::receive(ends[1])) next.transport->listen(socket);
  ::close(ends[0]);
  ::close(ends[1]);
  old.transport->close();
  CHECK(is_there(path));
  CHECK_NOTHROW(UnixClient(next.context, path));  // which the next server accepts
  next.transport->close();
  CHECK_FALSE(is_there(path));
}

TEST_CASE("what does not listen is no ListeningSocket, and stays open", "[transport][handover]") {
  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  CHECK_THROWS_AS(ListeningSocket(pipe[0]), std::system_error);
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  CHECK_THROWS_AS(ListeningSocket(socket), std::system_error);
  for (const int descriptor : {pipe[0], pipe[1], socket}) CHECK(::close(descriptor) == 0);
}

TEST_CASE("there are no sockets of systemd's for a process that it has not started", "[transport][handover]") {
  CHECK(ListeningSocket::from_systemd().empty());
  ::setenv("LISTEN_FDS", "1", 1);
  ::setenv("LISTEN_PID", "1", 1);
  CHECK(ListeningSocket::from_systemd().empty());  // they are another process's
  ::unsetenv("LISTEN_FDS");
  ::unsetenv("LISTEN_PID");
}

#if defined(SO_REUSEPORT)
TEST_CASE("several servers listen on one port if all of them ask for it", "[transport][handover]") {
  AsioTransportOptions options;
  options.reuse_port = true;
  AsioFixture one(options);
  AsioFixture two(options);
  CHECK_NOTHROW(two.transport->listen(one.port, "127.0.0.1"));
  AsioFixture three;
  CHECK_THROWS_AS(three.transport->listen(one.port, "127.0.0.1"), std::system_error);
}

#if defined(__linux__)
TEST_CASE("a server that shares its port accepts whoever waits before it stops", "[transport][handover]") {
  AsioTransportOptions options;
  options.reuse_port = true;
  AsioFixture server(options);
  server.when_exchange = [](const ExchangePtr& exchange) { exchange->respond(saying("served")); };
  std::vector<ClientPtr> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(server.connect());  // they wait: the loop does not run
  server.transport->stop_listening();
  for (const auto& client : clients) client->send(get);
  for (const auto& client : clients)
    CHECK(server.until([&] { return client->received.find("served") != std::string::npos; }));
}
#endif
#endif

#endif
