// SPDX-License-Identifier: MIT
// zlib's streams as values with an owner; the only header that knows zlib. Detail layer.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

#ifdef SOCKETIO_WITH_ZLIB
#include <zlib.h>
#endif

namespace socketio::detail {

/// Whether this build compresses. Where it is false, the classes below can be named but not made.
#ifdef SOCKETIO_WITH_ZLIB
inline constexpr bool has_zlib = true;
#else
inline constexpr bool has_zlib = false;
#endif

/// What is around the compressed blocks: nothing (RFC 1951), as HTTP's "deflate" (RFC 1950), as "gzip" (RFC 1952).
enum class DeflateFormat : std::uint8_t { raw, zlib, gzip };

struct DeflateSettings {
  int level = -1;        // 0 to 9; -1: zlib's default, 6
  int window_bits = 15;  // 9 to 15
  int mem_level = 8;     // 1 to 9

  friend bool operator==(const DeflateSettings&, const DeflateSettings&) = default;
};

enum class InflateResult : std::uint8_t { ok, too_big, bad_data };

#ifdef SOCKETIO_WITH_ZLIB

/// Compresses; about 2^(window_bits + 2) + 2^(mem_level + 9) bytes, 256 KiB by default.
class Deflater {
 public:
  /// @throws std::bad_alloc
  Deflater(DeflateFormat format, const DeflateSettings& settings) {
    const int bits = format == DeflateFormat::raw    ? -settings.window_bits
                     : format == DeflateFormat::gzip ? settings.window_bits + 16
                                                     : settings.window_bits;
    if (deflateInit2(&stream_, settings.level, Z_DEFLATED, bits, settings.mem_level, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
  }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater() { deflateEnd(&stream_); }

  /// Forgets what it has seen.
  void reset() noexcept { deflateReset(&stream_); }

  /// Appends the compressed input and the end of the stream to `out`.
  void finish(std::string_view input, std::string& out) { run(input, Z_FINISH, out); }

  /// Appends one message, which is not empty, as RFC 7692 section 7.2.1 has it: up to a flush whose mark is cut off.
  void message(std::string_view input, std::string& out) {
    run(input, Z_SYNC_FLUSH, out);
    out.resize(out.size() - 4);
  }

 private:
  void run(std::string_view input, int flush, std::string& out) {
    std::size_t used = out.size();
    do {
      const std::string_view part = input.substr(0, std::numeric_limits<uInt>::max() / 2);
      input.remove_prefix(part.size());
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
      stream_.avail_in = static_cast<uInt>(part.size());
      do {
        // More than the six bytes that a flush takes, so that no flush comes twice.
        const std::size_t room = std::clamp<std::size_t>(part.size() / 2, 64, 64 * 1024);
        out.resize(used + room);
        stream_.next_out = reinterpret_cast<Bytef*>(out.data() + used);
        stream_.avail_out = static_cast<uInt>(room);
        deflate(&stream_, input.empty() ? flush : Z_NO_FLUSH);
        used = out.size() - stream_.avail_out;
      } while (stream_.avail_out == 0);
    } while (!input.empty());
    out.resize(used);
  }

  z_stream stream_{};
};

/// Decompresses the messages of RFC 7692; about 2^window_bits + 7 KiB.
class Inflater {
 public:
  /// @param window_bits  8 to 15, at least those of the sender
  /// @throws std::bad_alloc
  explicit Inflater(int window_bits) {
    if (inflateInit2(&stream_, -window_bits) != Z_OK) throw std::bad_alloc();
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream_); }

  /// Forgets what it has seen.
  void reset() noexcept { inflateReset(&stream_); }

  /// Decompresses one message into `out`, whose old content goes.
  ///
  /// After `too_big` and `bad_data` the stream is of no use. The work and the memory are bounded by the two sizes.
  ///
  /// @par Untrusted input  All of it.
  /// @par Specification    RFC 7692 section 7.2.2.
  InflateResult message(std::string_view input, std::size_t max_bytes, std::string& out) {
    out.clear();
    std::size_t used = 0;
    bool has_ended = false;
    InflateResult result = run(input, max_bytes, out, used, has_ended);
    if (result == InflateResult::ok && !has_ended) {
      using namespace std::string_view_literals;
      result = run("\0\0\xFF\xFF"sv, max_bytes, out, used, has_ended);
      // 128: between two blocks. Anywhere else the message was cut short.
      if (result == InflateResult::ok && (stream_.data_type & 128) == 0) result = InflateResult::bad_data;
    }
    out.resize(result == InflateResult::ok ? used : 0);
    return result;
  }

 private:
  /// @param has_ended  whether the input ended together with a last block: a stream's end, after which another begins
  InflateResult run(std::string_view input, std::size_t max_bytes, std::string& out, std::size_t& used,
                    bool& has_ended) {
    const std::size_t most = max_bytes < out.max_size() ? max_bytes + 1 : out.max_size();
    while (!input.empty()) {
      const std::string_view part = input.substr(0, std::numeric_limits<uInt>::max() / 2);
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
      stream_.avail_in = static_cast<uInt>(part.size());
      do {
        if (used == out.size()) out.resize(std::min(most, std::max<std::size_t>({2 * used, 3 * part.size(), 256})));
        const std::size_t room = std::min<std::size_t>(out.size() - used, std::numeric_limits<uInt>::max() / 2);
        stream_.next_out = reinterpret_cast<Bytef*>(out.data() + used);
        stream_.avail_out = static_cast<uInt>(room);
        const int code = inflate(&stream_, Z_SYNC_FLUSH);
        used += room - stream_.avail_out;
        if (used > max_bytes) return InflateResult::too_big;
        has_ended = code == Z_STREAM_END;
        if (has_ended)
          inflateReset(&stream_);
        else if (code != Z_OK && code != Z_BUF_ERROR)
          return InflateResult::bad_data;
      } while (stream_.avail_in > 0 || (stream_.avail_out == 0 && !has_ended));
      input.remove_prefix(part.size());
    }
    return InflateResult::ok;
  }

  z_stream stream_{};
};

#else

class Deflater {
 public:
  [[noreturn]] Deflater(DeflateFormat, const DeflateSettings&) { throw std::logic_error("built without zlib"); }
  void reset() noexcept {}
  void finish(std::string_view, std::string&) {}
  void message(std::string_view, std::string&) {}
};

class Inflater {
 public:
  [[noreturn]] explicit Inflater(int) { throw std::logic_error("built without zlib"); }
  void reset() noexcept {}
  InflateResult message(std::string_view, std::size_t, std::string&) { return InflateResult::bad_data; }
};

#endif

}  // namespace socketio::detail
