// SPDX-License-Identifier: MIT
// The C++ half of the parity tests. server.mjs is the same program on Node.js: what changes here changes there.
//
// Clients send lists of actions, such as ["emit", "news", 1], which the server runs: at once with the event "do", in
// the middleware and in the connection handler with the credentials of the handshake ("use" and "connect"). What
// happens on the server is printed as one line for each occurrence, which begins with the story that the client names
// in its query.

#include <tests/support/stop_on_signal.hpp>
#include <tests/support/test_transport.hpp>

#include <socketio/socketio.hpp>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using socketio::Ack;
using socketio::Args;
using socketio::ConnectError;
using socketio::Next;
using socketio::Value;

struct Config : socketio::DefaultConfig {
  using Transport = socketio::test::TestTransport;
};
using Namespace = socketio::BasicNamespace<Config>;
using Operator = socketio::BasicBroadcastOperator<Config>;
using Server = socketio::BasicServer<Config>;
using Socket = socketio::BasicSocket<Config>;

void print(std::string_view story, Args items) {
  if (story.empty()) return;
  std::cout << story << ' ' << socketio::to_json(Value(Value::Array(std::move(items)))) << '\n' << std::flush;
}

std::string story_of(const socketio::QueryParams& query) { return std::string(query.find("story").value_or("")); }

/// The namespaces of a story have its name in theirs.
std::string story_of(const std::string& nsp) {
  static const std::regex pattern("story-[0-9]+");
  std::smatch found;
  return std::regex_search(nsp, found, pattern) ? found.str() : std::string();
}

Args concat(Args items, const Args& more) {
  items.insert(items.end(), more.begin(), more.end());
  return items;
}

/// What actions act on.
struct Context {
  Server* io;
  Socket socket;
  Args args{};
  Ack<Args> ack{};
  std::optional<Next> next{};
  std::optional<socketio::IncomingEvent> event{};

  std::string story() const { return story_of(socket.handshake().query); }
  void log(Args items) const { print(story(), std::move(items)); }
};

void run(const Value& actions, const Context& context);

/// The actions that wait for ["release", name], by story and name.
std::map<std::string, std::function<void()>>& held() {
  static std::map<std::string, std::function<void()>> actions;
  return actions;
}

Args rest(const Value& action, std::size_t first) {
  Args items;
  for (std::size_t i = first; i < action.size(); ++i) items.push_back(action[i]);
  return items;
}

std::vector<std::string> strings(const Value& list) {
  std::vector<std::string> result;
  for (const Value& item : list) result.push_back(item.as_string());
  return result;
}

Value values(const std::vector<std::string>& list) {
  Value::Array result;
  for (const std::string& item : list) result.emplace_back(item);
  return result;
}

std::chrono::milliseconds milliseconds(const Value& value) { return std::chrono::milliseconds(value.as_int64()); }

/// {"from": "socket", "to": [...], "except": [...], "volatile": true, "local": true, "compress": false, "timeout": 100}
Operator selection(const Context& c, const Value& how) {
  const std::vector<std::string> nobody;
  Operator result = how["from"] == Value("socket") ? c.socket.broadcast() : c.socket.nsp().to(nobody);
  result = result.to(strings(how["to"])).except(strings(how["except"]));
  if (how["volatile"] == Value(true)) result = result.volatile_();
  if (how["local"] == Value(true)) result = result.local();
  if (how["compress"] == Value(false)) result = result.compress(false);
  if (how["timeout"].is_number()) result = result.timeout(milliseconds(how["timeout"]));
  return result;
}

Value describe(const socketio::Handshake& handshake) {
  Value query = Value::object();
  for (const auto& [name, value] : handshake.query)
    if (name != "story" && name != "t") query[name] = value;
  Value headers = Value::object();
  for (const std::string_view name : {"x-custom", "x-twice", "origin", "cookie"})
    if (const auto value = handshake.headers.joined(name)) headers[name] = *value;
  return Value{{"query", query},
               {"headers", headers},
               {"address", handshake.address},
               {"secure", handshake.secure},
               {"xdomain", handshake.xdomain},
               {"path", handshake.url.substr(0, handshake.url.find('?'))}};
}

