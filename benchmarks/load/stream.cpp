// SPDX-License-Identifier: MIT
#include <benchmarks/load/stream.hpp>

#include <sys/epoll.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>

namespace bench {

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

Poller::Poller(std::uint16_t port) : port_(port), epoll_(epoll_create1(0)), now_(now_ns()), buffer_(1 << 20) {
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

Poller::~Poller() { ::close(epoll_); }

void Poller::turn(int timeout_ms) {
  for (Stream* stream : dirty_) {
    stream->dirty_ = false;
    if (stream->is_open()) stream->write();
  }
  dirty_.clear();
  std::array<epoll_event, 512> events;
  const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms);
  update_now();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    Stream& stream = *static_cast<Stream*>(event.data.ptr);
    if (!stream.is_open()) continue;  // closed by an earlier event
    if ((event.events & EPOLLOUT) != 0) stream.output();
    if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0) continue;
    const ssize_t size = ::read(stream.fd_, buffer_.data(), buffer_.size());
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (size > 0) {
      update_now();
      stream.read(std::string_view(buffer_.data(), static_cast<std::size_t>(size)));
    } else {
      stream.close();
      stream.consumer_.handle_end(stream);
    }
  }
}

void Stream::connect() {
  fd_ = socket(AF_INET, SOCK_STREAM, 0);
  if (fd_ < 0) {
    if (errno == EMFILE || errno == ENFILE)
      throw std::runtime_error("no descriptor is left after " + std::to_string(poller_.open_) +
                               " connections: raise the limit, e.g. with ulimit -n");
    throw std::system_error(errno, std::generic_category(), "socket");
  }
  ++poller_.open_;
  // Not in close(), which the consumer of the input may call.
  waits_for_room_ = false;
  written_ = 0;
  input_.clear();
  output_.clear();
  // One address has some 28,000 client ports; the loopback network has many addresses.
  if (poller_.open_ > 20'000) {
    const int late = 1;  // the kernel chooses the port with the peer: so the port may be in use with another peer
    setsockopt(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &late, sizeof late);
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK + poller_.open_ / 20'000);
    if (bind(fd_, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0)
      throw std::system_error(errno, std::generic_category(), "bind");
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(poller_.port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("cannot connect to 127.0.0.1:" + std::to_string(poller_.port_) + ": " +
                             std::generic_category().message(errno));
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(fd_, F_SETFL, O_NONBLOCK);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = this;
  epoll_ctl(poller_.epoll_, EPOLL_CTL_ADD, fd_, &event);
}

std::string& Stream::output() {
  if (!dirty_) {
    dirty_ = true;
    poller_.dirty_.push_back(this);
  }
  return output_;
}

void Stream::close() {
  // A stream that is destroyed between two turns may still be in the list of the next turn.
  if (dirty_) {
    poller_.dirty_.erase(std::remove(poller_.dirty_.begin(), poller_.dirty_.end(), this), poller_.dirty_.end());
    dirty_ = false;
  }
  if (!is_open()) return;
  const linger reset{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  ::close(fd_);
  fd_ = -1;
  --poller_.open_;
}

void Stream::read(std::string_view input) {
  if (input_.empty()) {
    const std::size_t used = consumer_.consume(*this, input);
    if (is_open()) input_.assign(input.substr(used));
    return;
  }
  input_.append(input);
  const std::size_t used = consumer_.consume(*this, input_);
  if (is_open()) input_.erase(0, used);
}

void Stream::write() {
  while (written_ < output_.size()) {
    const ssize_t size = ::send(fd_, output_.data() + written_, output_.size() - written_, MSG_NOSIGNAL);
    if (size >= 0) {
      written_ += static_cast<std::size_t>(size);
      continue;
    }
    if (errno == EAGAIN) return wait_for_room(true);
    // The server has closed: reading reports it, after the data that it sent before.
    if (errno == EPIPE || errno == ECONNRESET) break;
    throw std::system_error(errno, std::generic_category(), "send");
  }
  output_.clear();
  written_ = 0;
  wait_for_room(false);
}

void Stream::wait_for_room(bool wait) {
  if (wait == waits_for_room_) return;
  waits_for_room_ = wait;
  epoll_event event{};
  event.events = EPOLLIN | (wait ? static_cast<std::uint32_t>(EPOLLOUT) : 0);
  event.data.ptr = this;
  epoll_ctl(poller_.epoll_, EPOLL_CTL_MOD, fd_, &event);
}

}  // namespace bench
