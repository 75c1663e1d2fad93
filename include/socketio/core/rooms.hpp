// SPDX-License-Identifier: MIT
// Which sockets of one thread are in which rooms: lists of members, without hashing or copying on a broadcast. Core
// layer.
#pragma once

#include <socketio/core/broadcast_options.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/detail/config.hpp>
#include <socketio/detail/ordered_table.hpp>
#include <socketio/detail/unique_function.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace socketio::detail {

struct RoomMembers;

/// A socket as the rooms see it.
class RoomMember {
 public:
  virtual const std::string& id() const noexcept = 0;

  /// Sends a packet to this socket's client. Never calls back into the rooms.
  virtual void deliver(const OutgoingPacket& packet, const EmitFlags& flags) = 0;

 protected:
  RoomMember() = default;
  RoomMember(const RoomMember&) = delete;
  RoomMember& operator=(const RoomMember&) = delete;
  ~RoomMember() = default;

 private:
  friend class Rooms;

  struct Place {
    RoomMembers* room = nullptr;
    std::size_t index = 0;

    bool operator!() const noexcept { return !room; }
    static RoomMembers* key(const Place& place) noexcept { return place.room; }
  };

  OrderedTable<Place, Place> rooms_;
  std::size_t index_ = 0;   // in the list of all members
  std::uint64_t mark_ = 0;  // the last selection that has dealt with this member
  bool added_ = false;
};

/// What happens to rooms, in the words of the reference's adapter events.
struct RoomEvent {
  enum class Kind { create_room, delete_room, join_room, leave_room };
  Kind kind;
  std::string_view room;
  std::string_view id;  // of the socket; empty for create_room and delete_room
};

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

/// The rooms of one namespace on one thread of the server.
///
/// @par Cost           join, leave: O(1) amortised. broadcast: one step per member of the rooms named; a selection of
///                     one room, or of everyone, without `except` touches nothing else.
/// @par Thread safety  Owner's thread only, except the functions marked "any thread". Only the owner's thread writes,
///                     so only its writes and other threads' reads lock.
/// @par Specification  The in-memory Adapter class of socket.io-adapter 2.5.
class Rooms {
 public:
  using Visitor = UniqueFunction<void(RoomMember&)>;
  using Listener = UniqueFunction<void(const RoomEvent&)>;

  Rooms() = default;
  Rooms(const Rooms&) = delete;
  Rooms& operator=(const Rooms&) = delete;

  /// Makes a socket part of the namespace: broadcasts and `for_each` reach it from now on.
  SOCKETIO_DECL void add(RoomMember& member);

  /// Puts a socket in a room; nothing happens if it is there already. A socket whose middleware are still running may
  /// be put in rooms before it is added; it is not reached through them until then.
  SOCKETIO_DECL void join(RoomMember& member, std::string_view room);

  /// Takes a socket out of a room; nothing happens if it is not in it. A room without members ceases to exist.
  SOCKETIO_DECL void leave(RoomMember& member, std::string_view room);

  /// Takes a socket out of all its rooms, in the order in which it joined them, and out of the namespace.
  SOCKETIO_DECL void remove(RoomMember& member);

  /// Sends a packet to every socket selected.
  SOCKETIO_DECL void broadcast(const OutgoingPacket& packet, const BroadcastOptions& options);

  /// Visits every socket selected once. Any thread: the visitor collects, and acts when the visit is over.
  SOCKETIO_DECL void for_each(const BroadcastOptions& options, const Visitor& visit);

  /// The rooms of a socket, its own id included. Any thread.
  SOCKETIO_DECL std::vector<std::string> rooms_of(const RoomMember& member) const;

  /// How many rooms a socket is in, its own included. Owner's thread.
  std::size_t room_count(const RoomMember& member) const noexcept { return member.rooms_.size(); }

  /// Whether the socket is in the room. Any thread.
  SOCKETIO_DECL bool is_member(const RoomMember& member, std::string_view room) const;

  /// How many sockets there are. Any thread.
  SOCKETIO_DECL std::size_t socket_count() const;

  /// How many sockets are in the room. Any thread.
  SOCKETIO_DECL std::size_t room_size(std::string_view room) const;

  /// The names of all rooms. Any thread.
  SOCKETIO_DECL std::vector<std::string> names() const;

  /// Sets the function that is called when rooms are created and deleted, and when sockets join and leave them.
  void on_event(Listener listener) { listener_ = std::move(listener); }

 private:
  /// Compares pointers, not names: a socket may be in many rooms.
  bool is_in(const RoomMember& member, std::string_view room) const;
  RoomMembers& find_or_create(std::string_view name, const RoomMember& member, bool& created);

  /// A socket whose id is the name of the room leaves it: the room needs a name of its own.
  void take_name_over(RoomMembers& room, const RoomMember& leaving);

  /// Leaves a gap where a member was; returns whether it was the last one.
  bool vacate(RoomMembers& room, std::size_t index);

  /// Closes the gaps of a room once they are the larger half, and drops an empty room; not during a walk.
  void tidy(RoomMembers& room);
  void tidy_all();

  template <class Visit>
  void select(const BroadcastOptions& options, const Visit& visit);

  /// Walks by index and up to the size at the start: the visitor may add members, which are not visited, and remove
  /// any. Sockets whose middleware are still running may be in rooms, but are not visited: they have not been added.
  template <class Visit>
  static void for_each_member(const RoomMembers& room, const Visit& visit);

  const RoomMembers* find(std::string_view name) const;
  RoomMembers* find(std::string_view name) { return const_cast<RoomMembers*>(std::as_const(*this).find(name)); }
  void notify_left(std::string_view room, std::string_view id, bool deleted);
  void notify(RoomEvent::Kind kind, std::string_view room, std::string_view id) {
    if (listener_) listener_(RoomEvent{kind, room, id});
  }

  mutable std::mutex mutex_;
  RoomMembers everyone_;
  std::unordered_map<std::string_view, RoomMembers> rooms_;
  std::uint64_t last_mark_ = 0;
  std::size_t walks_ = 0;
  bool untidy_ = false;
  Listener listener_;
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/rooms.ipp>
#endif