using Action = void (*)(const Context& c, const Value& a);

void add_output(std::map<std::string, Action>& actions) {
  actions["log"] = [](const Context& c, const Value& a) { c.log(rest(a, 1)); };
  actions["log args"] = [](const Context& c, const Value& a) { c.log(concat(rest(a, 1), c.args)); };
  actions["emit"] = [](const Context& c, const Value& a) { c.socket.emit(a[1].as_string(), rest(a, 2)); };
  actions["emit args"] = [](const Context& c, const Value& a) { c.socket.emit(a[1].as_string(), c.args); };
  actions["send"] = [](const Context& c, const Value& a) { c.socket.send(rest(a, 1)); };
  actions["volatile emit"] = [](const Context& c, const Value& a) {
    c.socket.volatile_().emit(a[1].as_string(), rest(a, 2));
  };
  actions["broadcast"] = [](const Context& c, const Value& a) {
    selection(c, a[1]).emit(a[2].as_string(), rest(a, 3));
  };
  actions["broadcast args"] = [](const Context& c, const Value& a) {
    selection(c, a[1]).emit(a[2].as_string(), c.args);
  };
  actions["ack"] = [](const Context& c, const Value& a) { c.ack(rest(a, 1)); };
  actions["ack args"] = [](const Context& c, const Value&) { c.ack(c.args); };
  actions["ask"] = [](const Context& c, const Value& a) {
    c.socket.emit(a[1].as_string(), rest(a, 2), [c](Args answers) { c.log(concat({"answer"}, answers)); });
  };
  actions["ask within"] = [](const Context& c, const Value& a) {
    c.socket.timeout(milliseconds(a[1])).emit(a[2].as_string(), rest(a, 3), [c](std::error_code error, Args answers) {
      c.log(concat({"answer", error ? Value("error") : Value()}, answers));
    });
  };
  actions["ask and wait"] = [](const Context& c, const Value& a) {
    c.socket.emit_with_ack<Value>(a[1].as_string(), rest(a, 2), [c](std::error_code, Value answer) {
      c.log({"answer", answer});
    });
  };
  actions["ask all"] = [](const Context& c, const Value& a) {
    selection(c, a[1]).emit(a[2].as_string(), rest(a, 3), [c](std::error_code error, std::vector<Value> answers) {
      c.log({"answers", error ? Value("error") : Value(), Value(Value::Array(answers))});
    });
  };
}

void add_rooms(std::map<std::string, Action>& actions) {
  actions["join"] = [](const Context& c, const Value& a) {
    for (const Value& room : rest(a, 1)) c.socket.join(room.as_string());
  };
  actions["leave"] = [](const Context& c, const Value& a) { c.socket.leave(a[1].as_string()); };
  actions["leave own room"] = [](const Context& c, const Value&) { c.socket.leave(c.socket.id()); };
  actions["rooms"] = [](const Context& c, const Value&) { c.log({"rooms", values(c.socket.rooms())}); };
  actions["sockets join"] = [](const Context& c, const Value& a) { selection(c, a[1]).sockets_join(a[2].as_string()); };
  actions["sockets leave"] = [](const Context& c, const Value& a) {
    selection(c, a[1]).sockets_leave(a[2].as_string());
  };
  actions["disconnect sockets"] = [](const Context& c, const Value& a) {
    selection(c, a[1]).disconnect_sockets(a[2] == Value(true));
  };
  actions["fetch"] = [](const Context& c, const Value& a) {
    Value::Array found;
    for (const Socket& each : selection(c, a[1]).fetch_sockets()) found.emplace_back(each.data()["name"]);
    c.log({"found", Value(std::move(found))});
  };
}

