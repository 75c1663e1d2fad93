// SPDX-License-Identifier: MIT
// The adapter of a single server: rooms as lists of members, without hashing or copying on a broadcast. Core layer.
#pragma once

#include <socketio/core/adapter.hpp>
#include <socketio/core/recovery_options.hpp>
#include <socketio/core/session_log.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace socketio {

namespace detail {

/// A list of members with room for one in itself: most rooms are those of a socket's id, and have no other member.
class MemberList {
 public:
  MemberList() = default;
  MemberList(const MemberList&) = delete;
  MemberList& operator=(const MemberList&) = delete;
  ~MemberList() {
    if (capacity_ != 1) delete[] many_;
  }

  std::size_t size() const noexcept { return size_; }
  RoomMember*& operator[](std::size_t index) noexcept { return data()[index]; }
  RoomMember* operator[](std::size_t index) const noexcept { return capacity_ == 1 ? one_ : many_[index]; }
  RoomMember* const* begin() const noexcept { return capacity_ == 1 ? &one_ : many_; }
  RoomMember* const* end() const noexcept { return begin() + size_; }

  void push_back(RoomMember* member) {
    if (size_ == capacity_) grow();
    data()[size_++] = member;
  }
  /// Gives nothing back: a room that has been large may be so again.
  void shrink(std::size_t size) noexcept { size_ = static_cast<std::uint32_t>(size); }

 private:
  RoomMember** data() noexcept { return capacity_ == 1 ? &one_ : many_; }

  void grow() {
    const std::uint32_t capacity = capacity_ * 2;
    auto* const many = new RoomMember*[capacity];
    std::copy(begin(), end(), many);
    if (capacity_ != 1) delete[] many_;
    many_ = many;
    capacity_ = capacity;
  }

  union {
    RoomMember* one_ = nullptr;
    RoomMember** many_;
  };
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 1;
};

/// Members in the order in which they came. One that leaves becomes a gap, closed when no walk is under way, so that
/// a walk survives whatever its visitor does.
struct RoomMembers {
  std::string_view name;
  MemberList members;
  std::size_t live = 0;
  std::unique_ptr<char[]> own_name;  // where the name lies, unless it is the id of a member
};

}  // namespace detail

/// @par Cost           join, leave: O(1) amortised. broadcast: one step per member of the rooms named; a selection of
///                     one room, or of everyone, without `except` touches nothing else.
/// @par Thread safety  See Adapter. Only the owner's thread writes, so only its writes and other threads' reads lock.
class MemoryAdapter : public Adapter {
 public:
  /// @param recovery  null: sessions are not recovered
  explicit MemoryAdapter(const std::optional<ConnectionStateRecoveryOptions>& recovery = std::nullopt)
      : log_(recovery ? std::make_unique<detail::SessionLog>(*recovery) : nullptr) {}

  void add(RoomMember& member) override {
    if (member.added_) return;
    const std::lock_guard lock(mutex_);
    member.added_ = true;
    member.index_ = everyone_.members.size();
    everyone_.members.push_back(&member);
    ++everyone_.live;
  }

  void join(RoomMember& member, std::string_view room) override {
    if (is_in(member, room)) return;
    bool created = false;
    {
      const std::lock_guard lock(mutex_);
      detail::RoomMembers& members = find_or_create(room, member, created);
      member.rooms_.push_back({&members, members.members.size()});
      members.members.push_back(&member);
      ++members.live;
    }
    if (created) {
      notify(RoomEvent::Kind::create_room, room, {});
      if (!is_in(member, room)) return;  // the listener has made it leave
    }
    notify(RoomEvent::Kind::join_room, room, member.id());
  }

  void leave(RoomMember& member, std::string_view room) override {
    const RoomMembers* const wanted = find(room);
    const auto place = std::find_if(member.rooms_.begin(), member.rooms_.end(),
                                    [&](const RoomMember::Place& at) { return at.room == wanted; });
    if (place == member.rooms_.end()) return;
    const std::string name(room);  // the argument may be the name that lies in the room
    bool deleted = false;
    {
      const std::lock_guard lock(mutex_);
      const RoomMember::Place left = *place;
      member.rooms_.erase(place);
      deleted = vacate(*left.room, left.index);
    }
    notify_left(name, member.id(), deleted);
  }

