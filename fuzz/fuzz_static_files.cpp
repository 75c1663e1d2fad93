// SPDX-License-Identifier: MIT
// Files over HTTP: no target leads out of the directory or to a hidden file, and a client that has a file is told so.
//
// The input: a target; after the first LF, the value of If-None-Match.
#include <socketio/engine/cors.hpp>
#include <socketio/engine/static_files.hpp>

#include <fuzz/law.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <system_error>

namespace {

namespace fs = std::filesystem;

constexpr std::string_view secret = "not for the public";

/// A directory with files, in a directory with a secret.
class Site {
 public:
  Site() : top_(fs::temp_directory_path() / ("socketio-fuzz-" + std::to_string(std::random_device()()))) {
    fs::create_directories(top_ / "public" / "sub dir" / "deeper");
    fs::create_directories(top_ / "public" / "empty");
    fs::create_directories(top_ / "publicity");
    for (const char* name : {"secret.txt", "publicity/secret.txt", "public/.secret", "public/sub dir/.secret"})
      write(name, secret);
    for (const char* name : {"public/index.html", "public/a.js", "public/b.unknown", "public/sub dir/index.html",
                             "public/sub dir/deeper/c"})
      write(name, name);
    std::error_code ignored;  // not every system allows links
    fs::create_symlink("../secret.txt", top_ / "public" / "out", ignored);
    fs::create_directory_symlink("..", top_ / "public" / "up", ignored);
    fs::create_symlink("a.js", top_ / "public" / "in", ignored);
  }
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;
  ~Site() {
    std::error_code ignored;
    fs::remove_all(top_, ignored);
  }

  std::string directory() const { return (top_ / "public").string(); }

 private:
  void write(const char* name, std::string_view text) const { std::ofstream(top_ / name, std::ios::binary) << text; }

  fs::path top_;
};

/// What the HTTP parser lets pass.
bool is_target(std::string_view text) {
  return !text.empty() && std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7F;
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Site site;
  static const socketio::StaticFiles files(site.directory());
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = input.find('\n');
  socketio::HttpRequest request;
  request.method = "GET";
  request.target = input.substr(0, end);
  if (!is_target(request.target)) return 0;
  if (end != std::string_view::npos && socketio::is_valid_header_value(input.substr(end + 1)))
    request.headers.add("If-None-Match", input.substr(end + 1));

  const socketio::HttpResponse response = files.response_to(request);
  fuzz::law(response.body.find(secret) == std::string::npos, "no path leads to the secret");
  for (std::size_t i = 0; i < response.headers.size(); ++i)
    fuzz::law(socketio::is_valid_header_value(response.headers[i].value), "the answer's fields have one line");
  switch (response.status) {
    case 200:
    case 304: {
      const auto etag = response.headers.find("ETag");
      fuzz::law(etag.has_value() && response.headers.contains("Content-Type"), "a file has a tag and a type");
      fuzz::law((response.status == 304) == response.body.empty(), "a file that the client has is not sent");
      request.headers.set("If-None-Match", "\"x\", " + std::string(*etag));
      fuzz::law(files.response_to(request).status == 304, "a tag is recognized");
      break;
    }
    case 301: {
      const std::string_view where = response.headers.find("Location").value_or("");
      fuzz::law(where.substr(0, 1) == "/" && where.substr(0, 2) != "//", "a redirection stays on this host");
      break;
    }
    default: fuzz::law(response.status == 404, "a file, a redirection or nothing");
  }
  return 0;
}
