// SPDX-License-Identifier: MIT
// Runs the blocks of the documents, each on a server of its own over TCP, and checks what their comments say.
//
// Two clients connect to the server, both to "/". The first one is `other`: "/admin" is open to it too, and its socket
// is in "room1". The second one is `client`: the block gets its socket. When the block has returned (or a coroutine has
// reached its first wait), its comments are executed from top to bottom. A comment that begins with the name of a
// client is an instruction:
//
//   // client receives: ["hello",1,<Buffer 06>]    the next that comes is this event (receives in /admin: ...)
//   // client receives nothing
//   // client answers: ["world"]                   acknowledges the event that it received last
//   // client sends: ["hello",1]                   (sends in /admin: ...)
//   // client asks: ["sum",1,2]                    sends, and expects an acknowledgement
//   // client is answered: [3]
//   // client connects                             (connects to /admin) (connects with {"token":"123"}); a block that
//                                                  has this begins without clients
//   // client is refused: {"message":"..."}
//   // client leaves                               disconnects from "/" (leaves /admin)
//   // client is disconnected                      by the server, from "/" (is disconnected from /admin)
//   // client's connection ends
//
// And so are these:
//
//   // the error hook is told: argument 1          some text of the report
//   // throws std::invalid_argument                the block does; nothing follows it
//
// The test fails if anything else happens: a block throws, a coroutine never ends, the error hook is called, or a
// client that has instructions has received something that none of them mentions.

#include "snippet.hpp"

#include <tests/support/catch.hpp>
#include <tests/support/harness.hpp>

#include <asio/co_spawn.hpp>

#include <algorithm>
#include <deque>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <streambuf>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::test {
namespace {

/// How a block differs from its comments.
struct Difference : std::runtime_error {
  using std::runtime_error::runtime_error;
};

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// Takes " in /admin" or similar from the front; "/" if there is none.
std::string take_namespace(std::string_view& text, std::string_view word) {
  const std::string preposition = " " + std::string(word) + " ";
  if (!take_prefix(text, preposition)) return "/";
  const std::size_t end = std::min(text.find_first_of(" :"), text.size());
  const std::string nsp(text.substr(0, end));
  text.remove_prefix(end);
  return nsp;
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "<Buffer";
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text += {' ', digits[value >> 4], digits[value & 15]};
  }
  return text + '>';
}

void replace(std::string& text, std::string_view from, std::string_view to) {
  if (const std::size_t at = text.find(from); at != std::string::npos) text.replace(at, from.size(), to);
}

/// The JavaScript client at the other end of one connection.
class Client {
 public:
  Client(Wire& wire, std::string name)
      : socket_(wire.open("/socket.io/?EIO=4&transport=websocket")), name_(std::move(name)) {
    socket_->next();  // the handshake
  }

  void request_connection(const std::string& nsp, std::string_view auth = {}) {
    send("40" + prefix(nsp) + std::string(auth));
  }
  /// @throws Difference  when the client is refused
  void expect_connection(const std::string& nsp) {
    const std::string expected = "40" + prefix(nsp) + '{';
    const std::string reply = next("a connection");
    if (reply.substr(0, expected.size()) != expected) throw Difference(name_ + " got " + reply);
  }
  void connect(const std::string& nsp) {
    request_connection(nsp);
    expect_connection(nsp);
  }

  void receive(const std::string& nsp, std::string_view expected) { expect('2', nsp, expected); }
  void be_answered(std::string_view expected) { expect('3', "/", expected); }
  void be_refused(const std::string& nsp, std::string_view data) {
    expect_text("44" + prefix(nsp) + std::string(data));
  }
  void be_disconnected(const std::string& nsp) { expect_text("41" + prefix(nsp)); }

  void answer(std::string_view items) {
    if (!received_id_) throw Difference(name_ + " has received nothing that asks for an answer");
    send_packet('3', received_nsp_, *std::exchange(received_id_, std::nullopt), items);
  }
  void emit(const std::string& nsp, std::string_view items) { send_packet('2', nsp, "", items); }
  void ask(const std::string& nsp, std::string_view items) { send_packet('2', nsp, "0", items); }
  void leave(const std::string& nsp) { send("41" + prefix(nsp)); }

