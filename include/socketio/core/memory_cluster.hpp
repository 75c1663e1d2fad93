// SPDX-License-Identifier: MIT
// Several servers of one process as a cluster. Core layer.
#pragma once

#include <socketio/core/adapter.hpp>
#include <socketio/detail/config.hpp>

#include <functional>
#include <memory>
#include <string>

namespace socketio {

/// Connects servers of one process: those whose adapters it makes share rooms, broadcasts and events, namespace by
/// namespace.
///
/// The servers may differ in everything else: one for browsers and one, with the msgpack parser on another port, for
/// services; or servers that a test wants to see working together.
///
/// @par Thread safety  Any thread; each server may have threads of its own.
/// @par Lifetime       May go before its servers.
/// @par Example        `socketio::MemoryCluster cluster; socketio::Server io({.adapter = cluster.adapter()});`
class MemoryCluster {
 public:
  SOCKETIO_DECL MemoryCluster();

  /// The value for ServerOptions::adapter of each server.
  SOCKETIO_DECL std::function<std::unique_ptr<Adapter>(const std::string& nsp)> adapter() const;

 private:
  class Hub;
  class Member;

  std::shared_ptr<Hub> hub_;
};

}  // namespace socketio

#if !defined(SOCKETIO_SEPARATE_COMPILATION)
#include <socketio/core/impl/memory_cluster.ipp>
#endif
