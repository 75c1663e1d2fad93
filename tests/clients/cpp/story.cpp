// SPDX-License-Identifier: MIT
// The story for socket.io-client-cpp, which knows WebSocket only. ../story.mjs describes the environment, the arguments
// and the output. Needs a checkout of the client, see ../clients.mjs.

#include <sio_client.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using sio::message;
using List = message::list;

constexpr std::chrono::seconds patience(10);  // then a feature has failed

/// A feature that the client does not have.
struct Absent : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Values as text, to compare them.
std::string text(const message::ptr& value) {
  if (!value) return "nothing";
  switch (value->get_flag()) {
    case message::flag_integer: return std::to_string(value->get_int());
    case message::flag_double: return std::to_string(value->get_double());
    case message::flag_string: return '"' + value->get_string() + '"';
    case message::flag_boolean: return value->get_bool() ? "true" : "false";
    case message::flag_null: return "null";
    case message::flag_binary: return "bytes:" + *value->get_binary();
    case message::flag_array: {
      std::string result = "[";
      for (const message::ptr& each : value->get_vector()) result += text(each) + ',';
      return result + ']';
    }
    case message::flag_object: {
      std::string result = "{";
      for (const auto& [key, each] : value->get_map()) result += key + ':' + text(each) + ',';
      return result + '}';
    }
  }
  return "unknown";
}

std::string text(const List& values) { return text(values.to_array_message()); }

void equal(const std::string& actual, const std::string& expected) {
  if (actual != expected) throw std::runtime_error(actual.substr(0, 90) + " instead of " + expected.substr(0, 90));
}

message::ptr object(std::initializer_list<std::pair<const char*, message::ptr>> members) {
  const message::ptr result = sio::object_message::create();
  for (const auto& [key, value] : members) result->get_map()[key] = value;
  return result;
}

message::ptr array(std::initializer_list<message::ptr> items) {
  const message::ptr result = sio::array_message::create();
  for (const message::ptr& item : items) result->get_vector().push_back(item);
  return result;
}

message::ptr str(const std::string& value) { return sio::string_message::create(value); }
message::ptr num(std::int64_t value) { return sio::int_message::create(value); }
message::ptr bytes(const std::string& value) {
  return sio::binary_message::create(std::make_shared<const std::string>(value));
}

List values() {
  List list;
  for (const message::ptr& value :
       {str("text"), str("ä€😀\n\"\\"), num(0), sio::double_message::create(-1.5), num(9007199254740991),
        sio::bool_message::create(true), sio::null_message::create(), sio::array_message::create(),
        sio::object_message::create(), object({{"nested", array({num(1), object({{"deep", array({str("ü")})}})})}})})
    list.push(value);
  return list;
}

/// What has happened to a client, as lists of values under names.
class Happenings {
 public:
  void add(const std::string& name, const List& values = List()) {
    const std::lock_guard<std::mutex> lock(mutex_);
    all_[name].push_back(values);
    changed_.notify_all();
  }

  List next(const std::string& name) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!changed_.wait_for(lock, patience, [&] { return !all_[name].empty(); }))
      throw std::runtime_error("nothing more has happened");
    const List result = all_[name].front();
    all_[name].pop_front();
    return result;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::deque<List>> all_;
};

/// A client in one namespace.
class Connection {
 public:
  explicit Connection(std::string nsp = "") : nsp_(std::move(nsp)) {
    client_.set_logs_quiet();
    client_.set_reconnect_attempts(0);
    client_.set_reconnect_delay(20);
    client_.set_reconnect_delay_max(100);
    const auto happened = happened_;
    client_.set_socket_open_listener([happened](const std::string& nsp) { happened->add("connect " + nsp); });
    client_.set_socket_close_listener([happened](const std::string& nsp) { happened->add("disconnect " + nsp); });
    client_.set_fail_listener([happened] { happened->add("fail"); });
    client_.set_close_listener([happened](sio::client::close_reason) { happened->add("close"); });
  }

  ~Connection() { client_.sync_close(); }