  /// The packets that have arrived and that no instruction has taken; empty if there are none.
  std::string unexpected() { return !has_ended_ && socket_->has_message() ? socket_->next() : std::string(); }
  /// Whether the connection ends; packets that disconnect the client from its namespaces first are ignored.
  bool ends() {
    if (!socket_->closed()) return false;
    while (socket_->has_message())
      if (const std::string message = socket_->next(); message.substr(0, 2) != "41")
        throw Difference(name_ + " got " + message + " before its connection ended");
    return has_ended_ = true;
  }

 private:
  static std::string prefix(const std::string& nsp) { return nsp == "/" ? std::string() : nsp + ","; }

  void send(const std::string& packet) { socket_->text(packet); }

  void send_packet(char type, const std::string& nsp, const std::string& id, std::string_view items) {
    std::string text(items);
    std::vector<std::string> attachments;
    for (std::size_t at; (at = text.find("<Buffer")) != std::string::npos;) {
      const std::size_t end = text.find('>', at);
      std::string bytes;
      for (std::size_t i = at + 7; i + 3 <= end; i += 3)
        bytes += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      text.replace(at, end + 1 - at, R"({"_placeholder":true,"num":)" + std::to_string(attachments.size()) + "}");
      attachments.push_back(bytes);
    }
    std::string head = "4";
    head += attachments.empty() ? type : type == '2' ? '5' : '6';
    if (!attachments.empty()) head += std::to_string(attachments.size()) + '-';
    send(head + prefix(nsp) + id + text);
    for (const std::string& bytes : attachments) socket_->binary(bytes);
  }

  std::string next(std::string_view expected) {
    try {
      return socket_->next();
    } catch (const std::exception&) {
      throw Difference(name_ + " has got nothing; expected: " + std::string(expected));
    }
  }

  void expect_text(const std::string& expected) {
    if (const std::string got = next(expected); got != expected)
      throw Difference(name_ + " got " + got + "; expected: " + expected);
  }

  /// An event ('2') or an acknowledgement ('3') with these arguments.
  void expect(char type, const std::string& nsp, std::string_view expected) {
    const std::string got = next(expected);
    std::string_view rest = got;
    take_prefix(rest, "4");
    const char got_type = rest.empty() ? '?' : rest.front() == '5' ? '2' : rest.front() == '6' ? '3' : rest.front();
    const bool is_binary = !rest.empty() && got_type != rest.front();
    if (!rest.empty()) rest.remove_prefix(1);
    std::size_t attachments = 0;
    if (is_binary) {
      attachments = static_cast<std::size_t>(std::stoul(std::string(rest)));
      rest.remove_prefix(rest.find('-') + 1);
    }
    const bool right_namespace = take_prefix(rest, prefix(nsp)) && rest.substr(0, 1) != "/";
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    if (type == '2') {
      received_nsp_ = nsp;
      received_id_.reset();
      if (digits > 0) received_id_ = std::string(rest.substr(0, digits));
    }
    std::string items(rest.substr(digits));
    for (std::size_t i = 0; i < attachments; ++i) {
      const std::string bytes = next("an attachment").substr(std::string_view("<binary>").size());
      replace(items, R"({"_placeholder":true,"num":)" + std::to_string(i) + "}", hex(bytes));
    }
    if (got_type != type || !right_namespace || items != expected)
      throw Difference(name_ + " got " + got + (is_binary ? " with " + items : "") +
                       "; expected: " + std::string(expected));
  }

  std::shared_ptr<WebSocketClient> socket_;
  std::string name_;
  std::string received_nsp_ = "/";
  std::optional<std::string> received_id_;
  bool has_ended_ = false;
};

/// One instruction from a comment.
struct Step {
  std::string who;   // "client" or "other"; empty if it is for neither
  std::string what;  // the rest of the line
};

