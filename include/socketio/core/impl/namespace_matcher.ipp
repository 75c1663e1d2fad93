// SPDX-License-Identifier: MIT
// Bodies of namespace_matcher.hpp. Core layer.
#pragma once

#include <socketio/core/namespace_matcher.hpp>

namespace socketio::detail {

SOCKETIO_DECL void refuse_namespace_with_current_exception(const Shard& shard, const NamespaceNext& next,
                                                           std::string_view parent) {
  try {
    throw;
  } catch (const MiddlewareError&) {
  } catch (...) {
    shard.report_current_exception(parent, {}, {});
  }
  next(false);
}

}  // namespace socketio::detail