  Connection& open(const std::map<std::string, std::string>& query = {}, const message::ptr& auth = nullptr,
                   const char* url = "STORY_URL") {
    // This client connects to further namespaces when their sockets are created.
    client_.connect(std::getenv(url), query, auth);
    join(nsp_);
    return *this;
  }

  void join(const std::string& nsp) {
    const auto happened = happened_;
    client_.socket(nsp)->on_error([happened](const message::ptr& error) {
      List list;
      list.push(error);
      happened->add("error", list);
    });
  }

  Connection& wait() {
    happened_->next("connect " + (nsp_.empty() ? std::string("/") : nsp_));
    return *this;
  }

  void listen(const std::string& event) {
    const auto happened = happened_;
    socket()->on(event,
                 [happened](sio::event& incoming) { happened->add(incoming.get_name(), incoming.get_messages()); });
  }

  List ask(const std::string& event, const List& args = List()) {
    const auto happened = happened_;
    socket()->emit(event, args, [happened](const List& answer) { happened->add("answer", answer); });
    return happened_->next("answer");
  }

  List next(const std::string& name) { return happened_->next(name); }
  sio::socket::ptr socket() { return client_.socket(nsp_); }
  sio::client& client() { return client_; }

 private:
  std::string nsp_;
  std::shared_ptr<Happenings> happened_ = std::make_shared<Happenings>();
  sio::client client_;
};

void control(const char* what) { std::cout << "{\"control\":\"" << what << "\"}" << std::endl; }

void comes_back(const char* what) {
  Connection connection;
  connection.client().set_reconnect_attempts(100);
  connection.open().wait();
  control(what);
  connection.wait();
  equal(text(connection.ask("answer", str("again"))), "[\"again\",]");
}

message::ptr refused(const std::string& nsp) {
  Connection connection(nsp);
  connection.open();
  return connection.next("error")[0];
}

void test_order() {
  Connection connection;
  connection.open().wait();
  connection.listen("number");
  connection.socket()->emit("count", num(100));
  for (int i = 0; i < 100; ++i) equal(text(connection.next("number")), '[' + std::to_string(i) + ",]");
}

void test_question(const message::ptr& answer) {
  Connection connection;
  connection.open().wait();
  connection.socket()->on("question", [answer](sio::event& event) {
    List list = event.get_messages();
    list.push(answer);
    event.put_ack_message(list);
  });
  connection.listen("answered");
  List args;
  args.push(num(1));
  args.push(object({{"two", array({num(2)})}}));
  connection.socket()->emit("ask", args);
  equal(text(connection.next("answered")), "[1,{two:[2,],}," + text(answer) + ",]");
}

void test_echo(const List& args, const char* url = "STORY_URL") {
  Connection connection;
  connection.open({}, nullptr, url).wait();
  connection.listen("echo");
  connection.socket()->emit("echo", args);
  const List echo = connection.next("echo");
  for (std::size_t i = 0; i < args.size(); ++i) equal(text(echo[i]), text(args[i]));
}

void test_rooms() {
  Connection first;
  Connection second;
  for (Connection* connection : {&first, &second}) {
    connection->open().wait();
    connection->listen("told");
    equal(text(connection->ask("join", str("a room"))), "[\"a room\",]");
  }
  List args;
  args.push(str("a room"));
  args.push(str("ä"));
  first.socket()->emit("tell", args);
  for (Connection* connection : {&first, &second}) equal(text(connection->next("told")), "[\"ä\",]");
  first.socket()->emit("tell others", args);
  equal(text(second.next("told")), "[\"ä\",]");
}

