// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/engine_state.hpp>. Engine layer.
#pragma once

#include <socketio/engine/engine_state.hpp>
#include <socketio/engine/session.hpp>
#include <socketio/protocol/utf8.hpp>

#include <stdexcept>

namespace socketio::detail {

SOCKETIO_DECL void HookFunctions::append(std::shared_ptr<void> function) {
  if (!function) return clear();
  const auto list = std::shared_ptr<List>(functions_ ? new List(*functions_) : new List());
  list->push_back(std::move(function));
  functions_ = list;
}

/// One trailing slash goes, then one is added unless told otherwise.
inline std::string computed_path(const EngineOptions& options) {
  std::string path = options.path;
  if (!path.empty() && path.back() == '/') path.pop_back();
  if (options.add_trailing_slash) path += '/';
  return path;
}

SOCKETIO_DECL EngineState::EngineState(Scheduler& owner, EngineOptions chosen, std::shared_ptr<SessionDirectory> shared,
                                       std::size_t position)
    : scheduler(owner),
      options(std::move(chosen)),
      path(computed_path(options)),
      directory(std::move(shared)),
      index(position) {
  if (!directory) directory.reset(new SessionDirectory(1, options));
  std::string problems;
  for (const std::string& problem : options.validate()) problems += (problems.empty() ? "" : "; ") + problem;
  if (!problems.empty()) throw std::invalid_argument(problems);
  if (options.serve_client) client_bundle.emplace(*options.serve_client);
  if (!options.trusted_proxies.empty())
    client_addresses.emplace(options.trusted_proxies, options.client_address_header);
}

SOCKETIO_DECL void EngineState::report(std::exception_ptr error, std::string_view where) const noexcept {
  try {
    error_hook(std::move(error), where);
  } catch (...) {
    // The last resort has failed; the server goes on.
  }
}

SOCKETIO_DECL bool EngineState::complete_headers(HttpHeaders& headers, const HttpRequest& request,
                                                 std::string_view content_type, const std::string* new_sid) const {
  headers.set("Content-Type", content_type);
  const std::string_view agent = request.headers.find("User-Agent").value_or(std::string_view());
  if (agent.find(";MSIE") != std::string_view::npos || agent.find("Trident/") != std::string_view::npos)
    headers.set("X-XSS-Protection", "0");
  headers.set("cache-control", "no-store");
  if (new_sid != nullptr && options.cookie) headers.add("Set-Cookie", serialize_cookie(*options.cookie, *new_sid));
  return run_header_hooks(headers, request, new_sid != nullptr);
}

SOCKETIO_DECL void EngineState::compress(HttpResponse& response, const HttpRequest& request) const {
  if (!options.http_compression || response.body.size() < options.http_compression->threshold) return;
  const ContentCoding coding = preferred_coding(request.headers);
  if (coding == ContentCoding::identity) return;
  response.headers.set("Content-Encoding", to_string(coding));
  response.body = encode_content(response.body, coding, options.http_compression->level);
}

SOCKETIO_DECL bool EngineState::run_header_hooks(HttpHeaders& headers, const HttpRequest& request,
                                                 bool is_initial) const {
  return (!is_initial || guarded("initial_headers", [&] { initial_headers_hook(headers, request); })) &&
         guarded("headers", [&] { headers_hook(headers, request); });
}

SOCKETIO_DECL void EngineState::add(const std::shared_ptr<Session>& session) {
  sessions.emplace(session->id(), session);
}

SOCKETIO_DECL void EngineState::remove(const Session& session) noexcept {
  const auto entry = sessions.find(session.id());
  if (entry == sessions.end() || entry->second.get() != &session) return;
  sessions.erase(entry);
  directory->disclaim(session.id());
  directory->leave(session.remote_address());
  if (when_without_sessions) note_without_sessions();
}

SOCKETIO_DECL void EngineState::note_without_sessions() noexcept {
  if (sessions.empty()) scheduler.post([waiting = std::exchange(when_without_sessions, nullptr)] { (*waiting)(); });
}

SOCKETIO_DECL std::string json_quoted(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  constexpr std::string_view short_escapes = "btn\vfr";  // from 0x08 on; 0x0B has none
  std::string out = "\"";
  for (const char c : is_valid_utf8(text) ? std::string(text) : to_valid_utf8(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte >= 0x08 && byte <= 0x0D && byte != 0x0B) {
      out += '\\';
      out += short_escapes[byte - 0x08u];
    } else if (byte < 0x20) {
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 0xF];
    } else {
      out += c;
    }
  }
  out += '"';
  return out;
}

}  // namespace socketio::detail