std::vector<Step> steps_in(std::string_view text) {
  std::vector<Step> steps;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    while (!line.empty() && line.back() == ' ') line.remove_suffix(1);
    const std::size_t at = line.find("// ");
    if (at == std::string_view::npos) continue;
    line.remove_prefix(at + 3);
    if (line.substr(0, 4) == "the " && line.find("error hook is told: ") == 4)
      steps.push_back({"", std::string(line.substr(4))});
    else if (line == "throws std::invalid_argument")
      steps.push_back({"", std::string(line)});
    for (const std::string_view name : {"client", "other"}) {
      const std::string_view after = line.substr(std::min(line.size(), name.size()));
      if (line.substr(0, name.size()) == name && (after.substr(0, 1) == " " || after.substr(0, 2) == "'s"))
        steps.push_back({std::string(name), std::string(after)});
    }
  }
  return steps;
}

class Run {
 public:
  explicit Run(const Snippet& snippet) : snippet_(snippet), steps_(steps_in(snippet.text())), io_(context_) {}

  /// @throws Difference and other exceptions, if the block does not do what it says
  void play() {
    const std::uint16_t port = io_.listen(0, "127.0.0.1");
    wire_ = make_tcp_wire(context_, port);
    io_.on_error([this](const ErrorReport& report) { reports_.push_back(report.message()); });
    io_.of("/admin");
    io_.on("connection", [this](Socket socket) { welcome(socket); });
    const bool throws = !steps_.empty() && steps_.back().what == "throws std::invalid_argument";
    if (const auto* function = std::get_if<Snippet::AtTheStart>(&snippet_.function())) begin([&] { (*function)(io_); });
    if (!has_step("connects")) {
      open("other").connect("/admin");
      open("other").connect("/");
      wire_->until([this] { return other_is_there_; });
      open("client").connect("/");
      wire_->until([this] { return has_begun_; });
    }
    if (throws != is_invalid_) throw Difference(throws ? "has not thrown" : failure_);
    if (throws) failure_.clear();
    if (!failure_.empty()) throw Difference(failure_);
    for (const Step& step : steps_) {
      try {
        take(step);
      } catch (const std::exception& error) {
        throw Difference(step.who + step.what + ": " + error.what() + "; at the error hook: " + told());
      }
    }
    if (!wire_->until([this] { return has_ended_ || !failure_.empty(); })) throw Difference("its coroutine never ends");
    if (!failure_.empty()) throw Difference(failure_);
    for (auto& [name, client] : clients_) {
      if (!has_step_for(name)) continue;
      if (const std::string message = client.unexpected(); !message.empty())
        throw Difference(name + " got " + message + " as well");
    }
    wire_->pump();
    if (!reports_.empty()) throw Difference("the error hook was told: " + told());
    io_.close();
    wire_->pump();
  }

 private:
  bool has_step(std::string_view verb) const {
    return std::any_of(steps_.begin(), steps_.end(), [&](const Step& step) {
      return step.what.substr(0, verb.size() + 1) == " " + std::string(verb);
    });
  }
  bool has_step_for(const std::string& who) const {
    return std::any_of(steps_.begin(), steps_.end(), [&](const Step& step) { return step.who == who; });
  }
  std::string told() const {
    std::string text;
    for (const std::string& report : reports_) text += report + "; ";
    return text.empty() ? "nothing" : text;
  }

  Client& open(const std::string& name) { return clients_.try_emplace(name, *wire_, name).first->second; }

  /// Calls the block, and stores the outcome.
  template <class F>
  void begin(F&& call) {
    has_begun_ = has_ended_ = true;
    try {
      call();
    } catch (const std::invalid_argument& error) {
      is_invalid_ = true;
      failure_ = error.what();
    } catch (const std::exception& error) {
      failure_ = error.what();
    }
  }

  void welcome(const Socket& socket) {
    if (!other_is_there_ && !has_step("connects")) {
      other_is_there_ = true;
      socket.join("room1");
      return;
    }
    if (has_begun_) return;
    if (const auto* function = std::get_if<Snippet::OnConnection>(&snippet_.function())) {
      begin([&] { (*function)(io_, socket, socket.nsp()); });
    } else if (const auto* coroutine = std::get_if<Snippet::InCoroutine>(&snippet_.function())) {
      has_begun_ = true;
      asio::co_spawn(io_.get_executor(), (*coroutine)(io_, socket, socket.nsp()), [this](std::exception_ptr failure) {
        begin([&] {
          if (failure) std::rethrow_exception(failure);
        });
      });
    }
  }