void add_handlers(std::map<std::string, Action>& actions) {
  const auto handler = [](const Context& c, const Value& ops) {
    return [io = c.io, socket = c.socket, ops](Args args, Ack<Args> ack) {
      run(ops, {.io = io, .socket = socket, .args = std::move(args), .ack = std::move(ack)});
    };
  };
  static const auto make = handler;
  static const auto make_any = [](const Context& c, const Value& ops) {
    return [io = c.io, socket = c.socket, ops](std::string_view event, const Args& args) {
      run(ops, {.io = io, .socket = socket, .args = concat({Value(event)}, args)});
    };
  };
  actions["on"] = [](const Context& c, const Value& a) { c.socket.on(a[1].as_string(), make(c, a[2])); };
  actions["once"] = [](const Context& c, const Value& a) { c.socket.once(a[1].as_string(), make(c, a[2])); };
  actions["prepend"] = [](const Context& c, const Value& a) { c.socket.prepend(a[1].as_string(), make(c, a[2])); };
  actions["off"] = [](const Context& c, const Value& a) { c.socket.off(a[1].as_string()); };
  actions["off all"] = [](const Context& c, const Value&) { c.socket.remove_all_listeners(); };
  actions["on any"] = [](const Context& c, const Value& a) { c.socket.on_any(make_any(c, a[1])); };
  actions["prepend any"] = [](const Context& c, const Value& a) { c.socket.prepend_any(make_any(c, a[1])); };
  actions["off any"] = [](const Context& c, const Value&) { c.socket.off_any(); };
  actions["on any outgoing"] = [](const Context& c, const Value& a) { c.socket.on_any_outgoing(make_any(c, a[1])); };
  actions["use"] = [](const Context& c, const Value& a) {
    c.socket.use([io = c.io, socket = c.socket, ops = a[1]](socketio::IncomingEvent& event, Next next) {
      Args args{Value(event.name())};
      for (const Value& each : event.args()) args.push_back(each);
      run(ops, {.io = io, .socket = socket, .args = std::move(args), .next = next, .event = event});
    });
  };
  actions["next"] = [](const Context& c, const Value&) { (*c.next)(); };
  actions["refuse"] = [](const Context& c, const Value& a) {
    (*c.next)(a.size() > 2 ? ConnectError(a[1].as_string(), a[2]) : ConnectError(a[1].as_string()));
  };
  actions["set event"] = [](const Context& c, const Value& a) {
    auto event = *c.event;
    event.set(a[1].as_string(), rest(a, 2));
  };
}

void add_flow(std::map<std::string, Action>& actions) {
  actions["later"] = [](const Context& c, const Value& a) {
    asio::post(c.socket.get_executor(), [c, ops = a[1]] { run(ops, c); });
  };
  actions["hold"] = [](const Context& c, const Value& a) {
    held()[c.story() + a[1].as_string()] = [c, ops = a[2]] { run(ops, c); };
  };
  actions["release"] = [](const Context& c, const Value& a) {
    const auto node = held().extract(c.story() + a[1].as_string());
    if (!node.empty()) node.mapped()();
  };
  actions["disconnect"] = [](const Context& c, const Value& a) { c.socket.disconnect(a[1] == Value(true)); };
  actions["close connection"] = [](const Context& c, const Value&) { c.socket.conn().close(); };
  actions["close server"] = [](const Context& c, const Value&) { c.io->close(); };
}

void add_state(std::map<std::string, Action>& actions) {
  actions["set data"] = [](const Context& c, const Value& a) { c.socket.data()[a[1].as_string()] = a[2]; };
  actions["data"] = [](const Context& c, const Value&) { c.log({"data", c.socket.data()}); };
  actions["connected"] = [](const Context& c, const Value&) { c.log({"connected", c.socket.connected()}); };
  actions["recovered"] = [](const Context& c, const Value&) { c.log({"recovered", c.socket.recovered()}); };
  actions["transport"] = [](const Context& c, const Value&) {
    c.log({"transport", Value(c.socket.conn().transport_name())});
  };
  actions["handshake"] = [](const Context& c, const Value&) { c.log({"handshake", describe(c.socket.handshake())}); };
  actions["auth"] = [](const Context& c, const Value&) { c.log({"auth", c.socket.handshake().auth}); };
  actions["namespace"] = [](const Context& c, const Value&) { c.log({"namespace", c.socket.nsp().name()}); };
  actions["count"] = [](const Context& c, const Value&) {
    c.log({"count", static_cast<std::int64_t>(c.socket.nsp().sockets().size())});
  };
}

