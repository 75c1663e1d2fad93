// SPDX-License-Identifier: MIT
// Broadcasts with acknowledgements: all answers, or the answers that arrived and the error.

#include "../support/client.hpp"

#include <socketio/core/memory_cluster.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/error.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

using namespace socketio;
using namespace socketio::test;

namespace {

struct Respondents {
  explicit Respondents(std::size_t size, ServerOptions options = {})
      : Respondents(TestTransport::Options{}, size, options) {}
  Respondents(TestTransport::Options transport, std::size_t size, ServerOptions options = {})
      : harness(transport, options) {
    harness.io.on("connection", [this](TestSocket socket) { sockets.push_back(socket); });
    for (std::size_t i = 0; i < size; ++i) clients.push_back(open_socket(harness));
    REQUIRE(harness.until([&] { return sockets.size() == size; }));
  }
  void answer(std::size_t client, const std::string& items) {
    const std::string event = clients[client].next();
    clients[client].text("43" + event.substr(2, event.find('[') - 2) + items);
    harness.pump();
  }

  Harness harness;
  std::vector<TestSocket> sockets;
  std::vector<Harness::WebSocket> clients;
};

/// The arguments of a callback, and the number of its calls.
struct Outcome {
  template <class T>
  auto take() {
    return [this](std::error_code code, std::vector<T> answers) {
      ++calls;
      error = code;
      count = answers.size();
    };
  }
  int calls = 0;
  std::error_code error;
  std::size_t count = 0;
};

}  // namespace

TEST_CASE("a broadcast collects the first item of every answer, in the order of arrival",
          "[behaviour][broadcast-ack]") {
  Respondents crowd(3);
  std::vector<std::string> answers;
  std::error_code error = make_error_code(Errc::timed_out);
  crowd.harness.io.timeout(10s).emit("who", 1, [&](std::error_code code, std::vector<std::string> all) {
    error = code;
    answers = std::move(all);
  });
  crowd.answer(1, R"(["b","surplus"])");
  crowd.answer(0, R"(["a"])");
  CHECK(answers.empty());
  crowd.answer(2, R"(["c"])");
  REQUIRE(crowd.harness.until([&] { return !answers.empty(); }));
  CHECK_FALSE(error);
  CHECK(answers == std::vector<std::string>{"b", "a", "c"});
}

TEST_CASE("every kind of selection can ask for acknowledgements", "[behaviour][broadcast-ack]") {
  Respondents crowd(2);
  crowd.sockets[0].join("room");
  Outcome outcome;
  crowd.harness.pump();
  const auto ask = [&](const auto& selection, const std::vector<std::size_t>& receivers) {
    selection.emit("x", outcome.take<int>());
    for (const std::size_t client : receivers) crowd.answer(client, "[1]");
    REQUIRE(crowd.harness.until([&] { return outcome.calls == 1; }));
    CHECK_FALSE(outcome.error);
    CHECK(outcome.count == receivers.size());
    outcome = {};
  };
  ask(crowd.harness.io, {0, 1});
  ask(crowd.harness.io.of("/"), {0, 1});
  ask(crowd.harness.io.room("room"), {0});
  ask(crowd.harness.io.to("room"), {0});
  ask(crowd.harness.io.except("room"), {1});
  ask(crowd.sockets[0].broadcast(), {1});
  ask(crowd.sockets[1].to("room").timeout(10s), {0});
  ask(crowd.sockets[1].timeout(10s).to("room"), {0});
  ask(crowd.sockets[0].compress(false).except("room"), {1});
  ask(crowd.harness.io.to("nobody"), {});
}

TEST_CASE("a broadcast to nobody completes with no answers, in a later turn", "[behaviour][broadcast-ack]") {
  Respondents crowd(0);
  Outcome outcome;
  crowd.harness.io.timeout(10s).emit("x", outcome.take<int>());
  CHECK(outcome.calls == 0);
  REQUIRE(crowd.harness.until([&] { return outcome.calls == 1; }));
  CHECK_FALSE(outcome.error);
}

