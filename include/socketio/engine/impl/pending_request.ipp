// SPDX-License-Identifier: MIT
// The way of one request through the engine: middlewares, verification, handshake. Engine layer, internal.
#pragma once

#include <socketio/engine/cors.hpp>
#include <socketio/engine/engine_state.hpp>
#include <socketio/engine/middleware.hpp>
#include <socketio/engine/options.hpp>
#include <socketio/engine/session.hpp>
#include <socketio/protocol/sid.hpp>
#include <socketio/protocol/utf8.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace socketio {

namespace detail {

/// A request that is not yet answered and has not become part of a session.
///
/// The callbacks that decide about the request keep it alive. When the last of them drops it, the connection ends.
class PendingRequest : public std::enable_shared_from_this<PendingRequest> {
 public:
  PendingRequest(std::shared_ptr<EngineState> engine, const ExchangePtr& exchange)
      : engine_(std::move(engine)),
        context_(exchange, engine_->options.transports.websocket && exchange->is_upgrade()) {}

  void start() {
    const EngineOptions& options = engine_->options;
    if (options.cors_delegate) {
      stage_ = Stage::cors;
      choose_cors([&] { options.cors_delegate(request(), CorsReply(shared_from_this())); });
    } else if (options.cors) {
      choose_origin(*options.cors);
    } else {
      go_on_from_cors();
    }
  }

  void use_cors(std::optional<CorsOptions> options) {
    if (!advance(Stage::cors, Stage::busy)) return;
    if (!options) return go_on_from_cors();
    std::string problems;
    for (const std::string& problem : options->validate()) problems += (problems.empty() ? "" : "; ") + problem;
    if (!problems.empty()) return fail_middleware(std::move(problems));
    chosen_cors_.reset(new CorsOptions(std::move(*options)));
    choose_origin(*chosen_cors_);
  }

  void fail_cors(std::string reason) {
    if (advance(Stage::cors, Stage::busy)) fail_middleware(std::move(reason));
  }

  void use_origin(const CorsOrigin& origin) {
    if (!advance(Stage::cors_origin, Stage::busy)) return;
    if (origin.async_chooser() != nullptr) return fail_middleware("the rule for origins answers later");
    apply_cors_options(chosen_cors_ ? *chosen_cors_ : *engine_->options.cors, origin);
  }

  void fail_origin(std::string reason) {
    if (advance(Stage::cors_origin, Stage::busy)) fail_middleware(std::move(reason));
  }

  void next(std::size_t index) {
    if (stage_ == Stage::middlewares && index == middleware_ && !context_.is_over_) run_middleware(index + 1);
  }

  void fail(std::size_t index, std::string reason) {
    if (stage_ == Stage::middlewares && index == middleware_ && !context_.is_over_) fail_middleware(std::move(reason));
  }

  void allow() {
    if (advance(Stage::verdict, Stage::busy)) begin_handshake();
  }

  void forbid(std::string message) {
    if (!advance(Stage::verdict, Stage::busy)) return;
    Context context;
    if (!message.empty()) context["message"] = message;
    refuse(ConnectionErrorCode::forbidden, std::move(context), std::move(message));
  }

  void use_id(std::string id) {
    if (!advance(Stage::session_id, Stage::busy)) return;
    if (id.empty() || !is_valid_utf8(id)) return refuse_id("the session id is empty or not UTF-8");
    if (engine_->sessions.count(id) != 0 ||
        (engine_->options.generate_id && !engine_->directory->claim(id, engine_->index)))
      return refuse_id("the session id is in use");
    create_session(std::move(id));
  }

  void fail_id(std::string reason) {
    if (advance(Stage::session_id, Stage::busy)) refuse_id(std::move(reason));
  }

 private:
  using Context = ConnectionError::Context;

  enum class Stage { cors, cors_origin, middlewares, busy, verdict, session_id };

  HttpExchange& exchange() const { return *context_.exchange_; }
  const HttpRequest& request() const { return context_.request(); }

  std::string_view param(std::string_view name) const {
    return context_.query().find(name).value_or(std::string_view());
  }

  bool needs_base64() const { return !param("b64").empty(); }

  /// The revision of the protocol that the request speaks: whatever is not 4 is 3.
  int protocol() const { return param("EIO") == "4" ? 4 : 3; }

  bool advance(Stage from, Stage to) noexcept {
    if (stage_ != from) return false;
    stage_ = to;
    return true;
  }

  // ---- CORS

