// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/client_bundle.hpp>. Engine layer.
#pragma once

#include <socketio/engine/client_bundle.hpp>
#include <socketio/protocol/json.hpp>
#include <socketio/protocol/limits.hpp>
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

inline constexpr std::array<std::string_view, 8> client_file_names{
    "socket.io.js",         "socket.io.js.map",         "socket.io.min.js",         "socket.io.min.js.map",
    "socket.io.esm.min.js", "socket.io.esm.min.js.map", "socket.io.msgpack.min.js", "socket.io.msgpack.min.js.map"};

inline std::optional<std::string> read_file(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

/// The member "version" of a package.json; empty without one.
inline std::string version_in(const std::filesystem::path& path) {
  std::optional<std::string> text = read_file(path);
  if (!text || !is_valid_utf8(*text)) return {};
  JsonArena arena;
  JsonValue root;
  if (parse_json_in_place(*text, 0, ParserLimits{}.max_depth, arena, root) != JsonStatus::ok || !root.IsObject())
    return {};
  const JsonValue& package = root;  // Clang takes the comparison of mutable iterators for ambiguous
  const auto version = package.FindMember("version");
  return version != package.MemberEnd() && version->value.IsString() ? version->value.GetString() : std::string();
}

inline std::string version_of(const ServeClientOptions& options) {
  if (!options.version.empty()) return options.version;
  const std::filesystem::path directory = options.directory;
  const std::string inside = version_in(directory / "package.json");
  return inside.empty() ? version_in(directory / ".." / "package.json") : inside;
}

}  // namespace detail

SOCKETIO_DECL std::vector<std::string> ServeClientOptions::validate() const {
  std::vector<std::string> problems;
  const auto exists = [this](std::string_view name) {
    std::error_code error;
    return std::filesystem::is_regular_file(std::filesystem::path(directory) / name, error);
  };
  if (!exists("socket.io.js") && !exists("socket.io.min.js"))
    problems.push_back("serve_client.directory has no socket.io.js and no socket.io.min.js: \"" + directory + '"');
  const std::string found = detail::version_of(*this);
  const auto is_plain = [](char c) { return c > 0x20 && c < 0x7F && c != '"' && c != '\\'; };
  if (found.empty())
    problems.emplace_back("serve_client.version is not given, and there is no package.json that says it");
  else if (!std::all_of(found.begin(), found.end(), is_plain))
    problems.emplace_back("serve_client.version has characters that an ETag cannot have");
  return problems;
}

SOCKETIO_DECL ClientBundle::ClientBundle(const ServeClientOptions& options)
    : directory_(options.directory), version_(detail::version_of(options)) {}

SOCKETIO_DECL ClientBundle::File* ClientBundle::load(std::string_view name) {
  const auto known = std::find(detail::client_file_names.begin(), detail::client_file_names.end(), name);
  if (known == detail::client_file_names.end()) return nullptr;
  File& file = files_[static_cast<std::size_t>(known - detail::client_file_names.begin())];
  std::string& plain = file[static_cast<std::size_t>(ContentCoding::identity)];
  if (!plain.empty()) return &file;
  std::optional<std::string> content = detail::read_file(std::filesystem::path(directory_) / *known);
  if (!content) return nullptr;
  plain = *std::move(content);
  return &file;
}

SOCKETIO_DECL std::optional<HttpResponse> ClientBundle::response_to(const HttpRequest& request, std::string_view name) {
  File* const file = load(name);
  if (!file) return std::nullopt;
  HttpResponse response;
  const std::string etag = '"' + version_ + '"';
  if (const auto held = request.headers.joined("If-None-Match"); held == etag || held == "W/" + etag) {
    response.status = 304;
    return response;
  }
  const bool is_map = name.substr(name.size() - 4) == ".map";
  response.headers.add("Cache-Control", "public, max-age=0");
  response.headers.add("Content-Type",
                       is_map ? "application/json; charset=utf-8" : "application/javascript; charset=utf-8");
  response.headers.add("ETag", etag);
  const ContentCoding coding = preferred_coding(request.headers);
  if (coding != ContentCoding::identity) response.headers.add("content-encoding", to_string(coding));
  std::string& coded = (*file)[static_cast<std::size_t>(coding)];
  if (coded.empty()) coded = encode_content((*file)[static_cast<std::size_t>(ContentCoding::identity)], coding);
  response.body = coded;
  return response;
}

}  // namespace socketio
