// SPDX-License-Identifier: MIT
// The user's event handlers, erased: arguments are converted, results answered, exceptions contained. Core layer.
#pragma once

#include <socketio/core/ack.hpp>
#include <socketio/core/coroutines.hpp>
#include <socketio/core/error.hpp>
#include <socketio/core/handler_traits.hpp>
#include <socketio/core/listener.hpp>
#include <socketio/core/outgoing.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/protocol/packet.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <iostream>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace socketio::detail {

/// Where the answer to one event goes; shared by everything that may give it.
///
/// @tparam Receiver  who has been sent the event, here and below: the state of a socket, or what stands for the server
///                   towards another one
template <class Receiver>
class AckTarget {
 public:
  AckTarget(std::shared_ptr<Receiver> receiver, std::uint64_t id, bool answered)
      : receiver_(std::move(receiver)), id_(id), answered_(answered) {}

  template <class... Results>
  void answer(const Results&... results) {
    if (!answered_.exchange(true)) receiver_->send_ack(id_, results...);
  }

 private:
  std::shared_ptr<Receiver> receiver_;
  std::uint64_t id_;
  std::atomic<bool> answered_;
};

/// One incoming event on its way through the handlers of its receiver.
template <class Receiver>
class Delivery {
 public:
  Delivery(std::shared_ptr<Receiver> receiver, std::shared_ptr<Packet> packet)
      : receiver_(std::move(receiver)), shared_(std::move(packet)) {}
  Delivery(std::shared_ptr<Receiver> receiver, PacketPtr packet)
      : receiver_(std::move(receiver)), owned_(std::move(packet)) {}

  Packet& packet() noexcept { return shared_ ? *shared_ : *owned_; }
  const std::shared_ptr<Receiver>& receiver() const noexcept { return receiver_; }

  /// The packet for those that need it longer than this call: coroutines, asynchronous middleware.
  std::shared_ptr<Packet> share() {
    if (!shared_) shared_ = std::shared_ptr<Packet>(std::move(owned_));
    return shared_;
  }

  /// The same event after its middleware: whoever was given its acknowledgement before may still answer it.
  Delivery after_middleware() {
    Delivery next(receiver_, share());
    next.ack_ = ack_;
    next.answered_ = answered_;
    return next;
  }

  /// Null when the client did not ask for an acknowledgement.
  const std::shared_ptr<AckTarget<Receiver>>& ack() {
    if (!ack_ && packet().id()) ack_ = std::make_shared<AckTarget<Receiver>>(receiver_, *packet().id(), answered_);
    return ack_;
  }

  /// Answers the client at once, if it asked and has no answer yet.
  template <class... Results>
  void answer(const Results&... results) {
    if (ack_)
      ack_->answer(results...);
    else if (packet().id() && !std::exchange(answered_, true))
      receiver_->send_ack(*packet().id(), results...);
  }

 private:
  std::shared_ptr<Receiver> receiver_;
  PacketPtr owned_;
  std::shared_ptr<Packet> shared_;
  std::shared_ptr<AckTarget<Receiver>> ack_;  // made for those who may answer later
  bool answered_ = false;                     // before it was made
};

/// A function of the user's that is called for an event, and its registration.
template <class Receiver>
class EventHandler {
 public:
  EventHandler() = default;
  EventHandler(const EventHandler&) = delete;
  EventHandler& operator=(const EventHandler&) = delete;
  virtual ~EventHandler() = default;

  /// Handles one event. Never throws what the user's code throws.
  virtual void operator()(Delivery<Receiver>& delivery) = 0;

  Listener listener;
  bool once = false;

 protected:
  bool has_warned_ = false;
};

template <class... Parameters>
constexpr bool ack_is_last(TypeList<Parameters...>) {
  const bool acks[] = {is_ack<std::remove_cvref_t<Parameters>>..., false};
  for (std::size_t i = 0; i + 1 < sizeof...(Parameters); ++i)
    if (acks[i]) return false;
  return true;
}

