// SPDX-License-Identifier: MIT
#include <socketio/engine/engine.hpp>
// Middlewares, header hooks, cookies and CORS from the client's side.
#include <tests/support/catch.hpp>
#include <tests/support/engine_fixture.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using socketio::CookieOptions;
using socketio::CorsOptions;
using socketio::CorsOrigin;
using socketio::CorsOriginReply;
using socketio::CorsReply;
using socketio::HttpHeaders;
using socketio::HttpRequest;
using socketio::HttpResponse;
using socketio::MiddlewareContext;
using socketio::MiddlewareNext;
using tests::EngineFixture;
using namespace std::chrono_literals;

using Strings = std::vector<std::string>;

TEST_CASE("header hooks run for each successful response, the initial one once", "[engine][hooks]") {
  EngineFixture f({.cookie = CookieOptions{}});
  int initial = 0;
  int all = 0;
  f.engine.on_initial_headers([&](HttpHeaders& headers, const HttpRequest& request) {
    ++initial;
    CHECK(request.target == f.polling());
    CHECK(headers.contains("Set-Cookie"));
    headers.add("Set-Cookie", "mycookie=1");
  });
  f.engine.on_headers([&](HttpHeaders& headers, const HttpRequest&) {
    ++all;
    headers.add("X-Test", std::to_string(all));
  });
  const auto handshake = f.transport.fetch("GET", f.polling());
  CHECK(handshake->header("Set-Cookie") == "io=" + f.session().id() + "; Path=/; HttpOnly; SameSite=Lax");
  REQUIRE(handshake->response.headers.size() == 5);
  CHECK(handshake->response.headers[3].value == "mycookie=1");
  CHECK(handshake->response.headers[4].value == "1");

  const std::string sid = f.session().id();
  const auto post = f.post(sid, "4x");
  CHECK(post->header("X-Test") == "2");
  CHECK_FALSE(post->header("Set-Cookie"));
  const auto poll = f.poll(sid);
  CHECK(all == 2);
  f.session().send(f.text("x"));
  CHECK(poll->header("X-Test") == "3");
  const auto client = f.transport.connect_websocket(f.websocket(sid));
  CHECK(client->response.headers.find("X-Test") == "4");
  f.post("nobody", "4x");
  f.transport.fetch("PUT", f.polling(sid));
  f.transport.fetch("GET", "/engine.io/");
  CHECK(all == 4);
  CHECK(initial == 1);
}

TEST_CASE("a WebSocket handshake has hooks but no cookie", "[engine][hooks]") {
  EngineFixture f({.cookie = CookieOptions{}});
  Strings calls;
  f.engine.on_initial_headers([&](HttpHeaders& headers, const HttpRequest&) {
    calls.push_back("initial");
    headers.add("Set-Cookie", "mycookie=1");
  });
  f.engine.on_headers([&](HttpHeaders&, const HttpRequest&) { calls.push_back("all"); });
  const auto client = f.transport.connect_websocket(f.websocket());
  REQUIRE(client->response.headers.size() == 1);
  CHECK(client->response.headers[0].value == "mycookie=1");
  CHECK(calls == Strings{"initial", "all"});
}

TEST_CASE("a header hook that throws refuses the handshake and ends a session", "[engine][hooks]") {
  EngineFixture f;
  bool throws = true;
  f.engine.on_headers([&](HttpHeaders&, const HttpRequest&) {
    if (throws) throw std::runtime_error("boo");
  });
  CHECK(f.transport.fetch("GET", f.polling())->status() == 500);
  CHECK(f.transport.connect_websocket(f.websocket())->response.status == 500);
  CHECK(f.engine.clients_count() == 0);
  CHECK(f.sessions.empty());

  throws = false;
  const std::string sid = f.open_polling();
  throws = true;
  const auto poll = f.poll(sid);
  SECTION("in a poll that a send answers") {
    f.session().send(f.text("x"));
    CHECK(poll->done);
    CHECK(f.recorder().closes.empty());  // not inside send
  }
  SECTION("in a POST") { CHECK(f.post(sid, "4x")->status() == 500); }
  f.run();
  REQUIRE(f.recorder().closes.size() == 1);
  CHECK(f.recorder().closes[0].reason == socketio::CloseReason::transport_error);
  CHECK(poll->status() == 500);
  CHECK(f.errors.back() == "headers: boo");
}

