// SPDX-License-Identifier: MIT
// Bodies of rooms.hpp. Core layer.
#pragma once

#include <socketio/core/rooms.hpp>

#include <unordered_set>
#include <utility>

namespace socketio::detail {

template <class Visit>
void Rooms::for_each_member(const RoomMembers& room, const Visit& visit) {
  for (std::size_t i = 0, size = room.members.size(); i < size; ++i)
    if (RoomMember* member = room.members[i]; member && member->added_) visit(*member);
}

template <class Visit>
void Rooms::select(const BroadcastOptions& options, const Visit& visit) {
  struct Walk {
    explicit Walk(Rooms& rooms) : self(rooms) { ++self.walks_; }
    ~Walk() {
      if (--self.walks_ == 0 && self.untidy_) self.tidy_all();
    }
    Rooms& self;
  } walk(*this);

  if (options.except.empty() && options.rooms.size() <= 1) {
    if (const RoomMembers* room = options.rooms.empty() ? &everyone_ : find(options.rooms.front()))
      for_each_member(*room, visit);
    return;
  }
  const std::uint64_t mark = ++last_mark_;
  for (const std::string& name : options.except)
    if (const RoomMembers* room = find(name)) for_each_member(*room, [&](RoomMember& member) { member.mark_ = mark; });
  const auto visit_unmarked = [&](RoomMember& member) {
    if (member.mark_ == mark) return;
    member.mark_ = mark;
    visit(member);
  };
  if (options.rooms.empty()) for_each_member(everyone_, visit_unmarked);
  for (const std::string& name : options.rooms)
    if (const RoomMembers* room = find(name)) for_each_member(*room, visit_unmarked);
}

SOCKETIO_DECL void Rooms::add(RoomMember& member) {
  if (member.added_) return;
  const std::lock_guard lock(mutex_);
  member.added_ = true;
  member.index_ = everyone_.members.size();
  everyone_.members.push_back(&member);
  ++everyone_.live;
}

SOCKETIO_DECL void Rooms::join(RoomMember& member, std::string_view room) {
  if (is_in(member, room)) return;
  bool created = false;
  {
    const std::lock_guard lock(mutex_);
    RoomMembers& members = find_or_create(room, member, created);
    member.rooms_.add({&members, members.members.size()});
    members.members.push_back(&member);
    ++members.live;
  }
  if (created) {
    notify(RoomEvent::Kind::create_room, room, {});
    if (!is_in(member, room)) return;  // the listener has made it leave
  }
  notify(RoomEvent::Kind::join_room, room, member.id());
}

SOCKETIO_DECL void Rooms::leave(RoomMember& member, std::string_view room) {
  RoomMembers* const wanted = find(room);
  const RoomMember::Place* const place = wanted ? member.rooms_.find(wanted) : nullptr;
  if (!place) return;
  const std::string name(room);  // the argument may be the name that lies in the room
  bool deleted = false;
  {
    const std::lock_guard lock(mutex_);
    const RoomMember::Place left = *place;
    member.rooms_.remove(wanted);
    deleted = vacate(*left.room, left.index);
  }
  notify_left(name, member.id(), deleted);
}

SOCKETIO_DECL void Rooms::remove(RoomMember& member) {
  std::vector<std::pair<std::string, bool>> left;  // the room, and whether this was its last member
  {
    const std::lock_guard lock(mutex_);
    const std::vector<RoomMember::Place> places = member.rooms_.all();
    member.rooms_.clear();
    left.reserve(places.size());
    for (const RoomMember::Place& place : places) {
      std::string room(place.room->name);  // before the room may go
      const bool deleted = vacate(*place.room, place.index);
      left.emplace_back(std::move(room), deleted);
    }
    if (std::exchange(member.added_, false)) vacate(everyone_, member.index_);
  }
  for (const auto& [room, deleted] : left) notify_left(room, member.id(), deleted);
}

SOCKETIO_DECL void Rooms::broadcast(const OutgoingPacket& packet, const BroadcastOptions& options) {
  select(options, [&](RoomMember& member) { member.deliver(packet, options.flags); });
}

SOCKETIO_DECL void Rooms::for_each(const BroadcastOptions& options, const Visitor& visit) {
  const std::lock_guard lock(mutex_);
  if (options.except.empty() && options.rooms.size() <= 1) {
    if (const RoomMembers* room = options.rooms.empty() ? &everyone_ : find(options.rooms.front()))
      for_each_member(*room, visit);
    return;
  }
  std::unordered_set<const RoomMember*> dealt_with;  // marks belong to the owner's thread
  for (const std::string& name : options.except)
    if (const RoomMembers* room = find(name)) dealt_with.insert(room->members.begin(), room->members.end());
  const auto visit_new = [&](RoomMember& member) {
    if (dealt_with.insert(&member).second) visit(member);
  };
  if (options.rooms.empty()) for_each_member(everyone_, visit_new);
  for (const std::string& name : options.rooms)
    if (const RoomMembers* room = find(name)) for_each_member(*room, visit_new);
}

SOCKETIO_DECL std::vector<std::string> Rooms::rooms_of(const RoomMember& member) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  names.reserve(member.rooms_.size());
  member.rooms_.for_each([&](const RoomMember::Place& place) { names.emplace_back(place.room->name); });
  return names;
}

