// SPDX-License-Identifier: MIT
#include "test_transport.hpp"

#include <socketio/transport/asio.hpp>
#ifdef SOCKETIO_WITH_WEBSOCKETPP
#include <socketio/transport/websocketpp.hpp>
#endif
#ifdef SOCKETIO_TEST_CERTIFICATES
#include <socketio/tls.hpp>
#include <tests/support/client_tls.hpp>
#endif

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace socketio::test {

std::string_view chosen_transport(std::string_view otherwise) {
  const char* name = std::getenv("SOCKETIO_TEST_TRANSPORT");
  return name ? name : otherwise;
}

std::size_t chosen_threads() {
  const char* number = std::getenv("SOCKETIO_TEST_THREADS");
  return number ? std::stoul(number) : 1;
}

struct TestTransport::Any {
  virtual ~Any() = default;
  virtual void link(const std::vector<Any*>& all) = 0;
  virtual Scheduler& scheduler() = 0;
  virtual void on_exchange(ExchangeHandler handler) = 0;
  virtual std::uint16_t listen(std::uint16_t port, const std::string& address) = 0;
  virtual std::uint16_t listen(std::uint16_t port, const Tls& tls, const std::string& address) = 0;
  virtual void listen(const UnixSocket& where) = 0;
  virtual std::uint16_t listen(const ListeningSocket& socket) = 0;
  virtual std::vector<ListeningSocket> listening_sockets() const = 0;
  virtual void stop_listening(bool only_where_others_do) = 0;
  virtual void terminate() = 0;
  virtual void close() = 0;
  virtual MemoryTransport* memory() = 0;
  virtual std::size_t connection_count() const = 0;
};

template <class T>
struct TestTransport::Of : Any {
  template <class... Options>
  explicit Of(asio::io_context& context, const Options&... options) : transport(context, options...) {}

  void link(const std::vector<Any*>& all) override {
    if constexpr (ShardedTransport<T>) {
      std::vector<T*> transports;
      for (Any* const any : all) transports.push_back(&static_cast<Of&>(*any).transport);
      T::link(transports);
    } else {
      throw std::logic_error("this transport runs on one thread only");
    }
  }
  Scheduler& scheduler() override { return transport.scheduler(); }
  void on_exchange(ExchangeHandler handler) override { transport.on_exchange(std::move(handler)); }
  std::uint16_t listen(std::uint16_t port, const std::string& address) override {
    return transport.listen(port, address);
  }
  std::uint16_t listen(std::uint16_t port, const Tls& tls, const std::string& address) override {
#ifdef SOCKETIO_TEST_CERTIFICATES
    if constexpr (SecurableTransport<T, Tls>) return transport.listen(port, tls, address);
#else
    static_cast<void>(port), static_cast<void>(tls), static_cast<void>(address);
#endif
    throw std::logic_error("this transport does not speak TLS here");
  }
  void listen(const UnixSocket& where) override {
    if constexpr (requires { transport.listen(where); })
      transport.listen(where);
    else
      throw std::logic_error("this transport has no Unix sockets");
  }
  std::uint16_t listen(const ListeningSocket& socket) override {
    if constexpr (requires { transport.listen(socket); })
      return transport.listen(socket);
    else
      throw std::logic_error("this transport has no sockets");
  }
  std::vector<ListeningSocket> listening_sockets() const override {
    if constexpr (requires { transport.listening_sockets(); })
      return transport.listening_sockets();
    else
      return {};
  }
  void stop_listening(bool only_where_others_do) override {
    if constexpr (requires { transport.stop_listening(true); }) transport.stop_listening(only_where_others_do);
  }
  void terminate() override {
    if constexpr (requires { transport.terminate(); })
      transport.terminate();
    else
      transport.close();
  }
  void close() override { transport.close(); }
  MemoryTransport* memory() override {
    if constexpr (std::is_same_v<T, MemoryTransport>)
      return &transport;
    else
      return nullptr;
  }
  std::size_t connection_count() const override {
    if constexpr (std::is_same_v<T, MemoryTransport>)
      return 0;
    else
      return transport.connection_count();
  }

  T transport;
};

#ifdef SOCKETIO_TEST_CERTIFICATES
template <class T>
struct TestTransport::Secure final : Of<T> {
  using Of<T>::listen;
  using Of<T>::Of;

  std::uint16_t listen(std::uint16_t port, const std::string& address) override {
    return this->transport.listen(port, tls(), address);
  }
  std::uint16_t listen(const ListeningSocket& socket) override { return this->transport.listen(socket, tls()); }

 private:
  static const Tls& tls() {
    static const Tls made(
        {.certificate_chain_file = certificate_file("server.pem"), .private_key_file = certificate_file("server.key")});
    return made;
  }
};

std::unique_ptr<RawCodec> make_codec(std::string_view transport) {
  return speaks_tls(transport) ? std::make_unique<ClientTls>() : nullptr;
}
#else
std::unique_ptr<RawCodec> make_codec(std::string_view) { return nullptr; }
#endif

std::unique_ptr<TestTransport::Any> TestTransport::make(asio::io_context& context, const Options& options) {
  if (options.name == "memory") return std::make_unique<Of<MemoryTransport>>(context);
  if (options.name == "asio") return std::make_unique<Of<AsioTransport>>(context, options.tcp);
#ifdef SOCKETIO_WITH_WEBSOCKETPP
  if (options.name == "websocketpp") return std::make_unique<Of<WebsocketppTransport>>(context, options.tcp);
#endif
#ifdef SOCKETIO_TEST_CERTIFICATES
  if (options.name == "asio_tls") return std::make_unique<Secure<AsioTransport>>(context, options.tcp);
#ifdef SOCKETIO_WITH_WEBSOCKETPP
  if (options.name == "websocketpp_tls") return std::make_unique<Secure<WebsocketppTransport>>(context, options.tcp);
#endif
#endif
  throw std::invalid_argument("SOCKETIO_TEST_TRANSPORT: there is no transport \"" + std::string(options.name) + '"');
}

TestTransport::TestTransport(asio::io_context& context, Options options)
    : context_(context), transport_(make(context, options)) {}

TestTransport::~TestTransport() = default;

void TestTransport::link(std::span<TestTransport* const> transports) {
  std::vector<Any*> all;
  for (TestTransport* const transport : transports) all.push_back(transport->transport_.get());
  all.front()->link(all);
}

Scheduler& TestTransport::scheduler() noexcept { return transport_->scheduler(); }
void TestTransport::on_exchange(ExchangeHandler handler) { transport_->on_exchange(std::move(handler)); }
std::uint16_t TestTransport::listen(std::uint16_t port, const std::string& address) {
  return transport_->listen(port, address);
}
std::uint16_t TestTransport::listen(std::uint16_t port, const Tls& tls, const std::string& address) {
  return transport_->listen(port, tls, address);
}
void TestTransport::listen(const UnixSocket& where) { transport_->listen(where); }
std::uint16_t TestTransport::listen(const ListeningSocket& socket) { return transport_->listen(socket); }
std::vector<ListeningSocket> TestTransport::listening_sockets() const { return transport_->listening_sockets(); }
void TestTransport::stop_listening(bool only_where_others_do) { transport_->stop_listening(only_where_others_do); }
void TestTransport::terminate() { transport_->terminate(); }
void TestTransport::close() { transport_->close(); }
MemoryTransport* TestTransport::memory() noexcept { return transport_->memory(); }
std::size_t TestTransport::connection_count() const noexcept { return transport_->connection_count(); }

}  // namespace socketio::test
