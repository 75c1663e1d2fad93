// SPDX-License-Identifier: MIT
// What is known to fail with both servers, because of the client. The runner fails for everything else that fails.

/**
 * `clients` matches the names of clients.mjs; without `features`, all features; without `ways`, all ways. `sometimes`: not in each
 * run.
 */
export const known = [
  // It takes at most 16 packets of one response (Payload.max_decode_packets), and ends the connection if there are more.
  { clients: /^python/, features: ["order"], ways: ["polling"] },
  // Bun's WebSocket does not get the option `ca`.
  { clients: /^bun-2/, features: ["tls"], ways: ["websocket"] },
  // A handler that takes one argument raises a TypeError.
  { clients: /^python/, features: ["strict handlers with recovery"] },
  // It takes nothing but text as the reason of a refusal. The server sends an object for an unknown namespace, and the data of a
  // ConnectError.
  { clients: /^java-1/, features: ["unknown namespaces", "refusals"] },
  // The step of a scenario compares all arguments, and there is one more.
  { clients: /^artillery/, features: ["strict handlers with recovery"] },
  // Polls and posts share one queue: while a poll waits, nothing is sent.
  { clients: /^go/, ways: ["polling"] },
  // The event "connect_error" says "missing 'data' field" unless the refusal has data.
  { clients: /^go/, features: ["unknown namespaces"] },
  // Disconnecting closes the connection before the DISCONNECT is sent, and the other namespaces with it.
  { clients: /^go/, features: ["disconnecting by the client", "namespaces"], sometimes: true },
  // A connection that began with WebSocket and was cut does not come back; after an upgrade, to a restarted server, not always.
  { clients: /^go/, features: ["reconnecting after a cut", "recovery"], ways: ["websocket"] },
  { clients: /^go/, features: ["reconnecting to a restarted server"], ways: ["websocket", "upgrade"], sometimes: true },
  // An event with binary data that asks for an answer goes out as a BINARY_ACK.
  { clients: /^rust/, features: ["binary acks of the server"] },
  // The name of an event with binary data becomes `echo,NNNN`, where NNNN is the argument of recovery.
  { clients: /^rust/, features: ["strict handlers with recovery"] },
  // It drops each binary frame that does not begin with the byte 4, as frames of protocol 3 did.
  { clients: /^cpp/, features: ["binary events", "binary acks of the server", "binary acks of the client"] },
  // Leaving a namespace crashes.
  { clients: /^cpp/, features: ["namespaces", "disconnecting by the client"] },
];

export function isKnown(id, { way, feature }, faults = known) {
  return faults.some(
    ({ clients, features, ways }) => clients.test(id) && (!features || features.includes(feature)) && (!ways || ways.includes(way)),
  );
}
