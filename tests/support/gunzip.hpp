// SPDX-License-Identifier: MIT
// Decompresses responses of a server. Only for builds with zlib.
#pragma once

#include <zlib.h>

#include <stdexcept>
#include <string>

namespace tests {

/// Decompresses data in gzip or zlib format.
inline std::string gunzip(std::string compressed) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 32) != Z_OK) throw std::bad_alloc();
  stream.next_in = reinterpret_cast<Bytef*>(compressed.data());
  stream.avail_in = static_cast<uInt>(compressed.size());
  std::string result;
  int code = Z_OK;
  while (code == Z_OK) {
    char part[4096];
    stream.next_out = reinterpret_cast<Bytef*>(part);
    stream.avail_out = sizeof part;
    code = inflate(&stream, Z_NO_FLUSH);
    result.append(part, sizeof part - stream.avail_out);
  }
  inflateEnd(&stream);
  if (code != Z_STREAM_END) throw std::runtime_error("not gzip or zlib data");
  return result;
}

}  // namespace tests
