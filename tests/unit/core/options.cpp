// SPDX-License-Identifier: MIT
#include <socketio/core/options.hpp>

#include <socketio/engine/scheduler.hpp>
#include <socketio/transport/asio_options.hpp>

#include <tests/support/catch.hpp>

#include <chrono>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using socketio::AsioTransportOptions;
using socketio::ConnectionStateRecoveryOptions;
using socketio::CookieOptions;
using socketio::CorsOptions;
using socketio::HttpCompressionOptions;
using socketio::PerMessageDeflateOptions;
using socketio::ServerOptions;

namespace {

using Sentences = std::vector<std::string>;

/// A change to options, and the expected messages; none if the options are valid.
template <class Options>
struct Case {
  void (*change)(Options&);
  Sentences expected;
};

template <class Options>
void check(const std::vector<Case<Options>>& cases) {
  for (std::size_t i = 0; i < cases.size(); ++i) {
    INFO("case " << i);
    Options options;
    cases[i].change(options);
    CHECK(options.validate() == cases[i].expected);
  }
}

}  // namespace

TEST_CASE("the defaults are those of the reference implementation", "[core][options]") {
  const ServerOptions options;
  CHECK(options.path == "/socket.io");
  CHECK(options.add_trailing_slash);
  CHECK(options.connect_timeout == 45s);
  CHECK(options.shutdown_notice == 0s);
  CHECK(options.health_path.empty());
  CHECK(options.blocked_call_limit == 0ms);
  CHECK(options.ping_interval == 25s);
  CHECK(options.ping_timeout == 20s);
  CHECK(options.upgrade_timeout == 10s);
  CHECK(options.max_http_buffer_size == 1'000'000);
  CHECK(options.http_request_body_timeout == 30s);
  CHECK(options.max_buffered_chunks == 10'000);
  CHECK(options.transports.polling);
  CHECK(options.transports.websocket);
  CHECK(options.allow_upgrades);
  REQUIRE(options.http_compression);
  CHECK(options.http_compression->threshold == 1024);
  CHECK_FALSE(options.per_message_deflate);
  CHECK(PerMessageDeflateOptions{}.threshold == 1024);
  CHECK_FALSE(options.allow_eio3);
  CHECK_FALSE(options.cors);
  CHECK_FALSE(options.cookie);
  CHECK_FALSE(options.allow_request);
  CHECK_FALSE(options.initial_packet);
  CHECK(options.destroy_upgrade);
  CHECK(options.destroy_upgrade_timeout == 1s);
  CHECK_FALSE(options.cleanup_empty_child_namespaces);
  CHECK_FALSE(options.connection_state_recovery);
  CHECK(ConnectionStateRecoveryOptions{}.max_disconnection_duration == 2min);
  CHECK(ConnectionStateRecoveryOptions{}.skip_middlewares);
  CHECK(options.parser_limits().max_attachments == 10);
  CHECK(CookieOptions{}.name == "io");
  CHECK(CookieOptions{}.path == "/");
  CHECK(CookieOptions{}.http_only);
  CHECK(CookieOptions{}.same_site == CookieOptions::SameSite::lax);
  CHECK(CorsOptions{}.options_success_status == 204);
}

TEST_CASE("defaults of this library's own", "[core][options]") {
  const ServerOptions options;
  CHECK_FALSE(options.serve_client);  // the reference has the files in its package
  CHECK(options.threads == 1);
  CHECK(options.thread_count() == 1);
  CHECK_FALSE(options.adapter);
  CHECK(options.validate().empty());
  CHECK(AsioTransportOptions{}.validate().empty());
  CHECK(options.max_sessions == 0);
  CHECK(options.max_sessions_per_address == 0);
  CHECK_FALSE(options.rate_limits.limits_events());
  CHECK_FALSE(options.rate_limits.handshakes_per_address.is_on());
  CHECK(options.rate_limits.max_addresses == 65'536);
  CHECK(options.ipv6_prefix == 64);
  CHECK(options.trusted_proxies.empty());
  CHECK(options.client_address_header == "X-Forwarded-For");
  CHECK(AsioTransportOptions{}.max_connections == 0);
  CHECK(AsioTransportOptions{}.proxy_protocol_from.empty());
}

TEST_CASE("hardened options are valid, and limit what is unlimited by default", "[core][options][limits]") {
  const auto options = ServerOptions::hardened();
  CHECK(options.validate().empty());
  CHECK(options.max_sessions == 10'000);
  CHECK(options.max_sessions_per_address == 100);
  CHECK(options.rate_limits.per_socket.is_on());
  CHECK(options.rate_limits.per_address.is_on());
  CHECK(options.rate_limits.handshakes_per_address.is_on());
  CHECK(options.cleanup_empty_child_namespaces);
  const ServerOptions usual;
  CHECK(options.max_http_buffer_size < usual.max_http_buffer_size);
  CHECK(options.max_unsent_bytes < usual.max_unsent_bytes);
  CHECK(options.max_pending_acks < usual.max_pending_acks);
  CHECK(options.max_depth < usual.max_depth);
  CHECK(options.max_namespaces_per_connection < usual.max_namespaces_per_connection);
  CHECK(options.max_rooms_per_socket < usual.max_rooms_per_socket);
  CHECK(options.max_namespace_name_bytes < usual.max_namespace_name_bytes);
  CHECK(options.max_event_name_bytes < usual.max_event_name_bytes);
  CHECK(options.max_room_name_bytes < usual.max_room_name_bytes);
  CHECK(options.max_handlers_in_progress < usual.max_handlers_in_progress);
  CHECK(options.max_unjoined_bytes < usual.max_unjoined_bytes);
  CHECK(options.max_packets_per_turn < usual.max_packets_per_turn);
  CHECK(options.connect_timeout < usual.connect_timeout);

  const auto tcp = AsioTransportOptions::hardened();
  CHECK(tcp.validate().empty());
  CHECK(tcp.max_connections == 20'000);
  CHECK(tcp.head_timeout < AsioTransportOptions{}.head_timeout);
  CHECK(tcp.http.max_head_bytes < AsioTransportOptions{}.http.max_head_bytes);
  // A client that upgrades has two connections for a moment, and one that is refused needs one to be told so.
  CHECK(tcp.max_connections > options.max_sessions);
}

TEST_CASE("the engine gets the options of the server", "[core][options]") {
  ServerOptions options;
  options.path = "/chat";
  options.ping_interval = 1s;
  options.ping_timeout = 2s;
  options.upgrade_timeout = 3s;
  options.destroy_upgrade_timeout = 4s;
  options.max_http_buffer_size = 5;
  options.http_request_body_timeout = 7s;
  options.max_buffered_chunks = 8;
  options.max_sessions = 6;
  options.allow_eio3 = true;
  options.cookie.emplace();
  options.rate_limits.handshakes_per_address.per_second = 9;
  options.ipv6_prefix = 56;
  options.trusted_proxies = {"::1"};
  options.client_address_header = "Forwarded";
  const auto engine = options.engine_options();
  CHECK(engine.path == "/chat");
  CHECK(engine.ping_interval == 1s);
  CHECK(engine.ping_timeout == 2s);
  CHECK(engine.upgrade_timeout == 3s);
  CHECK(engine.destroy_upgrade_timeout == 4s);
  CHECK(engine.max_http_buffer_size == 5);
  CHECK(engine.http_request_body_timeout == 7s);
  CHECK(engine.max_buffered_chunks == 8);
  CHECK(engine.max_sessions == 6);
  CHECK(engine.allow_eio3);
  CHECK(engine.cookie);
  CHECK(engine.rate_limits.handshakes_per_address.per_second == 9);
  CHECK(engine.ipv6_prefix == 56);
  CHECK(engine.trusted_proxies == std::vector<std::string>{"::1"});
  CHECK(engine.client_address_header == "Forwarded");
}

TEST_CASE("invalid options of a server are refused with a message", "[core][options][limits]") {
  using Options = ServerOptions;
  check<Options>({
      {[](Options& o) { o.path = ""; }, {"path does not begin with '/'"}},
      {[](Options& o) { o.path = "chat"; }, {"path does not begin with '/'"}},
      {[](Options& o) { o.path = "/a b"; }, {"path contains a blank, '?', '#' or a character that is not ASCII"}},
      {[](Options& o) { o.path = "/a?b"; }, {"path contains a blank, '?', '#' or a character that is not ASCII"}},
      {[](Options& o) { o.path = "/"; }, {}},

      {[](Options& o) { o.threads = 1024; }, {}},
      {[](Options& o) { o.threads = 1025; }, {"threads must be at most 1024"}},
      {[](Options& o) { o.connect_timeout = 1ms; }, {}},
      {[](Options& o) { o.connect_timeout = 0ms; }, {"connect_timeout must be positive"}},
      {[](Options& o) { o.shutdown_notice = 0ms; }, {}},
      {[](Options& o) { o.shutdown_notice = -1ms; }, {"shutdown_notice must not be negative"}},
      {[](Options& o) { o.health_path = "/health"; }, {}},
      {[](Options& o) { o.health_path = "health"; },
       {"health_path does not begin with '/', is within path, or contains a blank, '?', '#' or a character that is not "
        "ASCII"}},
      {[](Options& o) { o.health_path = "/socket.io/health"; },
       {"health_path does not begin with '/', is within path, or contains a blank, '?', '#' or a character that is not "
        "ASCII"}},
      {[](Options& o) { o.max_matched_name_bytes = 1; }, {}},
      {[](Options& o) { o.max_matched_name_bytes = 0; }, {"max_matched_name_bytes must be at least 1"}},
      {[](Options& o) { o.max_attachments = 1; }, {}},
      {[](Options& o) { o.max_attachments = 0; }, {"max_attachments must be at least 1"}},
      {[](Options& o) { o.max_depth = 1; }, {}},
      {[](Options& o) { o.max_depth = 0; }, {"max_depth must be at least 1"}},
      {[](Options& o) { o.blocked_call_limit = 0ms; }, {}},
      {[](Options& o) { o.blocked_call_limit = -1ms; }, {"blocked_call_limit must not be negative"}},

      {[](Options& o) { o.ping_interval = 1ms; }, {}},
      {[](Options& o) { o.ping_interval = 0ms; }, {"ping_interval is not positive"}},
      {[](Options& o) { o.ping_timeout = 1ms; }, {}},
      {[](Options& o) { o.ping_timeout = 0ms; }, {"ping_timeout is not positive"}},
      {[](Options& o) { o.upgrade_timeout = 1ms; }, {}},
      {[](Options& o) { o.upgrade_timeout = 0ms; }, {"upgrade_timeout is not positive"}},
      {[](Options& o) { o.close_timeout = 0ms; }, {}},
      {[](Options& o) { o.close_timeout = -1ms; }, {"close_timeout is negative"}},
      {[](Options& o) { o.destroy_upgrade_timeout = 0ms; }, {}},
      {[](Options& o) { o.destroy_upgrade_timeout = -1ms; }, {"destroy_upgrade_timeout is negative"}},
      {[](Options& o) { o.max_http_buffer_size = 1; }, {}},
      {[](Options& o) { o.max_http_buffer_size = 0; }, {"max_http_buffer_size is zero"}},
      {[](Options& o) { o.transports = {.polling = false, .websocket = true}; }, {}},
      {[](Options& o) { o.transports = {.polling = false, .websocket = false}; },
       {"transports offers neither polling nor websocket"}},
      {[](Options& o) { o.initial_packet = "\xC3\xA9"; }, {}},
      {[](Options& o) { o.initial_packet = "\xC3"; }, {"initial_packet is not UTF-8"}},

      {[](Options& o) { o.http_compression->level = 9; }, {}},
      {[](Options& o) { o.http_compression->level = 10; }, {"http_compression.level is not between -1 and 9"}},
      {[](Options& o) { o.http_compression->level = -2; }, {"http_compression.level is not between -1 and 9"}},

      {[](Options& o) { o.cors.emplace(); }, {}},
      {[](Options& o) { o.cors_delegate = [](const socketio::HttpRequest&) { return CorsOptions{}; }; }, {}},
      {[](Options& o) {
         o.cors.emplace();
         o.cors_delegate = [](const socketio::HttpRequest&) { return CorsOptions{}; };
       },
       {"cors and cors_delegate are both set"}},
      {[](Options& o) { o.cors.emplace().origin = "a\nb"; },
       {"cors.origin contains a character that may not stand in a header"}},
      {[](Options& o) {
         o.cors.emplace().methods = {"GET", "PO ST"};
       },
       {"cors.methods: 'PO ST' is no token"}},
      {[](Options& o) { o.cors.emplace().allowed_headers = {"a:"}; }, {"cors.allowed_headers: 'a:' is no token"}},
      {[](Options& o) { o.cors.emplace().exposed_headers = {""}; }, {"cors.exposed_headers: '' is no token"}},
      {[](Options& o) { o.cors.emplace().max_age = 0s; }, {}},
      {[](Options& o) { o.cors.emplace().max_age = -1s; }, {"cors.max_age is negative"}},
      {[](Options& o) { o.cors.emplace().options_success_status = 299; }, {}},
      {[](Options& o) { o.cors.emplace().options_success_status = 300; },
       {"cors.options_success_status is not between 200 and 299"}},
      {[](Options& o) { o.cors.emplace().options_success_status = 199; },
       {"cors.options_success_status is not between 200 and 299"}},

      {[](Options& o) { o.cookie.emplace(); }, {}},
      {[](Options& o) { o.cookie.emplace().name = "a b"; }, {"cookie.name is no token"}},
      {[](Options& o) { o.cookie.emplace().path = "/;"; },
       {"cookie.path contains a character that may not stand in a path"}},
      {[](Options& o) { o.cookie.emplace().domain = "a..b"; }, {"cookie.domain is no domain name"}},
      {[](Options& o) { o.cookie.emplace().max_age = 0s; }, {}},
      {[](Options& o) { o.cookie.emplace().max_age = -1s; }, {"cookie.max_age is negative"}},
      {[](Options& o) { o.cookie.emplace().same_site = CookieOptions::SameSite::none; },
       {"cookie.same_site is none without secure: browsers drop such a cookie"}},
      {[](Options& o) { o.cookie.emplace().partitioned = true; },
       {"cookie.partitioned is set without secure: browsers drop such a cookie"}},
      {[](Options& o) {
         o.cookie = CookieOptions{.same_site = CookieOptions::SameSite::none, .secure = true, .partitioned = true};
       },
       {}},

      {[](Options& o) { o.serve_client = {.directory = "/nowhere", .version = "1"}; },
       {"serve_client.directory has no socket.io.js and no socket.io.min.js: \"/nowhere\""}},
      {[](Options& o) { o.serve_client = {.directory = "/nowhere", .version = "\""}; },
       {"serve_client.directory has no socket.io.js and no socket.io.min.js: \"/nowhere\"",
        "serve_client.version has characters that an ETag cannot have"}},
      {[](Options& o) { o.serve_client = {.directory = "/nowhere"}; },
       {"serve_client.directory has no socket.io.js and no socket.io.min.js: \"/nowhere\"",
        "serve_client.version is not given, and there is no package.json that says it"}},

      {[](Options& o) { o.rate_limits.per_socket.per_second = 1; }, {}},
      {[](Options& o) { o.rate_limits.per_socket.per_second = -1; },
       {"rate_limits.per_socket.per_second is not between one in a day and 1,000,000"}},
      {[](Options& o) { o.ipv6_prefix = 1; }, {}},
      {[](Options& o) { o.ipv6_prefix = 128; }, {}},
      {[](Options& o) { o.ipv6_prefix = 0; }, {"ipv6_prefix is not between 1 and 128"}},
      {[](Options& o) { o.ipv6_prefix = 129; }, {"ipv6_prefix is not between 1 and 128"}},
      {[](Options& o) {
         o.trusted_proxies = {"10.0.0.0/8", "unix"};
       },
       {}},
      {[](Options& o) {
         o.trusted_proxies = {"10.0.0.0/8", "nginx"};
       },
       {"trusted_proxies: 'nginx' is no address, no network such as 10.0.0.0/8, and not unix"}},
      {[](Options& o) { o.client_address_header = "X-Real-IP"; }, {}},
      {[](Options& o) { o.client_address_header = ""; }, {"client_address_header is no name of a header"}},
      {[](Options& o) { o.client_address_header = "X-Real-IP:"; }, {"client_address_header is no name of a header"}},

      {[](Options& o) { o.connection_state_recovery.emplace(); }, {}},
      {[](Options& o) { o.connection_state_recovery.emplace().max_disconnection_duration = 0ms; },
       {"connection_state_recovery.max_disconnection_duration must be positive"}},
      {[](Options& o) { o.connection_state_recovery.emplace().max_log_entries = 0; },
       {"connection_state_recovery.max_log_entries must be at least 1"}},
      {[](Options& o) { o.connection_state_recovery.emplace().max_log_bytes = 0; },
       {"connection_state_recovery.max_log_bytes must be at least 1"}},
      {[](Options& o) { o.connection_state_recovery.emplace().max_sessions = 0; },
       {"connection_state_recovery.max_sessions must be at least 1"}},

      {[](Options& o) {
         o.connect_timeout = 0ms;
         o.ping_timeout = 0ms;
       },
       {"ping_timeout is not positive", "connect_timeout must be positive"}},
  });
}

TEST_CASE("options of WebSocket compression have bounds", "[core][options][limits]") {
  const auto with = [](auto change) {
    ServerOptions options;
    change(options.per_message_deflate.emplace());
    Sentences sentences = options.validate();
    std::erase(sentences, "per_message_deflate is set, but the library was built without zlib");
    return sentences;
  };
  using Deflate = PerMessageDeflateOptions;
  for (const int bits : {9, 15}) CHECK(with([&](Deflate& d) { d.server_max_window_bits = bits; }).empty());
  for (const int bits : {8, 16})
    CHECK(with([&](Deflate& d) { d.server_max_window_bits = bits; }) ==
          Sentences{"per_message_deflate.server_max_window_bits is not between 9 and 15"});
  for (const int bits : {8, 15}) CHECK(with([&](Deflate& d) { d.client_max_window_bits = bits; }).empty());
  for (const int bits : {7, 16})
    CHECK(with([&](Deflate& d) { d.client_max_window_bits = bits; }) ==
          Sentences{"per_message_deflate.client_max_window_bits is not between 8 and 15"});
  for (const int level : {-1, 9}) CHECK(with([&](Deflate& d) { d.level = level; }).empty());
  for (const int level : {-2, 10})
    CHECK(with([&](Deflate& d) { d.level = level; }) == Sentences{"per_message_deflate.level is not between -1 and 9"});
  for (const int level : {1, 9}) CHECK(with([&](Deflate& d) { d.mem_level = level; }).empty());
  for (const int level : {0, 10})
    CHECK(with([&](Deflate& d) { d.mem_level = level; }) ==
          Sentences{"per_message_deflate.mem_level is not between 1 and 9"});
}

TEST_CASE("no delay is longer than fifty years", "[core][options][limits]") {
  struct Delay {
    std::chrono::milliseconds ServerOptions::*option;
    std::string sentence;
  };
  for (const Delay& delay :
       {Delay{&ServerOptions::connect_timeout, "connect_timeout must be at most 50 years"},
        Delay{&ServerOptions::shutdown_notice, "shutdown_notice must be at most 50 years"},
        Delay{&ServerOptions::blocked_call_limit, "blocked_call_limit must be at most 50 years"},
        Delay{&ServerOptions::ping_interval, "ping_interval is longer than 50 years"},
        Delay{&ServerOptions::ping_timeout, "ping_timeout is longer than 50 years"},
        Delay{&ServerOptions::upgrade_timeout, "upgrade_timeout is longer than 50 years"},
        Delay{&ServerOptions::close_timeout, "close_timeout is longer than 50 years"},
        Delay{&ServerOptions::destroy_upgrade_timeout, "destroy_upgrade_timeout is longer than 50 years"}}) {
    ServerOptions options;
    options.*delay.option = socketio::longest_delay;
    CHECK(options.validate().empty());
    options.*delay.option += 1ms;
    CHECK(options.validate() == Sentences{delay.sentence});
  }
}

TEST_CASE("invalid options of the Asio transport are refused with a message", "[transport][options][limits]") {
  struct Delay {
    std::chrono::milliseconds AsioTransportOptions::*option;
    std::string name;
  };
  for (const Delay& delay : {Delay{&AsioTransportOptions::head_timeout, "head_timeout"},
                             Delay{&AsioTransportOptions::request_timeout, "request_timeout"},
                             Delay{&AsioTransportOptions::keep_alive_timeout, "keep_alive_timeout"},
                             Delay{&AsioTransportOptions::close_timeout, "close_timeout"},
                             Delay{&AsioTransportOptions::shutdown_timeout, "shutdown_timeout"},
                             Delay{&AsioTransportOptions::linger_timeout, "linger_timeout"}}) {
    AsioTransportOptions options;
    for (const auto accepted : {0ms, 1ms, socketio::longest_delay}) {
      options.*delay.option = accepted;
      CHECK(options.validate().empty());
    }
    options.*delay.option = -1ms;
    CHECK(options.validate() == Sentences{delay.name + " is negative"});
    options.*delay.option = socketio::longest_delay + 1ms;
    CHECK(options.validate() == Sentences{delay.name + " is longer than 50 years"});
  }

  using Options = AsioTransportOptions;
  check<Options>({
      {[](Options& o) { o.http.max_head_bytes = 1; }, {}},
      {[](Options& o) { o.http.max_head_bytes = 0; }, {"http.max_head_bytes is zero"}},
      {[](Options& o) { o.http.max_header_count = 1; }, {}},
      {[](Options& o) { o.http.max_header_count = 0; }, {"http.max_header_count is zero"}},
      {[](Options& o) { o.max_pipelined_bytes = 1; }, {}},
      {[](Options& o) { o.max_pipelined_bytes = 0; }, {"max_pipelined_bytes is zero"}},
      {[](Options& o) { o.proxy_protocol_from = {"::1"}; }, {}},
      {[](Options& o) { o.proxy_protocol_from = {"haproxy"}; },
       {"proxy_protocol_from: 'haproxy' is no address, no network such as 10.0.0.0/8, and not unix"}},
      {[](Options& o) { o.backlog = 1; }, {}},
      {[](Options& o) { o.backlog = 0; }, {"backlog is not positive"}},
      {[](Options& o) { o.backlog = -1; }, {"backlog is not positive"}},
      {[](Options& o) {
         o.head_timeout = -1ms;
         o.backlog = 0;
       },
       {"head_timeout is negative", "backlog is not positive"}},
  });
}
