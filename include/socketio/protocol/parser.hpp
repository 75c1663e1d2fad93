// SPDX-License-Identifier: MIT
// The parser contract: how packets become messages and back. Protocol layer.
#pragma once

#include <socketio/protocol/binary.hpp>
#include <socketio/protocol/limits.hpp>
#include <socketio/protocol/packet.hpp>

#include <concepts>
#include <string_view>

namespace socketio {

/// A Socket.IO parser: what `Config::Parser` names.
///
/// A parser object holds limits and belongs to one thread; a `Decoder` belongs to one connection and holds the packet
/// whose attachments are not yet complete. Both ends of a connection must use the same parser.
///
///  - `Writer`: writes one value; see Converter.
///  - `encode(header)`, `encode(header, write)`: static; `write(Writer&)` writes the whole data, an array for events
///    and acknowledgements.
///  - `decode_text(decoder, text)`, `decode_binary(decoder, bytes)`: one incoming message each.
///  - `reset(decoder)`: forgets an incomplete packet.
///  - `decoder.incomplete()`: optional; a `Packet&`, what there is of a packet whose attachments are missing, with its
///    namespace. The server then drops attachments that nobody is going to get.
template <class P>
concept Parser = requires {
  typename P::Writer;
}
&&std::constructible_from<P, ParserLimits>&& std::default_initializable<typename P::Decoder>&&
    std::movable<typename P::Decoder>&& requires(P& parser, typename P::Decoder& decoder, const PacketHeader& header,
                                                 void (*write)(typename P::Writer&), std::string_view text,
                                                 Binary bytes) {
  { P::encode(header) } -> std::same_as<EncodedPacket>;
  { P::encode(header, write) } -> std::same_as<EncodedPacket>;
  { parser.decode_text(decoder, text) } -> std::same_as<DecodeResult>;
  { parser.decode_binary(decoder, bytes) } -> std::same_as<DecodeResult>;
  parser.reset(decoder);
};

}  // namespace socketio