  /// Lets a function of the user's choose. What it throws refuses the request, unless it has chosen before that.
  template <class Choose>
  void choose_cors(Choose&& choose) {
    const Stage before = stage_;
    try {
      choose();
    } catch (const std::exception& error) {
      if (stage_ != before) return engine_->report(std::current_exception(), "cors");
      fail_middleware(error.what());
    } catch (...) {
      if (stage_ != before) return engine_->report(std::current_exception(), "cors");
      fail_middleware("unknown exception");
    }
  }

  void choose_origin(const CorsOptions& options) {
    const CorsOrigin::AsyncChooser* chooser = options.origin.async_chooser();
    if (chooser == nullptr) return apply_cors_options(options, options.origin);
    stage_ = Stage::cors_origin;
    choose_cors([&] {
      (*chooser)(request().headers.joined("Origin").value_or(std::string()), CorsOriginReply(shared_from_this()));
    });
  }

  void apply_cors_options(const CorsOptions& options, const CorsOrigin& origin) {
    stage_ = Stage::busy;
    bool is_answered = false;
    choose_cors([&] {
      is_answered = apply_cors(options, origin, request(), context_.headers());
      stage_ = Stage::middlewares;
    });
    if (stage_ != Stage::middlewares) return;
    if (!is_answered) return go_on_from_cors();
    HttpResponse response;
    response.status = options.options_success_status;
    response.headers.add("Content-Length", "0");  // Safari may wait for a body with the 204
    context_.respond(std::move(response));
  }

  // ---- middlewares

  void go_on_from_cors() {
    stage_ = Stage::middlewares;
    if (engine_->client_bundle && !exchange().is_upgrade() && serve_client_file()) return;
    run_middleware(0);
  }

  /// @return whether the request was for a file of the client and has its answer
  bool serve_client_file() {
    std::string_view prefix = engine_->path;
    if (prefix.back() == '/') prefix.remove_suffix(1);
    const std::string_view name = request().path().substr(prefix.size());
    if (name.empty() || name.front() != '/') return false;
    std::optional<HttpResponse> response = engine_->client_bundle->response_to(request(), name.substr(1));
    if (!response) return false;
    context_.respond(std::move(*response));
    return true;
  }

  void run_middleware(std::size_t index) {
    middleware_ = index;
    if (index == engine_->middlewares.size()) {
      stage_ = Stage::busy;
      context_.is_over_ = true;
      return verify();
    }
    const auto middleware = engine_->middlewares[index];
    const bool has_returned =
        engine_->guarded("middleware", [&] { (*middleware)(context_, MiddlewareNext(shared_from_this(), index)); });
    // One that let the request go on before it threw has no say in it any more.
    if (!has_returned && stage_ == Stage::middlewares && middleware_ == index && !context_.is_over_)
      fail_middleware("a middleware threw");
  }

  void fail_middleware(std::string reason) {
    stage_ = Stage::busy;
    refuse(ConnectionErrorCode::bad_request, {{"name", "MIDDLEWARE_FAILURE"}, {"message", std::move(reason)}});
  }

  /// A callback threw before it decided.
  void fail_internally() {
    stage_ = Stage::busy;
    HttpResponse response;
    response.status = 500;
    response.close = true;
    exchange().respond(std::move(response));
  }

  // ---- verification

  void verify() {
    const std::optional<std::string_view> transport = context_.query().find("transport");
    const TransportSet offered = engine_->options.transports;
    const bool is_known =
        (transport == "polling" && offered.polling) || (transport == "websocket" && offered.websocket);
    if (!is_known) {
      Context context;
      if (transport) context["transport"] = *transport;
      return refuse(ConnectionErrorCode::unknown_transport, std::move(context));
    }
    const std::string origin = request().headers.joined("Origin").value_or(std::string());
    if (!is_valid_header_value(origin))
      return refuse(ConnectionErrorCode::bad_request, {{"name", "INVALID_ORIGIN"}, {"origin", origin}});
    if (const std::string_view sid = param("sid"); !sid.empty())
      verify_session_request(sid, *transport);
    else
      verify_handshake(*transport);
  }

  void verify_session_request(std::string_view sid, std::string_view transport) {
    const auto found = engine_->sessions.find(sid);
    if (found == engine_->sessions.end()) return refuse(ConnectionErrorCode::unknown_sid, {{"sid", std::string(sid)}});
    const std::shared_ptr<Session> session = found->second;
    if (!context_.is_upgrade() && session->transport_name() != transport)
      return refuse(ConnectionErrorCode::bad_request, {{"name", "TRANSPORT_MISMATCH"},
                                                       {"transport", std::string(transport)},
                                                       {"previousTransport", std::string(session->transport_name())}});
    if (protocol() != session->protocol())
      return refuse(
          ConnectionErrorCode::bad_request,
          {{"name", "PROTOCOL_MISMATCH"}, {"protocol", protocol()}, {"previousProtocol", session->protocol()}});
    if (context_.is_upgrade())
      upgrade(*session, transport);
    else if (transport == "polling")
      session->handle_request(context_.exchange_, std::move(context_.headers_));
    else  // a plain request to a session that has its WebSocket: the reference never answers it
      refuse(ConnectionErrorCode::bad_request, {{"name", "TRANSPORT_HANDSHAKE_ERROR"}});
  }

