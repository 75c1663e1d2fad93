// SPDX-License-Identifier: MIT
// Serves the files below a directory over HTTP: enough for the page of an example or a small application. Engine layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/engine/http.hpp>
#include <socketio/engine/transport.hpp>

#include <string>
#include <string_view>

namespace socketio {

/// Answers GET and HEAD with the file of that path, `index.html` for directories.
///
/// | request                                              | answer                                            |
/// |------------------------------------------------------|---------------------------------------------------|
/// | a file that the client has already (`If-None-Match`) | 304                                               |
/// | a directory without a slash at the end               | 301 to the one with it                            |
/// | not there, hidden (`.x`), outside of the directory   | 404                                               |
/// | another method                                       | 405                                               |
///
/// @par Thread safety    Immutable: safe to share.
/// @par Cost             Reads the whole file into memory, on the calling thread.
/// @par Untrusted input  The path is decoded once; symbolic links are followed only to files below the directory.
/// @par Example          `server.on_request(StaticFiles("public"));`
class StaticFiles {
 public:
  /// @throws std::filesystem::filesystem_error  if `directory` does not exist
  explicit StaticFiles(const std::string& directory);

  void operator()(const ExchangePtr& exchange) const;

  HttpResponse response_to(const HttpRequest& request) const;

 private:
  std::string root_;
};

/// The Content-Type of a file by its name; `application/octet-stream` for an unknown extension.
SOCKETIO_DECL std::string_view content_type_of(std::string_view file_name) noexcept;

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/engine/impl/static_files.ipp>
#endif
