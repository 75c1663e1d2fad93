// SPDX-License-Identifier: MIT
// bench_server on WebSocket++ and its Asio transport only: the cost of such a program without a Socket.IO library.
//
// It knows the text of the five events and returns it unchanged, without parsing JSON. WebSocket only, no pings, no
// limits, no acknowledgements except those that the load requests.

#include <websocketpp/config/asio_no_tls.hpp>
#include <websocketpp/server.hpp>

#include <sys/resource.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

struct Config : websocketpp::config::asio {
  static const websocketpp::log::level alog_level = websocketpp::log::alevel::none;
  static const websocketpp::log::level elog_level = websocketpp::log::elevel::none;
};

using Endpoint = websocketpp::server<Config>;
using Handle = websocketpp::connection_hdl;
using Handles = std::set<Handle, std::owner_less<Handle>>;
using Opcode = websocketpp::frame::opcode::value;

class Server {
 public:
  explicit Server(std::uint16_t port) {
    endpoint_.init_asio();
    endpoint_.set_reuse_addr(true);
    endpoint_.set_listen_backlog(4096);
    endpoint_.set_tcp_post_init_handler([this](Handle client) {
      websocketpp::lib::asio::error_code ignored;
      endpoint_.get_con_from_hdl(client)->get_socket().set_option(websocketpp::lib::asio::ip::tcp::no_delay(true),
                                                                  ignored);
    });
    endpoint_.set_open_handler([this](Handle client) {
      all_.insert(client);
      send(client, R"(0{"sid":"bare","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000})");
    });
    endpoint_.set_close_handler([this](Handle client) {
      all_.erase(client);
      for (auto room = rooms_.begin(); room != rooms_.end();) {
        room->second.erase(client);
        room = room->second.empty() ? rooms_.erase(room) : std::next(room);
      }
    });
    endpoint_.set_message_handler([this](Handle client, Endpoint::message_ptr message) {
      if (message->get_opcode() == Opcode::text)
        handle(client, message->get_payload());
      else
        endpoint_.send(client, message->get_payload(), message->get_opcode());
    });
    endpoint_.listen(websocketpp::lib::asio::ip::tcp::v4(), port);
    endpoint_.start_accept();
    websocketpp::lib::asio::error_code ignored;
    std::cout << "listening on " << endpoint_.get_local_endpoint(ignored).port() << std::endl;
  }

  void run() {
    while (true) {
      try {
        endpoint_.run();
        return;
      } catch (const websocketpp::exception&) {
        // A send to a connection that has just ended.
      }
    }
  }

 private:
  void send(Handle client, const std::string& text) { endpoint_.send(client, text, Opcode::text); }

  void handle(Handle client, const std::string& packet) {
    if (packet == "40") return send(client, R"(40{"sid":"bare"})");
    const std::size_t array = packet.find('[');
    if (array == std::string::npos) return;
    const std::string_view body = std::string_view(packet).substr(array);
    const std::string id = packet.substr(2, array - 2);
    if (starts(body, R"(["echo",)")) return send(client, packet);
    if (starts(body, R"(["ack",)")) return send(client, "43" + id + '[' + std::string(body.substr(7)));
    if (starts(body, R"(["bcast",)")) {
      for (const Handle& other : all_) send(other, packet);
      return;
    }
    if (starts(body, R"(["join",")")) {
      rooms_[std::string(body.substr(9, body.size() - 11))].insert(client);
      return send(client, "43" + id + "[]");
    }
    if (starts(body, R"(["room",")")) {
      const std::size_t end = body.find('"', 9);
      const auto room = rooms_.find(std::string(body.substr(9, end - 9)));
      if (room == rooms_.end()) return;
      const std::string out = R"(42["room")" + std::string(body.substr(end + 1));
      for (const Handle& other : room->second) send(other, out);
    }
  }

  static bool starts(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

  Endpoint endpoint_;
  Handles all_;
  std::map<std::string, Handles> rooms_;
};

std::uint16_t port_from(int argc, char** argv) {
  for (int i = 1; i + 1 < argc; ++i)
    if (std::string_view(argv[i]) == "--port") return static_cast<std::uint16_t>(std::stoul(argv[i + 1]));
  return 3000;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc > 1 && std::string_view(argv[1]) == "--help") {
    std::cout << "usage: bench_websocketpp [--port P]\n";
    return 0;
  }
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  Server(port_from(argc, argv)).run();
} catch (const std::exception& error) {
  std::cerr << "bench_websocketpp: " << error.what() << '\n';
  return 1;
}
