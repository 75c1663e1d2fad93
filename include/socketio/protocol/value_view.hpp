// SPDX-License-Identifier: MIT
// A look at one decoded argument of a packet. Protocol layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/protocol/binary.hpp>
#include <socketio/protocol/json.hpp>
#include <socketio/protocol/value_kind.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace socketio {

namespace detail {

/// The key of a member that has the name of the mark of placeholders, but is not one: known by its address.
inline constexpr char foreign_placeholder_key[] = "_placeholder";

}  // namespace detail

/// A value inside a decoded packet, read without being copied.
///
/// Every accessor is total: asked for what the value is not, it returns zero, empty or null, so that nothing a peer
/// sends can make one fail. Ask `kind()` or an `is_...` function where the difference matters.
///
/// @par Lifetime       valid while the packet lives; what is returned too.
/// @par Cost           two pointers and a size; finding a member is linear in the number of members.
class ValueView {
 public:
  /// A null value.
  ValueView() noexcept;

  /// @param attachments  of the packet; if there are none, an object that looks like a placeholder is an object.
  explicit ValueView(const JsonValue& json, std::span<const Binary> attachments = {}) noexcept
      : json_(&json), attachments_(attachments) {}

  ValueKind kind() const noexcept;

  bool is_null() const noexcept { return json_->IsNull(); }
  bool is_bool() const noexcept { return json_->IsBool(); }
  bool is_int64() const noexcept { return json_->IsInt64(); }
  bool is_uint64() const noexcept { return json_->IsUint64(); }
  bool is_number() const noexcept { return json_->IsNumber(); }
  bool is_string() const noexcept { return json_->IsString(); }
  bool is_binary() const noexcept { return is_placeholder(); }
  bool is_array() const noexcept { return json_->IsArray(); }
  bool is_object() const noexcept { return json_->IsObject() && !is_placeholder(); }

  bool to_bool() const noexcept { return json_->IsTrue(); }
  std::int64_t to_int64() const noexcept { return json_->IsInt64() ? json_->GetInt64() : 0; }
  std::uint64_t to_uint64() const noexcept { return json_->IsUint64() ? json_->GetUint64() : 0; }
  double to_double() const noexcept { return json_->IsNumber() ? json_->GetDouble() : 0; }
  std::string_view string() const noexcept {
    return json_->IsString() ? std::string_view(json_->GetString(), json_->GetStringLength()) : std::string_view();
  }
  const Binary& binary() const noexcept;

  /// Items of an array, members of an object (a member sent twice counts twice), otherwise 0.
  std::size_t size() const noexcept {
    if (json_->IsArray()) return json_->Size();
    return is_object() ? json_->MemberCount() : 0;
  }

  /// An item of an array; null beyond its end.
  ValueView operator[](std::size_t index) const noexcept {
    return json_->IsArray() && index < json_->Size()
               ? ValueView((*json_)[static_cast<rapidjson::SizeType>(index)], attachments_)
               : ValueView();
  }

  /// A member of an object; of several with one name the last, as in JavaScript.
  std::optional<ValueView> find(std::string_view key) const noexcept;

  /// A member of an object; null if there is none.
  ValueView operator[](std::string_view key) const noexcept { return find(key).value_or(ValueView()); }

  /// Calls `visit(std::string_view key, ValueView member)` for each member in the order of the text; of several with
  /// one name the last counts.
  template <class Visit>
  void for_each_member(Visit&& visit) const {
    if (!is_object()) return;
    for (auto member = json_->MemberBegin(); member != json_->MemberEnd(); ++member) {
      visit(std::string_view(member->name.GetString(), member->name.GetStringLength()),
            ValueView(member->value, attachments_));
    }
  }

  /// The value as the parser left it; binary data is still a placeholder in it.
  const JsonValue& json() const noexcept { return *json_; }

  std::span<const Binary> attachments() const noexcept { return attachments_; }

  /// Whether this is `{"_placeholder":true,...}` in a packet with attachments.
  bool is_placeholder() const noexcept { return !attachments_.empty() && has_placeholder_mark(); }

  /// The attachment that a placeholder stands for; past the last one if it names none.
  std::size_t attachment_index() const noexcept;

 private:
  static const JsonValue& null_json() noexcept;

  using JsonMember = JsonValue::Member;

  bool has_placeholder_mark() const noexcept;
  const JsonMember* find_member(std::string_view key) const noexcept;
  const JsonValue* find_json(std::string_view key) const noexcept;

  const JsonValue* json_;
  std::span<const Binary> attachments_;
};

namespace detail {

/// Writes what a view shows: placeholders become the binary data that they stand for.
template <class Writer>
void write_view(Writer& writer, ValueView view) {
  switch (view.kind()) {
    case ValueKind::null: return writer.null();
    case ValueKind::boolean: return writer.boolean(view.to_bool());
    case ValueKind::integer: return writer.integer(view.to_int64());
    case ValueKind::unsigned_integer: return writer.unsigned_integer(view.to_uint64());
    case ValueKind::number: return writer.number(view.to_double());
    case ValueKind::string: return writer.string(view.string());
    case ValueKind::binary: return writer.binary(view.binary());
    case ValueKind::array:
      writer.begin_array(view.size());
      for (std::size_t i = 0; i < view.size(); ++i) write_view(writer, view[i]);
      return writer.end_array();
    case ValueKind::object:
      writer.begin_object(view.size());
      view.for_each_member([&](std::string_view key, ValueView member) {
        writer.key(key);
        write_view(writer, member);
      });
      return writer.end_object();
  }
}

}  // namespace detail

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/protocol/impl/value_view.ipp>
#endif
