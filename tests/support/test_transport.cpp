// SPDX-License-Identifier: MIT
#include "test_transport.hpp"

#include <socketio/transport/asio.hpp>

#include <cstdlib>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace socketio::test {

std::string_view chosen_transport() {
  const char* name = std::getenv("SOCKETIO_TEST_TRANSPORT");
  return name ? name : "memory";
}

struct TestTransport::Any {
  virtual ~Any() = default;
  virtual Scheduler& scheduler() = 0;
  virtual void on_exchange(ExchangeHandler handler) = 0;
  virtual std::uint16_t listen(std::uint16_t port, const std::string& address) = 0;
  virtual void close() = 0;
  virtual MemoryTransport* memory() = 0;
};

template <class T>
struct TestTransport::Of final : Any {
  explicit Of(asio::io_context& context) : transport(context) {}

  Scheduler& scheduler() override { return transport.scheduler(); }
  void on_exchange(ExchangeHandler handler) override { transport.on_exchange(std::move(handler)); }
  std::uint16_t listen(std::uint16_t port, const std::string& address) override {
    return transport.listen(port, address);
  }
  void close() override { transport.close(); }
  MemoryTransport* memory() override {
    if constexpr (std::is_same_v<T, MemoryTransport>)
      return &transport;
    else
      return nullptr;
  }

  T transport;
};

std::unique_ptr<TestTransport::Any> TestTransport::make(asio::io_context& context, std::string_view name) {
  if (name == "memory") return std::make_unique<Of<MemoryTransport>>(context);
  if (name == "asio") return std::make_unique<Of<AsioTransport>>(context);
  throw std::invalid_argument("SOCKETIO_TEST_TRANSPORT: there is no transport \"" + std::string(name) + '"');
}

TestTransport::TestTransport(asio::io_context& context, Options options)
    : context_(context), transport_(make(context, options.name)) {}

TestTransport::~TestTransport() = default;

Scheduler& TestTransport::scheduler() noexcept { return transport_->scheduler(); }
void TestTransport::on_exchange(ExchangeHandler handler) { transport_->on_exchange(std::move(handler)); }
std::uint16_t TestTransport::listen(std::uint16_t port, const std::string& address) {
  return transport_->listen(port, address);
}
void TestTransport::close() { transport_->close(); }
MemoryTransport* TestTransport::memory() noexcept { return transport_->memory(); }

}  // namespace socketio::test
