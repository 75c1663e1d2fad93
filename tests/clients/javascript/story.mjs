// SPDX-License-Identifier: MIT
// The story for socket.io-client 2, 3 and 4, under Node.js and Bun.
//
// STORY_NODE_MODULES and STORY_PACKAGE name the client, STORY_PARSER the npm package of its parser, if there is one. The
// other variables and the lines that this program prints are described in ../README.md.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const { STORY_NODE_MODULES, STORY_PACKAGE, STORY_PARSER } = process.env;
const require = createRequire(join(STORY_NODE_MODULES, "any.js"));
const client = require(STORY_PACKAGE);
const io = client.io ?? client;
const major = Number(require(`${STORY_PACKAGE}/package.json`).version.split(".")[0]);
const parser = STORY_PARSER ? require(STORY_PARSER) : undefined;

const ways = { polling: ["polling"], websocket: ["websocket"], upgrade: ["polling", "websocket"] };
const patience = 10_000; // milliseconds; then a feature has failed
const urls = { plain: process.env.STORY_URL, tls: process.env.STORY_TLS_URL, recovery: process.env.STORY_RECOVERY_URL };
const values = ["text", "ä€😀\u0000\"\\", 0, -1.5, 9007199254740991, true, null, [], {}, { nested: [1, { deep: ["ü"] }] }];

/** A feature that this client does not have. */
class Absent extends Error {}

class Connections {
  constructor(way) {
    this.way = way;
    this.sockets = [];
  }

  /** A socket that is connecting; the socket of a further namespace shares the connection of `socket`. */
  open(path = "/", { url = urls.plain, beside, ...options } = {}) {
    const socket = beside
      ? beside.io.socket(path, options)
      : io(url + path, {
          forceNew: true,
          reconnection: false,
          reconnectionDelay: 20,
          reconnectionDelayMax: 100,
          transports: ways[this.way],
          ca: readFileSync(process.env.STORY_CERTIFICATE),
          ...(parser && { parser }),
          ...options,
        });
    this.sockets.push(socket);
    return socket;
  }

  async connect(path, options) {
    const socket = this.open(path, options);
    await connected(socket);
    return socket;
  }

  close() {
    for (const socket of this.sockets) {
      socket.io.reconnection(false);
      socket.close();
    }
  }
}

function next(socket, event) {
  return new Promise((resolve) => socket.once(event, (...args) => resolve(args)));
}

/** The name of the event with which this client is refused. */
const refusal = major === 2 ? "error" : "connect_error";

function connected(socket) {
  return new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    for (const event of new Set(["connect_error", refusal]))
      socket.once(event, (error) => reject(new Error(`${event}: ${error.message ?? error}`)));
  });
}

/** The arguments of the server's answer. */
function ask(socket, ...args) {
  return new Promise((resolve) => socket.emit(...args, (...answer) => resolve(answer)));
}

/** Tells the program that runs this story what to do with the network or the server. */
function control(what) {
  process.stdout.write(`${JSON.stringify({ control: what })}\n`);
}

async function comesBack(connections, what) {
  const socket = await connections.connect("/", { reconnection: true });
  const gone = next(socket, "disconnect");
  const back = next(socket, "connect");
  control(what);
  assert.match((await gone)[0], /^transport (close|error)$/);
  await back;
  assert.deepEqual(await ask(socket, "answer", "again"), ["again"]);
}

