// SPDX-License-Identifier: MIT
// The one list of handlers: of sockets, namespaces, rooms, servers and engines. Detail layer.
#pragma once

#include <socketio/listener.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

namespace socketio::detail {

/// How a handler is registered.
struct Registration {
  Listener listener = Listener::make();
  bool once = false;   // for the next event only
  bool first = false;  // before the handlers that are there already
};

/// A function with its registration, for lists of plain functions.
template <class Function>
struct Listening {
  Listener listener;
  bool once = false;
  Function function;
};

template <class Function>
std::unique_ptr<Listening<Function>> make_listening(const Registration& how, Function function) {
  return std::unique_ptr<Listening<Function>>(new Listening<Function>{how.listener, how.once, std::move(function)});
}

/// For lists whose handlers all belong to one event.
struct NoKey {};

/// For handlers that are visited with the mutex locked already, or on the owner's thread.
struct NoMutex {
  void lock() noexcept {}
  void unlock() noexcept {}
};

/// The order of the keys in a list: the handlers of a key that precedes another are called first. By default no key
/// precedes another, and the order of registration decides.
template <class Key>
struct ListenerOrder {
  static constexpr bool precedes(const Key&, const Key&) noexcept { return false; }
};

/// Which threads may dispatch events to a list.
enum class DispatchedBy {
  any_thread,        // the list is locked while the handlers of an event are looked up
  owner_thread_only  // the only thread that changes the list: looking handlers up needs no lock
};

/// How a list holds a key, as a pointer whatever the key is.
template <class Key>
struct ListenerKey {
  static const void* hold(Key key) {
    if constexpr (std::is_pointer_v<Key>) {
      return key;
    } else if constexpr (std::is_enum_v<Key>) {
      return reinterpret_cast<const void*>(static_cast<std::uintptr_t>(key));
    } else if constexpr (std::is_empty_v<Key>) {
      return nullptr;
    } else {
      return new Key(std::move(key));
    }
  }
  static decltype(auto) of(const void* held) noexcept {
    if constexpr (std::is_pointer_v<Key>) {
      return static_cast<Key>(held);
    } else if constexpr (std::is_enum_v<Key>) {
      return static_cast<Key>(reinterpret_cast<std::uintptr_t>(held));
    } else if constexpr (std::is_empty_v<Key>) {
      return Key();
    } else {
      return *static_cast<const Key*>(held);
    }
  }
  static void release(const void* held) noexcept {
    if constexpr (!std::is_pointer_v<Key> && !std::is_enum_v<Key> && !std::is_empty_v<Key>) {
      delete static_cast<const Key*>(held);
    }
  }
};

/// What the lists of handlers of all types have in common, compiled once for them.
class ListenerEntries {
 public:
  ListenerEntries(const ListenerEntries&) = delete;
  ListenerEntries& operator=(const ListenerEntries&) = delete;

  // As seen by the owner's thread; on other threads, with the mutex locked.
  bool empty() const noexcept { return entries_.empty(); }

 protected:
  struct Entry {
    const void* key;
    void* node;
  };
  using Entries = std::vector<Entry>;
  using Destroy = void (*)(const Entry& entry) noexcept;

  /// Entries that are destroyed with it.
  struct Removed {
    explicit Removed(Destroy how) noexcept : destroy(how) {}
    Removed(const Removed&) = delete;
    Removed& operator=(const Removed&) = delete;
    ~Removed() {
      for (const Entry& entry : entries) destroy(entry);
    }

    Entries entries;
    Destroy destroy;
  };

  /// While an event is dispatched, no handler is destroyed. Made with the mutex locked, or on the owner's thread.
  class Running {
   public:
    /// @param mutex  to lock at the end; null on the owner's thread
    Running(ListenerEntries& list, std::mutex* mutex) noexcept : list_(list), mutex_(mutex) { ++list_.running_; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() {
      std::unique_ptr<Removed> removed;  // destroyed after the lock
      if (mutex_) mutex_->lock();
      if (--list_.running_ == 0) removed.swap(list_.removed_);
      if (mutex_) mutex_->unlock();
    }

   private:
    ListenerEntries& list_;
    std::mutex* mutex_;
  };

  ListenerEntries() = default;
  ~ListenerEntries() = default;

  void make_room() {
    // Room for one more at a time while they are few: doubling would leave an idle socket with five handlers room for
    // three more.
    const std::size_t size = entries_.size();
    if (size == entries_.capacity()) entries_.reserve(size < 16 ? size + 1 : 2 * size);
  }

  /// Where removed entries go while events are dispatched.
  Removed& removed_while_running(Destroy destroy) {
    if (!removed_) removed_.reset(new Removed(destroy));
    return *removed_;
  }

  Entries entries_;
  std::unique_ptr<Removed> removed_;  // while events are dispatched
  std::uint32_t running_ = 0;
  bool has_ended_ = false;
};

/// Handlers in the order in which they are called, each registered for a key, usually the name of an event.
///
/// The rule of re-entrancy: an event calls the handlers that are registered when it begins, whatever they do to the
/// list meanwhile. A handler that is removed while events are being dispatched is destroyed when the last of them is
/// over, otherwise at once; always after the mutex has been unlocked, for what a handler captured may use the list.
///
/// @tparam Node  a handler, with the members `listener` and `once`
/// @par Thread safety  `dispatch` as DispatchedBy says; all other functions lock the mutex. Where only the owner's
///                     thread dispatches, only that thread may change the list.
/// @par Lifetime       Must not be destroyed while it dispatches.
template <class Node, class Key = NoKey, DispatchedBy threads = DispatchedBy::any_thread>
class ListenerList : public ListenerEntries {
 public:
  ListenerList() = default;
  ~ListenerList() {
    for (const Entry& entry : entries_) destroy(entry);
  }