TEST_CASE("middlewares see every request and add headers to every response", "[engine][hooks]") {
  EngineFixture f;
  Strings seen;
  f.engine.use([&](MiddlewareContext& context, MiddlewareNext next) {
    seen.push_back(context.request().method + (context.is_upgrade() ? " upgrade" : ""));
    context.headers().set("X-First", "1");
    next();
  });
  f.engine.use([&](MiddlewareContext& context, MiddlewareNext next) {
    CHECK(context.headers().contains("X-First"));
    context.headers().set("X-Second", std::string(context.query().find("transport").value_or("none")));
    next();
  });
  const auto handshake = f.transport.fetch("GET", f.polling());
  CHECK(handshake->header("X-First") == "1");
  CHECK(handshake->header("X-Second") == "polling");
  const std::string sid = f.session().id();
  CHECK(f.post(sid, "4x")->header("X-First") == "1");
  const auto poll = f.poll(sid);
  f.session().send(f.text("x"));
  CHECK(poll->header("X-First") == "1");
  CHECK(f.transport.connect_websocket(f.websocket(sid))->response.headers.find("X-Second") == "websocket");
  CHECK(f.transport.connect_websocket(f.websocket())->response.headers.find("X-First") == "1");
  CHECK(f.transport.fetch("GET", "/engine.io/")->header("X-Second") == "none");
  CHECK(f.transport.fetch("DELETE", f.polling(sid))->header("X-First") == "1");
  CHECK(seen == Strings{"GET", "POST", "GET", "GET upgrade", "GET upgrade", "GET", "DELETE"});
}

TEST_CASE("a middleware may answer the request itself", "[engine][hooks]") {
  EngineFixture f;
  f.engine.use([](MiddlewareContext& context, MiddlewareNext next) {
    context.headers().set("X-Replaced", "no");
    context.headers().set("X-Kept", "yes");
    HttpResponse response;
    response.status = 503;
    response.headers.add("x-replaced", "yes");
    context.respond(std::move(response));
    context.respond({});
    next();
    next.fail("too late");
  });
  bool reached = false;
  f.engine.use([&](MiddlewareContext&, MiddlewareNext) { reached = true; });
  const auto response = f.transport.fetch("GET", f.polling());
  CHECK(response->status() == 503);
  CHECK(response->header("X-Replaced") == "yes");
  CHECK(response->header("X-Kept") == "yes");
  const auto client = f.transport.connect_websocket(f.websocket());
  CHECK(client->destroyed);
  CHECK_FALSE(reached);
  CHECK(f.refusals.empty());
}

TEST_CASE("an upgrade request is a plain request if WebSocket is disabled", "[engine][hooks]") {
  EngineFixture f({.transports = {.polling = true, .websocket = false}});
  f.engine.use([](MiddlewareContext& context, MiddlewareNext) {
    CHECK_FALSE(context.is_upgrade());
    HttpResponse response;
    response.status = 503;
    context.respond(std::move(response));
  });
  CHECK(f.transport.connect_websocket(f.websocket())->response.status == 503);
}

TEST_CASE("a middleware that fails refuses the request", "[engine][hooks]") {
  EngineFixture f;
  f.engine.use([](MiddlewareContext& context, MiddlewareNext next) {
    context.headers().set("X-First", "1");
    next.fail("unknown error");
  });
  const auto response = f.transport.fetch("GET", f.polling());
  CHECK(response->status() == 400);
  CHECK(response->body() == R"({"code":3,"message":"Bad request"})");
  CHECK(response->header("X-First") == "1");
  const auto client = f.transport.connect_websocket(f.websocket());
  CHECK(client->response.status == 400);
  CHECK(client->response.body == "Bad request");
  REQUIRE(f.refusals.size() == 2);
  CHECK(f.refusals[0].context == "name=MIDDLEWARE_FAILURE message=unknown error ");
}

