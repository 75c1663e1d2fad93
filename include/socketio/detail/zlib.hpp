// SPDX-License-Identifier: MIT
// zlib's streams as objects; they and their bodies alone know zlib. Detail layer.
#pragma once

#include <socketio/detail/config.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

/// A stream of zlib's, which only the bodies look into.
struct z_stream_s;

namespace socketio::detail {

/// Whether this build compresses. Where it is false, the classes below can be named but not made.
#ifdef SOCKETIO_WITH_ZLIB
inline constexpr bool has_zlib = true;
#else
inline constexpr bool has_zlib = false;
#endif

/// The frame around the compressed blocks: none (RFC 1951), that of HTTP's "deflate" (RFC 1950), that of "gzip" (RFC
/// 1952).
enum class DeflateFormat : std::uint8_t { raw, zlib, gzip };

struct DeflateSettings {
  int level = -1;        // 0 to 9; -1: zlib's default, 6
  int window_bits = 15;  // 9 to 15
  int mem_level = 8;     // 1 to 9

  friend bool operator==(const DeflateSettings&, const DeflateSettings&) = default;
};

enum class InflateResult : std::uint8_t { ok, too_big, bad_data };

/// Compresses; about 2^(window_bits + 2) + 2^(mem_level + 9) bytes, 256 KiB by default.
class Deflater {
 public:
  /// @throws std::bad_alloc, or std::logic_error in a build without zlib
  Deflater(DeflateFormat format, const DeflateSettings& settings);
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  /// Forgets what it has seen.
  void reset() noexcept;

  /// Appends the compressed input and the end of the stream to `out`.
  void finish(std::string_view input, std::string& out);

  /// Appends one message, which is not empty, as RFC 7692 section 7.2.1 has it: up to a flush whose mark is cut off.
  void message(std::string_view input, std::string& out);

 private:
  struct End {
    void operator()(::z_stream_s* stream) const noexcept;
  };

  void run(std::string_view input, int flush, std::string& out);

  std::unique_ptr<::z_stream_s, End> stream_;
};

/// Decompresses the messages of RFC 7692; about 2^window_bits + 7 KiB.
class Inflater {
 public:
  /// @param window_bits  8 to 15, at least those of the sender
  /// @throws std::bad_alloc, or std::logic_error in a build without zlib
  explicit Inflater(int window_bits);
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Forgets what it has seen.
  void reset() noexcept;

  /// Decompresses one message into `out`, whose old content goes.
  ///
  /// After `too_big` and `bad_data` the stream is of no use. The work and the memory are bounded by the two sizes.
  ///
  /// @par Untrusted input  All of it.
  /// @par Specification    RFC 7692 section 7.2.2.
  InflateResult message(std::string_view input, std::size_t max_bytes, std::string& out);

 private:
  struct End {
    void operator()(::z_stream_s* stream) const noexcept;
  };

  InflateResult run(std::string_view input, std::size_t max_bytes, std::string& out, std::size_t& used,
                    bool& has_ended);

  std::unique_ptr<::z_stream_s, End> stream_;
};

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/detail/impl/zlib.ipp>
#endif
