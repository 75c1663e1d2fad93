// SPDX-License-Identifier: MIT
// The files of the JavaScript client: which files, with which headers, and for which requests.
#include <socketio/engine/client_bundle.hpp>
#include <tests/support/catch.hpp>
#include <tests/support/engine_fixture.hpp>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#ifdef SOCKETIO_WITH_ZLIB
#include <tests/support/gunzip.hpp>
#endif

namespace fs = std::filesystem;
using socketio::CorsOptions;
using socketio::EngineOptions;
using socketio::ServeClientOptions;
using tests::EngineFixture;

namespace {

/// Files like those of an installed package; removed at the end.
class Package {
 public:
  Package() {
    static std::atomic<unsigned> count{0};
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    base_ = fs::temp_directory_path() / ("socketio_client_" + std::to_string(now) + '_' + std::to_string(++count));
    write("package.json", R"({"name": "socket.io-client", "engines": {"version": "no"}, "version": "4.8.4"})");
    for (const std::string name :
         {"socket.io.js", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js"}) {
      write("dist/" + name, "source of " + name + std::string(5000, ' '));
      write("dist/" + name + ".map", "map of " + name);
    }
    write("dist/secret.js", "secret");
  }
  ~Package() { fs::remove_all(base_); }

  void write(const std::string& name, const std::string& content) const {
    fs::create_directories((base_ / name).parent_path());
    std::ofstream(base_ / name, std::ios::binary) << content;
  }
  void remove(const std::string& name) const { fs::remove(base_ / name); }
  std::string dist() const { return (base_ / "dist").string(); }

 private:
  fs::path base_;
};

EngineOptions options_for(const Package& package) {
  EngineOptions options;
  options.path = "/socket.io";
  options.serve_client = ServeClientOptions{package.dist()};
  return options;
}

struct BundleFixture : Package, EngineFixture {
  BundleFixture() : EngineFixture(options_for(*this)) {}
  explicit BundleFixture(EngineOptions options) : EngineFixture(std::move(options)) {}