TEST_CASE("a timeout ends a broadcast once, with the answers that have arrived", "[behaviour][broadcast-ack][memory]") {
  Respondents crowd(on_memory, 3);
  Outcome outcome;
  crowd.harness.io.timeout(100ms).emit("x", outcome.take<int>());
  crowd.answer(0, "[1]");
  crowd.answer(2, "[1]");
  crowd.harness.wait(99ms);
  CHECK(outcome.calls == 0);
  crowd.harness.wait(1ms);
  CHECK(outcome.calls == 1);
  CHECK(outcome.error == Errc::timed_out);
  CHECK(outcome.count == 2);
  crowd.answer(1, "[1]");
  crowd.harness.wait(1s);
  CHECK(outcome.calls == 1);
}

TEST_CASE("an operator with a timeout may be kept and used again", "[behaviour][broadcast-ack][memory]") {
  Respondents crowd(on_memory, 2);
  const auto patient = crowd.harness.io.timeout(50ms);
  Outcome all, some, again;
  patient.emit("q", 1, all.take<int>());
  crowd.answer(0, "[1]");
  crowd.answer(1, "[2]");
  CHECK(all.calls == 1);
  CHECK_FALSE(all.error);
  CHECK(all.count == 2);
  patient.emit("q", 2, some.take<int>());
  crowd.answer(0, "[1]");
  crowd.harness.wait(50ms);
  CHECK(some.error == Errc::timed_out);
  CHECK(some.count == 1);
  patient.to(crowd.sockets[0].id()).emit_with_ack<int>("q", 3, again.take<int>());  // its timeout starts again
  crowd.harness.wait(49ms);
  crowd.answer(0, "[1]");
  CHECK(again.calls == 1);
  CHECK_FALSE(again.error);
  CHECK(all.calls + some.calls == 2);
}

TEST_CASE("a timeout may be as long and as short as its type allows", "[behaviour][broadcast-ack][limits][memory]") {
  const auto longest = (std::chrono::milliseconds::max)();
  const auto shortest = (std::chrono::milliseconds::min)();
  MemoryCluster cluster;
  ServerOptions options;
  SECTION("on a single server") {}
  SECTION("in a cluster") { options.adapter = cluster.adapter(); }
  Respondents crowd(on_memory, 1, options);
  Harness other(on_memory, options);
  const auto pump = [&] {
    for (int i = 0; i < 4; ++i) crowd.harness.pump(), other.pump();
  };
  pump();
  Outcome broadcast, single, none;
  std::vector<std::string> sockets;
  crowd.harness.io.timeout(longest).emit("q", broadcast.take<int>());
  crowd.harness.io.timeout(longest).fetch_sockets(
      [&](std::error_code error, const std::vector<BasicRemoteSocket<TestConfig>>& found) {
        CHECK_FALSE(error);
        for (const auto& socket : found) sockets.push_back(socket.id());
      });
  pump();
  CHECK(sockets == std::vector<std::string>{crowd.sockets[0].id()});
  CHECK(broadcast.calls == 0);
  crowd.answer(0, "[1]");
  pump();
  CHECK(broadcast.calls == 1);
  CHECK_FALSE(broadcast.error);
  crowd.sockets[0].timeout(longest).emit("q",
                                         [&](std::error_code error, int) { ++single.calls, single.error = error; });
  crowd.harness.wait(10s);
  CHECK(single.calls == 0);
  crowd.answer(0, "[1]");
  CHECK(single.calls == 1);
  CHECK_FALSE(single.error);
  crowd.harness.io.timeout(shortest).emit("q", none.take<int>());
  crowd.harness.wait(0ms);
  pump();
  CHECK(none.calls == 1);
  CHECK(none.error == Errc::timed_out);
}

