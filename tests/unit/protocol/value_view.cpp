// SPDX-License-Identifier: MIT
#include <socketio/protocol/value_view.hpp>

#include <tests/support/catch.hpp>
#include <tests/support/json_text.hpp>

#include <string>
#include <string_view>
#include <vector>

using socketio::ValueKind;
using socketio::ValueView;
using test::Document;

TEST_CASE("a view has the kind of its value", "[protocol][value]") {
  const Document document(R"([null,true,-1,18446744073709551615,1.5,"s",{"_placeholder":true,"num":1},[],{}])");
  const ValueView list = document.view();
  const std::vector<ValueKind> kinds{
      ValueKind::null,   ValueKind::boolean, ValueKind::integer, ValueKind::unsigned_integer,
      ValueKind::number, ValueKind::string,  ValueKind::binary,  ValueKind::array,
      ValueKind::object};
  REQUIRE(list.size() == kinds.size());
  for (std::size_t i = 0; i < kinds.size(); ++i) CHECK(list[i].kind() == kinds[i]);
  CHECK(list[0].is_null());
  CHECK(list[1].is_bool());
  CHECK(list[1].to_bool());
  CHECK(list[2].is_int64());
  CHECK(list[2].to_int64() == -1);
  CHECK_FALSE(list[2].is_uint64());
  CHECK(list[3].to_uint64() == 18446744073709551615u);
  CHECK_FALSE(list[3].is_int64());
  CHECK(list[3].to_double() == 18446744073709551615.0);
  CHECK(list[4].is_number());
  CHECK(list[4].to_double() == 1.5);
  CHECK(list[5].string() == "s");
  CHECK(list[6].is_binary());
  CHECK(list[6].binary().view() == "one");
  CHECK_FALSE(list[6].is_object());
  CHECK(list[7].is_array());
  CHECK(list[8].is_object());
}

TEST_CASE("a view read as another type gives nothing, and never fails", "[protocol][value]") {
  const Document document(R"([null,true,-1,1.5,"s",{"_placeholder":true,"num":1},[1],{"a":1}])");
  for (std::size_t i = 0; i <= document.view().size(); ++i) {
    const ValueView view = document.view()[i];
    CHECK(view.to_bool() == (i == 1));
    CHECK(view.to_int64() == (i == 2 ? -1 : 0));
    CHECK(view.to_uint64() == 0);
    CHECK(view.to_double() == (i == 2 ? -1 : i == 3 ? 1.5 : 0));
    CHECK(view.string() == (i == 4 ? "s" : ""));
    CHECK(view.binary().view() == (i == 5 ? "one" : ""));
    CHECK(view.size() == (i == 6 || i == 7 ? 1 : 0));
    CHECK(view[0].is_null() == (i != 6));
    CHECK(view.find("a").has_value() == (i == 7));
    int members = 0;
    view.for_each_member([&](std::string_view, ValueView) { ++members; });
    CHECK(members == (i == 7 ? 1 : 0));
  }
  CHECK(ValueView().is_null());
  CHECK(ValueView().binary().empty());
}

TEST_CASE("if several members have one name, the last is found", "[protocol][value]") {
  const Document document(R"({"a":1,"b":2,"a":3,"__proto__":4})");
  CHECK(document.view()["a"].to_int64() == 3);
  CHECK(document.view()["__proto__"].to_int64() == 4);
  CHECK(document.view()["constructor"].is_null());
  CHECK_FALSE(document.view().find("constructor"));
  std::string seen;
  document.view().for_each_member(
      [&](std::string_view key, ValueView member) { seen += std::string(key) + std::to_string(member.to_int64()); });
  CHECK(seen == "a1b2a3__proto__4");
}

TEST_CASE("a placeholder is binary only in a packet with attachments", "[protocol][value]") {
  const std::string text = R"({"_placeholder":true,"num":0})";
  CHECK(Document(text).view().is_binary());
  CHECK_FALSE(Document(text, false).view().is_binary());
  CHECK(Document(text, false).view().is_object());
  CHECK(Document(text, false).view()["num"].to_int64() == 0);
}

TEST_CASE("a placeholder names an attachment by an integer", "[protocol][value]") {
  const auto text_of = [](const std::string& number) { return R"({"_placeholder":true,"num":)" + number + "}"; };
  CHECK(Document(text_of("2")).view().attachment_index() == 2);
  CHECK(Document(text_of("2.0")).view().attachment_index() == 2);
  for (const char* number :
       {"3", "-1", "0.5", "1e300", "-1e300", "18446744073709551615", "\"0\"", "null", "true", "[]"}) {
    const Document document(text_of(number));
    CHECK(document.view().is_placeholder());
    CHECK(document.view().attachment_index() == 3);
    CHECK(document.view().binary().empty());
  }
  CHECK(Document(R"({"_placeholder":true})").view().attachment_index() == 3);
}

TEST_CASE("only the value true marks a placeholder", "[protocol][value]") {
  CHECK_FALSE(Document(R"({"_placeholder":1,"num":0})").view().is_binary());
  CHECK_FALSE(Document(R"({"_placeholder":"true","num":0})").view().is_binary());
  CHECK_FALSE(Document(R"({"_placeholder":true,"num":0,"_placeholder":false})").view().is_binary());
  CHECK(Document(R"({"num":0,"more":1,"_placeholder":true})").view().is_binary());
}
