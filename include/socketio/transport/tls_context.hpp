// SPDX-License-Identifier: MIT
// Makes the context of OpenSSL that TlsOptions describe. Transport layer.
#pragma once

#include <socketio/detail/config.hpp>
#include <socketio/fwd.hpp>
#include <socketio/transport/tls_forward.hpp>

#include <memory>

namespace socketio::detail {

/// @throws std::invalid_argument  naming every option, or the file, that is wrong, with OpenSSL's reason
/// @throws std::system_error      naming the file that cannot be read
SOCKETIO_DECL std::shared_ptr<asio::ssl::context> make_tls_context(const TlsOptions& options);

}  // namespace socketio::detail

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/transport/impl/tls_context.ipp>
#endif
