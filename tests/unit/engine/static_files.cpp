// SPDX-License-Identifier: MIT
#include <socketio/engine/static_files.hpp>
// Files below a directory, but none outside of it.
#include <tests/support/catch.hpp>

#include <socketio/transport/memory.hpp>

#include <asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

namespace fs = std::filesystem;
using socketio::HttpRequest;
using socketio::HttpResponse;
using socketio::StaticFiles;

namespace {

/// A directory with some files, removed at the end.
class Directory {
 public:
  Directory() {
    static std::atomic<unsigned> count{0};
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    base_ = fs::temp_directory_path() / ("socketio_static_" + std::to_string(now) + '_' + std::to_string(++count));
    write("public/index.html", "<h1>home</h1>");
    write("public/a b.txt", "blank");
    write("public/sub/index.html", "sub");
    write("public/sub/app.js", "1");
    write("public/empty/x.css", "");
    write("public/.secret", "hidden");
    write("public2/secret.txt", "beside");
    write("secret.txt", "above");
  }
  ~Directory() { fs::remove_all(base_); }

  fs::path root() const { return base_ / "public"; }
  fs::path base() const { return base_; }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((base_ / name).parent_path());
    std::ofstream(base_ / name, std::ios::binary) << text;
  }

 private:
  fs::path base_;
};

HttpResponse get(const StaticFiles& files, std::string target, std::string method = "GET", std::string known = {}) {
  HttpRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  if (!known.empty()) request.headers.add("If-None-Match", known);
  return files.response_to(request);
}

}  // namespace

TEST_CASE("files are served with their type, unless the client has them", "[engine][static]") {
  const Directory directory;
  const StaticFiles files(directory.root());
  const HttpResponse home = get(files, "/");
  CHECK(home.status == 200);
  CHECK(home.body == "<h1>home</h1>");
  CHECK(home.headers.find("Content-Type") == "text/html; charset=utf-8");
  CHECK(home.headers.find("Cache-Control") == "no-cache");
  const std::string etag(home.headers.find("ETag").value());
  for (const std::string& known : {etag, etag.substr(2), "\"x\", " + etag, std::string("*")}) {
    CAPTURE(known);
    const HttpResponse again = get(files, "/?x=y", "GET", known);
    CHECK(again.status == 304);
    CHECK(again.body.empty());
    CHECK(again.headers.find("ETag") == etag);
  }
  CHECK(get(files, "/", "GET", "W/\"other\"").status == 200);
  directory.write("public/index.html", "longer than before");
  CHECK(get(files, "/", "GET", etag).body == "longer than before");
  CHECK(get(files, "/a%20b.txt").body == "blank");
  CHECK(get(files, "/sub/app.js").headers.find("Content-Type") == "text/javascript; charset=utf-8");
  CHECK(get(files, "//sub//app.js").body == "1");
  CHECK(get(files, "/empty/x.css").status == 200);
  CHECK(get(files, "/sub/").body == "sub");
}

TEST_CASE("a request for a directory without a slash is redirected on this host", "[engine][static]") {
  const Directory directory;
  const StaticFiles files(directory.root());
  CHECK(get(files, "/sub?a=b").status == 301);
  CHECK(get(files, "/sub?a=b").headers.find("Location") == "/sub/?a=b");
  CHECK(get(files, "//sub").headers.find("Location") == "/sub/");
}

TEST_CASE("missing, hidden and outside files are not found", "[engine][static]") {
  const Directory directory;
  const StaticFiles files(directory.root());
  for (const char* target : {"/none",
                             "/empty/",
                             "/index.html/",
                             "/.secret",
                             "/../secret.txt",
                             "/%2e%2e/secret.txt",
                             "/sub/../../secret.txt",
                             "/..%2fsecret.txt",
                             "/%2e%2e%2fsecret.txt",
                             "/..\\secret.txt",
                             "/index.html%00",
                             "/%ff",
                             "/../public2/secret.txt",
                             "/sub/./app.js",
                             "index.html",
                             "",
                             "*",
                             "http://host/index.html",
                             "/c:/x",
                             "/...",
                             "/index.html%00.css"}) {
    CAPTURE(target);
    CHECK(get(files, target).status == 404);
  }
}

TEST_CASE("links are followed only inside the directory", "[engine][static]") {
  const Directory directory;
  std::error_code error;
  fs::create_symlink(directory.base() / "secret.txt", directory.root() / "out.txt", error);
  if (error) return;  // a system without symbolic links
  fs::create_symlink(directory.root() / "sub" / "app.js", directory.root() / "in.js");
  fs::create_directory_symlink(directory.base() / "public2", directory.root() / "dir");
  fs::create_symlink(directory.base() / "secret.txt", directory.root() / "empty" / "index.html");
  fs::create_symlink(directory.root() / "loop", directory.root() / "loop");
  const StaticFiles files(directory.root());
  CHECK(get(files, "/in.js").body == "1");
  for (const char* target : {"/out.txt", "/dir/secret.txt", "/dir", "/empty/", "/loop"}) {
    CAPTURE(target);
    CHECK(get(files, target).status == 404);
  }
}

TEST_CASE("only GET and HEAD are served", "[engine][static]") {
  const Directory directory;
  const StaticFiles files(directory.root());
  CHECK(get(files, "/", "HEAD").status == 200);
  CHECK(get(files, "/", "POST").status == 405);
  CHECK(get(files, "/", "POST").headers.find("Allow") == "GET, HEAD");
}

TEST_CASE("a StaticFiles object answers exchanges", "[engine][static]") {
  const Directory directory;
  asio::io_context context;
  socketio::MemoryTransport transport(context);
  transport.on_exchange(StaticFiles(directory.root()));
  transport.listen();
  CHECK(transport.fetch("GET", "/")->body() == "<h1>home</h1>");
  CHECK(transport.fetch("HEAD", "/")->body().empty());
}

TEST_CASE("a directory that does not exist is an error at once", "[engine][static]") {
  CHECK_THROWS_AS(StaticFiles("/does/not/exist/at/all"), fs::filesystem_error);
}

TEST_CASE("the last extension decides the type, whatever its case", "[engine][static]") {
  CHECK(socketio::content_type_of("a.b.PNG") == "image/png");
  CHECK(socketio::content_type_of("png") == "application/octet-stream");
  CHECK(socketio::content_type_of("a.unknown") == "application/octet-stream");
}