  void verify_handshake(std::string_view transport) {
    const auto wait = engine_->directory->admit_handshake(request().remote_address, engine_->scheduler.now());
    if (wait != Scheduler::Clock::duration::zero()) {
      retry_after_ = std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count());
      return refuse(ConnectionErrorCode::bad_request, {{"name", "RATE_LIMITED"}, {"retryAfter", retry_after_}},
                    "Too many requests", 429);
    }
    if (request().method != "GET")
      return refuse(ConnectionErrorCode::bad_handshake_method, {{"method", request().method}});
    if (transport == "websocket" && !context_.is_upgrade())
      return refuse(ConnectionErrorCode::bad_request, {{"name", "TRANSPORT_HANDSHAKE_ERROR"}});
    stage_ = Stage::verdict;
    if (!engine_->options.allow_request) return allow();
    const bool has_returned = engine_->guarded(
        "allow_request", [this] { engine_->options.allow_request(request(), Verdict(shared_from_this())); });
    if (!has_returned && stage_ == Stage::verdict) fail_internally();
  }

  // ---- WebSocket on an existing session, or where there can be none

  std::shared_ptr<WebSocket> accept_websocket(bool is_initial, std::size_t max_message_bytes) {
    HttpHeaders headers = std::move(context_.headers_);
    if (!engine_->run_header_hooks(headers, request(), is_initial)) {
      fail_internally();
      return nullptr;
    }
    if (is_initial && engine_->is_closed) {
      refuse_unavailable();
      return nullptr;
    }
    WebSocketLimits limits;
    limits.max_message_bytes = max_message_bytes;
    limits.max_buffered_chunks = engine_->options.max_buffered_chunks;
    limits.max_messages_per_turn = engine_->options.max_packets_per_turn;
    if (engine_->options.per_message_deflate) limits.per_message_deflate = &*engine_->options.per_message_deflate;
    return exchange().accept_websocket(headers, limits);
  }

  void upgrade(Session& session, std::string_view transport) {
    if (std::shared_ptr<WebSocket> websocket = accept_websocket(false, session.max_message_bytes())) {
      if (transport == "websocket")
        session.begin_upgrade(std::move(websocket), needs_base64());
      else
        websocket->close();
    }
  }

  // ---- handshake

  void begin_handshake() {
    if (context_.is_upgrade() && param("transport") == "polling") {
      if (const std::shared_ptr<WebSocket> websocket = accept_websocket(true, engine_->options.max_http_buffer_size))
        websocket->close();
      return;
    }
    if (protocol() == 3 && !engine_->options.allow_eio3)
      return refuse(ConnectionErrorCode::unsupported_protocol_version, {{"protocol", 3}});
    if (engine_->is_closed) return refuse_unavailable();
    stage_ = Stage::session_id;
    const bool has_returned = engine_->guarded("generate_id", [this] {
      if (engine_->options.generate_id)
        engine_->options.generate_id(request(), SessionIdReply(shared_from_this()));
      else
        use_id(engine_->directory->make_id(engine_->index));
    });
    if (!has_returned) fail_id("generate_id threw");
  }

  void create_session(std::string id) {
    // Copied, since the exchange may be gone by the time the handshake fails.
    const std::string address = request().remote_address;
    if (engine_->is_closed) {
      engine_->directory->disclaim(id);
      return refuse_unavailable();
    }
    if (!engine_->directory->enter(address)) {
      engine_->directory->disclaim(id);
      return refuse(ConnectionErrorCode::bad_request, {{"name", "TOO_MANY_SESSIONS"}}, {}, 503);
    }
    const std::shared_ptr<Session> session = Session::make(engine_, std::move(id), request(), protocol());
    if (!(context_.is_upgrade() ? open_on_websocket(session) : open_on_polling(session))) {
      engine_->directory->disclaim(session->id());
      engine_->directory->leave(address);
      return;
    }
    if (!engine_->guarded("connection", [&] { engine_->connection_hook(session); })) session->close(true);
  }

  bool open_on_websocket(const std::shared_ptr<Session>& session) {
    std::shared_ptr<WebSocket> websocket = accept_websocket(true, session->max_message_bytes());
    if (!websocket) return false;
    engine_->add(session);
    session->open_websocket(std::move(websocket), needs_base64());
    return true;
  }

