// SPDX-License-Identifier: MIT
// Bodies of packet.hpp: the pool, and the replacement of an event. Protocol layer.
#pragma once

#include <socketio/protocol/impl/json_writer.ipp>
#include <socketio/protocol/packet.hpp>
#include <socketio/protocol/reserved_events.hpp>
#include <socketio/protocol/value_view.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio {

namespace detail {

SOCKETIO_DECL PacketParts& parts(Packet& packet) noexcept { return packet.parts_; }

/// The packets that a thread keeps for reuse: a decoded packet costs no allocation as a rule.
class PacketPool {
 public:
  PacketPool() = default;
  PacketPool(const PacketPool&) = delete;
  PacketPool& operator=(const PacketPool&) = delete;
  ~PacketPool() {
    is_gone() = true;
    while (size_ > 0) delete free_[--size_];
  }

  /// @return  null once the thread has destroyed its pool: its last objects may still hold packets.
  static PacketPool* of_this_thread() {
    if (is_gone()) return nullptr;
    thread_local PacketPool pool;
    return &pool;
  }

  Packet* take() noexcept { return size_ > 0 ? free_[--size_] : nullptr; }

  /// @return  false if the packet is not taken.
  bool keep(Packet* packet) noexcept {
    // Any number of packets may be alive; those of one burst are rarely more than this.
    if (size_ == free_.size()) return false;
    PacketParts& parts = detail::parts(*packet);
    parts.root.SetNull();
    parts.arena.clear();
    parts.attachments.clear();
    parts.event_name = {};
    parts.nsp = {};
    parts.id.reset();
    parts.was_binary = false;
    parts.has_data = false;
    parts.missing_attachments = 0;
    parts.held_bytes = 0;
    // A few large packets must not pin their memory.
    if (parts.text.capacity() > max_kept_text_bytes) std::string().swap(parts.text);
    if (parts.attachments.capacity() > max_kept_attachments) std::vector<Binary>().swap(parts.attachments);
    free_[size_++] = packet;
    return true;
  }

 private:
  static constexpr std::size_t max_kept_text_bytes = 4096;
  static constexpr std::size_t max_kept_attachments = 16;

  static bool& is_gone() noexcept {
    thread_local bool gone = false;
    return gone;
  }

  std::array<Packet*, 32> free_;
  std::size_t size_ = 0;
};

/// Takes the name of an event from its data, which is an array.
///
/// @return  false for what cannot be the name of an event, and for one that belongs to the library.
inline bool read_event_name(PacketParts& parts) {
  if (parts.root.Empty()) return false;
  const JsonValue& name = parts.root[0];
  if (name.IsString()) {
    parts.event_name = {name.GetString(), name.GetStringLength()};
    return !is_reserved_event(parts.event_name);
  }
  if (!name.IsNumber()) return false;
  NumberBuffer number;
  parts.number_name = name_text(number, name.GetDouble());
  parts.event_name = parts.number_name;
  return true;
}

inline JsonValue copy_json_text(std::string_view text, JsonAllocator& allocator) {
  // RapidJSON asserts that text has an address, which an empty view need not have.
  return JsonValue(text.empty() ? "" : text.data(), static_cast<rapidjson::SizeType>(text.size()), allocator);
}

/// Copies a Value into the nodes of a document; binary data goes to the attachments.
inline JsonValue to_json_value(const Value& value, JsonAllocator& allocator, std::vector<Binary>& attachments) {
  switch (value.kind()) {
    case ValueKind::null: return JsonValue();
    case ValueKind::boolean: return JsonValue(value.as_bool());
    case ValueKind::integer: return JsonValue(value.as_int64());
    case ValueKind::unsigned_integer: return JsonValue(value.as_uint64());
    case ValueKind::number: return JsonValue(value.as_double());
    case ValueKind::string: return copy_json_text(value.as_string(), allocator);
    case ValueKind::binary: {
      JsonValue placeholder(rapidjson::kObjectType);
      placeholder.AddMember("_placeholder", true, allocator);
      placeholder.AddMember("num", static_cast<std::uint64_t>(attachments.size()), allocator);
      attachments.push_back(value.as_binary());
      return placeholder;
    }
    case ValueKind::array: {
      JsonValue array(rapidjson::kArrayType);
      array.Reserve(static_cast<rapidjson::SizeType>(value.size()), allocator);
      for (const Value& item : value) array.PushBack(to_json_value(item, allocator, attachments), allocator);
      return array;
    }
    case ValueKind::object: {
      JsonValue object(rapidjson::kObjectType);
      for (const auto& [key, member] : value.as_object()) {
        JsonValue name = key == foreign_placeholder_key ? JsonValue(rapidjson::StringRef(foreign_placeholder_key))
                                                        : copy_json_text(key, allocator);
        object.AddMember(name, to_json_value(member, allocator, attachments), allocator);
      }
      return object;
    }
  }
  return JsonValue();
}

}  // namespace detail

SOCKETIO_DECL Packet::Packet() = default;
SOCKETIO_DECL Packet::~Packet() = default;

SOCKETIO_DECL void PacketDeleter::operator()(Packet* packet) const noexcept {
  detail::PacketPool* const pool = detail::PacketPool::of_this_thread();
  if (pool == nullptr || !pool->keep(packet)) delete packet;
}

SOCKETIO_DECL PacketPtr make_packet() {
  detail::PacketPool* const pool = detail::PacketPool::of_this_thread();
  Packet* const reused = pool != nullptr ? pool->take() : nullptr;
  return PacketPtr(reused != nullptr ? reused : new Packet);
}

SOCKETIO_DECL void Packet::set_event(std::string_view name, const std::vector<Value>& args) {
  // The arena is not cleared: `name` may lie in it.
  detail::JsonAllocator& allocator = parts_.arena.allocator();
  std::vector<Binary> attachments;
  JsonValue data(rapidjson::kArrayType);
  data.Reserve(static_cast<rapidjson::SizeType>(args.size() + 1), allocator);
  data.PushBack(detail::copy_json_text(name, allocator), allocator);
  for (const Value& arg : args) data.PushBack(detail::to_json_value(arg, allocator, attachments), allocator);
  parts_.root = data;
  parts_.attachments = std::move(attachments);
  parts_.has_data = true;
  parts_.event_name = {parts_.root[0].GetString(), parts_.root[0].GetStringLength()};
}

}  // namespace socketio
