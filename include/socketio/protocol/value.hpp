// SPDX-License-Identifier: MIT
// A value of any kind that a packet can carry, owned and changeable. Protocol layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/protocol/binary.hpp>
#include <socketio/protocol/value_kind.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace socketio {

class ValueView;

/// Thrown when a Value is used as another kind than it has.
class ValueError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {

template <class T>
concept ValueInteger =
    std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
    !std::same_as<T, char16_t> && !std::same_as<T, char32_t> && sizeof(T) <= sizeof(std::int64_t);

}  // namespace detail

/// Null, a boolean, a number, a string, binary data, an array or an object.
///
/// @code
/// Value user{{"name", "Ann"}, {"age", 31}, {"tags", Value::array({"a", "b"})}};
/// user["age"] = 32;
/// @endcode
///
/// @par Thread safety  Distinct objects: safe. Shared objects: safe for reading.
class Value {
 public:
  struct Member;
  class Object;
  using Array = std::vector<Value>;

  Value() noexcept {}
  Value(std::nullptr_t) noexcept {}
  template <std::same_as<bool> T>
  Value(T value) noexcept : kind_(ValueKind::boolean) {
    data_.boolean = value;
  }
  template <detail::ValueInteger T>
  Value(T value) noexcept : kind_(ValueKind::integer) {
    if constexpr (std::is_unsigned_v<T> && sizeof(T) == sizeof(std::uint64_t)) {
      if (value > static_cast<T>(std::numeric_limits<std::int64_t>::max())) {
        kind_ = ValueKind::unsigned_integer;
        data_.unsigned_integer = value;
        return;
      }
    }
    data_.integer = static_cast<std::int64_t>(value);
  }
  template <std::floating_point T>
  Value(T value) noexcept : kind_(ValueKind::number) {
    data_.number = static_cast<double>(value);
  }
  Value(const char* text);
  Value(std::string_view text);
  Value(std::string text) noexcept;
  Value(Binary bytes) noexcept;
  Value(Array items) noexcept;
  Value(Object members) noexcept;
  Value(std::initializer_list<Member> members);

  /// What an optional holds, or null: `Value(handshake.headers.find("origin"))`.
  template <class T>
  requires std::constructible_from<Value, const T&> Value(const std::optional<T>& held)
      : Value(held ? Value(*held) : Value()) {}

  Value(const Value& other);
  Value(Value&& other) noexcept;
  Value& operator=(const Value& other);
  Value& operator=(Value&& other) noexcept;
  ~Value();

  static Value array(std::initializer_list<Value> items = {});
  static Value object(std::initializer_list<Member> members = {});

  ValueKind kind() const noexcept { return kind_; }

  bool is_null() const noexcept { return kind() == ValueKind::null; }
  bool is_bool() const noexcept { return kind() == ValueKind::boolean; }
  bool is_int64() const noexcept { return kind() == ValueKind::integer; }
  bool is_uint64() const noexcept;
  bool is_number() const noexcept { return kind() >= ValueKind::integer && kind() <= ValueKind::number; }
  bool is_string() const noexcept { return kind() == ValueKind::string; }
  bool is_binary() const noexcept { return kind() == ValueKind::binary; }
  bool is_array() const noexcept { return kind() == ValueKind::array; }
  bool is_object() const noexcept { return kind() == ValueKind::object; }

  /// The value as what the name says.
  ///
  /// @par Errors  throws ValueError if the value is of another kind, or an integer that does not fit. `as_double`
  ///              accepts every number.
  bool as_bool() const;
  std::int64_t as_int64() const;
  std::uint64_t as_uint64() const;
  double as_double() const;
  const std::string& as_string() const;
  std::string& as_string();
  const Binary& as_binary() const;
  const Array& as_array() const;
  Array& as_array();
  const Object& as_object() const;
  Object& as_object();

  /// The alternative held, or null: one of bool, std::int64_t, std::uint64_t (only above std::int64_t), double,
  /// std::string, Binary, Array, Object.
  template <class T>
  const T* get_if() const noexcept;
  template <class T>
  T* get_if() noexcept;

  /// Items of an array or members of an object; otherwise 0.
  std::size_t size() const noexcept;
  bool empty() const noexcept { return size() == 0; }

  /// An item; null where there is none (or the value is no array). The changeable form throws as `at`.
  const Value& operator[](std::size_t index) const noexcept;
  Value& operator[](std::size_t index) { return at(index); }

  /// A member; null where there is none. The changeable form makes an object of null and adds the member.
  ///
  /// @par Errors  the changeable form throws ValueError if the value is neither object nor null.
  const Value& operator[](std::string_view key) const noexcept;
  Value& operator[](std::string_view key);

  /// An item or a member.
  ///
  /// @par Errors  throws ValueError if the value is no array or object, std::out_of_range if there is no such item.
  const Value& at(std::size_t index) const;
  Value& at(std::size_t index);
  const Value& at(std::string_view key) const;
  Value& at(std::string_view key);

  bool contains(std::string_view key) const noexcept;

  /// Adds an item; makes an array of null.
  ///
  /// @par Errors  throws ValueError if the value is neither array nor null.
  void push_back(Value item);

  /// The items of an array; an empty range for every other kind.
  Array::const_iterator begin() const noexcept;
  Array::const_iterator end() const noexcept;
  Array::iterator begin() noexcept;
  Array::iterator end() noexcept;

  /// Numbers are equal by their value, whatever holds them; objects whatever the order of their members.
  friend bool operator==(const Value& a, const Value& b) noexcept { return equal(a, b); }

 private:
  union Data;

