// SPDX-License-Identifier: MIT
// Namespaces: a public one, one for administrators with a token, one for each tenant; all on one connection.

#include <examples/options.hpp>
#include <socketio/socketio.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

using socketio::ConnectError;
using socketio::Namespace;
using socketio::Socket;
using socketio::Value;

/// A message of a client to the others in its namespace.
struct Said {
  std::string from, text;
};
SOCKETIO_STRUCT(Said, from, text)

// Limits for input from a client; the page applies them in characters, of up to four bytes each.
bool is_message(const std::string& text) { return !text.empty() && text.size() <= 1120; }
bool is_name(const Value& name) {
  return name.is_string() && !name.as_string().empty() && name.as_string().size() <= 80;
}

/// Tells the administrators what happened, and the current number of clients in each namespace.
using Report = std::function<void(const std::string& what)>;

void put(Socket socket, const std::string& room, bool inside) {
  if (inside)
    socket.join(room);
  else
    socket.leave(room);
}

/// "/": everyone may speak, unless an administrator has muted it.
void serve_public(Namespace nsp, const bool& muted, const Report& report) {
  nsp.on("connection", [nsp, &muted, &report](Socket socket) {
    nsp.emit("visitors", nsp.sockets().size());
    report("someone came to /");

    socket.use([&muted](socketio::IncomingEvent& event) {
      if (muted && event.name() == "say") throw socketio::MiddlewareError("An administrator has muted this place.");
    });
    socket.on("error", [socket](std::string why) { socket.emit("refused", why); });

    socket.on("say", [nsp, guest = "Guest " + socket.id().substr(0, 4)](std::string text) {
      if (is_message(text)) nsp.emit("said", Said{guest, text});
    });
    socket.on("subscribe", [socket](bool wanted) { put(socket, "announcements", wanted); });
    socket.on("disconnect", [nsp, &report] {
      nsp.emit("visitors", nsp.sockets().size());
      report("someone left /");
    });
  });
}

/// "/admin": a middleware accepts clients with the token.
void serve_admin(Namespace nsp, Namespace everyone, const std::string& token, bool& muted, const Report& report) {
  nsp.use([&token](Socket socket) {
    if (socket.handshake().auth["token"] != Value(token))
      throw ConnectError("Wrong token", Value{{"hint", "The server printed it when it started."}});
  });

  nsp.on("connection", [nsp, everyone, &muted, &report](Socket socket) {
    socket.emit("muted", muted);
    report("an administrator came to /admin");

    socket.on("announce", [everyone](std::string text) {
      if (is_message(text)) everyone.to("announcements").emit("announcement", text);
    });
    socket.on("mute", [nsp, &muted](bool wanted) {
      muted = wanted;
      nsp.emit("muted", muted);
    });
    socket.on("watch", [socket](bool wanted) { put(socket, "arrivals", wanted); });
    socket.on("disconnect", [&report] { report("an administrator left /admin"); });
  });
}

/// "/tenant-...": for the people of a tenant. Each sits at a desk, which is a room of this namespace alone.
void serve_tenant(Namespace nsp, const Report& report) {
  static const std::vector<std::string> desks{"sales", "support"};

  const auto show_members = [nsp](const std::string& desk) {
    std::vector<std::string> names;
    for (const Socket& member : nsp.room(desk).members()) names.push_back(member.data()["name"].as_string());
    nsp.to(desk).emit("members", desk, names);
  };

  nsp.use([](Socket socket) {
    const Value name = socket.handshake().auth["name"];
    if (!is_name(name)) throw ConnectError("Please give a name of 1 to 20 characters");
    socket.data() = Value{{"name", name}, {"desk", ""}};
  });

  nsp.on("connection", [nsp, show_members, &report](Socket socket) {
    const std::string name = socket.data()["name"].as_string();
    socket.emit("desks", desks);
    report(name + " came to " + nsp.name());

    socket.on("sit", [socket, show_members](std::string desk) {
      if (std::find(desks.begin(), desks.end(), desk) == desks.end()) return;
      const std::string before = socket.data()["desk"].as_string();
      socket.leave(before);
      socket.join(desk);
      socket.data()["desk"] = desk;
      show_members(before);
      show_members(desk);
    });
    socket.on("say", [nsp, socket, name](std::string text) {
      if (is_message(text)) nsp.to(socket.data()["desk"].as_string()).emit("said", Said{name, text});
    });
    socket.on("disconnect", [nsp, socket, name, show_members, &report] {
      show_members(socket.data()["desk"].as_string());
      report(name + " left " + nsp.name());
    });
  });
}

int main(int argc, char** argv) try {
  const examples::Options options(argc, argv, "Four namespaces on one connection.",
                                  {{"--port", "3000"}, {"--token", "let-me-in"}});
  socketio::Server io;
  const Namespace admin = io.of("/admin");
  const std::array spaces{io.of("/"), admin, io.of("/tenant-acme"), io.of("/tenant-globex")};
  bool muted = false;

  const Report report = [&](const std::string& what) {
    Value counts = Value::object();
    for (const Namespace& nsp : spaces) counts[nsp.name()] = nsp.sockets().size();
    admin.emit("counts", counts);
    admin.to("arrivals").emit("arrival", what);
  };

  serve_public(io.of("/"), muted, report);
  serve_admin(admin, io.of("/"), options["--token"], muted, report);
  serve_tenant(io.of("/tenant-acme"), report);
  serve_tenant(io.of("/tenant-globex"), report);

  io.serve_directory(PUBLIC_DIR);
  const std::uint16_t port = io.listen(options.port());
  std::cout << "the token for /admin is " << options["--token"] << '\n'
            << "listening on http://localhost:" << port << std::endl;

  io.shutdown_on_signals(std::chrono::seconds(5));
  io.run();
} catch (const std::exception& error) {
  std::cerr << "namespaces: " << error.what() << '\n';
  return 1;
}
