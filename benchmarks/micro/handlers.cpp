// SPDX-License-Identifier: MIT
// A decoded event on its way into a handler: found by name among five, arguments converted, called.
#include <socketio/core/event_handler.hpp>
#include <socketio/core/handler_traits.hpp>
#include <socketio/core/shard.hpp>
#include <socketio/protocol/convert.hpp>
#include <socketio/protocol/json_parser.hpp>
#include <socketio/testing/server.hpp>
#include <socketio/transport/asio_scheduler.hpp>

#include <benchmark/benchmark.h>
#include <asio/io_context.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace socketio::benchmarks {

struct Move {
  int x = 0;
  int y = 0;
  std::string name;
};
SOCKETIO_STRUCT(Move, x, y, name)

namespace {

using Config = testing::ConfigOf<>;

/// @param text  an event without acknowledgement: handlers do not need a socket then, and there is none
template <class F>
void dispatch(benchmark::State& state, std::string_view text, F function) {
  JsonParser parser;
  JsonParser::Decoder decoder;
  const std::shared_ptr<Packet> packet = parser.decode_text(decoder, text).packet;
  if (!packet) return state.SkipWithError("the event was refused");

  asio::io_context context;
  AsioScheduler scheduler(context);
  detail::Shard shard(scheduler, context.get_executor(), std::make_shared<detail::ErrorSink>(), 0);
  detail::EventRegistry<Config> handlers;
  for (const char* other : {"join", "leave", "typing", "disconnect"})
    handlers.add(shard, other, detail::make_event_handler<Config>([] {}), false);
  std::size_t calls = 0;
  handlers.add(shard, "move", detail::make_event_handler<Config>(function(calls)), false);

  for (auto _ : state) {
    detail::Delivery<Config> delivery(nullptr, packet);
    handlers.dispatch(shard, delivery);
  }
  handlers.clear(shard);
  if (calls != static_cast<std::size_t>(state.iterations())) state.SkipWithError("the handler was not called");
}

void dispatch_int_and_string(benchmark::State& state) {
  dispatch(state, "2[\"move\",42,\"a name that is longer than short\"]", [](std::size_t& calls) {
    return [&calls](int number, std::string name) {
      benchmark::DoNotOptimize(number);
      benchmark::DoNotOptimize(name.data());
      ++calls;
    };
  });
}
BENCHMARK(dispatch_int_and_string)->Name("handler/int_and_string");

void dispatch_struct(benchmark::State& state) {
  dispatch(state, "2[\"move\",{\"x\":10,\"y\":20,\"name\":\"north\"}]", [](std::size_t& calls) {
    return [&calls](const Move& move) {
      benchmark::DoNotOptimize(&move);
      ++calls;
    };
  });
}
BENCHMARK(dispatch_struct)->Name("handler/struct");

void dispatch_view(benchmark::State& state) {
  dispatch(state, "2[\"move\",{\"x\":10,\"y\":20,\"name\":\"north\"}]", [](std::size_t& calls) {
    return [&calls](const ValueView& view) {
      benchmark::DoNotOptimize(&view);
      ++calls;
    };
  });
}
BENCHMARK(dispatch_view)->Name("handler/value_view");

}  // namespace
}  // namespace socketio::benchmarks