SOCKETIO_DECL bool Rooms::is_member(const RoomMember& member, std::string_view room) const {
  const std::lock_guard lock(mutex_);
  return is_in(member, room);
}

SOCKETIO_DECL std::size_t Rooms::socket_count() const {
  const std::lock_guard lock(mutex_);
  return everyone_.live;
}

SOCKETIO_DECL std::size_t Rooms::room_size(std::string_view room) const {
  const std::lock_guard lock(mutex_);
  const auto found = rooms_.find(room);
  return found == rooms_.end() ? 0 : found->second.live;
}

SOCKETIO_DECL std::vector<std::string> Rooms::names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, room] : rooms_)
    if (room.live > 0) names.emplace_back(name);
  return names;
}

SOCKETIO_DECL bool Rooms::is_in(const RoomMember& member, std::string_view room) const {
  const RoomMembers* const wanted = find(room);
  return wanted && member.rooms_.find(const_cast<RoomMembers*>(wanted));
}

SOCKETIO_DECL RoomMembers& Rooms::find_or_create(std::string_view name, const RoomMember& member, bool& created) {
  if (const auto found = rooms_.find(name); found != rooms_.end()) {
    created = found->second.live == 0;
    return found->second;
  }
  created = true;
  // The key is the id of the socket itself, in its own room; else a copy that belongs to the room.
  std::unique_ptr<char[]> own_name;
  std::string_view key = member.id();
  if (name != key) {
    own_name = std::make_unique<char[]>(name.size());
    key = std::string_view(own_name.get(), name.copy(own_name.get(), name.size()));
  }
  RoomMembers& room = rooms_.try_emplace(key).first->second;
  room.name = key;
  room.own_name = std::move(own_name);
  return room;
}

SOCKETIO_DECL void Rooms::take_name_over(RoomMembers& room, const RoomMember& leaving) {
  if (room.own_name || room.name.data() != leaving.id().data()) return;
  auto node = rooms_.extract(room.name);
  room.own_name = std::make_unique<char[]>(room.name.size());
  room.name = std::string_view(room.own_name.get(), room.name.copy(room.own_name.get(), room.name.size()));
  node.key() = room.name;
  rooms_.insert(std::move(node));  // the room itself stays where it is
}

SOCKETIO_DECL bool Rooms::vacate(RoomMembers& room, std::size_t index) {
  const RoomMember& leaving = *std::exchange(room.members[index], nullptr);
  const bool last = --room.live == 0;
  if (&room != &everyone_ && (!last || walks_ > 0)) take_name_over(room, leaving);
  tidy(room);
  return last;
}

SOCKETIO_DECL void Rooms::tidy(RoomMembers& room) {
  if (walks_ > 0) {
    untidy_ = true;
    return;
  }
  if (room.live == 0 && &room != &everyone_) {
    rooms_.erase(rooms_.find(room.name));
    return;
  }
  if (room.members.size() < 2 * room.live + 8) return;
  std::size_t next = 0;
  for (RoomMember* member : room.members) {
    if (!member) continue;
    if (&room == &everyone_)
      member->index_ = next;
    else
      member->rooms_.find(&room)->index = next;
    room.members[next++] = member;
  }
  room.members.shrink(next);
}

SOCKETIO_DECL void Rooms::tidy_all() {
  untidy_ = false;
  const std::lock_guard lock(mutex_);
  tidy(everyone_);
  std::vector<RoomMembers*> all;
  all.reserve(rooms_.size());
  for (auto& [name, room] : rooms_) all.push_back(&room);
  for (RoomMembers* room : all) tidy(*room);
}

SOCKETIO_DECL const RoomMembers* Rooms::find(std::string_view name) const {
  const auto found = rooms_.find(name);
  return found == rooms_.end() ? nullptr : &found->second;
}

SOCKETIO_DECL void Rooms::notify_left(std::string_view room, std::string_view id, bool deleted) {
  notify(RoomEvent::Kind::leave_room, room, id);
  if (deleted) notify(RoomEvent::Kind::delete_room, room, {});
}

}  // namespace socketio::detail
