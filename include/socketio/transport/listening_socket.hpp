// SPDX-License-Identifier: MIT
// Where a server can listen besides a port: on a Unix socket, or on a socket that listens already. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/fwd.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace socketio {

namespace detail {
class SocketHolders;
}  // namespace detail

/// A Unix socket to listen on: `io.listen(socketio::UnixSocket{.path = "/run/app.sock", .permissions = 0660})`.
///
/// A file of that name that is the socket of a server that has ended is replaced. Any other file, or a socket on which
/// somebody listens, is left alone and the error is `address_in_use`. The file is removed when the server stops
/// listening, unless it is another one by then. Not on Windows.
struct UnixSocket {
  /// Of the socket's file. With "@" as its first character it is a name without a file, as Linux has them.
  std::string path{};

  /// Of the file, as for `chmod`: a client needs the permission to write. 0: what the umask leaves. Names without a
  /// file have none: every process of the machine, or of its network namespace, may connect.
  unsigned permissions = 0;
};

/// A socket that listens already: inherited from the program that has started this one, or received from another
/// process. While one process or another has it, the operating system lets clients connect, and keeps them waiting.
///
/// A small handle. The socket is closed when the last copy is gone. A server that listens on it has a copy.
///
/// @par Thread safety  Any thread.
class ListeningSocket {
 public:
#if defined(_WIN32)
  using native_handle_type = std::uintptr_t;
#else
  using native_handle_type = int;
#endif

  /// Takes a descriptor over: it will be closed, and programs that this one starts do not get it.
  ///
  /// @param name  for the program's use
  /// @throws std::system_error  if it is no stream socket that listens; the descriptor is not closed then
  SOCKETIO_DECL explicit ListeningSocket(native_handle_type handle, std::string name = {});

  SOCKETIO_DECL native_handle_type native_handle() const noexcept;

  /// As systemd's unit file says (`FileDescriptorName=`); empty for a socket without a name.
  SOCKETIO_DECL const std::string& name() const noexcept;

  /// The sockets that systemd, or a program that does the same, has opened for this process (`LISTEN_FDS`,
  /// `LISTEN_PID`, `LISTEN_FDNAMES`), in their order; none if there are none for it. Call it once, before the process
  /// has other threads.
  ///
  /// @throws std::system_error  if one of them is no stream socket that listens
  SOCKETIO_DECL static std::vector<ListeningSocket> from_systemd();

  /// Gives sockets to the process at the other end of a connected Unix socket. Blocks until it can be written. From now
  /// on the file of a Unix socket is the other process's to remove.
  ///
  /// @param connection  the descriptor of a stream socket
  /// @param sockets     at most 64
  /// @throws std::system_error
  SOCKETIO_DECL static void send(native_handle_type connection, std::span<const ListeningSocket> sockets);

  /// Receives what the other process has sent with one `send`. Blocks until it is there.
  ///
  /// @return  empty if the other process has closed the connection
  /// @throws std::system_error
  SOCKETIO_DECL static std::vector<ListeningSocket> receive(native_handle_type connection);

 private:
  friend class AsioTransport;
  struct State;

  explicit ListeningSocket(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
  static std::shared_ptr<State> make_state(native_handle_type handle, std::shared_ptr<detail::SocketHolders> holders);
  const std::shared_ptr<detail::SocketHolders>& holders() const noexcept;

  std::shared_ptr<State> state_;
};

namespace detail {

/// Who has a listening socket besides this process, and who removes its file.
///
/// @par Thread safety  Any thread.
class SocketHolders {
 public:
  /// A socket without a file, or one that this process does not remove.
  explicit SocketHolders(bool is_shared) noexcept : is_shared_(is_shared) {}
  /// A Unix socket with a file, which is removed in the end if it is still the same.
  ///
  /// @param path  absolute
  SOCKETIO_DECL explicit SocketHolders(std::string path);
  SocketHolders(const SocketHolders&) = delete;
  SocketHolders& operator=(const SocketHolders&) = delete;
  SOCKETIO_DECL ~SocketHolders();

  /// Whether another process has the socket too, or may have it: clients wait there when this one stops listening.
  bool is_shared() const noexcept { return is_shared_; }

  /// Another process has it from now on, and removes the file.
  void share() noexcept { is_shared_ = true; }

 private:
  std::string path_;
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;
  std::atomic<bool> is_shared_;
};

/// Programs that this process starts do not get the socket.
SOCKETIO_DECL void keep_from_children(ListeningSocket::native_handle_type socket) noexcept;

/// A second descriptor of the same socket.
SOCKETIO_DECL ListeningSocket::native_handle_type duplicate(ListeningSocket::native_handle_type socket,
                                                            std::error_code& error) noexcept;

/// A new stream socket that programs started by this process do not get.
SOCKETIO_DECL ListeningSocket::native_handle_type open_stream_socket(int family, std::error_code& error) noexcept;

/// A socket that listens at `where`; `holders` becomes what knows of its file.
SOCKETIO_DECL ListeningSocket::native_handle_type listen_on_unix(const UnixSocket& where, int backlog,
                                                                 std::shared_ptr<SocketHolders>& holders,
                                                                 std::error_code& error);

}  // namespace detail
}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/listening_socket.ipp>
#endif