template <class Parameter>
concept AcceptableParameter = ConvertibleParameter<Parameter> &&
    (!std::is_lvalue_reference_v<Parameter> || std::is_const_v<std::remove_reference_t<Parameter>>);

template <class... Parameters>
constexpr bool are_acceptable(TypeList<Parameters...>) {
  return (AcceptableParameter<Parameters> && ...);
}

template <class Result>
concept AcceptableResult = std::is_void_v<Result> || Writable<std::remove_cvref_t<Result>>;

/// What `require_event_handler` asks for, as a condition: what does not fulfil it is not instantiated any further.
template <class F>
concept EventFunction = PlainCallable<F> && are_acceptable(typename SignatureOf<std::decay_t<F>>::Parameters{}) &&
    ack_is_last(typename SignatureOf<std::decay_t<F>>::Parameters{}) &&
    AcceptableResult<typename AwaitedResult<typename SignatureOf<std::decay_t<F>>::Result>::type>;

/// As EventFunction, with the name of the event before its arguments.
template <class Parameters>
inline constexpr bool takes_event_name = false;
template <class First, class... Rest>
inline constexpr bool takes_event_name<TypeList<First, Rest...>> =
    std::is_same_v<std::remove_cvref_t<First>, std::string> ||
    std::is_same_v<std::remove_cvref_t<First>, std::string_view>;

template <class Parameters>
struct WithoutFirst {
  using type = TypeList<>;
};
template <class First, class... Rest>
struct WithoutFirst<TypeList<First, Rest...>> {
  using type = TypeList<Rest...>;
};

template <class F>
concept CatchAllFunction = PlainCallable<F> && takes_event_name<typename SignatureOf<std::decay_t<F>>::Parameters> &&
    are_acceptable(typename SignatureOf<std::decay_t<F>>::Parameters{}) &&
    ack_is_last(typename SignatureOf<std::decay_t<F>>::Parameters{}) &&
    AcceptableResult<typename SignatureOf<std::decay_t<F>>::Result> &&
    !is_awaitable<typename SignatureOf<std::decay_t<F>>::Result>;

template <class Parameter>
constexpr bool require_convertible_parameter() {
  static_assert(ConvertibleParameter<Parameter>,
                "socketio: this handler parameter cannot be converted from what a client sends. Allowed are bool, "
                "numbers, strings, std::optional, std::vector, maps, tuples, std::variant, socketio::Binary, "
                "socketio::Value, structs declared with SOCKETIO_STRUCT, and socketio::Ack as the last one.");
  static_assert(!std::is_lvalue_reference_v<Parameter> || std::is_const_v<std::remove_reference_t<Parameter>>,
                "socketio: a handler takes its arguments by value or by reference to const.");
  return true;
}

/// std::string or std::string_view: what the first parameter of a catch-all handler is.
template <class F>
struct NameParameter {
  template <class First, class... Rest>
  static std::remove_cvref_t<First> first(TypeList<First, Rest...>);
  using type = decltype(first(typename SignatureOf<F>::Parameters{}));
};

/// Says in one sentence what is wrong with a catch-all handler.
template <class F>
constexpr void require_catch_all_handler() {
  static_assert(
      CatchAllFunction<F>,
      "socketio: a catch-all handler takes the name of the event (std::string or std::string_view) and then "
      "the arguments, usually as socketio::Args: [](std::string_view event, const socketio::Args& args). It is "
      "no coroutine: what it sees may be changed by the middleware that come after it.");
}

/// Says in one sentence what is wrong with a handler, at the line where it is registered.
template <class F>
constexpr void require_event_handler() {
  static_assert(PlainCallable<F>,
                "socketio: a handler must be a function, or an object with exactly one operator() whose parameter "
                "types are written out; `auto` parameters do not say what to convert to.");
  if constexpr (PlainCallable<F>) {
    using Parameters = typename SignatureOf<std::decay_t<F>>::Parameters;
    using Result = typename AwaitedResult<typename SignatureOf<std::decay_t<F>>::Result>::type;
    []<class... P>(TypeList<P...>) {
      static_cast<void>((require_convertible_parameter<P>() && ... && true));
    }(Parameters{});
    static_assert(ack_is_last(Parameters{}), "socketio: socketio::Ack must be the last parameter of a handler.");
    static_assert(AcceptableResult<Result>,
                  "socketio: what a handler returns answers the client's acknowledgement, so it must be void or a type "
                  "that can be sent.");
  }
}

