// SPDX-License-Identifier: MIT
#include <socketio/engine/ip_address.hpp>

#include <tests/support/catch.hpp>

#include <string>
#include <vector>

using socketio::IpAddress;
using socketio::PeerList;
using socketio::detail::address_key;
using socketio::detail::AddressHash;

namespace {

/// The text in its usual form; "invalid" if it is no address.
std::string canonical(std::string_view text) {
  const auto address = IpAddress::parse(text);
  return address ? address->to_string() : "invalid";
}

}  // namespace

TEST_CASE("addresses are read and written in their usual form", "[engine][address]") {
  struct Case {
    std::string text, expected;
  };
  const std::vector<Case> cases{
      {"0.0.0.0", "0.0.0.0"},
      {"192.0.2.255", "192.0.2.255"},
      {"::", "::"},
      {"::1", "::1"},
      {"1::", "1::"},
      {"2001:DB8::0001", "2001:db8::1"},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
      {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
      {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
      {"0:0:1:0:0:0:1:0", "0:0:1::1:0"},
      {"64:ff9b::192.0.2.1", "64:ff9b::c000:201"},
      {"::ffff:192.0.2.1", "192.0.2.1"},
      {"::FFFF:c000:0201", "192.0.2.1"},
      {"fe80::1%eth0", "fe80::1"},
  };
  for (const Case& each : cases) {
    INFO(each.text);
    CHECK(canonical(each.text) == each.expected);
  }
}

TEST_CASE("what is no address is refused", "[engine][address]") {
  for (const char* text : {"",
                           ".",
                           ":",
                           "1",
                           "1.2.3",
                           "1.2.3.4.5",
                           "1.2.3.256",
                           "1.2.3.",
                           ".1.2.3",
                           "1..2.3",
                           "01.2.3.4",
                           "1.2.3.4 ",
                           " 1.2.3.4",
                           "+1.2.3.4",
                           "1.2.3.4:80",
                           "0x1.2.3.4",
                           ":::",
                           ":1",
                           "1:",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "1::2::3",
                           "1:2:3:4::5:6:7:8",
                           "12345::",
                           "g::",
                           "[::1]",
                           "::1.2.3",
                           "::1.2.3.4.5",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           "::1%",
                           "1.2.3.4%eth0",
                           "localhost",
                           "unknown",
                           "::ffff:1.2.3.4:80"}) {
    INFO(text);
    CHECK(canonical(text) == "invalid");
  }
}

TEST_CASE("a network is the beginning of an address", "[engine][address]") {
  const auto network = [](const char* text, unsigned prefix) {
    return IpAddress::parse(text)->network(prefix).to_string();
  };
  CHECK(network("192.0.2.255", 32) == "192.0.2.255");
  CHECK(network("192.0.2.255", 31) == "192.0.2.254");
  CHECK(network("192.0.2.255", 25) == "192.0.2.128");
  CHECK(network("192.0.2.255", 24) == "192.0.2.0");
  CHECK(network("192.0.2.255", 0) == "0.0.0.0");
  CHECK(network("192.0.2.255", 64) == "192.0.2.255");
  CHECK(network("2001:db8:1:2:3:4:5:6", 128) == "2001:db8:1:2:3:4:5:6");
  CHECK(network("2001:db8:1:2:3:4:5:6", 64) == "2001:db8:1:2::");
  CHECK(network("2001:db8:1:2:3:4:5:6", 63) == "2001:db8:1:2::");
  CHECK(network("2001:db8:1:3:3:4:5:6", 63) == "2001:db8:1:2::");
  CHECK(network("2001:db8:1:2:3:4:5:6", 0) == "::");
}

TEST_CASE("a list of peers contains its addresses and networks, and nothing beside them", "[engine][address]") {
  const PeerList peers({"127.0.0.1", "10.0.0.0/8", "2001:db8::/32", "::1"});
  for (const char* inside : {"127.0.0.1", "::ffff:127.0.0.1", "10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3",
                             "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "::1"}) {
    INFO(inside);
    CHECK(peers.contains(std::string_view(inside)));
  }
  for (const char* outside :
       {"127.0.0.2", "9.255.255.255", "11.0.0.0", "2001:db7:ffff::", "2001:db9::", "::2", "", "x"}) {
    INFO(outside);
    CHECK_FALSE(peers.contains(std::string_view(outside)));
  }
  CHECK_FALSE(peers.empty());
  CHECK(PeerList{}.empty());
  CHECK_FALSE(PeerList({"unix"}).empty());
  CHECK(PeerList({"unix"}).contains(std::string_view("")));
  CHECK_FALSE(PeerList({"unix"}).contains(std::string_view("127.0.0.1")));
  CHECK(PeerList({"0.0.0.0/0"}).contains(std::string_view("203.0.113.1")));
  CHECK_FALSE(PeerList({"0.0.0.0/0"}).contains(std::string_view("2001:db8::1")));
  CHECK(PeerList({"::/0"}).contains(std::string_view("2001:db8::1")));
  CHECK_FALSE(PeerList({"::/0"}).contains(std::string_view("203.0.113.1")));
}

TEST_CASE("an entry of a list of peers that is wrong is named", "[engine][address]") {
  for (const char* right : {"127.0.0.1", "10.0.0.0/8", "10.0.0.0/32", "::/0", "::1/128", "unix"}) {
    INFO(right);
    CHECK(PeerList::problem(right).empty());
  }
  for (const char* wrong : {"", "localhost", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/8/8", "10.0.0.0/-1",
                            "10.0.0.1/8", "2001:db8::1/64", "Unix", "*"}) {
    INFO(wrong);
    CHECK(PeerList::problem(wrong) ==
          "'" + std::string(wrong) + "' is no address, no network such as 10.0.0.0/8, and not unix");
    CHECK(PeerList({wrong}).empty());
  }
}

TEST_CASE("clients are counted by whole IPv4 addresses and by networks of IPv6", "[engine][address]") {
  CHECK(address_key("192.0.2.1", 64) == address_key("::ffff:192.0.2.1", 64));
  CHECK(address_key("192.0.2.1", 1) != address_key("192.0.2.2", 1));
  CHECK(address_key("2001:db8:0:1::1", 64) == address_key("2001:db8:0:1:ffff::2", 64));
  CHECK(address_key("2001:db8:0:1::1", 64) != address_key("2001:db8:0:2::1", 64));
  CHECK(address_key("2001:db8:0:2::1", 63) == address_key("2001:db8:0:3::1", 63));
  CHECK(address_key("2001:db8::1", 128) != address_key("2001:db8::2", 128));
  CHECK_FALSE(address_key("", 64));
  CHECK(address_key("peer a", 64));
  CHECK(address_key("peer a", 64) != address_key("peer b", 64));
}

TEST_CASE("each table hashes addresses in its own way", "[engine][address]") {
  const auto one = *address_key("192.0.2.1", 64);
  const auto other = *address_key("192.0.2.2", 64);
  const AddressHash hash, another;
  CHECK(hash(one) == hash(one));
  CHECK(hash(one) != hash(other));
  CHECK(hash(one) != another(one));
}
