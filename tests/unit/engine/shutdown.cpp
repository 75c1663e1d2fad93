// SPDX-License-Identifier: MIT
// An engine that shuts down: it refuses new sessions, and its sessions end without losing what is owed to their
// clients.
#include <socketio/engine/engine_server.hpp>

#include <tests/support/catch.hpp>
#include <tests/support/engine_fixture.hpp>

#include <memory>
#include <string>

using socketio::BasicEngineServer;
using socketio::MemoryTransport;
using tests::EngineFixture;

namespace {

/// Ends its session when the test says so.
struct Patient : socketio::SessionListener {
  void on_message(socketio::Session&, bool, std::span<char>) override { ++messages; }
  void on_close(socketio::Session&, socketio::CloseReason, std::string_view) override { ++closes; }
  void on_shutdown(socketio::Session&) override { ++shutdowns; }
  int messages = 0;
  int closes = 0;
  int shutdowns = 0;
};

}  // namespace

TEST_CASE("an engine that shuts down refuses new sessions, and asks clients to come back elsewhere",
          "[engine][shutdown]") {
  EngineFixture f;
  f.engine.shut_down(nullptr);
  const auto polling = f.transport.fetch("GET", EngineFixture::polling());
  CHECK(polling->status() == 503);
  CHECK(polling->header("Retry-After") == "1");
  CHECK(polling->response.close);
}

TEST_CASE("sessions end when their engine shuts down, unless their listeners have something to do",
          "[engine][shutdown]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  const auto poll = f.poll(sid);
  f.open_polling();
  const auto patient = std::make_shared<Patient>();
  const auto kept = f.sessions.back();
  kept->set_listener(patient);
  int over = 0;
  f.engine.shut_down([&] { ++over; });
  f.run();
  CHECK(poll->body() == "1");
  CHECK(poll->response.close);
  CHECK(patient->shutdowns == 1);
  CHECK(f.engine.clients_count() == 1);
  CHECK(over == 0);
  const auto last = f.poll(kept->id());
  kept->close();
  CHECK(over == 0);  // never inside the call
  f.run();
  CHECK(last->body() == "1");
  CHECK(over == 1);
  CHECK(f.engine.scheduler().timers().empty());
}

TEST_CASE("a shutdown of an engine without sessions is over in the next turn", "[engine][shutdown]") {
  EngineFixture f;
  int over = 0;
  f.engine.shut_down([&] { ++over; });
  CHECK(over == 0);
  f.run();
  CHECK(over == 1);
}

TEST_CASE("a POST that is being read does not fail because its server shuts down", "[engine][shutdown]") {
  EngineFixture f;
  const std::string sid = f.open_polling();
  const auto post = f.transport.start_request(MemoryTransport::make_request("POST", f.polling(sid)));
  post->add_body("4x");
  f.run();
  f.session().send(f.text("owed"));
  f.engine.shut_down(nullptr);
  f.run();
  CHECK_FALSE(post->ended());
  CHECK(f.poll(sid)->body() == "4owed");
  SECTION("it ends before the session") {
    post->finish_body();
    f.run();
  }
  SECTION("the session ends first") {}
  CHECK(f.poll(sid)->body() ==
        "6\x1e"
        "1");
  f.run();
  CHECK(post->body() == "ok");
  CHECK(f.recorder().messages.empty());
  CHECK(f.recorder().closes.size() == 1);
}

TEST_CASE("a health check is answered by the server itself", "[engine][shutdown]") {
  asio::io_context context;
  MemoryTransport transport(context);
  BasicEngineServer<MemoryTransport> server(transport, {.health_path = "/healthz"});
  server.listen(0);
  bool is_asked = false;
  server.on_request([&](const socketio::ExchangePtr& exchange) {
    is_asked = true;
    exchange->respond({});
  });
  CHECK(transport.fetch("GET", "/healthz")->body() == "ok");
  CHECK(transport.fetch("HEAD", "/healthz")->status() == 200);
  server.engine().announce_shutdown();
  const auto draining = transport.fetch("GET", "/healthz");
  CHECK(draining->status() == 503);
  CHECK(draining->body() == "draining");
  CHECK(draining->header("Cache-Control") == "no-store");
  CHECK_FALSE(is_asked);
  // Sessions go on until it shuts down.
  CHECK(transport.fetch("GET", "/engine.io/?EIO=4&transport=polling")->status() == 200);
  server.engine().reopen();
  CHECK(transport.fetch("GET", "/healthz")->status() == 200);
}
