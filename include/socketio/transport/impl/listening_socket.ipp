// SPDX-License-Identifier: MIT
// Bodies of <socketio/transport/listening_socket.hpp>. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/listening_socket.hpp>

#include <asio/detail/socket_types.hpp>

#if !defined(_WIN32)
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fcntl.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace socketio {

struct ListeningSocket::State {
  State(native_handle_type socket, std::string its_name, std::shared_ptr<detail::SocketHolders> others)
      : handle(socket), name(std::move(its_name)), holders(std::move(others)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  native_handle_type handle;
  std::string name;
  std::shared_ptr<detail::SocketHolders> holders;
};

SOCKETIO_DECL ListeningSocket::native_handle_type ListeningSocket::native_handle() const noexcept {
  return state_->handle;
}
SOCKETIO_DECL std::shared_ptr<ListeningSocket::State> ListeningSocket::make_state(
    native_handle_type handle, std::shared_ptr<detail::SocketHolders> holders) {
  return std::make_shared<State>(handle, std::string(), std::move(holders));
}
SOCKETIO_DECL const std::string& ListeningSocket::name() const noexcept { return state_->name; }
SOCKETIO_DECL const std::shared_ptr<detail::SocketHolders>& ListeningSocket::holders() const noexcept {
  return state_->holders;
}

#if defined(_WIN32)

// There is neither a way to inherit a listening socket without the help of the program that has it, nor one to pass it.

SOCKETIO_DECL ListeningSocket::State::~State() = default;

SOCKETIO_DECL ListeningSocket::ListeningSocket(native_handle_type, std::string) {
  throw std::system_error(std::make_error_code(std::errc::operation_not_supported), "ListeningSocket");
}
SOCKETIO_DECL std::vector<ListeningSocket> ListeningSocket::from_systemd() { return {}; }
SOCKETIO_DECL void ListeningSocket::send(native_handle_type, std::span<const ListeningSocket>) {
  throw std::system_error(std::make_error_code(std::errc::operation_not_supported), "ListeningSocket::send");
}
SOCKETIO_DECL std::vector<ListeningSocket> ListeningSocket::receive(native_handle_type) {
  throw std::system_error(std::make_error_code(std::errc::operation_not_supported), "ListeningSocket::receive");
}

namespace detail {

SOCKETIO_DECL SocketHolders::SocketHolders(std::string path) : path_(std::move(path)), is_shared_(false) {}
SOCKETIO_DECL SocketHolders::~SocketHolders() = default;
SOCKETIO_DECL void keep_from_children(ListeningSocket::native_handle_type socket) noexcept {
  ::SetHandleInformation(reinterpret_cast<HANDLE>(socket), HANDLE_FLAG_INHERIT, 0);
}
SOCKETIO_DECL ListeningSocket::native_handle_type duplicate(ListeningSocket::native_handle_type,
                                                            std::error_code& error) noexcept {
  error = std::make_error_code(std::errc::operation_not_supported);
  return 0;
}
SOCKETIO_DECL ListeningSocket::native_handle_type listen_on_unix(const UnixSocket&, int,
                                                                 std::shared_ptr<SocketHolders>&,
                                                                 std::error_code& error) {
  error = std::make_error_code(std::errc::operation_not_supported);
  return 0;
}

}  // namespace detail

#else

namespace detail {

inline std::error_code last_error() noexcept { return {errno, std::system_category()}; }

/// A descriptor that is closed at the end of its scope.
class OpenDescriptor {
 public:
  explicit OpenDescriptor(int descriptor) noexcept : descriptor_(descriptor) {}
  OpenDescriptor(const OpenDescriptor&) = delete;
  OpenDescriptor& operator=(const OpenDescriptor&) = delete;
  ~OpenDescriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const noexcept { return descriptor_; }
  int release() noexcept { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

/// The address of a Unix socket. @return its size; 0 if the path is empty or too long
inline socklen_t make_unix_address(std::string_view path, sockaddr_un& address) noexcept {
  address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return 0;
  std::memcpy(address.sun_path, path.data(), path.size());
  const bool has_file = path.front() != '@';
  if (!has_file) address.sun_path[0] = '\0';
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (has_file ? 1 : 0));
}

/// Removes the file of a socket on which nobody listens.
///
/// @return  nothing if the path is free now; else why it is not
inline std::error_code remove_stale(const std::string& path, const sockaddr_un& address, socklen_t size) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return errno == ENOENT ? std::error_code() : last_error();
  const std::error_code in_use = std::make_error_code(std::errc::address_in_use);
  if (!S_ISSOCK(found.st_mode)) return in_use;
  std::error_code error;
  const OpenDescriptor probe(open_stream_socket(AF_UNIX, error));
  // Without waiting: a server whose backlog is full is one that listens.
  if (error || ::fcntl(probe.get(), F_SETFL, O_NONBLOCK) != 0) return in_use;
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0 || errno != ECONNREFUSED)
    return in_use;
  return ::unlink(path.c_str()) == 0 || errno == ENOENT ? std::error_code() : last_error();
}

inline std::string absolute_path(const std::string& path) {
  std::array<char, 4096> folder{};
  if (path.front() == '/' || ::getcwd(folder.data(), folder.size()) == nullptr) return path;
  return std::string(folder.data()) + '/' + path;
}

SOCKETIO_DECL SocketHolders::SocketHolders(std::string path) : path_(std::move(path)), is_shared_(false) {
  struct stat found {};
  if (::lstat(path_.c_str(), &found) != 0) path_.clear();  // somebody has removed it
  device_ = static_cast<std::uint64_t>(found.st_dev);
  inode_ = static_cast<std::uint64_t>(found.st_ino);
}

SOCKETIO_DECL SocketHolders::~SocketHolders() {
  struct stat found {};
  if (!path_.empty() && !is_shared_ && ::lstat(path_.c_str(), &found) == 0 &&
      static_cast<std::uint64_t>(found.st_dev) == device_ && static_cast<std::uint64_t>(found.st_ino) == inode_)
    ::unlink(path_.c_str());
}

SOCKETIO_DECL void keep_from_children(ListeningSocket::native_handle_type socket) noexcept {
  static_cast<void>(::fcntl(socket, F_SETFD, FD_CLOEXEC));
}

SOCKETIO_DECL ListeningSocket::native_handle_type duplicate(ListeningSocket::native_handle_type socket,
                                                            std::error_code& error) noexcept {
  const int copy = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) error = last_error();
  return copy;
}

SOCKETIO_DECL ListeningSocket::native_handle_type open_stream_socket(int family, std::error_code& error) noexcept {
#if defined(SOCK_CLOEXEC)
  const int socket = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
#else
  const int socket = ::socket(family, SOCK_STREAM, 0);
  if (socket >= 0) keep_from_children(socket);
#endif
  if (socket < 0) error = last_error();
  return socket;
}

SOCKETIO_DECL ListeningSocket::native_handle_type listen_on_unix(const UnixSocket& where, int backlog,
                                                                 std::shared_ptr<SocketHolders>& holders,
                                                                 std::error_code& error) {
  sockaddr_un address{};
  const socklen_t size = make_unix_address(where.path, address);
  const bool has_file = !where.path.empty() && where.path.front() != '@';
#if !defined(__linux__)
  if (!has_file && !where.path.empty()) return error = std::make_error_code(std::errc::operation_not_supported), -1;
#endif
  if (size == 0)
    return error =
               std::make_error_code(where.path.empty() ? std::errc::invalid_argument : std::errc::filename_too_long),
           -1;
  OpenDescriptor socket(open_stream_socket(AF_UNIX, error));
  if (error) return -1;
  // Two servers that start at a time must not remove each other's new file: they lock its folder. What keeps the lock
  // from being taken will keep the file from being made, or does not matter.
  const std::size_t slash = where.path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : where.path.substr(0, slash + 1);
  const OpenDescriptor lock(has_file ? ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1);
  if (lock.get() >= 0) static_cast<void>(::flock(lock.get(), LOCK_EX));
  const auto bind = [&] { return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0; };
  if (!bind()) {
    error = last_error();
    if (error != std::errc::address_in_use || !has_file) return -1;
    error = remove_stale(where.path, address, size);
    if (!error && !bind()) error = last_error();
    if (error) return -1;
  }
  holders =
      has_file ? std::make_shared<SocketHolders>(absolute_path(where.path)) : std::make_shared<SocketHolders>(false);
  // Nobody can connect before the socket listens, so that nobody profits from the permissions that it had at first.
  if (has_file && where.permissions != 0 && ::chmod(where.path.c_str(), static_cast<mode_t>(where.permissions)) != 0)
    error = last_error();
  if (!error && ::listen(socket.get(), backlog) != 0) error = last_error();
  if (!error) return socket.release();
  holders.reset();
  return -1;
}

}  // namespace detail

