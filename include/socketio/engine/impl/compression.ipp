// SPDX-License-Identifier: MIT
// Bodies of <socketio/engine/compression.hpp>. Engine layer.
#pragma once

#include <socketio/detail/zlib.hpp>
#include <socketio/engine/compression.hpp>
#include <socketio/engine/http.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio {

namespace detail {

/// The weight of an element of Accept-Encoding in thousandths; no value if it is not a number.
inline std::optional<int> parse_weight(std::string_view text) noexcept {
  if (text.empty() || (text.front() != '0' && text.front() != '1')) return std::nullopt;
  int weight = (text.front() - '0') * 1000;
  text.remove_prefix(1);
  if (text.empty()) return weight;
  if (text.front() != '.') return std::nullopt;
  text.remove_prefix(1);
  for (int unit = 100; !text.empty(); text.remove_prefix(1), unit /= 10) {
    if (text.front() < '0' || text.front() > '9') return std::nullopt;
    weight += (text.front() - '0') * unit;
  }
  return std::min(weight, 1000);
}

/// One element of Accept-Encoding.
struct AcceptedCoding {
  std::string_view name;
  int weight = 1000;

  explicit AcceptedCoding(std::string_view element) : name(trim_blanks(element.substr(0, element.find(';')))) {
    while (true) {
      const std::size_t semicolon = element.find(';');
      if (semicolon == std::string_view::npos) return;
      element.remove_prefix(semicolon + 1);
      const std::string_view parameter = trim_blanks(element.substr(0, element.find(';')));
      const std::size_t equals = parameter.find('=');
      if (equals != std::string_view::npos && iequals(trim_blanks(parameter.substr(0, equals)), "q"))
        weight = parse_weight(trim_blanks(parameter.substr(equals + 1))).value_or(0);
    }
  }
};

}  // namespace detail

SOCKETIO_DECL std::vector<std::string> HttpCompressionOptions::validate() const {
  std::vector<std::string> problems;
  if (level < -1 || level > 9) problems.emplace_back("http_compression.level is not between -1 and 9");
  return problems;
}

SOCKETIO_DECL std::vector<std::string> PerMessageDeflateOptions::validate() const {
  std::vector<std::string> problems;
  const auto require = [&problems](bool holds, std::string_view problem) {
    if (!holds) problems.emplace_back(problem);
  };
  const auto is_between = [](int value, int low, int high) { return value >= low && value <= high; };
  require(detail::has_zlib, "per_message_deflate is set, but the library was built without zlib");
  require(is_between(server_max_window_bits.value_or(15), 9, 15),
          "per_message_deflate.server_max_window_bits is not between 9 and 15");
  require(is_between(client_max_window_bits.value_or(15), 8, 15),
          "per_message_deflate.client_max_window_bits is not between 8 and 15");
  require(is_between(level, -1, 9), "per_message_deflate.level is not between -1 and 9");
  require(is_between(mem_level, 1, 9), "per_message_deflate.mem_level is not between 1 and 9");
  return problems;
}

SOCKETIO_DECL ContentCoding preferred_coding(const HttpHeaders& request_headers) {
  const std::optional<std::string> field =
      detail::has_zlib ? request_headers.joined("Accept-Encoding") : std::optional<std::string>();
  if (!field) return ContentCoding::identity;

  // How much each of the two is wanted: by weight, by whether it is named, by its place in the field.
  struct Preference {
    int weight = 0;
    bool is_named = false;
    int place = 0;

    bool is_better_than(const Preference& other) const noexcept {
      if (weight != other.weight) return weight > other.weight;
      if (is_named != other.is_named) return is_named;
      return place < other.place;
    }
  };
  constexpr std::array<ContentCoding, 2> codings{ContentCoding::gzip, ContentCoding::deflate};
  std::array<Preference, 2> preferences{};
  int place = 0;
  for (std::string_view rest = *field; !rest.empty(); ++place) {
    const std::string_view element = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), element.size() + 1));
    const detail::AcceptedCoding accepted(element);
    for (std::size_t i = 0; i < codings.size(); ++i) {
      const bool is_named = iequals(accepted.name, to_string(codings[i]));
      if (!is_named && (accepted.name != "*" || preferences[i].is_named)) continue;
      const Preference found{accepted.weight, is_named, place};
      // What names a coding counts more than `*`, whatever their weights.
      if (is_named != preferences[i].is_named || found.is_better_than(preferences[i])) preferences[i] = found;
    }
  }
  const std::size_t best = preferences[1].is_better_than(preferences[0]) ? 1 : 0;
  return preferences[best].weight == 0 ? ContentCoding::identity : codings[best];
}

SOCKETIO_DECL std::string_view to_string(ContentCoding coding) noexcept {
  switch (coding) {
    case ContentCoding::gzip: return "gzip";
    case ContentCoding::deflate: return "deflate";
    case ContentCoding::identity: break;
  }
  return "identity";
}

SOCKETIO_DECL std::string encode_content(std::string_view text, ContentCoding coding, int level) {
  std::string result;
  if (coding == ContentCoding::identity) {
    result = text;
    return result;
  }
  detail::DeflateSettings settings;
  settings.level = level;
  const auto format = coding == ContentCoding::gzip ? detail::DeflateFormat::gzip : detail::DeflateFormat::zlib;
  detail::Deflater(format, settings).finish(text, result);
  return result;
}

}  // namespace socketio
