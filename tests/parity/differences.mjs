// SPDX-License-Identifier: MIT
// Where the servers differ, and are meant to. A test fails when a difference is not as it stands here, and when it is gone.
//
//   suite    the file of the story, without ".test.mjs"
//   row      the first cell of its row in docs/api.md, "Differences from Node.js", which gives the reason
//   stories  {title: {path in the trace: [what Node.js shows, what this server shows]}}; "[3..]" are the entries from
//            the fourth on

const ended = ["closed", 1005];
const forced = (id) => [["disconnecting", "forced close", [id]], ["disconnect", "forced close"]];

const list = [
  {
    suite: "refusals",
    row: "A WebSocket handshake of an unsupported revision",
    stories: {
      "a WebSocket of revision 3": {
        "client[0][0]": ["closed", "refused"],
        "client[0][1]": [
          1006,
          { status: 400, headers: { "content-type": "text/html", "content-length": "28" }, body: "Unsupported protocol version" },
        ],
      },
    },
  },
  {
    suite: "disconnects",
    row: "A close packet over a WebSocket",
    stories: {
      "a WebSocket sends a close packet": {
        "server[1][1]": ["forced close", "transport close"],
        "server[2][1]": ["forced close", "transport close"],
      },
    },
  },
  {
    suite: "ordering",
    row: "An event right behind the client's own DISCONNECT",
    stories: {
      "an event behind a DISCONNECT in the same body": {
        "client[6..]": [['42/static,["end"]'], ["6", "1"]],
        "server[4..]": [[], [["disconnecting", "forced server close", ["<id 3>"]], ["disconnect", "forced server close"]]],
      },
    },
  },
  {
    suite: "ordering",
    row: "An event for a namespace from which the server has just disconnected the client",
    stories: {
      "an event that crosses the server's disconnection": {
        "client[4..]": [[ended], ['42/static,["still here"]']],
        "server[4..]": [forced("<id 3>"), []],
      },
    },
  },
  {
    suite: "recovery",
    row: "A session that has been recovered, asked for again",
    stories: {
      "a session is recovered once": {
        "server[7][1]": [true, false],
        "third[1]": ['40/story,{"sid":"<id 2>","pid":"<id 3>"}', '40/story,{"sid":"<id 6>","pid":"<id 7>"}'],
      },
    },
  },
  {
    suite: "limits",
    row: "Arrays and objects nested more than 512 deep",
    stories: {
      "very deep nesting": {
        "client[3..]": [['42["still here"]', "4377[]"], [ended]],
        "server[1..]": [[["got it"]], [["error", "payload nested too deeply"], ...forced("<id 2>")]],
      },
    },
  },
  {
    suite: "acks",
    row: "A broadcast that asks for answers, when a client leaves instead",
    stories: {
      "someone leaves instead of answering a broadcast": {
        "server[4..]": [
          [["disconnect", "client namespace disconnect"], ["answers", "error", []]],
          [["answers", "error", []], ["disconnect", "client namespace disconnect"]],
        ],
      },
    },
  },
  {
    suite: "packets",
    row: "Integers beyond 2^53",
    stories: { "integers beyond the range of doubles": { "client[2]": ['42["e",9007199254740992]', '42["e",9007199254740993]'] } },
  },
  {
    suite: "packets",
    row: "Half of a surrogate pair in a text",
    stories: {
      "a lone surrogate": {
        "client[2]": ['42["e","\\ud800"]', '42["e","\ufffd"]'],
        "server[1][1]": ["\ud800", "\ufffd"],
      },
    },
  },
  {
    suite: "packets",
    row: "The words with which an `error` handler is told of a malformed packet",
    stories: {
      "no packet type": {
        "server[1][1]": ["Cannot read properties of undefined (reading 'base64')", "unknown packet type "],
      },
    },
  },
  {
    suite: "packets",
    row: "An acknowledgement id beyond 64 bits",
    stories: {
      "an id with leading zeros and one that is too large": {
        "client[3..]": [["43100000000000000000000[]", '42["still here"]'], [ended]],
        "server[1..]": [[], [["error", "invalid acknowledgement id"], ...forced("<id 2>")]],
      },
    },
  },
  {
    suite: "packets",
    row: "A CONNECT for a namespace that the client has joined already",
    stories: {
      "a second CONNECT to the same namespace": {
        "client[2..]": [[ended], ['40{"sid":"<id 3>"}', '42["still here"]', "4377[]"]],
        "server[1..]": [
          forced("<id 2>"),
          [
            ["disconnecting", "client namespace disconnect", ["<id 2>"]],
            ["disconnect", "client namespace disconnect"],
            ["connection"],
          ],
        ],
      },
    },
  },
];

/** {suite, row, story, at, node, here} for each place in a trace. */
export const differences = list.flatMap(({ suite, row, stories }) =>
  Object.entries(stories).flatMap(([story, places]) =>
    Object.entries(places).map(([at, [node, here]]) => ({ suite, row, story, at, node, here })),
  ),
);
