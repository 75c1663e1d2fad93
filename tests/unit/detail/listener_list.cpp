// SPDX-License-Identifier: MIT
#include <socketio/detail/listener_list.hpp>

#include <tests/support/catch.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

using socketio::Listener;
using socketio::detail::DispatchedBy;
using socketio::detail::ListenerList;
using socketio::detail::ListenerOrder;
using socketio::detail::Listening;
using socketio::detail::make_listening;
using socketio::detail::NoKey;
using socketio::detail::Registration;

namespace {

using Function = std::function<void()>;
using Node = Listening<Function>;

enum class Rank { early, late };

/// A list keyed by names, and the mutex that it locks.
struct Fixture {
  Listener add(std::string key, Function function, const Registration& how = {}) {
    list.add(mutex, std::move(key), make_listening(how, std::move(function)), how.first);
    return how.listener;
  }
  void remove(Listener listener) {
    list.remove_if(mutex, [&](const std::string&, const Node& node) { return node.listener == listener; });
  }
  /// Calls the handlers of a key, and returns what they have written.
  std::string dispatch(const std::string& key) {
    log.clear();
    list.dispatch(
        mutex, [&](const std::string& each) { return each == key; }, [](Node& node) { node.function(); });
    return log;
  }
  Function write(std::string text) {
    return [this, text = std::move(text)] { log += text; };
  }

  std::mutex mutex;
  ListenerList<Node, std::string> list;
  std::string log;
};

}  // namespace

template <>
struct socketio::detail::ListenerOrder<Rank> {
  static constexpr bool precedes(Rank a, Rank b) noexcept { return a < b; }
};

TEST_CASE_METHOD(Fixture, "handlers are called in the order of registration, prepended ones first",
                 "[detail][listeners]") {
  add("a", write("1"));
  add("b", write("other"));
  add("a", write("2"));
  add("a", write("0"), {.first = true});
  CHECK(dispatch("a") == "012");
  CHECK(dispatch("b") == "other");
  CHECK(dispatch("c").empty());
}

TEST_CASE("handlers of a key that precedes another are called first", "[detail][listeners]") {
  std::mutex mutex;
  ListenerList<Node, Rank> list;
  std::string log;
  const auto add = [&](Rank rank, const char* text, bool first) {
    const Registration how{.first = first};
    list.add(mutex, rank, make_listening(how, Function([&log, text] { log += text; })), first);
  };
  add(Rank::late, "3", false);
  add(Rank::early, "1", false);
  add(Rank::late, "2", true);
  add(Rank::early, "0", true);
  list.dispatch(
      mutex, [](Rank) { return true; }, [](Node& node) { node.function(); });
  CHECK(log == "0123");
}

TEST_CASE_METHOD(Fixture, "a handler for the next event is called once, also if it dispatches the event itself",
                 "[detail][listeners]") {
  int nested = 0;
  add("a",
      [&] {
        log += "x";
        if (++nested == 1)
          list.dispatch(
              mutex, [](const std::string&) { return true; }, [](Node& node) { node.function(); });
      },
      {.once = true});
  add("a", write("y"));
  CHECK(dispatch("a") == "xyy");
  CHECK(dispatch("a") == "y");
}

TEST_CASE_METHOD(Fixture, "an event calls the handlers that are there when it begins", "[detail][listeners]") {
  Listener second;
  add("a", [&] {
    log += "1";
    remove(second);
    add("a", write("new"));
  });
  second = add("a", write("2"));
  CHECK(dispatch("a") == "12");
  CHECK(dispatch("a") == "1new");
}

TEST_CASE_METHOD(Fixture, "a handler that removes itself is destroyed after the event, with the mutex unlocked",
                 "[detail][listeners]") {
  struct Captured {
    explicit Captured(std::function<void()> function) : on_end(std::move(function)) {}
    ~Captured() { on_end(); }
    std::function<void()> on_end;
  };
  auto captured = std::make_shared<Captured>([this] {
    REQUIRE(mutex.try_lock());
    mutex.unlock();
    log += "destroyed ";
  });
  Listener self;
  self = add("a", [&, captured = std::move(captured)] {
    remove(self);
    log += "called ";
  });
  CHECK(dispatch("a") == "called destroyed ");
}

TEST_CASE_METHOD(Fixture, "an exception of a handler ends the event and leaves the list usable",
                 "[detail][listeners]") {
  add("a", [] { throw std::runtime_error("no"); }, {.once = true});
  add("a", write("later"));
  CHECK_THROWS_AS(dispatch("a"), std::runtime_error);
  CHECK(log.empty());
  CHECK(dispatch("a") == "later");
}

TEST_CASE_METHOD(Fixture, "a list that has ended destroys its handlers and takes no others", "[detail][listeners]") {
  const auto kept = std::make_shared<int>();
  add("a", [kept] {});
  CHECK(kept.use_count() == 2);
  list.end(mutex);
  CHECK(kept.use_count() == 1);
  add("a", [kept] {});
  CHECK(kept.use_count() == 1);
  CHECK(list.empty());
}

TEST_CASE("a list of the owner's thread does not lock to look handlers up", "[detail][listeners]") {
  std::mutex mutex;
  ListenerList<Node, NoKey, DispatchedBy::owner_thread_only> list;
  int calls = 0;
  list.add(mutex, {}, make_listening({}, Function([&] { ++calls; })), false);
  const std::lock_guard lock(mutex);
  list.dispatch(
      mutex, [](NoKey) { return true; }, [](Node& node) { node.function(); });
  CHECK(calls == 1);
}
