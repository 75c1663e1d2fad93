// SPDX-License-Identifier: MIT
// TLS for a server under a fuzzer, with OpenSSL: a certificate, clients in memory, and random numbers that repeat.
#pragma once

#define OPENSSL_SUPPRESS_DEPRECATED  // a source of random numbers is replaced in the way of OpenSSL 1
#include <socketio/transport/tls_connection.hpp>
#include <socketio/transport/tls_context.hpp>
#include <socketio/transport/tls_options.hpp>

#include <fuzz/decisions.hpp>
#include <fuzz/law.hpp>
#include <fuzz/stream.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fuzz {

/// Gives OpenSSL the same random numbers for each input, so that a finding can be repeated.
class RepeatedRandom {
 public:
  static void install() {
    static const RAND_METHOD method{
        [](const void*, int) { return 1; }, &fill, nullptr, nullptr, &fill, [] { return 1; }};
    law(RAND_set_rand_method(&method) == 1, "OpenSSL takes the source of random numbers");
    restart();
  }
  static void restart() { state = 0x9E3779B97F4A7C15u; }

 private:
  static int fill(unsigned char* bytes, int size) {
    for (int i = 0; i < size; ++i) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      bytes[i] = static_cast<unsigned char>(state >> 32);
    }
    return 1;
  }

  static inline std::uint64_t state = 1;
};

struct FreeOpenssl {
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
template <class T>
using OpensslPtr = std::unique_ptr<T, FreeOpenssl>;

inline std::string taken_from(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string taken(data, static_cast<std::size_t>(size));
  static_cast<void>(BIO_reset(bio));
  return taken;
}

/// The context of a server with a certificate that it has signed itself.
inline std::shared_ptr<asio::ssl::context> make_server_context() {
  const OpensslPtr<EVP_PKEY> key(EVP_EC_gen("P-256"));
  const OpensslPtr<X509> certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600L * 24 * 365);
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_set_pubkey(certificate.get(), key.get());
  law(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0, "a certificate is made");

  const OpensslPtr<BIO> text(BIO_new(BIO_s_mem()));
  socketio::TlsOptions options;
  PEM_write_bio_X509(text.get(), certificate.get());
  options.certificate_chain = taken_from(text.get());
  PEM_write_bio_PrivateKey(text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  options.private_key = taken_from(text.get());
  return socketio::detail::make_tls_context(options);
}

inline const std::shared_ptr<asio::ssl::context>& server_context() {
  static const std::shared_ptr<asio::ssl::context> context = make_server_context();
  return context;
}

/// Makes connections that speak TLS.
struct TlsConnections {
  static std::shared_ptr<socketio::detail::AsioConnection> make(std::shared_ptr<socketio::detail::AsioShard> shard,
                                                                std::shared_ptr<Wire> wire) {
    return std::make_shared<socketio::detail::TlsConnection<Stream>>(
        std::move(shard), socketio::detail::AsioPeer{"192.0.2.1", 50'000, true}, Stream{std::move(wire)},
        server_context());
  }
};

/// A client of such a connection. One that attacks may speak TLS and distort its records, or not speak it at all.
class TlsClient {
 public:
  explicit TlsClient(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) { start(0); }
  TlsClient(std::shared_ptr<Wire> wire, Decisions& decisions) : wire_(std::move(wire)) {
    const unsigned how = decisions.byte();
    if ((how & 7u) != 7u) start((how & 7u) == 6u ? TLS1_2_VERSION : 0);
  }

  Wire& wire() const { return *wire_; }

  void send(std::string_view bytes) {
    if (!ssl_) return wire_->send(bytes);
    unsent_ += bytes;
    go_on();
  }
  std::string receive() {
    const std::string bytes = wire_->take();
    if (!ssl_) return bytes;
    BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
    return go_on();
  }
  /// Distorts the next records, or does what TLS allows and HTTP has no use for.
  void misbehave(Decisions& decisions) {
    const unsigned how = decisions.byte();
    if (!ssl_) return;
    switch (how % 6) {
      case 0: flip_at_ = decisions.byte() + 1u; break;
      case 1: repeats_ = true; break;
      case 2: cut_after_ = decisions.byte() + 1u; break;
      case 3: wire_->send(decisions.text()); break;
      case 4:
        if (SSL_is_init_finished(ssl_.get()) != 0) call([this] { return SSL_shutdown(ssl_.get()); });
        break;
      default:
        call([this] { return SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED); });
        call([this] { return SSL_do_handshake(ssl_.get()); });
        break;
    }
    flush();
  }

 private:
  static SSL_CTX* context() {
    static const OpensslPtr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
    return context.get();
  }

  void start(int version) {
    ssl_.reset(SSL_new(context()));
    if (version != 0) SSL_set_max_proto_version(ssl_.get(), version);
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl_.get());
    go_on();
  }

  template <class Function>
  bool call(Function function) {
    ERR_clear_error();
    const bool done = function() > 0;
    ERR_clear_error();
    return done;
  }

  std::string go_on() {
    std::string plain;
    if (call([this] { return SSL_do_handshake(ssl_.get()); })) {
      std::size_t written = 0;
      if (!unsent_.empty() && call([&] { return SSL_write_ex(ssl_.get(), unsent_.data(), unsent_.size(), &written); }))
        unsent_.erase(0, written);
      char chunk[4096];
      std::size_t bytes = 0;
      while (call([&] { return SSL_read_ex(ssl_.get(), chunk, sizeof chunk, &bytes); })) plain.append(chunk, bytes);
    }
    flush();
    return plain;
  }

  void flush() {
    std::string records = taken_from(SSL_get_wbio(ssl_.get()));
    if (records.empty()) return;
    if (flip_at_ != 0) records[(flip_at_ - 1) % records.size()] ^= 0x20;
    if (cut_after_ != 0) records.resize((std::min)(records.size(), cut_after_ - 1));
    if (repeats_) records += records;
    flip_at_ = cut_after_ = 0;
    repeats_ = false;
    wire_->send(records);
  }

  std::shared_ptr<Wire> wire_;
  OpensslPtr<SSL> ssl_;  // null: it does not speak TLS
  std::string unsent_;   // waits for the handshake
  std::size_t flip_at_ = 0;
  std::size_t cut_after_ = 0;
  bool repeats_ = false;
};

}  // namespace fuzz