  socketio::MemoryResponsePtr get(const std::string& target, Headers headers = {}) {
    return transport.fetch("GET", target, {}, headers);
  }
};

void check_unknown(const socketio::MemoryResponsePtr& response) {
  CHECK(response->status() == 400);
  CHECK(response->body() == R"({"code":0,"message":"Transport unknown"})");
}

}  // namespace

TEST_CASE("the client's scripts and their maps are served", "[engine][client]") {
  BundleFixture f;
  for (const std::string name :
       {"socket.io.js", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js"}) {
    const auto script = f.get("/socket.io/" + name);
    CHECK(script->status() == 200);
    CHECK(script->body() == "source of " + name + std::string(5000, ' '));
    CHECK(script->header("Content-Type") == "application/javascript; charset=utf-8");
    CHECK(script->header("Cache-Control") == "public, max-age=0");
    CHECK(script->header("ETag") == "\"4.8.4\"");
    CHECK(script->header("Content-Encoding") == std::nullopt);
    const auto map = f.get("/socket.io/" + name + ".map?buster=1");
    CHECK(map->body() == "map of " + name);
    CHECK(map->header("Content-Type") == "application/json; charset=utf-8");
    CHECK(map->header("ETag") == "\"4.8.4\"");
  }
  CHECK(f.refusals.empty());
}

TEST_CASE("a client that has the version gets 304", "[engine][client]") {
  BundleFixture f;
  for (const std::string_view held : {"\"4.8.4\"", "W/\"4.8.4\""}) {
    const auto response = f.get("/socket.io/socket.io.js", {{"If-None-Match", held}});
    CHECK(response->status() == 304);
    CHECK(response->body().empty());
    CHECK(response->header("ETag") == std::nullopt);
  }
  for (const std::string_view other : {"\"4.8.3\"", "4.8.4", "*", "\"4.8.4\", \"1\"", "w/\"4.8.4\""})
    CHECK(f.get("/socket.io/socket.io.js", {{"If-None-Match", other}})->status() == 200);
}

TEST_CASE("any other name is an unknown request", "[engine][client]") {
  BundleFixture f;
  for (const std::string name :
       {"secret.js", "socket.io.js.gz", "socket.io.msgpack.js", "SOCKET.IO.JS", "socket.io.js/", "/socket.io.js",
        "../package.json", "%73ocket.io.js", "sub/socket.io.js", ""})
    check_unknown(f.get("/socket.io/" + name));
  CHECK(f.refusals.size() == 10);
}

TEST_CASE("a missing file is an unknown request, and may be added later", "[engine][client]") {
  BundleFixture f;
  f.remove("dist/socket.io.msgpack.min.js");
  check_unknown(f.get("/socket.io/socket.io.msgpack.min.js"));
  f.write("dist/socket.io.msgpack.min.js", "now");
  CHECK(f.get("/socket.io/socket.io.msgpack.min.js")->body() == "now");
}

TEST_CASE("without the option nothing is served", "[engine][client]") {
  EngineOptions options;
  options.path = "/socket.io";
  BundleFixture f(std::move(options));
  check_unknown(f.get("/socket.io/socket.io.js"));
}

TEST_CASE("files are served for any method, but not for an upgrade", "[engine][client]") {
  BundleFixture f;
  CHECK(f.transport.fetch("POST", "/socket.io/socket.io.js")->body().substr(0, 9) == "source of");
  const auto head = f.transport.fetch("HEAD", "/socket.io/socket.io.js");
  CHECK(head->status() == 200);
  CHECK(head->header("ETag") == "\"4.8.4\"");
  CHECK(head->body().empty());
  const auto upgrade = f.transport.connect_websocket("/socket.io/socket.io.js");
  CHECK_FALSE(upgrade->accepted);
  CHECK(upgrade->response.status == 400);
}

TEST_CASE("the files are below the path of the server", "[engine][client]") {
  const Package package;
  EngineOptions options = options_for(package);
  options.path = "/live/";
  options.add_trailing_slash = false;
  BundleFixture f(std::move(options));
  CHECK(f.get("/live/socket.io.min.js")->status() == 200);
  check_unknown(f.get("/livesocket.io.min.js"));
  CHECK_FALSE(f.get("/socket.io/socket.io.min.js")->status() == 200);
}

TEST_CASE("pages of other origins get the files with the usual CORS headers", "[engine][client]") {
  const Package package;
  EngineOptions options = options_for(package);
  options.cors = CorsOptions{.origin = "https://page.example", .credentials = true};
  BundleFixture f(std::move(options));
  const auto response = f.get("/socket.io/socket.io.js", {{"Origin", "https://page.example"}});
  CHECK(response->header("Access-Control-Allow-Origin") == "https://page.example");
  CHECK(response->header("Access-Control-Allow-Credentials") == "true");
  const auto known = f.get("/socket.io/socket.io.js", {{"If-None-Match", "\"4.8.4\""}});
  CHECK(known->status() == 304);
  CHECK(known->header("Access-Control-Allow-Origin") == "https://page.example");
  const auto preflight = f.transport.fetch("OPTIONS", "/socket.io/socket.io.js");
  CHECK(preflight->status() == 204);
  CHECK(preflight->body().empty());
}

TEST_CASE("neither hooks nor middlewares see the files", "[engine][client]") {
  BundleFixture f;
  int calls = 0;
  f.engine.use([&](socketio::MiddlewareContext&, socketio::MiddlewareNext next) { ++calls, next(); });
  f.engine.on_headers([&](socketio::HttpHeaders&, const socketio::HttpRequest&) { ++calls; });
  CHECK(f.get("/socket.io/socket.io.js")->status() == 200);
  CHECK(calls == 0);
}

TEST_CASE("the version may be given, or read from a package.json beside the files", "[engine][client]") {
  const Package package;
  EngineOptions options = options_for(package);
  options.serve_client->version = "mine-1";
  CHECK(BundleFixture(options).get("/socket.io/socket.io.js")->header("ETag") == "\"mine-1\"");
  package.write("dist/package.json", R"({"version": "5.0.0"})");
  CHECK(BundleFixture(options_for(package)).get("/socket.io/socket.io.js")->header("ETag") == "\"5.0.0\"");
}

TEST_CASE("a directory that cannot be served is an error when the server is made", "[engine][client]") {
  const Package package;
  CHECK(ServeClientOptions{package.dist()}.validate().empty());
  CHECK(ServeClientOptions{package.dist() + "/nowhere", "1"}.validate().size() == 1);
  CHECK(ServeClientOptions{package.dist() + "/nowhere"}.validate().size() == 2);
  CHECK(ServeClientOptions{package.dist(), "a\"b"}.validate().size() == 1);
  CHECK(ServeClientOptions{package.dist(), "a\r\nb"}.validate().size() == 1);
  package.remove("dist/socket.io.js");
  CHECK(ServeClientOptions{package.dist()}.validate().empty());
  package.remove("dist/socket.io.min.js");
  CHECK(ServeClientOptions{package.dist()}.validate().size() == 1);
  for (const std::string text : {"", "[]", "{", "{\"version\": 4}", "\xff"}) {
    package.write("package.json", text);
    CHECK(ServeClientOptions{package.dist()}.validate().size() == 2);
  }
  EngineOptions options;
  options.serve_client = ServeClientOptions{};
  CHECK_THROWS_AS(EngineFixture(std::move(options)), std::invalid_argument);
}

#ifdef SOCKETIO_WITH_ZLIB

TEST_CASE("files are compressed for clients that accept it, on every request", "[engine][client]") {
  BundleFixture f;
  for (int i = 0; i < 2; ++i) {
    const auto gzip = f.get("/socket.io/socket.io.js", {{"Accept-Encoding", "br, gzip;q=0.9, deflate;q=0.5"}});
    CHECK(gzip->header("content-encoding") == "gzip");
    CHECK(gzip->body().size() < 200);
    CHECK(tests::gunzip(gzip->body()) == "source of socket.io.js" + std::string(5000, ' '));
    const auto deflate = f.get("/socket.io/socket.io.js", {{"Accept-Encoding", "deflate"}});
    CHECK(deflate->header("content-encoding") == "deflate");
    CHECK(tests::gunzip(deflate->body()) == "source of socket.io.js" + std::string(5000, ' '));
    CHECK(f.get("/socket.io/socket.io.js", {{"Accept-Encoding", "br"}})->header("content-encoding") == std::nullopt);
  }
}

#endif