/// @tparam takes_name  whether the function takes the name of the event before its arguments
template <class Receiver, class F, bool takes_name, class Result, class... Parameters>
class TypedEventHandler final : public EventHandler<Receiver> {
 public:
  explicit TypedEventHandler(F function) : function_(make(std::move(function))) {}

  void operator()(Delivery<Receiver>& delivery) override {
    std::tuple<Stored<Parameters>...> arguments;
    ConvertError error;
    if (const std::size_t position = read_arguments(delivery.packet(), arguments, error)) {
      report_bad_argument(delivery, position, error);
      return;
    }
    bind_ack(delivery, arguments);
    const std::string_view name = delivery.packet().event_name();
    if constexpr (is_awaitable<Result>) {
      asio::co_spawn(delivery.receiver()->shard().executor(),
                     run(function_, delivery.receiver(), delivery.share(), delivery.ack(), std::move(arguments)),
                     [](std::exception_ptr) {});
    } else {
      try {
        if constexpr (std::is_void_v<Result>)
          call(function_, name, arguments);
        else
          delivery.answer(call(function_, name, arguments));
      } catch (...) {
        delivery.receiver()->report_handler_exception(name);
      }
    }
  }

 private:
  using Arguments = std::tuple<Stored<Parameters>...>;

  // A coroutine may outlive the handler, which a socket drops when it disconnects, and keeps the function.
  using Kept = std::conditional_t<is_awaitable<Result>, std::shared_ptr<F>, F>;

  static Kept make(F function) {
    if constexpr (is_awaitable<Result>)
      return std::make_shared<F>(std::move(function));
    else
      return function;
  }

  static Result call(F& function, std::string_view name, Arguments& arguments) {
    return std::apply(
        [&function, name](auto&... stored) -> Result {
          if constexpr (takes_name)
            return function(typename NameParameter<F>::type(name), pass<Parameters>(stored)...);
          else
            return static_cast<void>(name), function(pass<Parameters>(stored)...);
        },
        arguments);
  }

  /// Everything the coroutine may look at is a parameter, hence lives in its frame: the function, and the packet, into
  /// which string views point.
  static asio::awaitable<void> run(std::shared_ptr<F> function, std::shared_ptr<Receiver> receiver,
                                   std::shared_ptr<Packet> packet, std::shared_ptr<AckTarget<Receiver>> ack,
                                   Arguments arguments) {
    try {
      if constexpr (std::is_void_v<typename AwaitedResult<Result>::type>) {
        co_await call(*function, packet->event_name(), arguments);
      } else {
        auto result = co_await call(*function, packet->event_name(), arguments);
        if (ack) ack->answer(result);
      }
    } catch (...) {
      receiver->report_handler_exception(packet->event_name());
    }
  }

  static void bind_ack(Delivery<Receiver>& delivery, Arguments& arguments) {
    if constexpr ((is_ack<Stored<Parameters>> || ...)) {
      if (const auto& target = delivery.ack()) bind(std::get<sizeof...(Parameters) - 1>(arguments), target);
    }
  }
  template <class... Results>
  static void bind(Ack<Results...>& ack, const std::shared_ptr<AckTarget<Receiver>>& target) {
    ack = Ack<Results...>(
        target, [](void* at, const Results&... results) { static_cast<AckTarget<Receiver>*>(at)->answer(results...); });
  }

