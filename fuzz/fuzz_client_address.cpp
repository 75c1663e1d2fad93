// SPDX-License-Identifier: MIT
// Laws of the address of a client behind proxies: what the proxy appends decides, whatever the client has sent before.
#include <socketio/engine/client_address.hpp>

#include <fuzz/law.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using socketio::HttpRequest;
using socketio::IpAddress;
using socketio::detail::ClientAddressFinder;

std::string found(const ClientAddressFinder& finder, std::string_view header, std::string_view value) {
  HttpRequest request;
  request.remote_address = "10.0.0.1";
  request.headers.add(header, value);
  const auto client = finder.find(request);
  if (!client) return {};
  fuzz::law(IpAddress::parse(client->address).has_value(), "what is found is an address");
  return client->address;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  static const ClientAddressFinder plain({"10.0.0.0/8"}, "X-Forwarded-For");
  static const ClientAddressFinder forwarded({"10.0.0.0/8"}, "Forwarded");

  static_cast<void>(found(plain, "X-Forwarded-For", input));
  static_cast<void>(found(forwarded, "Forwarded", input));
  // A trusted proxy appends the address from which it got the request.
  fuzz::law(found(plain, "X-Forwarded-For", input + ", 203.0.113.7, 10.1.1.1") == "203.0.113.7",
            "what a client writes into the list changes nothing");
  fuzz::law(
      found(forwarded, "Forwarded", input + ", for=\"[2001:db8::7]:80\";proto=http, for=10.1.1.1") == "2001:db8::7",
      "what a client writes into Forwarded changes nothing");
  return 0;
}
