// SPDX-License-Identifier: MIT
// What is known to fail with both servers, because of the client. The runner fails for everything else that fails.

/** `clients` matches the names of clients.mjs; without `features`, all features; without `ways`, all ways. */
export const known = [
  // It takes at most 16 packets of one response (Payload.max_decode_packets), and ends the connection if there are more.
  { clients: /^python/, features: ["order"], ways: ["polling"] },
  // A handler that takes one argument raises a TypeError.
  { clients: /^python/, features: ["strict handlers with recovery"] },
  // It takes nothing but text as the reason of a refusal. The server sends an object for an unknown namespace, and the data of a
  // ConnectError.
  { clients: /^java-1/, features: ["unknown namespaces", "refusals"] },
  // The step of a scenario compares all arguments, and there is one more.
  { clients: /^artillery/, features: ["strict handlers with recovery"] },
  // While a poll waits it sends nothing.
  { clients: /^go/, ways: ["polling"] },
  // Its "connect_error" says "missing 'data' field" unless the refusal has data.
  { clients: /^go/, features: ["unknown namespaces"] },
];

export function isKnown(id, { way, feature }, faults = known) {
  return faults.some(
    ({ clients, features, ways }) => clients.test(id) && (!features || features.includes(feature)) && (!ways || ways.includes(way)),
  );
}
