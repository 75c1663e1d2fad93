// SPDX-License-Identifier: MIT
// The policies of WebSocket++ for its server role, without I/O of their own. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/transport/asio_out_queue.hpp>

#include <websocketpp/close.hpp>
#include <websocketpp/common/system_error.hpp>
#include <websocketpp/concurrency/none.hpp>
#include <websocketpp/connection_base.hpp>
#include <websocketpp/endpoint_base.hpp>
#include <websocketpp/extensions/permessage_deflate/disabled.hpp>
#include <websocketpp/frame.hpp>
#include <websocketpp/http/request.hpp>
#include <websocketpp/http/response.hpp>
#include <websocketpp/logger/levels.hpp>
#include <websocketpp/logger/stub.hpp>
#include <websocketpp/message_buffer/message.hpp>
#include <websocketpp/random/none.hpp>
#include <websocketpp/server.hpp>
#include <websocketpp/transport/base/connection.hpp>
#include <websocketpp/transport/base/endpoint.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::detail {

/// Transport policy, a connection's part: hands the bytes that it is fed to WebSocket++, and collects the bytes that
/// WebSocket++ writes. AsioConnection decides when they leave, and how long anything may take.
class WebsocketppLink : public std::enable_shared_from_this<WebsocketppLink> {
 public:
  using type = WebsocketppLink;
  using ptr = std::shared_ptr<WebsocketppLink>;
  struct NoTimer {
    void cancel() {}
  };
  using timer_ptr = std::shared_ptr<NoTimer>;
  using Logger = websocketpp::log::stub;

  WebsocketppLink(bool, const std::shared_ptr<Logger>&, const std::shared_ptr<Logger>&) {}

  ptr get_shared() { return shared_from_this(); }
  void set_handle(websocketpp::connection_hdl) {}
  bool is_secure() const { return false; }
  std::string get_remote_endpoint() const { return {}; }
  timer_ptr set_timer(long, websocketpp::transport::timer_handler) { return nullptr; }

  /// Hands over bytes, as long as WebSocket++ wants any; drops the rest.
  void feed(std::span<const char> bytes);

  std::string output;                           // bytes that WebSocket++ has written of its own accord
  AsioOutQueue* queue = nullptr;                // takes the message that is being sent now
  std::shared_ptr<const void> message_in_send;  // keeps the bytes of that message alive

 protected:
  void init(const websocketpp::transport::init_handler& handler) { handler({}); }

  // The handler for frames is a member of the connection, so no read has to copy it.
  void async_read_at_least(std::size_t, char* into, std::size_t size, websocketpp::transport::read_handler& handler);
  void async_read_at_least(std::size_t, char* into, std::size_t size, websocketpp::transport::read_handler&& handler);

  void async_write(const char* bytes, std::size_t count, const websocketpp::transport::write_handler& handler);
  void async_write(const std::vector<websocketpp::transport::buffer>& pieces,
                   const websocketpp::transport::write_handler& handler);

  template <class Handler>
  websocketpp::lib::error_code dispatch(Handler&& handler) {
    handler();
    return {};
  }
  void async_shutdown(const websocketpp::transport::shutdown_handler& handler) { handler({}); }

 private:
  std::span<char> into_;
  websocketpp::transport::read_handler* handler_ = nullptr;  // gets the next bytes
  websocketpp::transport::read_handler handshake_handler_;
};

/// Transport policy, the endpoint's part: nothing to accept, nothing to connect.
class WebsocketppNoEndpoint {
 public:
  using transport_con_type = WebsocketppLink;
  using transport_con_ptr = WebsocketppLink::ptr;

 protected:
  void init_logging(const std::shared_ptr<WebsocketppLink::Logger>&, const std::shared_ptr<WebsocketppLink::Logger>&) {}
  websocketpp::lib::error_code init(const transport_con_ptr&) { return {}; }
};

/// Message policy: does not allocate a frame's announced length before the bytes arrive.
template <class Message>
class WebsocketppMessages : public std::enable_shared_from_this<WebsocketppMessages<Message>> {
 public:
  using type = WebsocketppMessages;
  using ptr = std::shared_ptr<WebsocketppMessages>;
  using weak_ptr = std::weak_ptr<WebsocketppMessages>;
  using message_ptr = std::shared_ptr<Message>;

  message_ptr get_message() { return std::make_shared<Message>(this->shared_from_this()); }
  message_ptr get_message(websocketpp::frame::opcode::value opcode, std::size_t announced_bytes) {
    static constexpr std::size_t max_trusted_bytes = 4096;
    return std::make_shared<Message>(this->shared_from_this(), opcode, std::min(announced_bytes, max_trusted_bytes));
  }
  bool recycle(Message*) { return false; }
};

/// The policies together, as WebSocket++ names them.
struct WebsocketppConfig {
  using type = WebsocketppConfig;
  using concurrency_type = websocketpp::concurrency::none;
  using request_type = websocketpp::http::parser::request;
  using response_type = websocketpp::http::parser::response;
  using message_type = websocketpp::message_buffer::message<WebsocketppMessages>;
  using con_msg_manager_type = WebsocketppMessages<message_type>;
  using elog_type = websocketpp::log::stub;
  using alog_type = websocketpp::log::stub;
  using rng_type = websocketpp::random::none::int_generator<std::uint32_t>;  // for masks, which servers do not use
  using transport_type = WebsocketppNoEndpoint;
  using endpoint_base = websocketpp::endpoint_base;
  using connection_base = websocketpp::connection_base;
  struct permessage_deflate_config {};
  using permessage_deflate_type = websocketpp::extensions::permessage_deflate::disabled<permessage_deflate_config>;

  static constexpr bool enable_multithreading = false;
  static constexpr long timeout_open_handshake = 0;  // there are no timers, see WebsocketppLink
  static constexpr long timeout_close_handshake = 0;
  static constexpr long timeout_pong = 0;
  static constexpr int client_version = 13;
  static constexpr websocketpp::log::level elog_level = websocketpp::log::elevel::none;
  static constexpr websocketpp::log::level alog_level = websocketpp::log::alevel::none;
  static constexpr std::size_t connection_read_buffer_size = 1024;  // inside every connection, idle or not
  static constexpr bool drop_on_protocol_error = false;
  static constexpr bool silent_close = false;
  static constexpr std::size_t max_message_size = 1'000'000;  // until the limit of the connection is set
  static constexpr std::size_t max_http_body_size = 0;
  static constexpr bool enable_extensions = false;
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/websocketpp_config.ipp>
#endif