const std::map<std::string, Action>& actions() {
  static const std::map<std::string, Action> all = [] {
    std::map<std::string, Action> made;
    add_output(made);
    add_rooms(made);
    add_handlers(made);
    add_flow(made);
    add_state(made);
    return made;
  }();
  return all;
}

void run(const Value& list, const Context& context) {
  for (const Value& action : list) {
    const auto found = actions().find(action[0].as_string());
    if (found == actions().end()) throw std::invalid_argument("there is no action \"" + action[0].as_string() + '"');
    found->second(context, action);
  }
}

void connect(Server& io, const Socket& socket) {
  const Context context{.io = &io, .socket = socket};
  context.log({"connection"});
  socket.on("disconnecting", [context](std::string reason) {
    context.log({"disconnecting", reason, values(context.socket.rooms())});
  });
  socket.on("disconnect", [context](std::string reason) { context.log({"disconnect", reason}); });
  socket.on("error", [context](std::string message) { context.log({"error", message}); });
  socket.on("do", [context](Value list, Ack<Args> ack) {
    Context c = context;
    c.ack = ack;
    run(list, c);
    ack({});
  });
  run(socket.handshake().auth["connect"], context);
}

/// Three middleware, which run the three lists of "use" in the credentials.
template <class Nsp>
void set_up(Server& io, const Nsp& nsp) {
  for (std::size_t index = 0; index < 3; ++index) {
    nsp.use([&io, index](Socket socket, Next next) {
      const socketio::Handshake handshake = socket.handshake();
      const Value& list = handshake.auth["use"][index];
      if (list.is_null()) return next();
      run(list, {.io = &io, .socket = socket, .next = next});
    });
  }
  nsp.on("connection", [&io](Socket socket) { connect(io, socket); });
}

void add_namespaces(Server& io) {
  set_up(io, io);
  set_up(io, io.of("/static"));
  io.on("new_namespace", [](Namespace nsp) {
    const std::string story = story_of(nsp.name());
    print(story, {"new namespace", nsp.name()});
    if (!nsp.name().ends_with("/rooms")) return;
    for (const char* const event : {"create-room", "join-room", "leave-room", "delete-room"})
      nsp.adapter().on(event, [story, event](const std::string& room, const std::string& id) {
        print(story, id.empty() ? Args{event, room} : Args{event, room, id});
      });
  });
  set_up(io, io.of(std::regex("^/story-[0-9]+(/|$)")));
  for (const char* const name : {"first", "second"}) {
    set_up(io, io.of([name](const std::string& nsp, const Value& auth, socketio::NamespaceNext next) {
      if (!nsp.starts_with("/asked-")) return next(false);
      print(story_of(nsp), {name, nsp});
      next(auth["accept"] == Value(name));
    }));
  }
}

void report_refusals(Server& io) {
  io.engine().on_connection_error([](const socketio::ConnectionError& error) {
    Value context = Value::object();
    for (const auto& [name, value] : error.context) context[name] = value;
    print(story_of(socketio::QueryParams(error.request.query())),
          {"refused", static_cast<int>(error.code), std::string(error.message), context});
  });
}

socketio::ServerOptions with_hooks() {
  socketio::ServerOptions options;
  options.path = "/custom";
  options.cookie =
      socketio::CookieOptions{.name = "who", .same_site = socketio::CookieOptions::SameSite::strict, .max_age = 1h};
  options.allow_request = [](const socketio::HttpRequest& request, socketio::Verdict verdict) {
    if (request.headers.find("x-unwanted"))
      verdict.refuse("not you");
    else
      verdict.allow();
  };
  return options;
}

