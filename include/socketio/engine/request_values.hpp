// SPDX-License-Identifier: MIT
// What a program has found out about a request: values of its own types, at most one of each type. Engine layer.
#pragma once

#include <socketio/detail/config.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace socketio {

class MiddlewareContext;

namespace detail {

/// Its address stands for the type. Not const: a linker may fold constants that are equal.
template <class T>
inline char request_value_key = 0;

}  // namespace detail

/// Values that the program has attached to a request, by their types. A middleware of the engine attaches them with
/// `MiddlewareContext::set`.
///
/// Copies share the values. Without values it is one null pointer.
///
/// @par Thread safety  As a standard container: any number of threads may read. The values are constant from when they
///                     are set; for something that changes, set a `std::shared_ptr` to it, and guard it.
/// @par Lifetime       A value lives as long as any copy of the object that it was set in, even if another one has
///                     taken its place there.
class RequestValues {
 public:
  RequestValues() noexcept = default;
  RequestValues(const RequestValues& other) noexcept : last_(other.last_) {
    if (last_ != nullptr) share();
  }
  RequestValues(RequestValues&& other) noexcept : last_(std::exchange(other.last_, nullptr)) {}
  RequestValues& operator=(RequestValues other) noexcept {
    std::swap(last_, other.last_);
    return *this;
  }
  ~RequestValues() {
    if (last_ != nullptr) release();
  }

  /// The value of exactly that type; nullptr if there is none.
  template <class T>
  const T* get() const noexcept {
    return last_ == nullptr ? nullptr : static_cast<const T*>(find(&detail::request_value_key<std::remove_cv_t<T>>));
  }

  /// Sets the value of that type; `get` finds it instead of an earlier one.
  template <class T>
  void set(T value) {
    attach(std::move(value));
  }

 private:
  friend class MiddlewareContext;

  struct Entry;

  /// As `set`, for the request of an exchange, which is constant to everybody else.
  template <class T>
  void attach(T value) const {
    static_assert(!std::is_pointer_v<T>,
                  "socketio: attach the object itself or a smart pointer: a plain pointer says nothing of how long it "
                  "is valid. For a text, write std::string(\"...\").");
    attach(&detail::request_value_key<T>, std::make_shared<T>(std::move(value)));
  }
  SOCKETIO_DECL void attach(const char* key, std::shared_ptr<const void> value) const;
  SOCKETIO_DECL const void* find(const char* key) const noexcept;
  SOCKETIO_DECL void share() const noexcept;
  SOCKETIO_DECL void release() noexcept;

  mutable Entry* last_ = nullptr;  // the newest one, which leads to the older ones
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/request_values.ipp>
#endif