  void remove(RoomMember& member) override {
    std::vector<std::pair<std::string, bool>> left;  // the room, and whether this was its last member
    {
      const std::lock_guard lock(mutex_);
      const std::vector<RoomMember::Place> places = std::exchange(member.rooms_, {});
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

  void broadcast(const OutgoingPacket& packet, const BroadcastOptions& options) override {
    select(options, [&](RoomMember& member) { member.deliver(packet, options.flags); });
  }

  void for_each(const BroadcastOptions& options, Visitor visit) override {
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

  std::vector<std::string> rooms_of(const RoomMember& member) const override {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    names.reserve(member.rooms_.size());
    for (const RoomMember::Place& place : member.rooms_) names.emplace_back(place.room->name);
    return names;
  }

  bool is_member(const RoomMember& member, std::string_view room) const override {
    const std::lock_guard lock(mutex_);
    return is_in(member, room);
  }

  std::size_t socket_count() const override {
    const std::lock_guard lock(mutex_);
    return everyone_.live;
  }

  std::size_t room_size(std::string_view room) const override {
    const std::lock_guard lock(mutex_);
    const auto found = rooms_.find(room);
    return found == rooms_.end() ? 0 : found->second.live;
  }

  std::vector<std::string> rooms() const override {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, room] : rooms_)
      if (room.live > 0) names.emplace_back(name);
    return names;
  }

  void on_room_event(RoomListener listener) override { listener_ = std::move(listener); }

  std::string next_offset() override { return log_ ? log_->next_offset() : std::string(); }
  void record(std::string_view offset, const OutgoingPacket& packet, const BroadcastOptions& options,
              TimePoint now) override {
    if (log_) log_->append(offset, packet, options, now);
  }
  void persist_session(RecoverableSession session, TimePoint now) override {
    if (log_) log_->persist(std::move(session), now);
  }
  void restore_session(std::string_view pid, std::string_view offset, TimePoint now, RestoreDone done) override {
    done(log_ ? log_->restore(pid, offset, now) : std::nullopt);
  }
  void purge(TimePoint now) override {
    if (log_) log_->purge(now);
  }
  RecoveryUsage recovery_usage() const override { return log_ ? log_->usage() : RecoveryUsage{}; }

 private:
  using RoomMembers = detail::RoomMembers;

  /// Compares pointers, not names: a socket may be in many rooms.
  bool is_in(const RoomMember& member, std::string_view room) const {
    const RoomMembers* wanted = find(room);
    return wanted && std::any_of(member.rooms_.begin(), member.rooms_.end(),
                                 [&](const RoomMember::Place& place) { return place.room == wanted; });
  }

  RoomMembers& find_or_create(std::string_view name, const RoomMember& member, bool& created) {
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

  /// A socket whose id is the name of the room leaves it: the room needs a name of its own.
  void take_name_over(RoomMembers& room, const RoomMember& leaving) {
    if (room.own_name || room.name.data() != leaving.id().data()) return;
    auto node = rooms_.extract(room.name);
    room.own_name = std::make_unique<char[]>(room.name.size());
    room.name = std::string_view(room.own_name.get(), room.name.copy(room.own_name.get(), room.name.size()));
    node.key() = room.name;
    rooms_.insert(std::move(node));  // the room itself stays where it is
  }

  /// Leaves a gap where a member was; returns whether it was the last one.
  bool vacate(RoomMembers& room, std::size_t index) {
    const RoomMember& leaving = *std::exchange(room.members[index], nullptr);
    const bool last = --room.live == 0;
    if (&room != &everyone_ && (!last || walks_ > 0)) take_name_over(room, leaving);
    tidy(room);
    return last;
  }

  /// Closes the gaps of a room once they are the larger half, and drops a room that is empty; not during a walk.
  void tidy(RoomMembers& room) {
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
      if (&room == &everyone_) {
        member->index_ = next;
      } else {
        for (RoomMember::Place& place : member->rooms_)
          if (place.room == &room) place.index = next;
      }
      room.members[next++] = member;
    }
    room.members.shrink(next);
  }

  void tidy_all() {
    untidy_ = false;
    const std::lock_guard lock(mutex_);
    tidy(everyone_);
    std::vector<RoomMembers*> all;
    all.reserve(rooms_.size());
    for (auto& [name, room] : rooms_) all.push_back(&room);
    for (RoomMembers* room : all) tidy(*room);
  }

  template <class Visit>
  void select(const BroadcastOptions& options, const Visit& visit) {
    struct Walk {
      explicit Walk(MemoryAdapter& adapter) : self(adapter) { ++self.walks_; }
      ~Walk() {
        if (--self.walks_ == 0 && self.untidy_) self.tidy_all();
      }
      MemoryAdapter& self;
    } walk(*this);

    if (options.except.empty() && options.rooms.size() <= 1) {
      if (const RoomMembers* room = options.rooms.empty() ? &everyone_ : find(options.rooms.front()))
        for_each_member(*room, visit);
      return;
    }
    const std::uint64_t mark = ++last_mark_;
    for (const std::string& name : options.except)
      if (const RoomMembers* room = find(name))
        for_each_member(*room, [&](RoomMember& member) { member.mark_ = mark; });
    const auto visit_unmarked = [&](RoomMember& member) {
      if (member.mark_ == mark) return;
      member.mark_ = mark;
      visit(member);
    };
    if (options.rooms.empty()) for_each_member(everyone_, visit_unmarked);
    for (const std::string& name : options.rooms)
      if (const RoomMembers* room = find(name)) for_each_member(*room, visit_unmarked);
  }

  const RoomMembers* find(std::string_view name) const {
    const auto found = rooms_.find(name);
    return found == rooms_.end() ? nullptr : &found->second;
  }

  /// By index and up to the size at the start: the visitor may add members (not visited) and remove any. Those in rooms
  /// that are not part of the namespace yet, because their middleware are at work, are not visited.
  template <class Visit>
  static void for_each_member(const RoomMembers& room, const Visit& visit) {
    for (std::size_t i = 0, size = room.members.size(); i < size; ++i)
      if (RoomMember* member = room.members[i]; member && member->added_) visit(*member);
  }

  void notify_left(std::string_view room, std::string_view id, bool deleted) {
    notify(RoomEvent::Kind::leave_room, room, id);
    if (deleted) notify(RoomEvent::Kind::delete_room, room, {});
  }

  void notify(RoomEvent::Kind kind, std::string_view room, std::string_view id) {
    if (listener_) listener_(RoomEvent{kind, room, id});
  }

  mutable std::mutex mutex_;
  RoomMembers everyone_;
  std::unordered_map<std::string_view, RoomMembers> rooms_;
  std::uint64_t last_mark_ = 0;
  std::size_t walks_ = 0;
  bool untidy_ = false;
  RoomListener listener_;
  std::unique_ptr<detail::SessionLog> log_;
};

}  // namespace socketio
