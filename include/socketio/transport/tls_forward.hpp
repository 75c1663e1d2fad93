// SPDX-License-Identifier: MIT
// Declares Asio's context for TLS, so that headers can name it without OpenSSL's headers. Transport layer.
#pragma once

namespace asio::ssl {
class context;
}  // namespace asio::ssl
