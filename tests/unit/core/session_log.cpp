// SPDX-License-Identifier: MIT
#include <socketio/core/session_log.hpp>

#include "../../support/catch.hpp"

#include <socketio/protocol/json_parser.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace socketio;
using namespace std::chrono_literals;
using socketio::detail::RecoveryBudget;
using socketio::detail::SessionLog;

namespace {

using Names = std::vector<std::string>;

struct SessionLogFixture {
  explicit SessionLogFixture(ConnectionStateRecoveryOptions with = {})
      : options(with), budget(std::make_shared<RecoveryBudget>(with.max_total_bytes)), log(with, budget) {}

  static OutgoingPacket packet(const std::string& text) {
    return detail::encode_event<JsonParser>("/", std::nullopt, {}, 10, text, {});
  }

  /// Appends a packet with a recognisable text, and returns its offset.
  std::string append(const std::string& text, Names rooms = {}, Names except = {}) {
    std::string offset = log.next_offset();
    log.record(offset, packet(text), {std::move(rooms), std::move(except), {}}, now);
    return offset;
  }
  void persist(const std::string& pid, Names rooms = {}) {
    log.persist_session({"sid", pid, std::move(rooms), nullptr}, now);
  }

  /// The packets that a session has missed, identified by their sizes: "a" is one byte shorter than "bb".
  std::optional<std::string> restore(const std::string& pid, const std::string& offset) {
    const auto restored = log.restore(pid, offset, now);
    if (!restored) return std::nullopt;
    std::string texts;
    for (const OutgoingPacket& missed : restored->missed) texts += std::to_string(missed.bytes() - empty) + ' ';
    return texts;
  }

  ConnectionStateRecoveryOptions options;
  std::shared_ptr<RecoveryBudget> budget;
  SessionLog log;
  SessionLog::TimePoint now{};
  const std::size_t empty = packet("").bytes();
};

}  // namespace

TEST_CASE_METHOD(SessionLogFixture, "a session is restored once, with the packets after its offset",
                 "[core][recovery]") {
  append("a");
  const std::string offset = append("bb");
  append("ccc");
  append("dddd");
  persist("p");
  CHECK(restore("p", offset) == "3 4 ");
  CHECK_FALSE(restore("p", offset));
}

TEST_CASE_METHOD(SessionLogFixture, "nothing is missed after the last offset", "[core][recovery]") {
  const std::string offset = append("a");
  persist("p");
  CHECK(restore("p", offset) == "");
}

TEST_CASE_METHOD(SessionLogFixture, "a session is restored with its own packets only", "[core][recovery]") {
  const std::string offset = append("");
  append("a", {"r"});
  append("bb", {"s"});
  append("ccc", {"s", "r"});
  append("dddd", {}, {"r"});
  append("eeeee", {"r"}, {"t"});
  append("ffffff", {"sid"});
  append("ggggggg", {}, {"sid"});
  append("hhhhhhhh", {"r"}, {"s"});
  persist("p", {"r", "t"});
  CHECK(restore("p", offset) == "1 3 6 8 ");
}