  void report_bad_argument(Delivery<Receiver>& delivery, std::size_t position, const ConvertError& error) {
    const Receiver& receiver = *delivery.receiver();
    const ErrorReport report{make_error_code(Errc::bad_argument),
                             describe_argument_error(position, error),
                             receiver.nsp_name(),
                             receiver.id(),
                             std::string(delivery.packet().event_name()),
                             nullptr};
    // Without a hook, a handler whose parameters do not fit would seem not to be called at all. Once for each handler:
    // whoever sends the event again and again does not fill the log.
    if (!receiver.shard().has_error_hook() && !std::exchange(this->has_warned_, true))
      std::cerr << "socketio: " << report.message() << std::endl;
    receiver.shard().report(report);
  }

  Kept function_;
};

template <class Receiver>
using EventHandlerPtr = std::unique_ptr<EventHandler<Receiver>>;

template <class Receiver, class F>
EventHandlerPtr<Receiver> make_event_handler(F&& function) {
  using Function = std::decay_t<F>;
  return [&]<class... P>(TypeList<P...>) -> EventHandlerPtr<Receiver> {
    return std::make_unique<TypedEventHandler<Receiver, Function, false, typename SignatureOf<Function>::Result, P...>>(
        std::forward<F>(function));
  }(typename SignatureOf<Function>::Parameters{});
}

template <class Receiver, class F>
EventHandlerPtr<Receiver> make_catch_all_handler(F&& function) {
  using Function = std::decay_t<F>;
  return [&]<class... P>(TypeList<P...>) -> EventHandlerPtr<Receiver> {
    return std::make_unique<TypedEventHandler<Receiver, Function, true, typename SignatureOf<Function>::Result, P...>>(
        std::forward<F>(function));
  }(typename WithoutFirst<typename SignatureOf<Function>::Parameters>::type{});
}

/// The catch-all handlers of one socket in one direction, in the order in which they are called.
///
/// @par Thread safety  Only the owner's thread changes it, so only its changes and other threads' reads lock.
template <class Receiver>
class CatchAllList {
 public:
  bool empty() const noexcept { return !entries_ || entries_->empty(); }
  void add(std::mutex& mutex, EventHandlerPtr<Receiver> handler, bool first) {
    const std::lock_guard lock(mutex);
    if (!entries_) entries_ = std::make_unique<std::vector<Entry>>();
    entries_->insert(first ? entries_->begin() : entries_->end(), Entry(std::move(handler)));
  }

  // What is removed is destroyed last: the objects that a handler holds may use the list.
  void remove(std::mutex& mutex, Listener listener) {
    Entry removed;
    const std::lock_guard lock(mutex);
    if (!entries_) return;
    const auto found = std::find_if(entries_->begin(), entries_->end(),
                                    [&](const Entry& entry) { return entry->listener == listener; });
    if (found == entries_->end()) return;
    removed = std::move(*found);
    entries_->erase(found);
  }
  void clear(std::mutex& mutex) {
    std::unique_ptr<std::vector<Entry>> removed;
    const std::lock_guard lock(mutex);
    removed.swap(entries_);
  }

  /// Any thread.
  std::vector<Listener> listeners(std::mutex& mutex) const {
    const std::lock_guard lock(mutex);
    std::vector<Listener> all;
    if (entries_)
      for (const Entry& entry : *entries_) all.push_back(entry->listener);
    return all;
  }

  /// Calls those that are there now, whatever they do to the list.
  void dispatch(Delivery<Receiver>& delivery) const {
    if (!entries_) return;
    const auto entries = *entries_;
    for (const Entry& entry : entries) (*entry)(delivery);
  }

 private:
  using Entry = std::shared_ptr<EventHandler<Receiver>>;

  std::unique_ptr<std::vector<Entry>> entries_;  // few sockets have any
};