void tell(const std::string& feature) {
  const std::string some("\0\4\xFF", 3);
  const auto ask = [](const std::string& nsp, const std::string& event, const List& args,
                      const std::map<std::string, std::string>& query = {}, const message::ptr& auth = nullptr) {
    Connection connection(nsp);
    connection.open(query, auth).wait();
    return text(connection.ask(event, args));
  };
  const std::map<std::string, std::function<void()>> features{
      {"connect", [&] { equal(ask("", "transport", List()), "[\"websocket\",]"); }},
      {"auth",
       [&] {
         equal(ask("", "auth", List(), {}, object({{"token", str("ä")}})), "[{token:\"ä\",},]");
       }},
      {"query",
       [&] {
         equal(ask("", "query", List(), {{"token", "a b&ä"}}), "[\"a b&ä\",]");
       }},
      {"events", [] { test_echo(values()); }},
      {"order", test_order},
      {"large events",
       [&] {
         std::string large;
         for (int i = 0; i < 250'000; ++i) large += "ü";
         equal(ask("", "answer", str(large)), "[\"" + large + "\",]");
       }},
      {"acks of the server",
       [&] {
         equal(ask("", "answer", List()), "[]");
         equal(ask("", "answer", values()), text(values()));
       }},
      {"acks of the client", [] { test_question(str("yes")); }},
      {"ack timeouts", [] { throw Absent("has no timeouts"); }},
      {"binary events",
       [&] {
         List args;
         args.push(bytes(some));
         args.push(object({{"at", array({bytes("ä"), num(1)})}}));
         args.push(bytes(std::string(70'000, '\7')));
         test_echo(args);
       }},
      {"binary acks of the server", [&] { equal(ask("", "answer", bytes(some)), "[bytes:" + some + ",]"); }},
      {"binary acks of the client", [&] { test_question(bytes(some)); }},
      {"rooms", test_rooms},
      {"namespaces",
       [] {
         Connection connection;
         connection.open().wait();
         connection.join("/chat");
         connection.next("connect /chat");
         connection.client().socket("/chat")->close();
         equal(text(connection.ask("answer", str("main"))), "[\"main\",]");
       }},
      {"dynamic namespaces", [&] { equal(ask("/room-17", "answer", num(1)), "[1,]"); }},
      {"unknown namespaces", [] { equal(text(refused("/nowhere")), "{message:\"Invalid namespace\",}"); }},
      {"refusals",
       [] {
         equal(text(refused("/guarded")), "{data:{code:401,hint:[\"try\",\"another\",],},message:\"not authorized\",}");
         Connection connection("/guarded");
         connection.open({}, object({{"token", str("let me in")}})).wait();
       }},
      {"disconnecting by the server",
       [] {
         Connection connection;
         connection.open().wait();
         connection.socket()->emit("throw me out");
         connection.next("disconnect /");
       }},
      {"disconnecting by the client",
       [] {
         Connection watcher;
         watcher.open().wait();
         watcher.listen("left");
         watcher.ask("join", str("watchers"));
         Connection connection;
         connection.open().wait();
         connection.socket()->close();
         equal(text(watcher.next("left")), "[\"client namespace disconnect\",]");
       }},
      {"reconnecting after a cut", [] { comes_back("cut"); }},
      {"reconnecting to a restarted server", [] { comes_back("restart"); }},
      {"recovery", [] { throw Absent("does not know recovery"); }},
      {"strict handlers with recovery", [] { test_echo(str("one"), "STORY_RECOVERY_URL"); }},
      {"tls", [] { throw Absent("is another build of the library"); }},
  };
  const auto found = features.find(feature);
  if (found == features.end()) throw Absent("is not told");
  found->second();
}

std::string quoted(const std::string& value) {
  std::string result = "\"";
  for (const char c : value)
    if (c == '"' || c == '\\')
      result += std::string("\\") + c;
    else if (static_cast<unsigned char>(c) >= 0x20)
      result += c;
  return result + '"';
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string task = argv[i];
    const std::string way = task.substr(0, task.find('/'));
    const std::string feature = task.substr(task.find('/') + 1);
    std::string ok = "true";
    std::string detail;
    try {
      tell(feature);
    } catch (const Absent& absent) {
      ok = "null";
      detail = absent.what();
    } catch (const std::exception& error) {
      ok = "false";
      detail = error.what();
    }
    std::cout << "{\"way\":\"" << way << "\",\"feature\":\"" << feature << "\",\"ok\":" << ok
              << ",\"detail\":" << quoted(detail) << '}' << std::endl;
  }
  std::_Exit(0);
}
