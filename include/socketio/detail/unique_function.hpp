// SPDX-License-Identifier: MIT
// A move-only std::function: the erased form of every callback the library keeps (C++23 has std::move_only_function).
#pragma once

#include <socketio/detail/config.hpp>

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>

namespace socketio::detail {

/// Owns a callable of any type: what the UniqueFunctions of all signatures have in common, compiled once for them.
class UniqueCallable {
 public:
  explicit operator bool() const noexcept { return ops_ != nullptr; }

 protected:
  // Two functions: one for both is called with a branch, 20 instructions more for each callback that is posted.
  struct Ops {
    void (*move)(void* from, void* to) noexcept;  // and destroys what is left
    void (*destroy)(void* at) noexcept;
  };

  UniqueCallable() noexcept = default;
  UniqueCallable(UniqueCallable&& other) noexcept { take(other); }
  UniqueCallable& operator=(UniqueCallable&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  ~UniqueCallable() { reset(); }

  void reset() noexcept {
    if (const Ops* const ops = ops_) {
      ops_ = nullptr;
      ops->destroy(storage_);
    }
  }

  static constexpr std::size_t capacity = 4 * sizeof(void*);

  // Of callables that are bytes.
  template <std::size_t size>
  static void move_bytes(void* from, void* to) noexcept {
    std::memcpy(to, from, size);
  }
  static void destroy_bytes(void*) noexcept {}
  template <std::size_t size>
  static constexpr Ops ops_of_bytes{&move_bytes<size>, &destroy_bytes};

  alignas(std::max_align_t) std::byte storage_[capacity];
  const Ops* ops_ = nullptr;
  void (*call_)() = nullptr;  // what it really is, the signature's class knows

 private:
  void take(UniqueCallable& other) noexcept {
    if (const Ops* const ops = other.ops_) {
      ops->move(other.storage_, storage_);
      ops_ = ops;
      call_ = other.call_;
      other.ops_ = nullptr;
    }
  }
};

template <class Signature>
class UniqueFunction;

/// Owns one callable of any type, moved in and never copied.
///
/// Callables of up to four pointers that can be moved without throwing are stored inside; larger ones on the heap.
/// Calling an empty one is undefined: test it with `operator bool` first.
template <class R, class... Args>
class UniqueFunction<R(Args...)> : public UniqueCallable {
 public:
  UniqueFunction() noexcept = default;
  UniqueFunction(std::nullptr_t) noexcept {}

  template <class F>
  requires(!std::is_same_v<std::decay_t<F>, UniqueFunction> && std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
      UniqueFunction(F&& callable) {
    using Callable = std::decay_t<F>;
    if constexpr (fits<Callable>) {
      ::new (static_cast<void*>(storage_)) Callable(static_cast<F&&>(callable));
      if constexpr (std::is_trivially_copyable_v<Callable>) {
        ops_ = &ops_of_bytes < std::is_empty_v<Callable> ? 0 : sizeof(Callable) > ;
      } else {
        ops_ = &ops_inside<Callable>;
      }
      set_call(&call_inside<Callable>);
    } else {
      ::new (static_cast<void*>(storage_)) Callable*(new Callable(static_cast<F&&>(callable)));
      ops_ = &ops_on_heap<Callable>;
      set_call(&call_on_heap<Callable>);
    }
  }

  UniqueFunction& operator=(std::nullptr_t) noexcept {
    reset();
    return *this;
  }

  R operator()(Args... args) const {
    return reinterpret_cast<Call>(call_)(const_cast<std::byte*>(storage_), static_cast<Args&&>(args)...);
  }

 private:
  using Call = R (*)(void*, Args&&...);

  template <class F>
  static constexpr bool fits = sizeof(F) <= capacity &&
                               alignof(F) <= alignof(std::max_align_t) && std::is_nothrow_move_constructible_v<F>;

  void set_call(Call call) noexcept { call_ = reinterpret_cast<void (*)()>(call); }

  template <class F>
  static R call_inside(void* at, Args&&... args) {
    return static_cast<R>((*static_cast<F*>(at))(static_cast<Args&&>(args)...));
  }
  template <class F>
  static R call_on_heap(void* at, Args&&... args) {
    return static_cast<R>((**static_cast<F**>(at))(static_cast<Args&&>(args)...));
  }

  template <class F>
  static void move_inside(void* from, void* to) noexcept {
    F* const callable = static_cast<F*>(from);
    ::new (to) F(static_cast<F&&>(*callable));
    callable->~F();
  }
  template <class F>
  static void destroy_inside(void* at) noexcept {
    static_cast<F*>(at)->~F();
  }
  template <class F>
  static constexpr Ops ops_inside{&move_inside<F>, &destroy_inside<F>};

  template <class F>
  static void destroy_on_heap(void* at) noexcept {
    delete *static_cast<F**>(at);
  }
  template <class F>
  static constexpr Ops ops_on_heap{&move_bytes<sizeof(F*)>, &destroy_on_heap<F>};
};

}  // namespace socketio::detail
