// SPDX-License-Identifier: MIT
// A transport of any type, as the engine and the core reach it. Engine layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/scheduler.hpp>
#include <socketio/engine/transport.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace socketio {

/// The operations of a transport as virtual functions, so that engine and core are compiled once for all transports.
/// See the concept Transport for what each of them does.
///
/// @par Thread safety  Owner's thread only.
class AnyTransport {
 public:
  virtual ~AnyTransport() = default;

  virtual Scheduler& scheduler() = 0;
  virtual void on_exchange(ExchangeHandler handler) = 0;
  virtual std::uint16_t listen(std::uint16_t port, const std::string& address) = 0;
  virtual void close() = 0;

  /// Accepts no more connections where another process accepts them; does nothing if the transport cannot.
  virtual void stop_listening_where_others_do() = 0;

  /// As `close`, but ends every connection at once; as `close` if the transport cannot.
  virtual void terminate() = 0;

  /// Calls `handler` once, in a later turn, when the transport has no connection any more; in the next turn if the
  /// transport cannot tell.
  virtual void when_empty(detail::UniqueFunction<void()> handler) = 0;

 protected:
  AnyTransport() = default;
  AnyTransport(const AnyTransport&) = delete;
  AnyTransport& operator=(const AnyTransport&) = delete;
};

/// A transport of type `T` that something else owns.
///
/// @par Lifetime  Must not outlive the transport.
template <Transport T>
class TransportRef : public AnyTransport {
 public:
  explicit TransportRef(T& transport) noexcept : transport_(transport) {}

  T& get() noexcept { return transport_; }

  Scheduler& scheduler() override { return transport_.scheduler(); }
  void on_exchange(ExchangeHandler handler) override { transport_.on_exchange(std::move(handler)); }
  std::uint16_t listen(std::uint16_t port, const std::string& address) override {
    return transport_.listen(port, address);
  }
  void close() override { transport_.close(); }
  void stop_listening_where_others_do() override {
    if constexpr (requires { transport_.stop_listening(true); }) transport_.stop_listening(true);
  }
  void terminate() override {
    if constexpr (requires { transport_.terminate(); })
      transport_.terminate();
    else
      transport_.close();
  }
  void when_empty(detail::UniqueFunction<void()> handler) override {
    if constexpr (requires { transport_.when_empty(std::move(handler)); })
      transport_.when_empty(std::move(handler));
    else
      transport_.scheduler().post(std::move(handler));
  }

 private:
  T& transport_;
};

namespace detail {

template <class T>
struct TransportHolder {
  T transport;
};

}  // namespace detail

/// A transport of type `T` that this object owns.
template <Transport T>
class OwnedTransport final : private detail::TransportHolder<T>, public TransportRef<T> {
 public:
  template <class... Args>
  explicit OwnedTransport(Args&&... args)
      : detail::TransportHolder<T>{T(std::forward<Args>(args)...)}, TransportRef<T>(this->transport) {}
};

}  // namespace socketio
