// SPDX-License-Identifier: MIT
// What is known to fail with both servers, because of the client. The runner fails for everything else that fails.

/** `clients` matches the names of clients.mjs; without `ways`, all ways. */
export const known = [
  // It takes at most 16 packets of one response (Payload.max_decode_packets), and ends the connection if there are more.
  { clients: /^python/, features: ["order"], ways: ["polling"] },
  // A handler that takes one argument raises a TypeError.
  { clients: /^python/, features: ["strict handlers with recovery"] },
];

export function isKnown(id, { way, feature }, faults = known) {
  return faults.some(
    ({ clients, features, ways }) => clients.test(id) && features.includes(feature) && (!ways || ways.includes(way)),
  );
}