TEST_CASE("a middleware may call next later, or drop it", "[engine][hooks]") {
  EngineFixture f({.max_http_buffer_size = 5});
  std::vector<MiddlewareNext> waiting;
  f.engine.use([&](MiddlewareContext&, MiddlewareNext next) { waiting.push_back(std::move(next)); });
  const auto first = f.transport.fetch("GET", f.polling());
  CHECK_FALSE(first->ended());
  waiting.at(0)();
  waiting.at(0)();
  CHECK(first->status() == 200);
  CHECK(f.engine.clients_count() == 1);

  const auto post = f.post(f.session().id(), "4too large");
  waiting.at(1)();
  f.run();
  CHECK(post->status() == 413);

  const auto forgotten = f.transport.fetch("GET", f.polling());
  waiting.clear();
  f.run();
  CHECK(forgotten->destroyed);

  const auto late = f.transport.fetch("GET", f.polling());
  f.engine.close();
  waiting.at(0)();
  CHECK(late->status() == 503);
}

TEST_CASE("a middleware that throws refuses the request, unless it has called next", "[engine][hooks]") {
  EngineFixture f;
  bool goes_on = false;
  f.engine.use([&](MiddlewareContext&, MiddlewareNext next) {
    if (goes_on) next();
    throw std::runtime_error("boo");
  });
  const auto refused = f.transport.fetch("GET", f.polling());
  CHECK(refused->status() == 400);
  CHECK(refused->body() == R"({"code":3,"message":"Bad request"})");
  CHECK(f.transport.connect_websocket(f.websocket())->response.status == 400);
  REQUIRE(f.refusals.size() == 2);
  CHECK(f.refusals[0].context == "name=MIDDLEWARE_FAILURE message=a middleware threw ");
  goes_on = true;
  CHECK(f.transport.fetch("GET", f.polling())->status() == 200);
  CHECK(f.transport.connect_websocket(f.websocket())->accepted);
  CHECK(f.errors == Strings(4, "middleware: boo"));
  CHECK(f.engine.clients_count() == 2);
}

TEST_CASE("CORS headers are on every response, errors and upgrades included", "[engine][hooks][cors]") {
  EngineFixture f({.cors = CorsOptions{.origin = {"http://good.example"}, .credentials = true}});
  const auto from = [](std::string_view origin) {
    return std::pair<std::string_view, std::string_view>("Origin", origin);
  };
  const auto handshake = f.transport.fetch("GET", f.polling(), {}, {from("http://good.example")});
  CHECK(handshake->header("Access-Control-Allow-Origin") == "http://good.example");
  CHECK(handshake->header("Access-Control-Allow-Credentials") == "true");
  CHECK(handshake->header("Vary") == "Origin");
  const auto bad = f.transport.fetch("GET", f.polling(), {}, {from("http://bad.example")});
  CHECK(bad->status() == 200);
  CHECK_FALSE(bad->header("Access-Control-Allow-Origin"));
  CHECK(bad->header("Vary") == "Origin");
  const auto error = f.transport.fetch("GET", f.websocket(), {}, {from("http://good.example")});
  CHECK(error->status() == 400);
  CHECK(error->header("Access-Control-Allow-Origin") == "http://good.example");
  const auto client = f.transport.connect_websocket(f.websocket(), {from("http://good.example")});
  CHECK(client->response.headers.find("Access-Control-Allow-Origin") == "http://good.example");
}

TEST_CASE("a preflight is answered before the engine sees it", "[engine][hooks][cors]") {
  EngineFixture f({.cors = CorsOptions{}});
  bool reached = false;
  f.engine.use([&](MiddlewareContext&, MiddlewareNext next) {
    reached = true;
    next();
  });
  const auto response = f.transport.fetch("OPTIONS", "/engine.io/default/");
  CHECK(response->status() == 204);
  CHECK(response->body().empty());
  CHECK(response->header("Content-Length") == "0");
  CHECK(response->header("Access-Control-Allow-Origin") == "*");
  CHECK_FALSE(reached);
  CHECK(f.refusals.empty());
}

TEST_CASE("a preflight is answered with options_success_status", "[engine][hooks][cors]") {
  EngineFixture f({.cors = CorsOptions{.methods = {"GET", "PUT"}, .options_success_status = 200}});
  const auto response = f.transport.fetch("OPTIONS", f.polling());
  CHECK(response->status() == 200);
  CHECK(response->body().empty());
  CHECK(response->header("Access-Control-Allow-Methods") == "GET,PUT");
}