/// The handlers of one receiver by event, in the order of registration.
///
/// A list, not a map: sockets listen to a few events, and the list costs an idle socket little: 16 bytes for each
/// handler, besides the handler itself. The names are those of the shard, which has each once.
///
/// @par Thread safety  Only the owner's thread changes it, so only its changes and other threads' reads lock.
/// @par Lifetime       `clear` must be called before it is destroyed.
template <class Receiver>
class EventRegistry {
 public:
  void add(Shard& shard, std::string_view event, EventHandlerPtr<Receiver> handler, bool first) {
    const std::lock_guard lock(shard.handlers_mutex());
    // One by one as long as they are few: doubling would leave an idle socket with five handlers room for three more.
    if (entries_.size() < 16) entries_.reserve(entries_.size() + 1);
    entries_.insert(first ? entries_.begin() : entries_.end(), {shard.event_names().keep(event), std::move(handler)});
  }
  bool contains(std::string_view event) const noexcept {
    return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) { return *entry.event == event; });
  }

  void remove(Shard& shard, std::string_view event) {
    remove_if(shard, [&](const Entry& entry) { return *entry.event == event; });
  }
  void remove(Shard& shard, std::string_view event, Listener listener) {
    remove_if(shard, [&](const Entry& entry) { return entry.handler->listener == listener && *entry.event == event; });
  }
  void clear(Shard& shard) {
    remove_if(shard, [](const Entry&) { return true; });
  }

  /// Those that have a handler, each once, in the order of their first. Any thread.
  std::vector<std::string> event_names(Shard& shard) const {
    const std::lock_guard lock(shard.handlers_mutex());
    std::vector<std::string> names;
    for (const Entry& entry : entries_)
      if (std::find(names.begin(), names.end(), *entry.event) == names.end()) names.push_back(*entry.event);
    return names;
  }
  /// Any thread.
  std::vector<Listener> listeners(Shard& shard, std::string_view event) const {
    const std::lock_guard lock(shard.handlers_mutex());
    std::vector<Listener> all;
    for (const Entry& entry : entries_)
      if (*entry.event == event) all.push_back(entry.handler->listener);
    return all;
  }

  /// Calls every handler that is registered for the event now, whatever the handlers do to the registry.
  void dispatch(Shard& shard, Delivery<Receiver>& delivery) {
    const Running running(*this);
    const std::string_view event = delivery.packet().event_name();
    EventHandler<Receiver>* first = nullptr;
    std::vector<EventHandler<Receiver>*> others;
    bool any_once = false;
    for (const Entry& entry : entries_) {
      if (*entry.event != event) continue;
      (first ? others.emplace_back() : first) = entry.handler.get();
      any_once |= entry.handler->once;
    }
    if (!first) return;
    if (any_once) remove_if(shard, [&](const Entry& entry) { return entry.handler->once && *entry.event == event; });
    (*first)(delivery);
    for (EventHandler<Receiver>* const handler : others) (*handler)(delivery);
  }

 private:
  struct Entry {
    const std::string* event;
    EventHandlerPtr<Receiver> handler;
  };

  /// While handlers run, none is destroyed: those that are removed wait for the end of it.
  class Running {
   public:
    explicit Running(EventRegistry& registry) : registry_(registry) { ++registry_.running_; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() {
      if (--registry_.running_ == 0) const auto removed = std::exchange(registry_.removed_, nullptr);
    }

   private:
    EventRegistry& registry_;
  };

  /// What is removed is destroyed last: the objects that a handler holds may use the registry.
  template <class Condition>
  void remove_if(Shard& shard, const Condition& condition) {
    std::vector<Entry> removed;
    const std::lock_guard lock(shard.handlers_mutex());
    const auto first =
        std::stable_partition(entries_.begin(), entries_.end(), [&](const Entry& entry) { return !condition(entry); });
    removed.assign(std::make_move_iterator(first), std::make_move_iterator(entries_.end()));
    entries_.erase(first, entries_.end());
    if (entries_.empty()) entries_.shrink_to_fit();
    for (const Entry& entry : removed) shard.event_names().release(entry.event);
    if (running_ == 0 || removed.empty()) return;
    if (!removed_) removed_ = std::make_unique<std::vector<EventHandlerPtr<Receiver>>>();
    for (Entry& entry : removed) removed_->push_back(std::move(entry.handler));
  }

  std::vector<Entry> entries_;
  std::unique_ptr<std::vector<EventHandlerPtr<Receiver>>> removed_;  // while handlers run
  std::uint32_t running_ = 0;
};

}  // namespace socketio::detail
