// SPDX-License-Identifier: MIT
#include <benchmarks/load/http_response.hpp>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace bench {
namespace {

template <class Number>
Number to_number(std::string_view text, int base) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end == text.data())
    throw std::runtime_error("the server's HTTP has no number in \"" + std::string(text) + '"');
  return number;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// Joins chunks. Returns the number of bytes of all chunks with the line after the last; 0 if they are incomplete.
std::size_t read_chunks(std::string_view input, std::string& body) {
  body.clear();
  std::size_t used = 0;
  while (true) {
    const std::size_t line_end = input.find("\r\n", used);
    if (line_end == std::string_view::npos) return 0;
    const auto size = to_number<std::size_t>(input.substr(used, line_end - used), 16);
    const std::size_t data = line_end + 2;
    if (input.size() - data < size + 2) return 0;
    body.append(input.substr(data, size));
    used = data + size + 2;
    if (size == 0) return used;
  }
}

}  // namespace

std::size_t read_response(std::string_view input, HttpResponse& response, std::string& chunks) {
  const std::size_t head_end = input.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return 0;
  if (input.substr(0, 9) != "HTTP/1.1 ")
    throw std::runtime_error("the server does not speak HTTP/1.1: " + std::string(input.substr(0, 80)));
  response = {};
  response.status = to_number<unsigned>(input.substr(9, 3), 10);

  const std::size_t body = head_end + 4;
  std::size_t length = 0;
  bool has_length = false;
  bool chunked = false;
  std::string_view head = input.substr(0, head_end + 2);
  for (head.remove_prefix(head.find("\r\n") + 2); !head.empty(); head.remove_prefix(head.find("\r\n") + 2)) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) throw std::runtime_error("a line without a name: " + std::string(line));
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (same(name, "content-length")) {
      length = to_number<std::size_t>(value, 10);
      has_length = true;
    } else if (same(name, "transfer-encoding")) {
      chunked = same(value, "chunked");
    } else if (same(name, "connection")) {
      response.closes = same(value, "close");
    }
  }
  if (chunked) {
    const std::size_t used = read_chunks(input.substr(body), chunks);
    response.body = chunks;
    return used == 0 ? 0 : body + used;
  }
  if (!has_length)
    throw std::runtime_error("the server answered with HTTP " + std::to_string(response.status) +
                             " and gave no length");
  if (input.size() - body < length) return 0;
  response.body = input.substr(body, length);
  return body + length;
}

}  // namespace bench
