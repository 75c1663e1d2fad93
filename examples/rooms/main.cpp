// SPDX-License-Identifier: MIT
// Rooms: opened and joined by name; messages to one room, to several at once, or to everyone except some rooms.

#include <examples/options.hpp>
#include <socketio/socketio.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <vector>

/// A message from a client: for these rooms, or for everyone except these rooms.
struct Request {
  std::string text;
  std::vector<std::string> rooms;
  bool except;
};
SOCKETIO_STRUCT(Request, text, rooms, except)

/// The same message, as the receivers get it.
struct Message {
  std::string from, text;
  std::vector<std::string> rooms;
  bool except;
};
SOCKETIO_STRUCT(Message, from, text, rooms, except)

/// The answer to every request.
struct Answer {
  bool ok;
  std::string error;  // the reason if not, in words for the page
};
SOCKETIO_STRUCT(Answer, ok, error)

// Limits for input from a client; the page applies them in characters, of up to four bytes each.
constexpr std::size_t max_rooms = 20;
bool is_message(const std::string& text) { return !text.empty() && text.size() <= 4000; }
bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= 80 &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' '; });  // names are logged
}

/// Whether a room is one of ours. The `#` distinguishes them from the rooms with the names of socket ids: no client can
/// join the room of another socket.
bool is_room(const std::string& room) { return room.size() > 1 && room.front() == '#' && is_name(room); }

/// Every room and the names of its members.
std::map<std::string, std::vector<std::string>> directory(const socketio::Namespace& nsp) {
  std::map<std::string, std::vector<std::string>> rooms;
  for (const std::string& room : nsp.rooms()) {
    if (!is_room(room)) continue;
    for (const socketio::Socket& member : nsp.room(room).members())
      rooms[room].push_back(member.data()["name"].as_string());
  }
  return rooms;
}

int main(int argc, char** argv) try {
  const examples::Options options(argc, argv, "Rooms that people open, join and leave.", {{"--port", "3000"}});
  socketio::Server io;

  io.use([](socketio::Socket socket) {
    const socketio::Value name = socket.handshake().auth["name"];
    if (!name.is_string() || !is_name(name.as_string()))
      throw socketio::ConnectError("Please choose a name of 1 to 20 characters.");
    socket.data()["name"] = name;
  });

  io.on("connection", [&](socketio::Socket socket) {
    const std::string name = socket.data()["name"].as_string();
    socket.emit("rooms", directory(io.of("/")));

    socket.on("join", [&io, socket, name](std::string room) -> Answer {
      if (!is_room(room)) return {false, "A room's name has 1 to 20 characters."};
      if (socket.rooms().size() > max_rooms) return {false, "You are in too many rooms."};
      if (socket.is_in(room)) return {true, ""};
      socket.join(room);
      socket.to(room).emit("joined", room, name);
      io.emit("rooms", directory(io.of("/")));
      return {true, ""};
    });

    socket.on("leave", [&io, socket, name](std::string room) -> Answer {
      if (!is_room(room) || !socket.is_in(room)) return {false, "You are not in " + room + "."};
      socket.leave(room);
      io.to(room).emit("left", room, name);
      io.emit("rooms", directory(io.of("/")));
      return {true, ""};
    });

    socket.on("message", [socket, name](Request request) -> Answer {
      if (!is_message(request.text)) return {false, "A message has 1 to 1000 characters."};
      if (request.rooms.empty()) return {false, "Choose at least one room."};
      if (request.rooms.size() > max_rooms || !std::all_of(request.rooms.begin(), request.rooms.end(), is_room))
        return {false, "There are no such rooms."};
      const auto audience = request.except ? socket.except(request.rooms) : socket.to(request.rooms);
      audience.emit("message", Message{name, request.text, request.rooms, request.except});
      return {true, ""};
    });

    socket.on("disconnecting", [socket, name] {  // the socket is still in its rooms
      for (const std::string& room : socket.rooms())
        if (is_room(room)) socket.to(room).emit("left", room, name);
    });

    socket.on("disconnect", [&io, name](socketio::DisconnectReason why) {
      std::cout << name << " left: " << to_string(why) << std::endl;
      io.emit("rooms", directory(io.of("/")));
    });
  });

  io.serve_directory(PUBLIC_DIR);
  const std::uint16_t port = io.listen(options.port());
  std::cout << "listening on http://localhost:" << port << std::endl;

  io.shutdown_on_signals(std::chrono::seconds(5));
  io.run();
} catch (const std::exception& error) {
  std::cerr << "rooms: " << error.what() << '\n';
  return 1;
}
