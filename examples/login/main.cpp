// SPDX-License-Identifier: MIT
// Login: a form and a cookie say who somebody is, and the sockets of the page know it.

#include <examples/listen.hpp>
#include <examples/options.hpp>
#include <socketio/protocol/sid.hpp>
#include <socketio/socketio.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

using socketio::ExchangePtr;
using socketio::HttpRequest;
using socketio::HttpResponse;
using socketio::Socket;

/// What the middleware attaches to the requests of somebody who is logged in.
struct User {
  std::string name;
  std::string session;
};

struct Message {
  std::string from, text;
};
SOCKETIO_STRUCT(Message, from, text)

// Limits for input from a client; the page applies them in characters, of up to four bytes each.
bool is_message(const std::string& text) { return !text.empty() && text.size() <= 4000; }
bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= 80 &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' '; });  // names are logged
}

/// The sessions of all people: the secret in the cookie, and whose it is.
using Sessions = std::map<std::string, std::string>;

/// The session that the cookie of a request names; `end()` if there is none.
Sessions::iterator session_of(const HttpRequest& request, Sessions& sessions) {
  return sessions.find(request.cookies()["session"]);
}

/// A redirection to the page that sets the cookie; without a session it deletes it.
HttpResponse to_page(const HttpRequest& request, const std::string& session) {
  // HttpOnly: no script reads it. SameSite: pages of other sites cannot use it, neither for requests nor for sockets.
  socketio::CookieOptions cookie{.name = "session",
                                 .http_only = true,
                                 .same_site = socketio::CookieOptions::SameSite::lax,
                                 .secure = request.secure};
  if (session.empty()) cookie.max_age = std::chrono::seconds(0);
  HttpResponse response{.status = 303};
  response.headers.add("Location", "/");
  response.headers.add("Set-Cookie", socketio::serialize_cookie(cookie, session));
  return response;
}

int main(int argc, char** argv) try {
  const examples::Options options(argc, argv, "A chat for people who are logged in.",
                                  {{"--port", "3000"}, {"--password", "open-sesame"}, {"--cert", ""}, {"--key", ""}});
  socketio::Server io;
  Sessions sessions;
  const std::string& password = options["--password"];

  const auto log_in = [&](const ExchangePtr& exchange, const std::string& form) {
    const socketio::QueryParams fields(form);
    const std::string name(fields.find("name").value_or(""));
    // Everybody has the same password here. A program of yours asks its database, which has a hash for each person.
    if (!is_name(name) || fields.find("password") != password) {
      HttpResponse refusal{.status = 303};
      refusal.headers.add("Location", "/?refused");
      return exchange->respond(std::move(refusal));
    }
    const std::string session = socketio::make_sid();
    sessions.emplace(session, name);
    std::cout << name << " logged in" << std::endl;
    exchange->respond(to_page(exchange->request(), session));
  };

  const auto log_out = [&](const ExchangePtr& exchange) {
    const auto session = session_of(exchange->request(), sessions);
    if (session != sessions.end()) {
      const std::string name = session->second;
      std::erase_if(sessions, [&](const auto& each) { return each.second == name; });
      io.in("user:" + name).disconnect_sockets(true);
      std::cout << name << " logged out" << std::endl;
    }
    exchange->respond(to_page(exchange->request(), {}));
  };

  io.on_request([&, files = socketio::StaticFiles(PUBLIC_DIR)](const ExchangePtr& exchange) {
    const bool is_post = exchange->request().method == "POST";
    if (is_post && exchange->request().path() == "/login") {
      exchange->read_body(2000, [&, exchange](socketio::BodyError error, const std::string& form) {
        if (error == socketio::BodyError::too_large) return exchange->respond({.status = 413});
        if (error == socketio::BodyError::none) log_in(exchange, form);
      });
    } else if (is_post && exchange->request().path() == "/logout") {
      log_out(exchange);
    } else {
      files(exchange);
    }
  });

  // For each request of Socket.IO: who is it?
  io.engine().use([&](socketio::MiddlewareContext& context, const socketio::MiddlewareNext& next) {
    const auto session = session_of(context.request(), sessions);
    if (session != sessions.end()) context.set(User{session->second, session->first});
    next();
  });

  // For each socket: may it connect? Somebody may have logged out since the request.
  io.use([&](const Socket& socket) {
    const User* const user = socket.request().get<User>();
    if (user == nullptr || sessions.count(user->session) == 0) throw socketio::ConnectError("Please log in.");
  });

  const auto tell_who_is_here = [&] {
    std::set<std::string> names;
    for (const Socket& socket : io.sockets()) names.insert(socket.request().get<User>()->name);
    io.emit("people", names);
  };

  io.on("connection", [&](Socket socket) {
    const std::string name = socket.request().get<User>()->name;
    socket.join("user:" + name);
    socket.emit("welcome", name);
    tell_who_is_here();

    socket.on("say", [&io, name](std::string text) {
      if (is_message(text)) io.emit("said", Message{name, text});
    });
    socket.on("disconnect", [&, name](socketio::DisconnectReason why) {
      std::cout << name << " left: " << to_string(why) << std::endl;
      tell_who_is_here();
    });
  });

  std::cout << "the password is " << password << '\n' << "listening on " << examples::listen(io, options) << std::endl;

  io.shutdown_on_signals(std::chrono::seconds(5));
  io.run();
} catch (const std::exception& error) {
  std::cerr << "login: " << error.what() << '\n';
  return 1;
}