  template <class T>
  static constexpr ValueKind kind_of() noexcept;

  void take(Value& other) noexcept;  // a value that holds nothing takes what another one holds
  void destroy() noexcept;           // leaves a value that holds nothing
  static bool equal(const Value& a, const Value& b) noexcept;
  static const Value& null_value() noexcept;

  template <class T>
  T& get(std::string_view wanted);
  template <class T>
  const T& get(std::string_view wanted) const;
  [[noreturn]] void fail(std::string_view wanted) const;

 public:
  /// The members of an object, in the order of their insertion, each name once.
  ///
  /// @par Cost  looking up a member is linear in their number.
  class Object {
   public:
    Object() noexcept;

    /// Of several members with one name, the last counts.
    Object(std::initializer_list<Member> members);
    explicit Object(std::vector<Member> members);

    // Defined where Member is complete, as all that touches the vector has to be.
    Object(const Object& other);
    Object(Object&& other) noexcept;
    Object& operator=(const Object& other);
    Object& operator=(Object&& other) noexcept;
    ~Object();

    std::size_t size() const noexcept;
    bool empty() const noexcept { return size() == 0; }
    const Value* find(std::string_view key) const noexcept;
    Value* find(std::string_view key) noexcept;
    bool contains(std::string_view key) const noexcept { return find(key) != nullptr; }

    /// The member's value; a null one is added if there is none.
    Value& operator[](std::string_view key);

    /// @par Errors  throws std::out_of_range if there is no such member.
    const Value& at(std::string_view key) const;
    Value& at(std::string_view key);

    /// @return  whether there was such a member.
    bool erase(std::string_view key);

    auto begin() const noexcept { return members_.begin(); }
    auto end() const noexcept { return members_.end(); }
    auto begin() noexcept { return members_.begin(); }
    auto end() noexcept { return members_.end(); }

    friend bool operator==(const Object& a, const Object& b) noexcept { return equal(a, b); }

   private:
    static bool equal(const Object& a, const Object& b) noexcept;

    std::vector<Member> members_;
  };

 private:
  // Not a std::variant, which costs each file that includes this header a thousand functions.
  union Data {
    Data() noexcept : integer(0) {}
    Data(const Data&) = delete;
    Data& operator=(const Data&) = delete;
    ~Data() {}

    bool boolean;
    std::int64_t integer;
    std::uint64_t unsigned_integer;
    double number;
    std::string string;
    Binary binary;
    Array array;
    Object object;
  };

  Data data_;
  ValueKind kind_ = ValueKind::null;  // says which one data_ holds
};

/// A member of an object.
struct Value::Member {
  Member(std::string member_key, Value member_value) : key(std::move(member_key)), value(std::move(member_value)) {}

  std::string key;
  Value value;
};

template <class T>
constexpr ValueKind Value::kind_of() noexcept {
  if constexpr (std::is_same_v<T, bool>) {
    return ValueKind::boolean;
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return ValueKind::integer;
  } else if constexpr (std::is_same_v<T, std::uint64_t>) {
    return ValueKind::unsigned_integer;
  } else if constexpr (std::is_same_v<T, double>) {
    return ValueKind::number;
  } else if constexpr (std::is_same_v<T, std::string>) {
    return ValueKind::string;
  } else if constexpr (std::is_same_v<T, Binary>) {
    return ValueKind::binary;
  } else if constexpr (std::is_same_v<T, Array>) {
    return ValueKind::array;
  } else {
    static_assert(std::is_same_v<T, Object>, "get_if takes one of the types that a Value holds.");
    return ValueKind::object;
  }
}

template <class T>
const T* Value::get_if() const noexcept {
  return kind_ == kind_of<T>() ? static_cast<const T*>(static_cast<const void*>(&data_)) : nullptr;
}
template <class T>
T* Value::get_if() noexcept {
  return kind_ == kind_of<T>() ? static_cast<T*>(static_cast<void*>(&data_)) : nullptr;
}

namespace detail {

/// Writes a value through any Writer. The depth of the recursion is that of the value.
template <class Writer>
void write_dynamic(Writer& writer, const Value& value) {
  switch (value.kind()) {
    case ValueKind::null: return writer.null();
    case ValueKind::boolean: return writer.boolean(value.as_bool());
    case ValueKind::integer: return writer.integer(value.as_int64());
    case ValueKind::unsigned_integer: return writer.unsigned_integer(value.as_uint64());
    case ValueKind::number: return writer.number(value.as_double());
    case ValueKind::string: return writer.string(value.as_string());
    case ValueKind::binary: return writer.binary(value.as_binary());
    case ValueKind::array:
      writer.begin_array(value.size());
      for (const Value& item : value) write_dynamic(writer, item);
      return writer.end_array();
    case ValueKind::object:
      writer.begin_object(value.size());
      for (const auto& [key, member] : value.as_object()) {
        writer.key(key);
        write_dynamic(writer, member);
      }
      return writer.end_object();
  }
}

SOCKETIO_DECL Value read_dynamic(ValueView view);

}  // namespace detail

/// JSON for logs and tests; binary data appears as a base64 string.
SOCKETIO_DECL std::string to_json(const Value& value);

/// Reads JSON.
///
/// @par Errors  throws std::invalid_argument if `text` is not JSON, not UTF-8, or nested deeper than 512.
SOCKETIO_DECL Value parse_json(std::string_view text);

/// As `parse_json`, with nothing in place of an error.
SOCKETIO_DECL std::optional<Value> try_parse_json(std::string_view text);

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/protocol/impl/value.ipp>
#endif
