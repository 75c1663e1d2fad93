// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/static_files.hpp>. Engine layer.
#pragma once

#include <socketio/engine/query.hpp>
#include <socketio/engine/static_files.hpp>
#include <socketio/protocol/utf8.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace socketio {

namespace detail {

inline HttpResponse plain_response(unsigned status) {
  HttpResponse response;
  response.status = status;
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.body = http_reason(status);
  return response;
}

/// The file or directory of a path that begins with a slash, if it exists and lies below the root.
inline std::optional<std::filesystem::path> resolved_file(const std::filesystem::path& root,
                                                          std::string_view url_path) {
  const std::string decoded = percent_decoded(url_path, false);
  // Backslashes and colons mean something on Windows only, but no page needs them in its names.
  const bool is_suspicious = decoded.find_first_of(std::string_view("\0\\:", 3)) != std::string::npos;
  if (is_suspicious || !is_valid_utf8(decoded)) return std::nullopt;

  std::filesystem::path path = root;
  for (std::string_view rest = decoded; !rest.empty();) {
    const std::string_view name = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    if (name.empty()) continue;
    if (name.front() == '.') return std::nullopt;
    path /= std::filesystem::path(std::u8string(name.begin(), name.end()));
  }
  std::error_code error;
  path = std::filesystem::canonical(path, error);
  if (error) return std::nullopt;
  const auto [root_end, ignored] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
  if (root_end != root.end()) return std::nullopt;
  return path;
}

/// Changes whenever the file does: its size and the time of its last change.
inline std::optional<std::string> file_etag(const std::filesystem::path& file) {
  std::error_code size_error;
  std::error_code time_error;
  const auto size = std::filesystem::file_size(file, size_error);
  const auto time = std::filesystem::last_write_time(file, time_error);
  if (size_error || time_error) return std::nullopt;
  // libc++ counts in a type that to_string does not know.
  const auto count = static_cast<long long>(time.time_since_epoch().count());
  return "W/\"" + std::to_string(size) + '-' + std::to_string(count) + '"';
}

/// Whether an If-None-Match field names the tag; weak comparison (RFC 9110 section 8.8.3.2).
inline bool names_etag(std::string_view field, std::string_view etag) noexcept {
  etag.remove_prefix(2);
  while (!field.empty()) {
    std::string_view item = field.substr(0, field.find(','));
    field.remove_prefix(std::min(field.size(), item.size() + 1));
    item = trim_blanks(item);
    if (item.substr(0, 2) == "W/") item.remove_prefix(2);
    if (item == "*" || item == etag) return true;
  }
  return false;
}

}  // namespace detail

SOCKETIO_DECL std::string_view content_type_of(std::string_view file_name) noexcept {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 24> types{{
      {".html", "text/html; charset=utf-8"},
      {".htm", "text/html; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".json", "application/json"},
      {".map", "application/json"},
      {".webmanifest", "application/manifest+json"},
      {".txt", "text/plain; charset=utf-8"},
      {".md", "text/markdown; charset=utf-8"},
      {".xml", "application/xml"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".jpeg", "image/jpeg"},
      {".gif", "image/gif"},
      {".webp", "image/webp"},
      {".ico", "image/x-icon"},
      {".woff", "font/woff"},
      {".woff2", "font/woff2"},
      {".wasm", "application/wasm"},
      {".mp3", "audio/mpeg"},
      {".mp4", "video/mp4"},
      {".pdf", "application/pdf"},
  }};
  const std::size_t dot = file_name.rfind('.');
  if (dot != std::string_view::npos)
    for (const auto& [extension, type] : types)
      if (iequals(extension, file_name.substr(dot))) return type;
  return "application/octet-stream";
}

SOCKETIO_DECL StaticFiles::StaticFiles(const std::string& directory)
    : root_(std::filesystem::canonical(directory).string()) {}

SOCKETIO_DECL void StaticFiles::operator()(const ExchangePtr& exchange) const {
  exchange->respond(response_to(exchange->request()));
}

SOCKETIO_DECL HttpResponse StaticFiles::response_to(const HttpRequest& request) const {
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse response = detail::plain_response(405);
    response.headers.add("Allow", "GET, HEAD");
    return response;
  }
  const std::string_view url_path = request.path();
  if (url_path.empty() || url_path.front() != '/') return detail::plain_response(404);

  std::optional<std::filesystem::path> file = detail::resolved_file(root_, url_path);
  std::error_code error;
  if (file && std::filesystem::is_directory(*file, error)) {
    if (url_path.back() != '/') {
      // A single slash in front: two of them would name another host.
      const std::size_t first = std::min(url_path.find_first_not_of('/'), url_path.size());
      HttpResponse response = detail::plain_response(301);
      std::string location = '/' + std::string(url_path.substr(first)) + '/';
      if (!request.query().empty()) location += '?' + std::string(request.query());
      response.headers.add("Location", location);
      return response;
    }
    file = detail::resolved_file(root_, std::string(url_path) + "index.html");
  } else if (url_path.back() == '/') {
    file = std::nullopt;
  }
  if (!file || !std::filesystem::is_regular_file(*file, error)) return detail::plain_response(404);

  const std::optional<std::string> etag = detail::file_etag(*file);
  std::ifstream stream(*file, std::ios::binary);
  if (!etag || !stream) return detail::plain_response(404);
  HttpResponse response;
  response.headers.add("Content-Type", content_type_of(file->filename().string()));
  response.headers.add("Cache-Control", "no-cache");
  response.headers.add("ETag", *etag);
  response.headers.add("X-Content-Type-Options", "nosniff");
  if (const auto known = request.headers.joined("If-None-Match"); known && detail::names_etag(*known, *etag))
    response.status = 304;
  else
    response.body.assign(std::istreambuf_iterator<char>(stream), {});
  return response;
}

}  // namespace socketio
