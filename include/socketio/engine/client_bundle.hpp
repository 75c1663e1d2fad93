// SPDX-License-Identifier: MIT
// Serves the files of the JavaScript client to pages, where they expect them: /socket.io/socket.io.js. Engine layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/compression.hpp>
#include <socketio/engine/http.hpp>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace socketio {

/// Where the files of the JavaScript client are.
struct ServeClientOptions {
  /// The directory with `socket.io.js` or `socket.io.min.js` and the files beside it: `dist` of the npm package
  /// `socket.io-client`.
  std::string directory;

  /// The version of the files, by which browsers know whether theirs are still good; if empty, that of `package.json`
  /// in the directory or the one above.
  std::string version{};

  /// Every problem in words, after a look at the directory; empty if there is none.
  std::vector<std::string> validate() const;
};

/// The client's files as responses.
///
/// Exactly `socket.io.js`, `socket.io.min.js`, `socket.io.msgpack.min.js`, `socket.io.esm.min.js` and their source maps
/// (`.map`), as far as they exist. They are read when they are first asked for and kept, also in gzip and deflate for
/// clients that want them so: about 1 MiB altogether. Files that change later are not read again.
///
/// @par Thread safety    Owner's thread only.
/// @par Untrusted input  The name, which is looked up and never becomes a path, and the request's fields.
class ClientBundle {
 public:
  explicit ClientBundle(const ServeClientOptions& options);

  /// The response to a request for the file `name`, of whatever method; no value if there is no such file.
  ///
  /// 304 without a body for a client that has the version already.
  std::optional<HttpResponse> response_to(const HttpRequest& request, std::string_view name);

  const std::string& version() const noexcept { return version_; }

 private:
  /// A file in each ContentCoding; empty where nobody has asked for it.
  using File = std::array<std::string, 3>;

  File* load(std::string_view name);

  std::string directory_;
  std::string version_;
  std::array<File, 8> files_;  // in the order of `client_file_names`
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/client_bundle.ipp>
#endif