TEST_CASE("a selection made from a socket's emitter keeps its flags and timeout",
          "[behaviour][broadcast-ack][memory]") {
  Respondents crowd(on_memory, 3);
  crowd.sockets[1].join("room");
  Outcome outcome;
  crowd.sockets[0].timeout(50ms).volatile_().in({"room"}).emit("x", outcome.take<int>());
  CHECK(crowd.clients[1].next() == R"(420["x"])");
  CHECK_FALSE(crowd.clients[2].has_message());
  crowd.harness.wait(50ms);
  CHECK(outcome.error == Errc::timed_out);
  const BroadcastOptions options = crowd.sockets[0].volatile_().compress(false).local().options();
  CHECK(options.flags.is_volatile);
  CHECK_FALSE(options.flags.compress);
  CHECK(options.flags.local);
  CHECK(options.except == std::vector<std::string>{crowd.sockets[0].id()});
}

TEST_CASE("a broadcast does not wait for a receiver that has disconnected", "[behaviour][broadcast-ack]") {
  Respondents crowd(2);
  Outcome outcome;
  crowd.harness.io.emit("x", outcome.take<int>());
  crowd.answer(0, "[1]");
  crowd.clients[1].abort();
  REQUIRE(crowd.harness.until([&] { return outcome.calls == 1; }));
  CHECK(outcome.error == Errc::disconnected);
  CHECK(outcome.count == 1);
}

TEST_CASE("an answer that does not convert is reported, and the other answers are kept", "[behaviour][broadcast-ack]") {
  Respondents crowd(2);
  std::vector<ErrorReport> reports;
  crowd.harness.io.on_error([&](const ErrorReport& report) { reports.push_back(report); });
  Outcome outcome;
  crowd.harness.io.emit("x", outcome.take<int>());
  crowd.answer(0, R"(["no number"])");
  crowd.answer(1, "[1]");
  REQUIRE(crowd.harness.until([&] { return outcome.calls == 1; }));
  CHECK(outcome.error == Errc::bad_argument);
  CHECK(outcome.count == 1);
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].detail == "acknowledgement: argument 1: expected integer, got string");
}

TEST_CASE("a callback without an error parameter is called for complete answers only", "[behaviour][broadcast-ack]") {
  Respondents crowd(1);
  int calls = 0;
  crowd.harness.io.emit("x", [&](std::vector<int> answers) { calls += static_cast<int>(answers.size()); });
  crowd.answer(0, "[1]");
  REQUIRE(crowd.harness.until([&] { return calls == 1; }));
  crowd.harness.io.emit("x", [&](std::vector<int>) { ++calls; });
  crowd.answer(0, "[true]");
  CHECK_FALSE(crowd.clients[0].has_message());
  CHECK(calls == 1);
}

TEST_CASE("a callback of a broadcast that throws is reported", "[behaviour][broadcast-ack]") {
  Respondents crowd(0);
  std::optional<ErrorReport> report;
  crowd.harness.io.on_error([&](const ErrorReport& error) { report = error; });
  crowd.harness.io.emit("x", [](std::error_code, std::vector<int>) { throw std::runtime_error("mine"); });
  REQUIRE(crowd.harness.until([&] { return report.has_value(); }));
  CHECK(report->message() == "event \"x\" in /: handler threw: mine");
}

TEST_CASE("a broadcast counts towards the pending acknowledgements of a socket", "[behaviour][broadcast-ack][limits]") {
  Respondents crowd(1, {.max_pending_acks = 2});
  Outcome outcome;
  crowd.harness.io.emit("1", outcome.take<int>());
  crowd.harness.io.emit("2", outcome.take<int>());
  crowd.harness.pump();
  CHECK(outcome.calls == 0);
  crowd.harness.io.emit("3", outcome.take<int>());
  REQUIRE(crowd.harness.until([&] { return outcome.calls == 1; }));
  CHECK(outcome.error == Errc::too_many_pending_acks);
  crowd.answer(0, "[1]");
  crowd.answer(0, "[1]");
  REQUIRE(crowd.harness.until([&] { return outcome.calls == 3; }));
  CHECK_FALSE(outcome.error);
}

