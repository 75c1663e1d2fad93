// SPDX-License-Identifier: MIT
// What an engine, its sessions and its pending requests share. Engine layer, internal.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/detail/unique_function.hpp>
#include <socketio/engine/client_address.hpp>
#include <socketio/engine/client_bundle.hpp>
#include <socketio/engine/connection_error.hpp>
#include <socketio/engine/http.hpp>
#include <socketio/engine/message.hpp>
#include <socketio/engine/middleware.hpp>
#include <socketio/engine/options.hpp>
#include <socketio/engine/scheduler.hpp>
#include <socketio/engine/session_directory.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace socketio {

class Session;

namespace detail {

/// The functions of a Hook, whatever their signature: compiled once for all hooks.
class HookFunctions {
 public:
  explicit operator bool() const noexcept { return functions_ != nullptr; }
  void clear() noexcept { functions_ = nullptr; }

 protected:
  using List = std::vector<std::shared_ptr<void>>;

  void append(std::shared_ptr<void> function);

  std::shared_ptr<const List> functions_;  // never changed: who calls them holds them
};

/// Callbacks of users that may be added and removed while they run.
template <class Signature>
class Hook : public HookFunctions {
 public:
  using Function = UniqueFunction<Signature>;

  /// Adds one after those that are there; an empty one removes them all instead.
  void add(Function function) { append(function ? std::shared_ptr<void>(new Function(std::move(function))) : nullptr); }

  /// Leaves this one alone.
  void set(Function function) {
    clear();
    if (function) add(std::move(function));
  }

  /// Calls them in order; what one of them throws ends the walk.
  template <class... Args>
  void operator()(Args&&... args) const {
    const std::shared_ptr<const List> running = functions_;
    if (!running) return;
    for (const std::shared_ptr<void>& function : *running) (*static_cast<const Function*>(function.get()))(args...);
  }
};

struct EngineState {
  EngineState(Scheduler& owner, EngineOptions chosen, std::shared_ptr<SessionDirectory> shared, std::size_t position);

  void report(std::exception_ptr error, std::string_view where) const noexcept;

  /// Calls `call`; what it throws is reported. @return whether it returned
  template <class Call>
  bool guarded(std::string_view where, Call&& call) const {
    try {
      call();
      return true;
    } catch (...) {
      report(std::current_exception(), where);
      return false;
    }
  }

  /// Completes the headers of a 200 response of a polling session. @return false if a hook threw
  bool complete_headers(HttpHeaders& headers, const HttpRequest& request, std::string_view content_type,
                        const std::string* new_sid = nullptr) const;

  /// Compresses the body if that is wanted, allowed and worth it.
  void compress(HttpResponse& response, const HttpRequest& request) const;

  /// Lets the hooks add headers. @return false if one threw
  bool run_header_hooks(HttpHeaders& headers, const HttpRequest& request, bool is_initial) const;

  void add(const std::shared_ptr<Session>& session);
  /// Calls `when_without_sessions` in a later turn, if there are none.
  void note_without_sessions() noexcept;
  void remove(const Session& session) noexcept;

  Scheduler& scheduler;
  const EngineOptions options;
  const std::string path;
  std::optional<ClientBundle> client_bundle;
  std::optional<ClientAddressFinder> client_addresses;  // null: the peer is the client
  const MessagePtr ping = Message::packet(EioPacketType::ping);

  std::unordered_map<std::string_view, std::shared_ptr<Session>> sessions;  // the key is the session's own string
  std::shared_ptr<SessionDirectory> directory;                              // of all engines of the server
  std::size_t index = 0;                                                    // of this one among them
  bool is_closed = false;                                                   // to new sessions
  bool is_draining = false;                                                 // what health checks are told
  std::shared_ptr<UniqueFunction<void()>> when_without_sessions;            // null while nobody waits

  std::vector<std::shared_ptr<UniqueFunction<void(MiddlewareContext&, MiddlewareNext)>>> middlewares;
  Hook<void(std::shared_ptr<Session>)> connection_hook;
  Hook<void(const ConnectionError&)> connection_error_hook;
  Hook<void(HttpHeaders&, const HttpRequest&)> initial_headers_hook;
  Hook<void(HttpHeaders&, const HttpRequest&)> headers_hook;
  Hook<void(Session&, std::span<const MessagePtr>)> flush_hook;
  Hook<void(Session&)> drain_hook;
  Hook<void(std::exception_ptr, std::string_view)> error_hook;
};

/// `text` as a JSON string, as JSON.stringify writes it.
SOCKETIO_DECL std::string json_quoted(std::string_view text);

}  // namespace detail
}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/engine_state.ipp>
#endif