SOCKETIO_DECL ListeningSocket::State::~State() { ::close(handle); }

SOCKETIO_DECL ListeningSocket::ListeningSocket(native_handle_type handle, std::string name) {
  int type = 0;
  int listens = 0;
  socklen_t size = sizeof type;
  std::error_code error;
  if (::getsockopt(handle, SOL_SOCKET, SO_TYPE, &type, &size) != 0)
    error = detail::last_error();
  else if (type != SOCK_STREAM)
    error = std::make_error_code(std::errc::wrong_protocol_type);
  else if (size = sizeof listens; ::getsockopt(handle, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens == 0)
    error = std::make_error_code(std::errc::invalid_argument);
  if (error) throw std::system_error(error, "descriptor " + std::to_string(handle) + " is no socket that listens");
  detail::keep_from_children(handle);
  state_ = std::make_shared<State>(handle, std::move(name), std::make_shared<detail::SocketHolders>(true));
}

SOCKETIO_DECL std::vector<ListeningSocket> ListeningSocket::from_systemd() {
  const auto number = [](const char* variable) {
    long value = 0;
    if (const char* const text = std::getenv(variable)) std::from_chars(text, text + std::strlen(text), value);
    return value;
  };
  std::vector<ListeningSocket> sockets;
  if (number("LISTEN_PID") != ::getpid()) return sockets;
  const char* const listed = std::getenv("LISTEN_FDNAMES");
  std::string_view names = listed ? listed : "";
  constexpr int first = 3;
  const long count = number("LISTEN_FDS");
  for (int i = 0; i < count; ++i) {
    const std::size_t colon = (std::min)(names.find(':'), names.size());
    sockets.emplace_back(first + i, std::string(names.substr(0, colon)));
    names.remove_prefix((std::min)(colon + 1, names.size()));
  }
  return sockets;
}

namespace detail {

inline constexpr std::size_t max_passed_sockets = 64;

/// The part of a message that carries descriptors.
struct PassedDescriptors {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(max_passed_sockets * sizeof(int))> bytes{};
};

}  // namespace detail

SOCKETIO_DECL void ListeningSocket::send(native_handle_type connection, std::span<const ListeningSocket> sockets) {
  if (sockets.empty()) return;
  if (sockets.size() > detail::max_passed_sockets)
    throw std::system_error(std::make_error_code(std::errc::argument_list_too_long), "ListeningSocket::send");
  detail::PassedDescriptors passed;
  char count = static_cast<char>(sockets.size());
  iovec content{&count, 1};
  msghdr message{};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  message.msg_control = passed.bytes.data();
  message.msg_controllen = CMSG_SPACE(sockets.size() * sizeof(int));
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sockets.size() * sizeof(int));
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    const int descriptor = sockets[i].native_handle();
    std::memcpy(CMSG_DATA(header) + i * sizeof descriptor, &descriptor, sizeof descriptor);
  }
  ssize_t sent = 0;