TEST_CASE("a preflight goes on if preflight_continue is set", "[engine][hooks][cors]") {
  EngineFixture f({.cors = CorsOptions{.preflight_continue = true}});
  f.engine.use([](MiddlewareContext& context, MiddlewareNext next) {
    if (context.request().method != "OPTIONS") return next();
    HttpResponse response;
    response.status = 200;
    context.respond(std::move(response));
  });
  const auto response = f.transport.fetch("OPTIONS", f.polling());
  CHECK(response->status() == 200);
  CHECK(response->header("Access-Control-Allow-Methods") == "GET,HEAD,PUT,PATCH,POST,DELETE");
}

TEST_CASE("CORS settings may be chosen for each request", "[engine][hooks][cors]") {
  EngineFixture f({.cors_delegate = [](const HttpRequest& request) -> std::optional<CorsOptions> {
    if (request.target.find("throw") != std::string::npos) throw std::runtime_error("boo");
    if (request.target.find("none") != std::string::npos) return std::nullopt;
    return CorsOptions{.origin = "http://fixed.example"};
  }});
  CHECK(f.transport.fetch("GET", f.polling())->header("Access-Control-Allow-Origin") == "http://fixed.example");
  CHECK_FALSE(f.transport.fetch("GET", f.polling() + "&none")->header("Access-Control-Allow-Origin"));
  CHECK(f.transport.fetch("GET", f.polling() + "&throw")->status() == 400);
  CHECK(f.refusals.back().context == "name=MIDDLEWARE_FAILURE message=boo ");
}

TEST_CASE("CORS settings may be chosen later", "[engine][hooks][cors]") {
  std::vector<CorsReply> waiting;
  EngineFixture f({.cors_delegate = [&](const HttpRequest&, CorsReply reply) { waiting.push_back(std::move(reply)); }});
  int reached = 0;
  f.engine.use([&](MiddlewareContext&, MiddlewareNext next) {
    ++reached;
    next();
  });

  const auto chosen = f.transport.fetch("GET", f.polling());
  CHECK_FALSE(chosen->ended());
  CHECK(reached == 0);
  waiting.at(0)(CorsOptions{.origin = "http://fixed.example"});
  waiting.at(0)(std::nullopt);
  waiting.at(0).fail("too late");
  CHECK(chosen->status() == 200);
  CHECK(chosen->header("Access-Control-Allow-Origin") == "http://fixed.example");

  const auto none = f.transport.fetch("GET", f.polling());
  waiting.at(1)(std::nullopt);
  CHECK(none->status() == 200);
  CHECK_FALSE(none->header("Access-Control-Allow-Origin"));

  const auto preflight = f.transport.fetch("OPTIONS", f.polling());
  waiting.at(2)(CorsOptions{.options_success_status = 200});
  CHECK(preflight->status() == 200);
  CHECK(preflight->header("Access-Control-Allow-Methods") == "GET,HEAD,PUT,PATCH,POST,DELETE");
  CHECK(reached == 2);

  auto client = f.transport.connect_websocket(f.websocket());
  waiting.at(3)(CorsOptions{});
  f.run();
  CHECK(client->accepted);
  CHECK(client->response.headers.find("Access-Control-Allow-Origin") == "*");

  const auto forgotten = f.transport.fetch("GET", f.polling());
  waiting.clear();
  f.run();
  CHECK(forgotten->destroyed);
  CHECK(f.refusals.empty());
  CHECK(f.errors.empty());
}

TEST_CASE("a failed or invalid choice of CORS settings refuses the request", "[engine][hooks][cors]") {
  EngineFixture f({.cors_delegate = [](const HttpRequest& request, const CorsReply& reply) {
    if (request.target.find("fail") != std::string::npos) return reply.fail("no database");
    if (request.target.find("invalid") != std::string::npos)
      return reply(CorsOptions{.methods = {"G T"}, .max_age = -1s});
    if (request.target.find("reply_and_throw") != std::string::npos) reply(CorsOptions{});
    throw std::runtime_error("boo");
  }});
  CHECK(f.transport.fetch("GET", f.polling() + "&fail")->status() == 400);
  CHECK(f.refusals.back().context == "name=MIDDLEWARE_FAILURE message=no database ");
  CHECK(f.transport.fetch("GET", f.polling() + "&invalid")->status() == 400);
  CHECK(f.refusals.back().context ==
        "name=MIDDLEWARE_FAILURE message=cors.methods: 'G T' is no token; cors.max_age is negative ");
  CHECK(f.transport.fetch("GET", f.polling() + "&throw")->status() == 400);
  CHECK(f.refusals.back().context == "name=MIDDLEWARE_FAILURE message=boo ");
  CHECK(f.transport.connect_websocket(f.websocket() + "&fail")->response.status == 400);
  CHECK(f.errors.empty());

  CHECK(f.transport.fetch("GET", f.polling() + "&reply_and_throw")->status() == 200);
  CHECK(f.errors == Strings{"cors: boo"});
  CHECK(f.refusals.size() == 4);
}

