// SPDX-License-Identifier: MIT
// The store of connection state recovery: a session comes back once, to who knows its private id, with the packets
// after its offset; the bounds hold for any offset and any order.
//
// The input: decisions.
#include <socketio/core/broadcast_options.hpp>
#include <socketio/core/session_log.hpp>
#include <socketio/protocol/json_parser.hpp>

#include <fuzz/decisions.hpp>
#include <fuzz/law.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using socketio::detail::SessionLog;

namespace {

constexpr std::size_t max_entries = 12;
constexpr std::size_t max_bytes = 4000;
constexpr std::size_t max_sessions = 5;

socketio::OutgoingPacket packet_of(std::string_view text) {
  return socketio::OutgoingPacket(socketio::JsonParser::encode({}, [text](socketio::JsonWriter& writer) {
    writer.begin_array(1);
    writer.integer(static_cast<std::int64_t>(text.size()));
    writer.end_array();
  }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Decisions decisions(data, size);
  socketio::ConnectionStateRecoveryOptions options;
  options.max_disconnection_duration = 10s;
  options.max_log_entries = max_entries;
  options.max_log_bytes = max_bytes;
  options.max_sessions = max_sessions;
  SessionLog log(options);
  SessionLog::TimePoint now{std::chrono::hours(24)};
  std::vector<std::string> offsets{""};
  std::map<std::string, SessionLog::TimePoint> stored;  // when a session was stored last; it may be forgotten already

  while (!decisions.empty()) {
    switch (decisions.below(5)) {
      case 0: {
        socketio::BroadcastOptions to;
        if (decisions.one_in(2)) to.rooms.emplace_back(1, static_cast<char>('a' + decisions.below(3)));
        if (decisions.one_in(4)) to.except.emplace_back(decisions.text());
        offsets.push_back(log.next_offset());
        log.record(offsets.back(), packet_of(decisions.text()), to, now);
        break;
      }
      case 1: {
        const std::string pid = "p" + std::to_string(decisions.below(8));
        log.persist_session({"s" + pid, pid, {"a"}, nullptr}, now);
        stored[pid] = now;
        break;
      }
      case 2: {
        const std::string pid =
            decisions.one_in(4) ? std::string(decisions.text()) : "p" + std::to_string(decisions.below(8));
        const std::string offset =
            decisions.one_in(3) ? std::string(decisions.text()) : offsets[decisions.below(offsets.size())];
        const auto restored = log.restore(pid, offset, now);
        if (!restored) break;
        const auto known = stored.find(pid);
        fuzz::law(known != stored.end(), "a session comes back once, and only if it was stored");
        fuzz::law(now - known->second <= options.max_disconnection_duration, "a session that is too old is forgotten");
        fuzz::law(restored->session.sid == "s" + pid && restored->session.pid == pid, "it is the one that was stored");
        fuzz::law(restored->missed.size() <= max_entries, "no more is missed than is kept");
        stored.erase(known);
        fuzz::law(!log.restore(pid, offset, now), "a session comes back once");
        break;
      }
      case 3: now += decisions.byte() * 100ms; break;
      default: log.purge(now); break;
    }
    const socketio::RecoveryUsage usage = log.usage();
    fuzz::law(usage.log_entries <= max_entries && usage.log_bytes <= max_bytes, "the log is bounded");
    fuzz::law(usage.sessions <= max_sessions, "the sessions are bounded");
    fuzz::law((usage.log_entries == 0) == (usage.log_bytes == 0), "what is forgotten is not counted");
  }
  log.purge(now + 1h);
  fuzz::law(log.usage().sessions == 0 && log.usage().log_bytes == 0, "everything is forgotten in the end");
  return 0;
}