const features = {
  async connect(connections) {
    const socket = await connections.connect();
    const expected = connections.way === "polling" ? "polling" : "websocket";
    let transport;
    while (transport !== expected) [transport] = await ask(socket, "transport");
  },
  async auth(connections) {
    if (major === 2) throw new Absent("has only the query");
    const socket = await connections.connect("/", { auth: { token: "ä", list: [1] } });
    assert.deepEqual(await ask(socket, "auth"), [{ token: "ä", list: [1] }]);
  },
  async query(connections) {
    const socket = await connections.connect("/", { query: { token: "a b&ä" } });
    assert.deepEqual(await ask(socket, "query"), ["a b&ä"]);
  },
  async events(connections) {
    const socket = await connections.connect();
    const echo = next(socket, "echo");
    socket.emit("echo", ...values);
    assert.deepEqual(await echo, values);
  },
  async order(connections) {
    const socket = await connections.connect();
    const seen = [];
    const all = new Promise((resolve) => socket.on("number", (number) => seen.push(number) === 100 && resolve()));
    socket.emit("count", 100);
    await all;
    assert.deepEqual(seen, [...Array(100).keys()]);
  },
  async "large events"(connections) {
    const socket = await connections.connect();
    const text = "ü".repeat(250_000);
    assert.equal((await ask(socket, "answer", text))[0], text);
  },
  async "acks of the server"(connections) {
    const socket = await connections.connect();
    assert.deepEqual(await ask(socket, "answer"), []);
    assert.deepEqual(await ask(socket, "answer", ...values), values);
  },
  async "acks of the client"(connections) {
    const socket = await connections.connect();
    socket.on("question", (...args) => args.pop()(...args, "yes"));
    const answered = next(socket, "answered");
    socket.emit("ask", 1, { two: [2] });
    assert.deepEqual(await answered, [1, { two: [2] }, "yes"]);
  },
  async "ack timeouts"(connections) {
    const socket = await connections.connect();
    if (!socket.timeout) throw new Absent("has no timeouts");
    const error = await new Promise((resolve) => socket.timeout(100).emit("silence", resolve));
    assert.equal(error.message, "operation has timed out");
    assert.deepEqual(await ask(socket.timeout(patience), "answer", 1), [null, 1]);
  },
  async "binary events"(connections) {
    const socket = await connections.connect();
    const echo = next(socket, "echo");
    socket.emit("echo", Buffer.from([0, 4, 255]), { at: [Buffer.from("ä"), 1] }, Buffer.alloc(70_000, 7));
    const [first, second, third] = await echo;
    assert.deepEqual([...first], [0, 4, 255]);
    assert.deepEqual(Buffer.from(second.at[0]).toString(), "ä");
    assert.equal(Buffer.compare(Buffer.from(third), Buffer.alloc(70_000, 7)), 0);
  },
  async "binary acks of the server"(connections) {
    const socket = await connections.connect();
    const [bytes, text] = await ask(socket, "answer", Buffer.from([0, 4, 255]), "text");
    assert.deepEqual([...bytes], [0, 4, 255]);
    assert.equal(text, "text");
  },
  async "binary acks of the client"(connections) {
    const socket = await connections.connect();
    socket.on("question", (ack) => ack({ bytes: Buffer.from([1, 2]) }));
    const answered = next(socket, "answered");
    socket.emit("ask");
    assert.deepEqual([...(await answered)[0].bytes], [1, 2]);
  },
  async rooms(connections) {
    const [first, second] = [await connections.connect(), await connections.connect()];
    for (const socket of [first, second]) assert.deepEqual(await ask(socket, "join", "a room"), ["a room"]);
    const told = [first, second].map((socket) => next(socket, "told"));
    first.emit("tell", "a room", { text: "ä" });
    assert.deepEqual(await Promise.all(told), [[{ text: "ä" }], [{ text: "ä" }]]);
    const others = next(second, "told");
    first.emit("tell others", "a room", Buffer.from([9]));
    assert.deepEqual([...(await others)[0]], [9]);
  },
  async namespaces(connections) {
    const main = await connections.connect("/", { multiplex: true });
    const chat = await connections.connect("/chat", { beside: main });
    assert.deepEqual(await ask(chat, "answer", "chat"), ["chat"]);
    const gone = next(chat, "disconnect");
    chat.disconnect();
    await gone;
    assert.deepEqual(await ask(main, "answer", "main"), ["main"]);
  },
  async "dynamic namespaces"(connections) {
    const socket = await connections.connect("/room-17");
    assert.deepEqual(await ask(socket, "answer", 1), [1]);
  },
  async "unknown namespaces"(connections) {
    const [error] = await next(connections.open("/nowhere"), refusal);
    assert.equal(error.message ?? error, "Invalid namespace");
  },
  async refusals(connections) {
    const [error] = await next(connections.open("/guarded"), refusal);
    const data = { code: 401, hint: ["try", "another"] };
    assert.deepEqual(major === 2 ? error : error.data, data);
    if (major === 2) return;
    assert.equal(error.message, "not authorized");
    await connections.connect("/guarded", { auth: { token: "let me in" } });
  },
  async "disconnecting by the server"(connections) {
    const socket = await connections.connect();
    const gone = next(socket, "disconnect");
    socket.emit("throw me out");
    assert.equal((await gone)[0], "io server disconnect");
  },
  async "disconnecting by the client"(connections) {
    const [watcher, socket] = [await connections.connect(), await connections.connect()];
    await ask(watcher, "join", "watchers");
    const left = next(watcher, "left");
    socket.disconnect();
    assert.deepEqual(await left, ["client namespace disconnect"]);
  },
  "reconnecting after a cut": (connections) => comesBack(connections, "cut"),
  "reconnecting to a restarted server": (connections) => comesBack(connections, "restart"),
  async recovery(connections) {
    const socket = await connections.connect("/", { url: urls.recovery, reconnection: true });
    if (!("recovered" in socket) && major < 4) throw new Absent("does not know recovery");
    await ask(socket, "join", "absent");
    const [id, gone, back, missed] = [socket.id, ...["disconnect", "connect", "missed"].map((name) => next(socket, name))];
    const echo = next(socket, "echo");
    socket.emit("echo", "an event, so that the client knows where it is");
    await echo;
    control("cut");
    await gone;
    await back;
    assert.equal((await missed)[0], "while you were away");
    assert.ok(socket.recovered);
    assert.equal(socket.id, id);
    assert.deepEqual(await ask(socket, "recovered"), [true]);
  },
  async "strict handlers with recovery"(connections) {
    const socket = await connections.connect("/", { url: urls.recovery });
    const echo = new Promise((resolve) => socket.once("echo", (only) => resolve(only)));
    socket.emit("echo", "one");
    assert.equal(await echo, "one");
  },
  async tls(connections) {
    const socket = await connections.connect("/", { url: urls.tls });
    assert.deepEqual(await ask(socket, "answer", "secret"), ["secret"]);
  },
};

async function tell(way, feature) {
  const connections = new Connections(way);
  let impatience;
  const late = new Promise((_, reject) => {
    impatience = setTimeout(() => reject(new Error("nothing more has happened")), patience);
  });
  const result = { way, feature, ok: true, detail: "" };
  try {
    const work = features[feature](connections);
    work.catch(() => {});
    await Promise.race([work, late]);
  } catch (error) {
    result.ok = error instanceof Absent ? null : false;
    result.detail = String(error.message).replace(/\s+/g, " ").slice(0, 200);
  }
  clearTimeout(impatience);
  connections.close();
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

for (const task of process.argv.slice(2)) {
  const [way, feature] = task.split("/");
  await tell(way, feature);
}
process.exit(0);