  // As `empty`.
  template <class Wanted>
  bool contains(const Wanted& wanted) const {
    for (const Entry& entry : entries_) {
      if (wanted(key_of(entry))) return true;
    }
    return false;
  }

  /// Adds a handler after those that are there, or before them; within the order of the keys.
  void add(std::mutex& mutex, Key key, std::unique_ptr<Node> node, bool first) {
    const std::lock_guard lock(mutex);
    if (has_ended_) return;
    make_room();
    std::size_t place = first ? 0 : entries_.size();
    if (first) {
      while (place < entries_.size() && ListenerOrder<Key>::precedes(key_of(entries_[place]), key)) ++place;
    } else {
      while (place > 0 && ListenerOrder<Key>::precedes(key, key_of(entries_[place - 1]))) --place;
    }
    const void* const held = ListenerKey<Key>::hold(std::move(key));
    entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(place), Entry{held, node.release()});
  }

  /// Removes the handlers for which `condition(key, node)` holds.
  ///
  /// @param forget  called with the key of each while the mutex is locked
  template <class Condition, class Forget>
  void remove_if(std::mutex& mutex, const Condition& condition, const Forget& forget) {
    Removed removed(&destroy);
    const std::lock_guard lock(mutex);
    take_out(condition, forget, running_ == 0 ? removed : removed_while_running(&destroy));
  }
  template <class Condition>
  void remove_if(std::mutex& mutex, const Condition& condition) {
    remove_if(mutex, condition, &keep);
  }

  /// Removes all handlers, and takes none from now on: nothing would ever destroy them.
  void end(std::mutex& mutex) {
    Removed removed(&destroy);
    const std::lock_guard lock(mutex);
    has_ended_ = true;
    Removed& all = running_ == 0 ? removed : removed_while_running(&destroy);
    for (const Entry& entry : entries_) all.entries.push_back(entry);
    Entries().swap(entries_);
  }

  /// Calls `visit(key, node)` for each handler while the mutex is locked.
  template <class Mutex, class Visit>
  void for_each(Mutex& mutex, const Visit& visit) const {
    const std::lock_guard lock(mutex);
    for (const Entry& entry : entries_) visit(key_of(entry), std::as_const(node_of(entry)));
  }

  /// Calls `call(node)` for each handler whose key fulfils `wanted(key)` now, and removes those that are to run once.
  /// What `call` throws ends the dispatch.
  template <class Wanted, class Call, class Forget>
  void dispatch(std::mutex& mutex, const Wanted& wanted, const Call& call, const Forget& forget) {
    constexpr bool locks = threads == DispatchedBy::any_thread;
    Node* first = nullptr;
    std::vector<void*> others;  // most events have one handler: this allocates nothing then
    std::unique_lock lock(mutex, std::defer_lock);
    if constexpr (locks) lock.lock();
    bool any_once = false;
    for (const Entry& entry : entries_) {
      if (!wanted(key_of(entry))) continue;
      if (first) {
        others.push_back(entry.node);
      } else {
        first = &node_of(entry);
      }
      any_once |= node_of(entry).once;
    }
    if (!first) return;
    const Running running(*this, locks ? &mutex : nullptr);
    if (any_once) {
      if constexpr (!locks) lock.lock();
      take_out([&](const auto& key, const Node& node) { return node.once && wanted(key); }, forget,
               removed_while_running(&destroy));
      if constexpr (!locks) lock.unlock();
    }
    if constexpr (locks) lock.unlock();
    call(*first);
    for (void* const node : others) call(*static_cast<Node*>(node));
  }
  template <class Wanted, class Call>
  void dispatch(std::mutex& mutex, const Wanted& wanted, const Call& call) {
    dispatch(mutex, wanted, call, &keep);
  }

 private:
  static decltype(auto) key_of(const Entry& entry) noexcept { return ListenerKey<Key>::of(entry.key); }
  static Node& node_of(const Entry& entry) noexcept { return *static_cast<Node*>(entry.node); }
  static void destroy(const Entry& entry) noexcept {
    delete static_cast<Node*>(entry.node);
    ListenerKey<Key>::release(entry.key);
  }
  static void keep(const Key&) noexcept {}  // nothing to do when a key is removed

  template <class Condition, class Forget>
  void take_out(const Condition& condition, const Forget& forget, Removed& removed) {
    std::size_t kept = 0;
    for (const Entry& entry : entries_) {
      if (condition(key_of(entry), std::as_const(node_of(entry)))) {
        forget(key_of(entry));
        removed.entries.push_back(entry);
      } else {
        entries_[kept++] = entry;
      }
    }
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(kept), entries_.end());
    if (entries_.empty()) entries_.shrink_to_fit();
  }
};

}  // namespace socketio::detail
