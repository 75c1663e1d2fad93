// SPDX-License-Identifier: MIT
#include <socketio/core/rooms.hpp>

#include "../../support/catch.hpp"

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace socketio;
using namespace socketio::detail;

namespace {

struct Member final : RoomMember {
  explicit Member(std::string name) : id_(std::move(name)) {}
  const std::string& id() const noexcept override { return id_; }
  void deliver(const OutgoingPacket&, const EmitFlags&) override { ++received; }

  std::string id_;
  int received = 0;
};

struct AdapterFixture {
  AdapterFixture() {
    adapter.on_event([this](const RoomEvent& event) {
      const char* const names[] = {"create", "delete", "join", "leave"};
      log += std::string(names[static_cast<int>(event.kind)]) + ':' + std::string(event.room) +
             (event.id.empty() ? "" : ':' + std::string(event.id)) + ' ';
      if (on_event) on_event(event);
    });
  }

  /// The ids of the selected sockets in the order of the visit; checks that both ways of selecting agree.
  std::string selected(std::vector<std::string> rooms, std::vector<std::string> except = {}) {
    const BroadcastOptions options{std::move(rooms), std::move(except), {}};
    std::string visited;
    std::multiset<std::string> ids;
    adapter.for_each(options, [&](RoomMember& member) { visited += member.id(), ids.insert(member.id()); });
    for (Member* member : {&a, &b, &c}) member->received = 0;
    adapter.broadcast(OutgoingPacket(), options);
    for (Member* member : {&a, &b, &c}) CHECK(member->received == static_cast<int>(ids.count(member->id())));
    return visited;
  }

  Rooms adapter;
  Member a{"a"}, b{"b"}, c{"c"};
  std::string log;
  std::function<void(const RoomEvent&)> on_event;
};

}  // namespace

TEST_CASE_METHOD(AdapterFixture, "room events come once for each change, in the reference's order", "[core][adapter]") {
  adapter.add(a);
  adapter.join(a, "a");
  adapter.join(a, "r");
  adapter.join(a, "r");
  adapter.join(b, "r");
  CHECK(log == "create:a join:a:a create:r join:r:a join:r:b ");
  log.clear();
  adapter.leave(b, "r");
  adapter.leave(b, "r");
  adapter.leave(b, "unknown");
  CHECK(log == "leave:r:b ");
  log.clear();
  adapter.remove(a);
  CHECK(log == "leave:a:a delete:a leave:r:a delete:r ");
  CHECK(adapter.names().empty());
}

TEST_CASE_METHOD(AdapterFixture, "selections visit everyone once, in the order of joining", "[core][adapter]") {
  for (Member* member : {&a, &b, &c}) adapter.add(*member), adapter.join(*member, member->id());
  adapter.join(b, "x");
  adapter.join(a, "x");
  adapter.join(c, "y");
  adapter.join(a, "y");
  CHECK(selected({}) == "abc");
  CHECK(selected({"x"}) == "ba");
  CHECK(selected({"x", "y"}) == "bac");
  CHECK(selected({"x", "x"}) == "ba");
  CHECK(selected({"unknown"}) == "");
  CHECK(selected({}, {"x"}) == "c");
  CHECK(selected({"y"}, {"a"}) == "c");
  CHECK(selected({"x"}, {"x"}) == "");
  CHECK(selected({"x", "y"}, {"unknown"}) == "bac");
  adapter.remove(a);
  CHECK(selected({}) == "bc");
  CHECK(selected({"x", "y"}) == "bc");
}

TEST_CASE_METHOD(AdapterFixture, "a socket in rooms that is not yet added is not reached", "[core][adapter]") {
  adapter.join(a, "r");
  CHECK(selected({}) == "");
  CHECK(selected({"r"}) == "");
  CHECK(selected({"r", "s"}) == "");
  adapter.add(a);
  adapter.add(a);
  CHECK(selected({}) == "a");
  CHECK(selected({"r"}) == "a");
}

TEST_CASE_METHOD(AdapterFixture, "a room listener may make sockets leave rooms", "[core][adapter][reentrancy]") {
  adapter.add(a);
  adapter.join(a, "r");
  adapter.join(a, "s");
  adapter.join(b, "r");
  on_event = [&](const RoomEvent& event) {
    if (event.kind != RoomEvent::Kind::leave_room) return;
    adapter.leave(b, "r");
    adapter.leave(a, event.room);
    adapter.join(c, "new");
  };
  adapter.leave(a, "r");
  CHECK(adapter.room_size("r") == 0);
  CHECK(adapter.room_size("new") == 1);
  CHECK(adapter.rooms_of(a) == std::vector<std::string>{"s"});
}