#if defined(MSG_NOSIGNAL)
  constexpr int flags = MSG_NOSIGNAL;
#else
  constexpr int flags = 0;
#endif
  while ((sent = ::sendmsg(connection, &message, flags)) < 0 && errno == EINTR) {
  }
  if (sent != 1) throw std::system_error(detail::last_error(), "ListeningSocket::send");
  for (const ListeningSocket& socket : sockets) socket.holders()->share();
}

SOCKETIO_DECL std::vector<ListeningSocket> ListeningSocket::receive(native_handle_type connection) {
  detail::PassedDescriptors passed;
  char count = 0;
  iovec content{&count, 1};
  msghdr message{};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  message.msg_control = passed.bytes.data();
  message.msg_controllen = passed.bytes.size();
#if defined(MSG_CMSG_CLOEXEC)
  constexpr int flags = MSG_CMSG_CLOEXEC;
#else
  constexpr int flags = 0;
#endif
  ssize_t received = 0;
  while ((received = ::recvmsg(connection, &message, flags)) < 0 && errno == EINTR) {
  }
  if (received < 0) throw std::system_error(detail::last_error(), "ListeningSocket::receive");
  std::vector<ListeningSocket> sockets;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t descriptors = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < descriptors; ++i) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(header) + i * sizeof descriptor, sizeof descriptor);
      detail::OpenDescriptor owned(descriptor);
      sockets.emplace_back(descriptor);
      owned.release();
      sockaddr_un address{};
      socklen_t size = sizeof address;
      if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
          address.sun_family == AF_UNIX && address.sun_path[0] == '/')
        sockets.back().state_->holders = std::make_shared<detail::SocketHolders>(std::string(address.sun_path));
      else
        sockets.back().state_->holders = std::make_shared<detail::SocketHolders>(false);
    }
  }
  return sockets;
}

#endif

}  // namespace socketio
