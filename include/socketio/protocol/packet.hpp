// SPDX-License-Identifier: MIT
// Socket.IO packets: before they are encoded, and as a decoder hands them up. Protocol layer.
#pragma once

#include <socketio/detail/out_buffer.hpp>
#include <socketio/protocol/binary.hpp>
#include <socketio/protocol/json.hpp>
#include <socketio/protocol/value.hpp>
#include <socketio/protocol/value_view.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace socketio {

/// @par Specification  Socket.IO protocol, revision 5, "Packet types".
enum class PacketType : std::uint8_t {
  connect = 0,
  disconnect = 1,
  event = 2,
  ack = 3,
  connect_error = 4,
  binary_event = 5,
  binary_ack = 6
};

/// What precedes the data of a packet that is to be encoded. Events and acknowledgements become their binary types
/// where the data asks for it.
struct PacketHeader {
  PacketType type = PacketType::event;
  std::string_view nsp = "/";
  std::optional<std::uint64_t> id;
};

/// A packet as it goes out: one Engine.IO message with text and, behind it, one with binary data per attachment.
struct EncodedPacket {
  detail::OutBuffer text;  // without the Engine.IO packet type; empty if the parser sends binary data only
  std::vector<Binary> attachments;

  bool is_binary() const noexcept { return !attachments.empty(); }
};

class Packet;

namespace detail {

/// The inside of a Packet, for the parser that fills it.
struct PacketParts {
  PacketType type = PacketType::event;
  bool was_binary = false;
  bool has_data = false;
  std::size_t missing_attachments = 0;
  std::size_t held_bytes = 0;
  std::optional<std::uint64_t> id;
  std::string_view nsp;         // lies in `text`
  std::string_view event_name;  // lies in `text`, in `number_name` or in `arena`
  std::string number_name;
  std::string text;  // strings of the document lie in it
  JsonValue root;    // nodes of the document lie in `arena`
  std::vector<Binary> attachments;
  JsonArena arena;
};

SOCKETIO_DECL PacketParts& parts(Packet& packet) noexcept;

}  // namespace detail

/// A decoded packet, with everything that the views it gives point to.
///
/// @par Thread safety  Distinct objects: safe. Shared objects: safe for reading.
/// @par Lifetime       what is returned stays valid until the packet is destroyed or its event replaced.
class Packet {
 public:
  Packet();
  Packet(const Packet&) = delete;
  Packet& operator=(const Packet&) = delete;
  ~Packet();

  /// `event` and `ack` also for those that came with attachments.
  PacketType type() const noexcept { return parts_.type; }

  /// Whether it came as BINARY_EVENT or BINARY_ACK.
  bool was_binary() const noexcept { return parts_.was_binary; }

  std::string_view nsp() const noexcept { return parts_.nsp; }

  /// The acknowledgement that is asked for or given.
  std::optional<std::uint64_t> id() const noexcept { return parts_.id; }

  /// Whether anything follows the header. An event or acknowledgement without data is legal, and has no arguments.
  bool has_data() const noexcept { return parts_.has_data; }

  /// The first item of an event; a number as JavaScript prints it; empty without data and for other packets.
  std::string_view event_name() const noexcept { return parts_.event_name; }

  /// How many arguments an event or an acknowledgement has.
  std::size_t arg_count() const noexcept {
    const std::size_t items = parts_.root.IsArray() ? parts_.root.Size() : 0;
    return items - (items != 0 && type() == PacketType::event ? 1 : 0);
  }

  /// An argument; null from `arg_count()` on.
  ValueView arg(std::size_t index) const noexcept { return data()[type() == PacketType::event ? index + 1 : index]; }

  /// All data: the array of an event (its name included) or acknowledgement, the object of a connection, the object
  /// or string of a refusal; null without data.
  ValueView data() const noexcept { return ValueView(parts_.root, parts_.attachments); }

  std::span<const Binary> attachments() const noexcept { return parts_.attachments; }

  /// Replaces name and arguments of an event, as a middleware may. `name` and `args` may come from this packet.
  void set_event(std::string_view name, const std::vector<Value>& args);

 private:
  friend detail::PacketParts& detail::parts(Packet& packet) noexcept;

  detail::PacketParts parts_;
};

/// Gives a packet back to the pool of the thread on which it is destroyed.
struct PacketDeleter {
  void operator()(Packet* packet) const noexcept;
};

/// May be moved to any thread, and become a shared_ptr.
using PacketPtr = std::unique_ptr<Packet, PacketDeleter>;

/// An empty packet, reused where possible.
[[nodiscard]] SOCKETIO_DECL PacketPtr make_packet();

/// What a decoder makes of one message.
struct DecodeResult {
  PacketPtr packet;       // null without an error: attachments are still missing
  std::error_code error;  // a ProtocolErrc; nothing of the packet is kept
  std::string message;    // the error in the reference's words, e.g. "unknown packet type 9"
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/protocol/impl/packet.ipp>
#endif