TEST_CASE("emit_with_ack of a broadcast takes any completion token", "[behaviour][broadcast-ack]") {
  Respondents crowd(2);
  std::string seen;
  asio::co_spawn(
      crowd.harness.io.get_executor(),
      [&]() -> asio::awaitable<void> {
        const std::vector<int> all = co_await crowd.harness.io.timeout(10s).emit_with_ack<int>("x", "argument");
        seen = std::to_string(all.size());
        std::error_code error;
        const std::size_t count =
            co_await crowd.harness.io.emit_with_ack<void>("y", asio::redirect_error(asio::use_awaitable, error));
        seen += error == Errc::disconnected ? " of " + std::to_string(count) : error.message();
        try {
          co_await crowd.harness.io.timeout(1ms).emit_with_ack("z");
        } catch (const std::system_error& thrown) {
          seen += thrown.code() == Errc::timed_out ? " timed out" : thrown.what();
        }
      },
      asio::detached);
  crowd.answer(0, "[1]");
  crowd.answer(1, "[2]");
  crowd.answer(0, "[]");
  CHECK(crowd.clients[1].next().substr(0, 3) == "421");
  crowd.clients[1].abort();
  REQUIRE(crowd.harness.until([&] { return seen == "2 of 1"; }));
  crowd.harness.wait(2ms);
  REQUIRE(crowd.harness.until([&] { return seen == "2 of 1 timed out"; }));
}

TEST_CASE("a broadcast that waits for answers can be cancelled", "[behaviour][broadcast-ack]") {
  Respondents crowd(2);
  asio::cancellation_signal signal;
  std::error_code error;
  std::size_t count = 0;
  crowd.harness.io.emit_with_ack<int>(
      "x", asio::bind_cancellation_slot(signal.slot(), [&](std::error_code code, std::vector<int> answers) {
        error = code;
        count = answers.size();
      }));
  crowd.answer(0, "[1]");
  crowd.harness.pump();
  CHECK_FALSE(error);
  signal.emit(asio::cancellation_type::terminal);
  REQUIRE(crowd.harness.until([&] { return bool(error); }));
  CHECK(error == asio::error::operation_aborted);
  CHECK(count == 1);
  crowd.answer(1, "[1]");
  CHECK_FALSE(crowd.clients[1].has_message());
  CHECK(count == 1);
}

TEST_CASE("a callback of a broadcast may broadcast again, and is destroyed afterwards",
          "[behaviour][broadcast-ack][lifetime]") {
  Respondents crowd(1);
  const auto kept = std::make_shared<int>();
  int calls = 0;
  crowd.harness.io.emit("x", [&, kept](std::error_code, std::vector<int>) {
    ++calls;
    crowd.harness.io.emit("x", [&, kept](std::error_code, std::vector<int>) { ++calls; });
  });
  crowd.answer(0, "[1]");
  crowd.answer(0, "[1]");
  REQUIRE(crowd.harness.until([&] { return calls == 2; }));
  CHECK(crowd.harness.until([&] { return kept.use_count() == 1; }));
}

TEST_CASE("a broadcast that has ended leaves no pending acknowledgement",
          "[behaviour][broadcast-ack][limits][memory]") {
  Respondents crowd(on_memory, 1, {.max_pending_acks = 1});
  for (int round = 0; round < 3; ++round) {
    Outcome outcome;
    crowd.harness.io.timeout(100ms).emit("x", outcome.take<int>());
    crowd.harness.pump();
    if (round == 1) crowd.answer(0, "[1]");
    crowd.harness.wait(100ms);
    CHECK(outcome.calls == 1);
    CHECK(outcome.error == (round == 1 ? std::error_code() : make_error_code(Errc::timed_out)));
    if (round != 1) crowd.clients[0].next();
  }
}
