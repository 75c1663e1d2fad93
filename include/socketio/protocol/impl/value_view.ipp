// SPDX-License-Identifier: MIT
// Bodies of <socketio/protocol/value_view.hpp>. Protocol layer.
#pragma once

#include <socketio/protocol/value_view.hpp>

#include <cstddef>
#include <optional>
#include <string_view>

namespace socketio {

SOCKETIO_DECL ValueView::ValueView() noexcept : json_(&null_json()) {}

SOCKETIO_DECL ValueKind ValueView::kind() const noexcept {
  switch (json_->GetType()) {
    case rapidjson::kNullType: return ValueKind::null;
    case rapidjson::kFalseType:
    case rapidjson::kTrueType: return ValueKind::boolean;
    case rapidjson::kObjectType: return is_placeholder() ? ValueKind::binary : ValueKind::object;
    case rapidjson::kArrayType: return ValueKind::array;
    case rapidjson::kStringType: return ValueKind::string;
    case rapidjson::kNumberType:
      return json_->IsInt64()    ? ValueKind::integer
             : json_->IsUint64() ? ValueKind::unsigned_integer
                                 : ValueKind::number;
  }
  return ValueKind::null;
}

SOCKETIO_DECL const Binary& ValueView::binary() const noexcept {
  static const Binary none;
  const std::size_t index = is_binary() ? attachment_index() : attachments_.size();
  return index < attachments_.size() ? attachments_[index] : none;
}

SOCKETIO_DECL std::optional<ValueView> ValueView::find(std::string_view key) const noexcept {
  const JsonValue* const member = is_object() ? find_json(key) : nullptr;
  return member != nullptr ? std::optional(ValueView(*member, attachments_)) : std::nullopt;
}

SOCKETIO_DECL bool ValueView::has_placeholder_mark() const noexcept {
  const JsonMember* const mark = find_member("_placeholder");
  return mark != nullptr && mark->value.IsTrue() && mark->name.GetString() != detail::foreign_placeholder_key;
}

SOCKETIO_DECL std::size_t ValueView::attachment_index() const noexcept {
  const JsonValue* const number = find_json("num");
  if (number == nullptr || !number->IsNumber()) return attachments_.size();
  const double index = number->GetDouble();  // JavaScript does not tell 1 from 1.0
  const bool exists = index >= 0 && index < static_cast<double>(attachments_.size());
  const std::size_t position = exists ? static_cast<std::size_t>(index) : attachments_.size();
  return exists && static_cast<double>(position) != index ? attachments_.size() : position;
}

SOCKETIO_DECL const JsonValue& ValueView::null_json() noexcept {
  static const JsonValue null;
  return null;
}

SOCKETIO_DECL const ValueView::JsonMember* ValueView::find_member(std::string_view key) const noexcept {
  if (!json_->IsObject()) return nullptr;
  for (auto member = json_->MemberEnd(); member != json_->MemberBegin();) {
    --member;
    if (key == std::string_view(member->name.GetString(), member->name.GetStringLength())) return &*member;
  }
  return nullptr;
}

SOCKETIO_DECL const JsonValue* ValueView::find_json(std::string_view key) const noexcept {
  const JsonMember* const member = find_member(key);
  return member != nullptr ? &member->value : nullptr;
}

}  // namespace socketio
