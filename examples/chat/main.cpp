// SPDX-License-Identifier: MIT
// The chat: everyone reads everyone's messages, sees who is present and who is typing, and can write to one person
// alone.

#include <examples/listen.hpp>
#include <examples/options.hpp>
#include <socketio/socketio.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <vector>

struct Message {
  std::string from, text;
};
SOCKETIO_STRUCT(Message, from, text)

/// The answer to every request.
struct Answer {
  bool ok;
  std::string error;  // the reason if not, in words for the page
};
SOCKETIO_STRUCT(Answer, ok, error)

// Limits for input from a client; the page applies them in characters, of up to four bytes each.
bool is_message(const std::string& text) { return !text.empty() && text.size() <= 4000; }
bool is_nickname(const std::string& text) {
  return !text.empty() && text.size() <= 80 &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' '; });  // nicknames are logged
}

int main(int argc, char** argv) try {
  const examples::Options options(argc, argv, "A chat for everyone who opens its page.",
                                  {{"--port", "3000"}, {"--cert", ""}, {"--key", ""}});
  socketio::Server io;
  std::map<std::string, std::string> people;  // nickname -> id of its socket

  const auto nicknames = [&] {
    std::vector<std::string> names;
    for (const auto& [nick, id] : people) names.push_back(nick);
    return names;
  };

  io.on("connection", [&](socketio::Socket socket) {
    std::cout << "a user connected" << std::endl;
    socket.data()["nick"] = "";  // empty until the client has joined: before that it can read, but not write
    socket.emit("people", nicknames());
    const auto nick = [socket] { return socket.data()["nick"].as_string(); };

    socket.on("join", [&, socket, nick](std::string wanted) -> Answer {
      if (!nick().empty()) return {false, "You have a nickname already."};
      if (!is_nickname(wanted)) return {false, "A nickname has 1 to 20 characters."};
      if (!people.emplace(wanted, socket.id()).second)
        return {false, wanted + " is taken. Please pick another nickname."};
      socket.data()["nick"] = wanted;
      socket.broadcast().emit("joined", wanted);
      io.emit("people", nicknames());
      return {true, ""};
    });

    socket.on("message", [&, nick](std::string text) -> Answer {
      if (nick().empty()) return {false, "Please join first."};
      if (!is_message(text)) return {false, "A message has 1 to 1000 characters."};
      io.emit("message", Message{nick(), text});
      return {true, ""};
    });

    socket.on("direct", [&, nick](std::string to, std::string text) -> Answer {
      if (nick().empty()) return {false, "Please join first."};
      if (!is_message(text)) return {false, "A message has 1 to 1000 characters."};
      const auto person = people.find(to);
      if (person == people.end()) return {false, to + " is not here any more."};
      io.to(person->second).emit("direct", Message{nick(), text});  // every socket is in a room with the name of its id
      return {true, ""};
    });

    socket.on("typing", [socket, nick](bool typing) {
      if (!nick().empty()) socket.broadcast().emit("typing", nick(), typing);
    });

    socket.on("disconnect", [&, nick](socketio::DisconnectReason why) {
      std::cout << (nick().empty() ? "a user" : nick()) << " left: " << to_string(why) << std::endl;
      if (people.erase(nick()) == 0) return;
      io.emit("left", nick());
      io.emit("people", nicknames());
    });
  });

  io.serve_directory(PUBLIC_DIR);
  std::cout << "listening on " << examples::listen(io, options) << std::endl;

  io.shutdown_on_signals(std::chrono::seconds(5));
  io.run();
} catch (const std::exception& error) {
  std::cerr << "chat: " << error.what() << '\n';
  return 1;
}