TEST_CASE("the allowed origin may be chosen later", "[engine][hooks][cors]") {
  Strings asked;
  std::vector<CorsOriginReply> waiting;
  const CorsOptions options{.origin = CorsOrigin::chosen_by([&](std::string_view origin, CorsOriginReply reply) {
                              asked.emplace_back(origin);
                              waiting.push_back(std::move(reply));
                            }),
                            .credentials = true};
  const bool is_delegated = GENERATE(false, true);
  socketio::EngineOptions engine_options;
  if (is_delegated)
    engine_options.cors_delegate = [options](const HttpRequest&) { return options; };
  else
    engine_options.cors = options;
  EngineFixture f(engine_options);
  const EngineFixture::Headers from_page{{"Origin", "http://page.example"}};

  const auto allowed = f.transport.fetch("GET", f.polling(), {}, from_page);
  CHECK(asked == Strings{"http://page.example"});
  CHECK_FALSE(allowed->ended());
  waiting.at(0)(true);
  waiting.at(0).fail("too late");
  CHECK(allowed->status() == 200);
  CHECK(allowed->header("Access-Control-Allow-Origin") == "http://page.example");
  CHECK(allowed->header("Access-Control-Allow-Credentials") == "true");

  const auto without = f.transport.fetch("GET", f.polling());
  waiting.at(1)(false);
  CHECK(without->status() == 200);
  CHECK_FALSE(without->header("Access-Control-Allow-Credentials"));

  const auto preflight = f.transport.fetch("OPTIONS", f.polling(), {}, from_page);
  waiting.at(2)({"http://other.example", "http://page.example"});
  CHECK(preflight->status() == 204);
  CHECK(preflight->header("Access-Control-Allow-Origin") == "http://page.example");

  const auto failed = f.transport.fetch("GET", f.polling());
  waiting.at(3).fail("no database");
  CHECK(failed->status() == 400);
  CHECK(f.refusals.back().context == "name=MIDDLEWARE_FAILURE message=no database ");

  const auto endless = f.transport.fetch("GET", f.polling());
  waiting.at(4)(options.origin);
  CHECK(endless->status() == 400);
  CHECK(f.refusals.back().context == "name=MIDDLEWARE_FAILURE message=the rule for origins answers later ");

  const auto forgotten = f.transport.fetch("GET", f.polling());
  waiting.clear();
  f.run();
  CHECK(forgotten->destroyed);
}

TEST_CASE("an origin function that throws refuses the request, now and later", "[engine][hooks][cors]") {
  std::optional<CorsOriginReply> waiting;
  EngineFixture f({.cors = CorsOptions{.origin = CorsOrigin::chosen_by([&](std::string_view, CorsOriginReply reply) {
                                         if (!waiting) throw std::runtime_error("boo");
                                         waiting = std::move(reply);
                                       })}});
  CHECK(f.transport.fetch("GET", f.polling())->status() == 400);
  CHECK(f.refusals.back().context == "name=MIDDLEWARE_FAILURE message=boo ");
  waiting.emplace(nullptr);
  const auto late = f.transport.fetch("GET", f.polling());
  (*waiting)(CorsOrigin::if_allowed([](std::string_view) -> bool { throw std::runtime_error("boo later"); }));
  CHECK(late->status() == 400);
  CHECK(f.refusals.back().context == "name=MIDDLEWARE_FAILURE message=boo later ");
}