TEST_CASE_METHOD(SessionLogFixture, "an unknown session or offset is not restored, and does not affect the session",
                 "[core][recovery]") {
  const std::string offset = append("a");
  const std::string unused = log.next_offset();
  persist("p");
  CHECK_FALSE(restore("q", offset));
  CHECK_FALSE(restore("", offset));
  for (const std::string& wrong :
       {unused, std::string(), std::string("1"), offset + "0", offset.substr(0, 6), offset.substr(1), "x" + offset,
        offset.substr(0, 6) + "!", offset + "0000000000", std::string(100'000, 'z'), SessionLog({}).next_offset()})
    CHECK_FALSE(restore("p", wrong));
  CHECK(log.usage().sessions == 1);
  CHECK(restore("p", offset) == "");
}

TEST_CASE_METHOD(SessionLogFixture, "offsets are unique texts", "[core][recovery]") {
  std::set<std::string> offsets;
  for (int i = 0; i < 5000; ++i) offsets.insert(log.next_offset());
  CHECK(offsets.size() == 5000);
  for (const std::string& offset : offsets)
    REQUIRE(offset.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_") ==
            std::string::npos);
}

TEST_CASE_METHOD(SessionLogFixture, "the order of sending counts, not the order of encoding", "[core][recovery]") {
  const std::string early = log.next_offset();
  const std::string first = append("a");
  append("bb");
  log.record(early, packet("ccc"), {}, now);
  append("dddd");
  persist("p");
  CHECK(restore("p", first) == "2 3 4 ");
  persist("p");
  CHECK(restore("p", early) == "4 ");
}

TEST_CASE("the log keeps as many entries as it may", "[core][recovery]") {
  ConnectionStateRecoveryOptions options;
  options.max_log_entries = 3;
  SessionLogFixture fixture(options);
  const std::string offset = fixture.append("");
  const auto missed = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) fixture.append("a");
    fixture.persist("p");
    return fixture.restore("p", offset);
  };
  SECTION("one less") {
    CHECK(missed(1) == "1 ");
    CHECK(fixture.log.usage().log_entries == 2);
  }
  SECTION("just as many") {
    CHECK(missed(2) == "1 1 ");
    CHECK(fixture.log.usage().log_entries == 3);
  }
  SECTION("one more: the entry of the offset is dropped, but none after it") {
    CHECK(missed(3) == "1 1 1 ");
    CHECK(fixture.log.usage().log_entries == 3);
  }
  SECTION("two more: a missed packet is dropped") {
    CHECK_FALSE(missed(4));
    CHECK(fixture.log.usage().log_entries == 3);
  }
}

TEST_CASE("the log keeps as many bytes as it may", "[core][recovery]") {
  SessionLogFixture probe;
  probe.append("a", {"room"}, {"other"});
  const std::size_t one = probe.log.usage().log_bytes;
  CHECK(one > probe.packet("a").bytes() + 9);
  const auto kept = [&](std::size_t bytes) {
    ConnectionStateRecoveryOptions options;
    options.max_log_bytes = bytes;
    SessionLogFixture fixture(options);
    for (int i = 0; i < 5; ++i) fixture.append("a", {"room"}, {"other"});
    CHECK(fixture.log.usage().log_bytes == fixture.log.usage().log_entries * one);
    return fixture.log.usage().log_entries;
  };
  CHECK(kept(3 * one - 1) == 2);
  CHECK(kept(3 * one) == 3);
  CHECK(kept(3 * one + 1) == 3);
  CHECK(kept(one - 1) == 0);
}

TEST_CASE("attachments count as what they are", "[core][recovery]") {
  SessionLogFixture fixture;
  const std::size_t before = fixture.log.usage().log_bytes;
  const OutgoingPacket binary =
      detail::encode_event<JsonParser>("/", std::nullopt, {}, 10, "e", {}, Binary(std::string(10'000, 'x')));
  fixture.log.record(fixture.log.next_offset(), binary, {}, fixture.now);
  CHECK(fixture.log.usage().log_bytes > before + 10'000);
}

TEST_CASE("the sessions that have waited longest make room for new ones", "[core][recovery]") {
  ConnectionStateRecoveryOptions options;
  options.max_sessions = 2;
  SessionLogFixture fixture(options);
  const std::string offset = fixture.append("a");
  for (const char* pid : {"p", "q"}) fixture.persist(pid);
  CHECK(fixture.log.usage().sessions == 2);
  fixture.persist("p");  // again: now q is the oldest
  CHECK(fixture.log.usage().sessions == 2);
  fixture.persist("r");
  CHECK(fixture.log.usage().sessions == 2);
  CHECK_FALSE(fixture.restore("q", offset));
  CHECK(fixture.restore("p", offset));
  CHECK(fixture.restore("r", offset));
  CHECK(fixture.log.usage().sessions == 0);
}

TEST_CASE_METHOD(SessionLogFixture, "a session is kept for its time and not longer", "[core][recovery]") {
  const std::string offset = append("a");
  const auto limit = options.max_disconnection_duration;
  const auto restored_after = [&](std::chrono::milliseconds time) {
    persist("p");
    now += time;
    return restore("p", append("b")).has_value();
  };
  CHECK(restored_after(limit - 1ms));
  CHECK(restored_after(limit));
  CHECK_FALSE(restored_after(limit + 1ms));
  log.purge(now);
  CHECK(log.usage().sessions == 0);
}

TEST_CASE("the duration may be the largest possible", "[core][recovery]") {
  ConnectionStateRecoveryOptions options;
  options.max_disconnection_duration = std::chrono::milliseconds::max();
  SessionLogFixture fixture(options);
  const std::string offset = fixture.append("a");
  fixture.persist("p");
  fixture.now += std::chrono::hours(24 * 365);
  fixture.log.purge(fixture.now);
  CHECK(fixture.restore("p", offset) == "");
}

TEST_CASE_METHOD(SessionLogFixture, "old packets are dropped, and a silent client can still be restored",
                 "[core][recovery]") {
  append("a");
  const std::string last = append("bb");
  now += options.max_disconnection_duration;
  log.purge(now);
  CHECK(log.usage().log_entries == 2);
  now += 1ms;
  persist("p");
  log.purge(now);
  CHECK(log.usage().log_entries == 0);
  CHECK(log.usage().log_bytes == 0);
  append("ccc");
  CHECK(restore("p", last) == "3 ");
}

TEST_CASE_METHOD(SessionLogFixture, "a restored session has the same data object", "[core][recovery]") {
  const std::string offset = append("a");
  const auto data = std::make_shared<std::unique_ptr<int>>(std::make_unique<int>(7));
  log.persist_session({"sid", "p", {"r", "s"}, data}, now);
  auto restored = log.restore("p", offset, now);
  REQUIRE(restored);
  CHECK(restored->session.sid == "sid");
  CHECK(restored->session.pid == "p");
  CHECK(restored->session.rooms == Names{"r", "s"});
  CHECK(restored->session.data == data);
  restored.reset();
  CHECK(data.use_count() == 1);
}

// -------------------------------------------------------------------------------------- all namespaces of a server

namespace {

/// Several logs of one budget.
struct Logs {
  Logs(std::size_t count, std::size_t most) : budget(std::make_shared<RecoveryBudget>(most)) {
    budget->on_trim([this] { ++asked; });
    for (std::size_t i = 0; i < count; ++i)
      logs.push_back(std::make_unique<SessionLog>(ConnectionStateRecoveryOptions{}, budget));
  }

  /// Records an event of about that many bytes.
  void record(std::size_t log, std::size_t bytes) {
    const auto packet = SessionLogFixture::packet(std::string(bytes, 'x'));
    logs[log]->record(logs[log]->next_offset(), packet, {}, now);
    CHECK(budget->held() == sum());
  }
  std::size_t held(std::size_t log) const {
    const RecoveryUsage usage = logs[log]->usage();
    return usage.log_bytes + usage.session_bytes;
  }
  std::size_t sum() const {
    std::size_t all = 0;
    for (std::size_t i = 0; i < logs.size(); ++i) all += logs[i] ? held(i) : 0;
    return all;
  }

  void trim() {
    for (const auto& log : logs) log->trim();
    budget->end_trim();
  }

  std::shared_ptr<RecoveryBudget> budget;
  std::vector<std::unique_ptr<SessionLog>> logs;
  int asked = 0;
  SessionLog::TimePoint now{};
};

}  // namespace

TEST_CASE("all logs of a budget together hold no more than it, whichever is written to", "[core][recovery][limits]") {
  Logs all(20, 100'000);
  for (std::size_t round = 0; round < 50; ++round)
    for (std::size_t i = 0; i < all.logs.size(); ++i) {
      all.record(i, 997);
      REQUIRE(all.sum() <= 100'000);
      if (std::exchange(all.asked, 0) != 0) all.trim();
    }
  CHECK(all.sum() > 90'000);
  for (std::size_t i = 0; i < all.logs.size(); ++i) CHECK(all.held(i) > 5'000 / 2);  // about its share
}

TEST_CASE("a log that holds more than its share makes room when others need it", "[core][recovery][limits]") {
  Logs all(2, 100'000);
  while (all.sum() < 90'000) all.record(0, 1'000);
  CHECK(all.asked == 0);
  all.record(1, 20'000);  // is within its share; the other one is not
  CHECK(all.asked == 1);
  CHECK(all.held(1) == 0);
  all.record(1, 20'000);
  CHECK(all.asked == 1);  // once
  all.trim();
  CHECK(all.held(0) <= 50'000);
  CHECK(all.held(0) > 30'000);
  for (int i = 0; i < 200; ++i)
    for (std::size_t log = 0; log < 2; ++log) {
      all.record(log, 1'000);
      if (all.asked > 1) all.trim();
      all.asked = 1;
    }
  CHECK(all.held(0) > 40'000);
  CHECK(all.held(1) > 40'000);
}

TEST_CASE("rooms and data of a session count, and it is dropped like an event when it is the oldest",
          "[core][recovery][limits]") {
  Logs all(1, 100'000);
  SessionLog& log = *all.logs[0];
  log.persist_session({"sid", "pid", {}, nullptr, 0}, all.now);
  const std::size_t bare = all.held(0);
  CHECK(bare < 500);
  log.persist_session({"sid2", "pid2", {"a", "b"}, nullptr, 0}, all.now);
  CHECK(all.held(0) >= 2 * bare + 2 * sizeof(std::string));
  log.persist_session({"sid3", "pid3", {std::string(10'000, 'r')}, nullptr, 30'000}, all.now);
  CHECK(all.held(0) > 40'000);
  CHECK(all.held(0) < 42'000);
  log.persist_session({"sid4", "pid4", {}, nullptr, 90'000}, all.now);
  CHECK(log.usage().sessions == 1);
  all.now += 1s;
  all.record(0, 20'000);
  CHECK(log.usage().sessions == 0);
  CHECK(log.usage().log_entries == 1);
  all.logs[0].reset();
  CHECK(all.budget->held() == 0);
}
