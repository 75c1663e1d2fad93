// SPDX-License-Identifier: MIT
// Bodies of <socketio/detail/zlib.hpp>; the only file that includes zlib. Detail layer.
#pragma once

#include <socketio/detail/zlib.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

#ifdef SOCKETIO_WITH_ZLIB
#include <zlib.h>
#endif

namespace socketio::detail {

#ifdef SOCKETIO_WITH_ZLIB

SOCKETIO_DECL void Deflater::End::operator()(::z_stream_s* stream) const noexcept {
  deflateEnd(stream);
  delete stream;
}

SOCKETIO_DECL Deflater::Deflater(DeflateFormat format, const DeflateSettings& settings) {
  const int bits = format == DeflateFormat::raw    ? -settings.window_bits
                   : format == DeflateFormat::gzip ? settings.window_bits + 16
                                                   : settings.window_bits;
  auto stream = std::make_unique<z_stream>();
  if (deflateInit2(stream.get(), settings.level, Z_DEFLATED, bits, settings.mem_level, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  stream_.reset(stream.release());
}

SOCKETIO_DECL void Deflater::reset() noexcept { deflateReset(stream_.get()); }

SOCKETIO_DECL void Deflater::finish(std::string_view input, std::string& out) { run(input, Z_FINISH, out); }

SOCKETIO_DECL void Deflater::message(std::string_view input, std::string& out) {
  run(input, Z_SYNC_FLUSH, out);
  out.resize(out.size() - 4);
}

SOCKETIO_DECL void Deflater::run(std::string_view input, int flush, std::string& out) {
  z_stream& stream = *stream_;
  std::size_t used = out.size();
  do {
    const std::string_view part = input.substr(0, std::numeric_limits<uInt>::max() / 2);
    input.remove_prefix(part.size());
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
    stream.avail_in = static_cast<uInt>(part.size());
    do {
      // More than the six bytes that a flush takes, so that no flush comes twice.
      const std::size_t room = std::clamp<std::size_t>(part.size() / 2, 64, 64 * 1024);
      out.resize(used + room);
      stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
      stream.avail_out = static_cast<uInt>(room);
      deflate(&stream, input.empty() ? flush : Z_NO_FLUSH);
      used = out.size() - stream.avail_out;
    } while (stream.avail_out == 0);
  } while (!input.empty());
  out.resize(used);
}

SOCKETIO_DECL void Inflater::End::operator()(::z_stream_s* stream) const noexcept {
  inflateEnd(stream);
  delete stream;
}

SOCKETIO_DECL Inflater::Inflater(int window_bits) {
  auto stream = std::make_unique<z_stream>();
  if (inflateInit2(stream.get(), -window_bits) != Z_OK) throw std::bad_alloc();
  stream_.reset(stream.release());
}

SOCKETIO_DECL void Inflater::reset() noexcept { inflateReset(stream_.get()); }

SOCKETIO_DECL InflateResult Inflater::message(std::string_view input, std::size_t max_bytes, std::string& out) {
  out.clear();
  std::size_t used = 0;
  bool has_ended = false;
  InflateResult result = run(input, max_bytes, out, used, has_ended);
  if (result == InflateResult::ok && !has_ended) {
    using namespace std::string_view_literals;
    result = run("\0\0\xFF\xFF"sv, max_bytes, out, used, has_ended);
    // 128: between two blocks. Anywhere else the message was cut short.
    if (result == InflateResult::ok && (stream_->data_type & 128) == 0) result = InflateResult::bad_data;
  }
  out.resize(result == InflateResult::ok ? used : 0);
  return result;
}

/// @param has_ended  whether the input ended together with a last block: a stream's end, after which another begins
SOCKETIO_DECL InflateResult Inflater::run(std::string_view input, std::size_t max_bytes, std::string& out,
                                          std::size_t& used, bool& has_ended) {
  z_stream& stream = *stream_;
  const std::size_t most = max_bytes < out.max_size() ? max_bytes + 1 : out.max_size();
  while (!input.empty()) {
    const std::string_view part = input.substr(0, std::numeric_limits<uInt>::max() / 2);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
    stream.avail_in = static_cast<uInt>(part.size());
    do {
      if (used == out.size()) out.resize(std::min(most, std::max<std::size_t>({2 * used, 3 * part.size(), 256})));
      const std::size_t room = std::min<std::size_t>(out.size() - used, std::numeric_limits<uInt>::max() / 2);
      stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
      stream.avail_out = static_cast<uInt>(room);
      const int code = inflate(&stream, Z_SYNC_FLUSH);
      used += room - stream.avail_out;
      if (used > max_bytes) return InflateResult::too_big;
      has_ended = code == Z_STREAM_END;
      if (has_ended)
        inflateReset(&stream);
      else if (code != Z_OK && code != Z_BUF_ERROR)
        return InflateResult::bad_data;
    } while (stream.avail_in > 0 || (stream.avail_out == 0 && !has_ended));
    input.remove_prefix(part.size());
  }
  return InflateResult::ok;
}

#else

SOCKETIO_DECL void Deflater::End::operator()(::z_stream_s*) const noexcept {}
SOCKETIO_DECL Deflater::Deflater(DeflateFormat, const DeflateSettings&) {
  throw std::logic_error("built without zlib");
}
SOCKETIO_DECL void Deflater::reset() noexcept {}
SOCKETIO_DECL void Deflater::finish(std::string_view, std::string&) {}
SOCKETIO_DECL void Deflater::message(std::string_view, std::string&) {}
SOCKETIO_DECL void Deflater::run(std::string_view, int, std::string&) {}

SOCKETIO_DECL void Inflater::End::operator()(::z_stream_s*) const noexcept {}
SOCKETIO_DECL Inflater::Inflater(int) { throw std::logic_error("built without zlib"); }
SOCKETIO_DECL void Inflater::reset() noexcept {}
SOCKETIO_DECL InflateResult Inflater::message(std::string_view, std::size_t, std::string&) {
  return InflateResult::bad_data;
}
SOCKETIO_DECL InflateResult Inflater::run(std::string_view, std::size_t, std::string&, std::size_t&, bool&) {
  return InflateResult::bad_data;
}

#endif

}  // namespace socketio::detail