namespace {

struct Visitor {
  std::string name;
};

/// The name of the visitor that a middleware has attached to the request.
std::string visitor_of(const HttpRequest& request) {
  const Visitor* const visitor = request.get<Visitor>();
  return visitor ? visitor->name : "nobody";
}

/// A middleware that attaches the visitor named in the query.
void attach_visitor(MiddlewareContext& context, const MiddlewareNext& next) {
  if (const auto name = context.query().find("visitor")) context.set(Visitor{std::string(*name)});
  next();
}

}  // namespace

TEST_CASE("what a middleware attaches to a request is read by all that get the request", "[engine][hooks][values]") {
  Strings seen;
  const auto see = [&seen](const char* where, const HttpRequest& request) {
    seen.push_back(where + (' ' + visitor_of(request)));
  };
  socketio::EngineOptions options;
  options.allow_request = [&](const HttpRequest& request, const socketio::Verdict& verdict) {
    see("allow_request", request);
    if (visitor_of(request) == "eve") return verdict.refuse();
    verdict.allow();
  };
  options.generate_id = [&](const HttpRequest& request, const socketio::SessionIdReply& reply) {
    see("generate_id", request);
    reply("id of " + visitor_of(request));
  };
  EngineFixture f(options);
  f.engine.use(attach_visitor);
  f.engine.use([&](MiddlewareContext& context, MiddlewareNext next) {
    see("middleware", context.request());
    next();
  });
  f.engine.on_initial_headers([&](HttpHeaders&, const HttpRequest& request) { see("initial_headers", request); });
  f.engine.on_headers([&](HttpHeaders&, const HttpRequest& request) { see("headers", request); });
  f.engine.on_connection(
      [&](const std::shared_ptr<socketio::Session>& session) { see("connection", session->request()); });
  f.engine.on_connection_error([&](const socketio::ConnectionError& error) { see("refused", error.request); });

  const Strings accepted{"middleware ada",      "allow_request ada", "generate_id ada",
                         "initial_headers ada", "headers ada",       "connection ada"};
  SECTION("over polling") { f.transport.fetch("GET", f.polling() + "&visitor=ada"); }
  SECTION("over a WebSocket") { f.transport.connect_websocket(f.websocket() + "&visitor=ada"); }
  CHECK(seen == accepted);
  seen.clear();
  f.transport.fetch("GET", f.polling() + "&visitor=eve");
  CHECK(seen == Strings{"middleware eve", "allow_request eve", "refused eve"});
}

TEST_CASE("a session keeps what was attached to its handshake, and nothing of later requests",
          "[engine][hooks][values]") {
  EngineFixture f;
  f.engine.use(attach_visitor);
  std::optional<MiddlewareNext> waiting;
  f.engine.use([&](MiddlewareContext& context, MiddlewareNext next) {
    if (context.query().find("late")) {
      waiting = next;
      next();
      context.set(Visitor{"too late"});
    } else {
      next();
    }
  });
  f.transport.fetch("GET", f.polling() + "&visitor=ada");
  socketio::Session& ada = f.session();
  CHECK(visitor_of(ada.request()) == "ada");
  const Visitor* const attached = ada.request().get<Visitor>();
  f.post(ada.id() + "&visitor=eve", "4x");
  auto upgrade = f.probe(ada.id() + "&visitor=mallory");
  upgrade->send_text("5");
  f.run();
  CHECK(ada.is_upgraded());
  CHECK(visitor_of(ada.request()) == "ada");
  CHECK(ada.request().get<Visitor>() == attached);

  f.transport.fetch("GET", f.polling());
  CHECK(visitor_of(f.session().request()) == "nobody");
  f.transport.fetch("GET", f.polling() + "&visitor=grace&late");
  CHECK(visitor_of(f.session().request()) == "grace");
}

TEST_CASE("what was attached to a request is destroyed with its session, or with a refused request",
          "[engine][hooks][values]") {
  EngineFixture f;
  const auto tracked = std::make_shared<int>(1);
  f.engine.use([&](MiddlewareContext& context, MiddlewareNext next) {
    context.set(tracked);
    next();
  });
  f.transport.fetch("GET", f.polling());
  CHECK(tracked.use_count() == 2);
  f.session().close(true);
  f.sessions.clear();
  f.run();
  CHECK(tracked.use_count() == 1);
  CHECK(f.transport.fetch("GET", "/engine.io/?EIO=4&transport=pigeon")->status() == 400);
  CHECK(tracked.use_count() == 1);
}