TEST_CASE("any history of joining and leaving agrees with plain sets", "[core][adapter]") {
  Rooms adapter;
  std::vector<std::unique_ptr<Member>> members;
  std::map<std::string, std::set<std::string>> rooms;
  std::map<std::string, std::set<std::string>> of_member;
  for (int i = 0; i < 30; ++i) {
    members.push_back(std::make_unique<Member>("m" + std::to_string(i)));
    adapter.add(*members.back());
  }
  std::mt19937 random(7);
  const auto pick = [&](unsigned n) { return static_cast<std::size_t>(random() % n); };
  for (int step = 0; step < 20'000; ++step) {
    Member& member = *members[pick(30)];
    const std::string room = "r" + std::to_string(pick(12));
    switch (pick(10)) {
      case 0:
        adapter.remove(member);
        for (const std::string& left : of_member[member.id()]) rooms[left].erase(member.id());
        of_member[member.id()].clear();
        adapter.add(member);
        break;
      case 1:
      case 2:
      case 3:
        adapter.leave(member, room);
        rooms[room].erase(member.id());
        of_member[member.id()].erase(room);
        break;
      default:
        adapter.join(member, room);
        rooms[room].insert(member.id());
        of_member[member.id()].insert(room);
    }
    if (step % 100 != 0) continue;
    for (const auto& [name, expected] : rooms) {
      REQUIRE(adapter.room_size(name) == expected.size());
      std::set<std::string> seen;
      adapter.for_each({{name}, {}, {}}, [&](RoomMember& each) { REQUIRE(seen.insert(each.id()).second); });
      REQUIRE(seen == expected);
    }
    std::size_t everyone = 0;
    adapter.for_each({}, [&](RoomMember&) { ++everyone; });
    REQUIRE(everyone == 30);
  }
}

TEST_CASE_METHOD(AdapterFixture, "the room of a socket's id outlives the socket as long as others are in it",
                 "[core][adapter]") {
  const auto leaving = std::make_unique<Member>("an id that is too long to lie in the string object itself");
  const std::string name = leaving->id();
  for (Member* member : {leaving.get(), &a, &b}) adapter.add(*member);
  adapter.join(*leaving, name);
  adapter.join(a, name);
  adapter.join(b, name);
  SECTION("the socket is removed") {
    adapter.remove(*leaving);
    leaving->id_ = std::string(name.size(), '?');  // a pointer to the old name is invalid now
  }
  SECTION("the socket leaves its own room") {
    adapter.leave(*leaving, name);
    leaving->id_ = std::string(name.size(), '?');
  }
  CHECK(adapter.room_size(name) == 2);
  CHECK(adapter.names() == std::vector{name});
  CHECK(adapter.rooms_of(a) == std::vector{name});
  CHECK(selected({name}) == "ab");
  adapter.leave(a, name);
  adapter.remove(b);
  CHECK(adapter.names().empty());
  CHECK(adapter.room_size(name) == 0);
}

TEST_CASE_METHOD(AdapterFixture, "a socket that is removed during a visit does not invalidate the name of its room",
                 "[core][adapter]") {
  struct Leaving final : RoomMember {
    explicit Leaving(Rooms& where) : adapter(where) {}
    const std::string& id() const noexcept override { return name; }
    void deliver(const OutgoingPacket&, const EmitFlags&) override {
      adapter.remove(*this);
      name = std::string(name.size(), '?');
    }
    Rooms& adapter;
    std::string name = "an id that is too long to lie in the string object itself";
  };
  Leaving leaving(adapter);
  const std::string name = leaving.name;
  adapter.add(leaving);
  adapter.join(leaving, name);
  SECTION("with no other member") {
    adapter.broadcast(OutgoingPacket(), {{name}, {}, {}});
    CHECK(adapter.names().empty());
    CHECK(log.find("delete:" + name) != std::string::npos);
    adapter.add(a);
    adapter.join(a, name);
    CHECK(adapter.names() == std::vector{name});
  }
  SECTION("with another member, which is visited later") {
    adapter.add(a);
    adapter.join(a, name);
    adapter.broadcast(OutgoingPacket(), {{name}, {}, {}});
    CHECK(a.received == 1);
    CHECK(adapter.names() == std::vector{name});
    CHECK(selected({name}) == "a");
  }
}
