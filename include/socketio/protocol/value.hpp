// SPDX-License-Identifier: MIT
// A value of any kind that a packet can carry, owned and changeable. Protocol layer.
#pragma once

#include <socketio/protocol/binary.hpp>
#include <socketio/protocol/value_kind.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace socketio {

/// Thrown when a Value is used as what it is not.
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

  Value() noexcept = default;
  Value(std::nullptr_t) noexcept {}
  template <std::same_as<bool> T>
  Value(T value) noexcept : data_(value) {}
  template <detail::ValueInteger T>
  Value(T value) noexcept : data_(integer(value)) {}
  template <std::floating_point T>
  Value(T value) noexcept : data_(static_cast<double>(value)) {}
  Value(const char* text) : data_(std::string(text)) {}
  Value(std::string_view text) : data_(std::string(text)) {}
  Value(std::string text) noexcept : data_(std::move(text)) {}
  Value(Binary bytes) noexcept : data_(std::move(bytes)) {}
  Value(Array items) noexcept : data_(std::move(items)) {}
  Value(Object members) noexcept;
  Value(std::initializer_list<Member> members);

  Value(const Value& other);
  Value(Value&& other) noexcept;
  Value& operator=(const Value& other);
  Value& operator=(Value&& other) noexcept;
  ~Value();

  static Value array(std::initializer_list<Value> items = {});
  static Value object(std::initializer_list<Member> members = {});

  ValueKind kind() const noexcept { return static_cast<ValueKind>(data_.index()); }

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
  using Data =
      std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, Binary, Array, Object>;

  template <detail::ValueInteger T>
  static Data integer(T value) noexcept;
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
  Data data_;
};

/// A member of an object.
struct Value::Member {
  Member(std::string member_key, Value member_value) : key(std::move(member_key)), value(std::move(member_value)) {}

  std::string key;
  Value value;
};

/// JSON for logs and tests; binary data appears as a base64 string.
std::string to_json(const Value& value);

/// Reads JSON.
///
/// @par Errors  throws std::invalid_argument if `text` is not JSON, not UTF-8, or nested deeper than 512.
Value parse_json(std::string_view text);

/// As `parse_json`, with nothing in place of an error.
std::optional<Value> try_parse_json(std::string_view text);

}  // namespace socketio

#include <socketio/protocol/impl/value.ipp>