  void take(const Step& step) {
    std::string_view what = step.what;
    if (step.who.empty()) {
      if (what == "throws std::invalid_argument") return;
      take_prefix(what, "error hook is told: ");
      const auto is_it = [&](const std::string& report) { return report.find(what) != std::string::npos; };
      const auto found = [&] { return std::find_if(reports_.begin(), reports_.end(), is_it); };
      if (!wire_->until([&] { return found() != reports_.end(); })) throw Difference("nothing of that");
      reports_.erase(found());
      return;
    }
    if (take_prefix(what, " connects")) {
      const std::string nsp = take_namespace(what, "to");
      const bool has_auth = take_prefix(what, " with ");
      open(step.who).request_connection(nsp, has_auth ? what : std::string_view());
      if (!next_is_refusal(step)) open(step.who).expect_connection(nsp);
      return;
    }
    const auto found = clients_.find(step.who);
    if (found == clients_.end()) throw Difference("there is no such client");
    Client& client = found->second;
    if (what == " receives nothing") {
      if (const std::string message = client.unexpected(); !message.empty()) throw Difference("got " + message);
    } else if (take_prefix(what, " receives")) {
      const std::string nsp = take_namespace(what, "in");
      client.receive(nsp, after_colon(what));
    } else if (take_prefix(what, " answers")) {
      client.answer(after_colon(what));
    } else if (take_prefix(what, " sends")) {
      const std::string nsp = take_namespace(what, "in");
      client.emit(nsp, after_colon(what));
    } else if (take_prefix(what, " asks")) {
      const std::string nsp = take_namespace(what, "in");
      client.ask(nsp, after_colon(what));
    } else if (take_prefix(what, " is answered")) {
      client.be_answered(after_colon(what));
    } else if (take_prefix(what, " is refused")) {
      const std::string nsp = take_namespace(what, "in");
      client.be_refused(nsp, after_colon(what));
    } else if (take_prefix(what, " is disconnected")) {
      client.be_disconnected(take_namespace(what, "from"));
    } else if (take_prefix(what, " leaves")) {
      client.leave(what.empty() ? "/" : std::string(what.substr(1)));
    } else if (what == "'s connection ends") {
      if (!client.ends()) throw Difference("it does not");
    } else {
      throw Difference("no instruction");
    }
  }

  static std::string_view after_colon(std::string_view text) {
    if (!take_prefix(text, ": ")) throw Difference("no instruction");
    return text;
  }

  bool next_is_refusal(const Step& step) const {
    const Step* next = &step + 1;
    return next < steps_.data() + steps_.size() && next->what.substr(0, 11) == " is refused";
  }

  const Snippet& snippet_;
  std::vector<Step> steps_;
  asio::io_context context_;
  Server io_;
  std::unique_ptr<Wire> wire_;
  std::map<std::string, Client> clients_;
  std::vector<std::string> reports_;
  bool other_is_there_ = false;
  bool has_begun_ = false;
  bool has_ended_ = false;
  bool is_invalid_ = false;
  std::string failure_;
};

/// Keeps what the blocks print out of the test's own output.
class Silence {
 public:
  Silence() : out_(std::cout.rdbuf(sink_.rdbuf())), log_(std::clog.rdbuf(sink_.rdbuf())) {}
  ~Silence() { std::cout.rdbuf(out_), std::clog.rdbuf(log_); }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  std::ostringstream sink_;
  std::streambuf* out_;
  std::streambuf* log_;
};

/// The difference between the block and its comments; empty if there is none.
std::string problem_of(const Snippet& snippet) {
  const Silence silence;
  try {
    Run(snippet).play();
    return {};
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace
}  // namespace socketio::test

TEST_CASE("the code in the documents does what its comments say", "[snippets]") {
  using socketio::test::Snippet;
  REQUIRE_FALSE(Snippet::all().empty());
  for (const Snippet* snippet : Snippet::all()) {
    CAPTURE(snippet->place());
    CHECK(socketio::test::problem_of(*snippet) == "");
  }
}
