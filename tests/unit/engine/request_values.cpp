// SPDX-License-Identifier: MIT
#include <socketio/engine/request_values.hpp>
// Values of the program's own types, attached to a request.
#include <socketio/engine/http.hpp>
#include <tests/support/catch.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

using socketio::HttpRequest;
using socketio::RequestValues;

namespace {

struct Visitor {
  std::string name;
};
struct Visit {
  int number;
};

}  // namespace

TEST_CASE("a value is found by exactly its type", "[engine][values]") {
  RequestValues values;
  CHECK(values.get<Visitor>() == nullptr);
  values.set(Visitor{"Ada"});
  values.set(Visit{7});
  values.set(std::string("text"));
  REQUIRE(values.get<Visitor>() != nullptr);
  CHECK(values.get<Visitor>()->name == "Ada");
  CHECK(values.get<const Visitor>() == values.get<Visitor>());
  CHECK(values.get<Visit>()->number == 7);
  CHECK(*values.get<std::string>() == "text");
  CHECK(values.get<int>() == nullptr);
  CHECK(values.get<std::shared_ptr<Visitor>>() == nullptr);
}

TEST_CASE("a value takes the place of an earlier one of its type", "[engine][values]") {
  RequestValues values;
  values.set(Visitor{"Ada"});
  const Visitor* const earlier = values.get<Visitor>();
  values.set(Visit{1});
  values.set(Visitor{"Grace"});
  CHECK(values.get<Visitor>()->name == "Grace");
  CHECK(values.get<Visit>()->number == 1);
  CHECK(earlier->name == "Ada");  // somebody may still look at it
}

TEST_CASE("a copy shares the values that were there, and gets none that are set later", "[engine][values]") {
  const auto tracked = std::make_shared<int>(1);
  RequestValues original;
  original.set(tracked);
  RequestValues copy = original;
  CHECK(copy.get<std::shared_ptr<int>>() == original.get<std::shared_ptr<int>>());
  original.set(Visit{1});
  copy.set(Visit{2});
  CHECK(original.get<Visit>()->number == 1);
  CHECK(copy.get<Visit>()->number == 2);
  CHECK(tracked.use_count() == 2);

  original = RequestValues();
  CHECK(original.get<Visit>() == nullptr);
  CHECK(copy.get<Visit>()->number == 2);
  RequestValues moved = std::move(copy);
  const RequestValues& same = moved;
  moved = same;
  CHECK(moved.get<Visit>()->number == 2);
  CHECK(**moved.get<std::shared_ptr<int>>() == 1);
  moved = {};
  CHECK(tracked.use_count() == 1);
}

TEST_CASE("a value need not be copyable", "[engine][values]") {
  RequestValues values;
  values.set(std::make_unique<int>(5));
  const RequestValues copy = values;
  CHECK(**copy.get<std::unique_ptr<int>>() == 5);
}

TEST_CASE("many values are destroyed without recursion", "[engine][values]") {
  RequestValues values;
  const auto tracked = std::make_shared<int>(1);
  for (int i = 0; i < 500'000; ++i) values.set(tracked);
  CHECK(tracked.use_count() == 500'001);
  values = {};
  CHECK(tracked.use_count() == 1);
}

TEST_CASE("a request without values is larger by one pointer", "[engine][values]") {
  STATIC_REQUIRE(sizeof(RequestValues) == sizeof(void*));
  HttpRequest request;
  CHECK(request.get<Visitor>() == nullptr);
  request.values.set(Visitor{"Ada"});
  const HttpRequest copy = request;
  CHECK(copy.get<Visitor>() == request.get<Visitor>());
}