void add_hooks(Server& io) {
  using socketio::HttpHeaders, socketio::HttpRequest;
  io.engine().use([](socketio::MiddlewareContext& context, const socketio::MiddlewareNext& next) {
    context.headers().add("x-middleware", "passed");
    if (!context.request().headers.find("x-stop")) return next();
    socketio::HttpResponse response;
    response.status = 503;
    response.body = "stopped";
    context.respond(std::move(response));
  });
  io.engine().on_initial_headers([](HttpHeaders& headers, const HttpRequest&) { headers.add("x-initial", "yes"); });
  io.engine().on_headers([](HttpHeaders& headers, const HttpRequest&) { headers.add("x-each", "yes"); });
}

using Variants = std::vector<std::pair<std::string, socketio::ServerOptions>>;

Variants cors_variants() {
  const auto with = [](socketio::CorsOptions cors) {
    socketio::ServerOptions options;
    options.cors = std::move(cors);
    return options;
  };
  socketio::CorsOptions fixed{.origin = "http://one.example",
                              .methods = {"GET", "POST"},
                              .allowed_headers = {"x-a", "x-b"},
                              .exposed_headers = {"x-c"},
                              .credentials = true,
                              .max_age = 60s,
                              .options_success_status = 200};
  return {
      {"cors any", with({})},
      {"cors fixed", with(fixed)},
      {"cors list", with({.origin = {"http://one.example", std::regex("\\.two\\.example$")}, .credentials = true})},
      {"cors reflect", with({.origin = true})},
      {"cors off", with({.origin = false})},
      {"cors continue", with({.preflight_continue = true})},
  };
}

Variants variants() {
  using Recovery = socketio::ConnectionStateRecoveryOptions;
  Variants all = cors_variants();
  for (const char* const name : {"closing 1", "closing 2", "closing 3"})
    all.emplace_back(name, socketio::ServerOptions{});
  all.emplace_back("recovery", socketio::ServerOptions{.connection_state_recovery = Recovery{}});
  all.emplace_back("recovery with middleware",
                   socketio::ServerOptions{.connection_state_recovery = Recovery{.skip_middlewares = false}});
  all.emplace_back("cleanup", socketio::ServerOptions{.cleanup_empty_child_namespaces = true});
  all.emplace_back("impatient", socketio::ServerOptions{.connect_timeout = 2s, .upgrade_timeout = 200ms});
  all.emplace_back("pings", socketio::ServerOptions{.ping_interval = 50ms, .ping_timeout = 20s});
  all.emplace_back("unanswered", socketio::ServerOptions{.ping_interval = 1500ms, .ping_timeout = 500ms});
  all.emplace_back("small", socketio::ServerOptions{.max_http_buffer_size = 1000});
  all.emplace_back("websocket only", socketio::ServerOptions{.transports = {.polling = false}});
  all.emplace_back("polling only", socketio::ServerOptions{.transports = {.websocket = false}});
  all.emplace_back("no upgrade", socketio::ServerOptions{.allow_upgrades = false});
  all.emplace_back("no slash", socketio::ServerOptions{.add_trailing_slash = false});
  all.emplace_back("initial packet", socketio::ServerOptions{.initial_packet = "welcome"});
  all.emplace_back("old clients", socketio::ServerOptions{.allow_eio3 = true});
  all.emplace_back("hooks", with_hooks());
  all.emplace_back("main", socketio::ServerOptions{});
  return all;
}

}  // namespace

int main() {
  asio::io_context context;
  std::vector<std::unique_ptr<Server>> servers;
  for (auto& [name, options] : variants()) {
    servers.push_back(std::make_unique<Server>(context, std::move(options), socketio::test::on_tcp()));
    Server& io = *servers.back();
    io.on_error([](const socketio::ErrorReport&) {});
    add_namespaces(io);
    report_refusals(io);
    if (name == "hooks") add_hooks(io);
    std::cout << "variant " << name << ": " << io.listen(0, "127.0.0.1") << '\n';
  }
  std::cout << "listening on 0\n" << std::flush;
  stop_on_signal(context, [&servers] {
    for (const auto& io : servers) io->close();
  });
  context.run();
  held().clear();  // they hold sockets
}