  bool open_on_polling(const std::shared_ptr<Session>& session) {
    HttpHeaders headers = std::move(context_.headers_);
    if (!engine_->complete_headers(headers, request(), "text/plain; charset=UTF-8", &session->id())) {
      fail_internally();
      return false;
    }
    if (engine_->is_closed) {
      refuse_unavailable();
      return false;
    }
    engine_->add(session);
    session->open_polling(exchange(), std::move(headers), needs_base64(), context_.query().find("j"));
    return true;
  }

  // ---- refusals

  void refuse_id(std::string reason) {
    refuse(ConnectionErrorCode::bad_request, {{"name", "ID_GENERATION_ERROR"}, {"error", std::move(reason)}});
  }

  /// The client's next try may come to another server, if it does not come on this connection.
  void refuse_unavailable() {
    HttpResponse response;
    response.status = 503;
    response.close = true;
    if (context_.is_upgrade()) {
      response.headers.add("Content-type", "text/html");
      response.body = "Service Unavailable";
    } else {
      response.headers = std::move(context_.headers_);
    }
    response.headers.set("Retry-After", "1");
    exchange().respond(std::move(response));
  }

  void refuse(ConnectionErrorCode code, Context context, std::string message = {}, unsigned status = 0) {
    engine_->guarded("connection_error", [&] {
      engine_->connection_error_hook(ConnectionError{code, to_string(code), context, request()});
    });
    if (message.empty()) message = to_string(code);
    if (context_.is_upgrade()) return respond_raw(status == 0 ? 400 : status, std::move(message));
    HttpResponse response;
    response.status = status != 0 ? status : code == ConnectionErrorCode::forbidden ? 403 : 400;
    response.headers = std::move(context_.headers_);
    response.headers.set("Content-Type", "application/json");
    if (!retry_after_.empty()) response.headers.set("Retry-After", retry_after_);
    response.body =
        "{\"code\":" + std::to_string(static_cast<int>(code)) + ",\"message\":" + json_quoted(message) + '}';
    exchange().respond(std::move(response));
  }

  /// As the reference refuses an upgrade request: without the headers of the middlewares, and the connection ends.
  void respond_raw(unsigned status, std::string message) {
    HttpResponse response;
    response.status = status;
    response.close = true;
    response.headers.add("Content-type", "text/html");
    if (!retry_after_.empty()) response.headers.add("Retry-After", retry_after_);
    response.body = std::move(message);
    exchange().respond(std::move(response));
  }

  std::shared_ptr<EngineState> engine_;
  MiddlewareContext context_;
  std::unique_ptr<const CorsOptions> chosen_cors_;  // by the delegate
  std::string retry_after_;                         // seconds, for clients that connect too often
  std::size_t middleware_ = 0;
  Stage stage_ = Stage::middlewares;
};

}  // namespace detail

SOCKETIO_DECL void MiddlewareContext::respond(HttpResponse response) {
  if (std::exchange(is_over_, true)) return;
  if (is_upgrade()) return exchange_->destroy();
  HttpHeaders headers = std::move(headers_);
  for (std::size_t i = 0; i < response.headers.size(); ++i) headers.remove(response.headers[i].name);
  for (std::size_t i = 0; i < response.headers.size(); ++i)
    headers.add(response.headers[i].name, response.headers[i].value);
  response.headers = std::move(headers);
  exchange_->respond(std::move(response));
}

SOCKETIO_DECL void MiddlewareNext::operator()() const { request_->next(index_); }
SOCKETIO_DECL void MiddlewareNext::fail(std::string reason) const { request_->fail(index_, std::move(reason)); }

SOCKETIO_DECL void CorsReply::operator()(std::optional<CorsOptions> options) const {
  request_->use_cors(std::move(options));
}
SOCKETIO_DECL void CorsReply::fail(std::string reason) const { request_->fail_cors(std::move(reason)); }

SOCKETIO_DECL void CorsOriginReply::operator()(CorsOrigin origin) const { request_->use_origin(origin); }
SOCKETIO_DECL void CorsOriginReply::fail(std::string reason) const { request_->fail_origin(std::move(reason)); }

SOCKETIO_DECL void Verdict::allow() const { request_->allow(); }
SOCKETIO_DECL void Verdict::refuse(std::string message) const { request_->forbid(std::move(message)); }

SOCKETIO_DECL void SessionIdReply::operator()(std::string id) const { request_->use_id(std::move(id)); }
SOCKETIO_DECL void SessionIdReply::fail(std::string reason) const { request_->fail_id(std::move(reason)); }

}  // namespace socketio
