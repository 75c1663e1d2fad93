// SPDX-License-Identifier: MIT
// Writes JSON as JSON.stringify does, with binary data set aside as attachments. Protocol layer.
#pragma once

#include <socketio/detail/out_buffer.hpp>
#include <socketio/protocol/binary.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace socketio {

/// Writes one JSON value, piece by piece, without building a document. Models the Writer of convert.hpp.
///
/// The text is what JSON.stringify would give: no spaces, non-ASCII as it is, control characters escaped, numbers in
/// their shortest form, NaN and infinity as null. Binary data is added to the attachments and leaves a placeholder.
///
/// @par Lifetime       the buffer and the attachments must outlive the writer.
/// @par Specification  Socket.IO protocol, revision 5, "Packet encoding"; RFC 8259.
class JsonWriter {
 public:
  /// How binary data is written where there are no attachments.
  enum class InlineBinary {
    base64,  // as a string
    buffer   // as JSON.stringify writes a Buffer: {"type":"Buffer","data":[1,2,3]}
  };

  explicit JsonWriter(detail::OutBuffer& out, std::vector<Binary>* attachments = nullptr,
                      InlineBinary inline_binary = InlineBinary::base64) noexcept
      : out_(out), attachments_(attachments), inline_binary_(inline_binary) {}

  void null();
  void boolean(bool value);
  void integer(std::int64_t value);
  void unsigned_integer(std::uint64_t value);
  void number(double value);

  /// As the shortest text that is this float again: 0.1f is written as 0.1, not as 0.10000000149011612.
  void number(float value);

  void string(std::string_view value);

  void binary(const Binary& value);

  void begin_array(std::size_t /*count*/);
  void end_array();
  void begin_object(std::size_t /*count*/);
  void end_object();
  void key(std::string_view name);

 private:
  void separate();
  void literal(std::string_view text);
  template <class Integer>
  void append_integer(Integer value);
  template <class Float>
  void finite_number(Float value);
  void begin(char bracket);
  void end(char bracket);
  void append_inline(const Binary& value);

  detail::OutBuffer& out_;
  std::vector<Binary>* attachments_;
  InlineBinary inline_binary_;
  bool needs_comma_ = false;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/protocol/impl/json_writer.ipp>
#endif
