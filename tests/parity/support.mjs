// SPDX-License-Identifier: MIT
// Tells each story to a server of this library and to one of the npm package socket.io, and compares what was seen.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { io } from "socket.io-client";
import { WebSocket } from "ws";

import { Program } from "../support/program.mjs";
import { differences } from "./differences.mjs";

/** A story that waits for something that does not come fails after this time. */
const patience = 20_000;

function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), patience);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Whether a text begins with one of the texts or matches one of the patterns. */
const fits = (text, patterns) => patterns.some((each) => (each.test ? each.test(text) : text.startsWith(each)));

/** What has been seen in one place, in order; stories wait for the next entry that they know. */
class Record {
  entries = [];
  #read = 0;
  #wake = () => {};

  add(entry) {
    if (this.closed) return;
    this.entries.push(entry);
    this.#wake();
  }

  /** The next entry that matches, or one that says that nothing can follow. */
  async until(matches, isLast, what) {
    for (;;) {
      while (this.#read < this.entries.length) {
        const entry = this.entries[this.#read++];
        if (matches(entry) || isLast(entry)) return entry;
      }
      await within(new Promise((resolve) => (this.#wake = resolve)), `${what} after ${JSON.stringify(this.entries)}`);
    }
  }
}

/**
 * Fails a story in which the reference ends a connection that the story means to go on. Here the trace shows it.
 *
 * @param entry  what was seen instead of `wanted`, if it does not begin with that
 */
function mustGoOn(server, entry, wanted) {
  if (server.isReference && !entry[0].startsWith(wanted)) throw new Error(`the reference shows ${JSON.stringify(entry)} instead of ${wanted}`);
}

/** A socket of the real client; records its events: ["connect"], ["news", 1], ["disconnect", reason]. */
class Client {
  constructor(server, socket, record) {
    this.server = server;
    this.socket = socket;
    this.record = record;
    this.id = undefined;
    socket.on("connect", () => {
      this.id = socket.id;
      record.add(["connect"]);
    });
    socket.on("connect_error", (error) => record.add(["connect_error", error.message, error.data]));
    socket.on("disconnect", (reason) => record.add(["disconnect", reason]));
    socket.onAny((event, ...args) => record.add([event, ...args.filter((each) => typeof each !== "function")]));
  }

  /** The next of these events, or the end of the connection. */
  until(...events) {
    const ends = ["connect_error", "disconnect"];
    return this.record.until(([event]) => events.includes(event), ([event]) => ends.includes(event), events.join(" or "));
  }

  /** Has the server run actions; resolves when it has. */
  do(...actions) {
    return this.ask("do", actions);
  }

  /** Has the server run actions, and does not wait. */
  tell(...actions) {
    this.socket.emit("do", actions);
  }

  /** Emits an event and records what it is answered: ["answer", ...]. */
  async ask(...event) {
    this.socket.emit(...event, (...answer) => this.record.add(["answer", ...answer]));
    mustGoOn(this.server, await this.until("answer"), "answer");
  }

  emit(...event) {
    this.socket.emit(...event);
  }

  /** Answers the server's questions of that name. */
  answer(event, ...answers) {
    this.socket.on(event, (...args) => args.at(-1)(...answers));
  }

  /** Breaks the connection without a word. */
  cut() {
    this.socket.io.engine.transport.ws._socket.destroy();
  }
}

/**
 * A WebSocket without a client; records what arrives, except pings: text as it is, bytes as "<hex>", the end as
 * ["closed", code].
 */
class Wire {
  prefix = ""; // of the namespace joined last
  pings = new Record(); // is not part of the trace, because it depends on the clock

  constructor(server, ws, record) {
    this.server = server;
    this.ws = ws;
    this.record = record;
    ws.on("message", (data, isBinary) => {
      const text = isBinary ? `<${data.toString("hex")}>` : data.toString();
      if (text === "2") this.pings.add(text);
      else record.add(text);
    });
    ws.on("close", (code) => record.add(["closed", code]));
    ws.on("error", () => {});
    ws.on("unexpected-response", async (req, response) => {
      record.add(["refused", await answerOf(response)]);
      req.destroy();
    });
  }

  async open() {
    await this.until(/^0/);
    return this;
  }

  /** Resolves when the WebSocket is open, before any message. */
  async connected() {
    if (this.ws.readyState === WebSocket.CONNECTING) await within(once(this.ws, "open"), "a WebSocket to open");
  }

  /** Joins a namespace, with credentials. */
  async join(nsp = "/", auth = undefined) {
    const prefix = nsp === "/" ? "" : `${nsp},`;
    this.send(`40${prefix}${auth ? JSON.stringify(auth) : ""}`);
    if (String(await this.until(`40${prefix}{`, `44${prefix}`)).startsWith("40")) this.prefix = prefix;
    return this;
  }

  /** Has the server run actions in the namespace joined last; resolves when it has. */
  async do(...actions) {
    this.send(`42${this.prefix}77${JSON.stringify(["do", actions])}`);
    const answer = `43${this.prefix}77`;
    mustGoOn(this.server, [await this.until(answer)].flat(), answer);
  }

  send(...messages) {
    for (const message of messages) this.ws.send(message);
  }

  /** The next message that begins with one of the texts or matches one of the patterns, or the end. */
  async until(...patterns) {
    const seen = (entry) => typeof entry === "string" && fits(entry, patterns);
    const entry = this.end ?? (await this.record.until(seen, Array.isArray, patterns.join(" or ") || "the end"));
    if (Array.isArray(entry)) this.end = entry;
    return entry;
  }

  /** Resolves when the next ping has come. */
  pinged() {
    return this.pings.until(() => true, () => false, "a ping");
  }

  /** Resolves when the server has ended the connection. */
  closed() {
    return this.until();
  }

  cut() {
    this.ws.terminate();
  }
}

/** A session over polling without a client; records packets, and the answers to what it posts. */
class Poller {
  #read = 1; // behind the open packet

  constructor(stage, options, record) {
    this.stage = stage;
    this.options = options;
    this.record = record;
    this.query = "EIO=4&transport=polling";
  }

  async open() {
    const { status, body } = await this.get();
    this.record.add(status === 200 ? body : ["refused", status, body]);
    if (status === 200) this.query += `&sid=${JSON.parse(body.slice(1)).sid}`;
    return this;
  }

  get() {
    return this.stage.fetch("GET", this.query, this.options);
  }

  /** The next packet that begins with one of the texts or matches one of the patterns; or a poll that is refused. */
  async until(...patterns) {
    const { entries } = this.record;
    for (;;) {
      while (this.#read < entries.length) {
        const entry = entries[this.#read++];
        if (typeof entry === "string" ? fits(entry, patterns) : entry[0] === "refused") return;
      }
      const { status, body } = await this.get();
      if (status !== 200) this.record.add(["refused", status, body]);
      else for (const packet of body.split("\x1e")) if (packet !== "2") this.record.add(packet);
    }
  }

  async post(...packets) {
    const { status, body } = await this.stage.fetch("POST", this.query, { ...this.options, body: packets.join("\x1e") });
    this.record.add(["posted", status, body]);
  }

  async join(nsp = "/", auth = undefined) {
    await this.post(`40${nsp === "/" ? "" : `${nsp},`}${auth ? JSON.stringify(auth) : ""}`);
    await this.until("40", "44");
    return this;
  }
}

/** What a server has answered, without what HTTP leaves to it: the time, and how it delimits a body. */
async function answerOf(response) {
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk);
  const { date, connection, "keep-alive": keepAlive, "transfer-encoding": coding, ...headers } = response.headers;
  if (coding === "chunked") headers["content-length"] = String(Buffer.concat(chunks).length);
  return { status: response.statusCode, headers, body: Buffer.concat(chunks).toString() };
}

/** One server, and what one story has seen of it: a Record for each place with a name, and "server" for what it printed. */
class Stage {
  #open = [];

  constructor(server, story) {
    this.server = server;
    this.story = story;
    this.nsp = `/${story}`; // a namespace of its own
    this.records = Object.create(null);
    server.stories.set(story, this.#record("server"));
  }

  /** A client that is connecting to a namespace: the main one, or `nsp`; `use` and `connect` are actions. */
  client(name, { variant = "main", nsp = "/", query = {}, auth = {}, use, connect, ...options } = {}) {
    const socket = io(this.url(variant) + nsp, {
      forceNew: true,
      reconnection: false,
      transports: ["websocket"],
      query: { story: this.story, ...query },
      auth: { ...(use && { use }), ...(connect && { connect }), ...auth },
      ...options,
    });
    this.#open.push(() => closeManager(socket.io));
    return new Client(this.server, socket, this.#record(name));
  }

  /** As `client`; resolves when it has connected or was refused. */
  async connect(name, options) {
    const client = this.client(name, options);
    await client.until("connect");
    return client;
  }

  /** A socket in another namespace, over the connection of a client. */
  sibling(name, client, nsp, { use, connect, auth } = {}) {
    const socket = client.socket.io.socket(nsp, { auth: { ...(use && { use }), ...(connect && { connect }), ...auth } });
    return new Client(this.server, socket, this.#record(name));
  }

  /** A WebSocket; `query` replaces the parameters of the protocol, a `more` of "&x=1" is added to them. */
  wire(name, { query = "EIO=4&transport=websocket", more = "", variant, path = "/socket.io/", headers } = {}) {
    const url = `${this.url(variant).replace("http", "ws")}${path}?${query}${more}&story=${this.story}`;
    const ws = new WebSocket(url, { headers, perMessageDeflate: false });
    this.#open.push(() => ws.terminate());
    return new Wire(this.server, ws, this.#record(name));
  }

  /** A WebSocket with an open session that has joined a namespace. */
  async joined(name, { nsp, auth, ...options } = {}) {
    const wire = await this.wire(name, options).open();
    return wire.join(nsp, auth);
  }

  /** A session over polling that is open. */
  async poller(name, options = {}) {
    return new Poller(this, options, this.#record(name)).open();
  }

  /** Sends a request and records the answer: {status, headers, body}. */
  async http(name, method, query, options) {
    const answer = await this.fetch(method, query, options);
    this.show(name, answer);
    return answer;
  }

  /** As `http`, without a record. */
  async fetch(method, query, options) {
    const { answered } = await this.begin(method, query, options);
    return within(answered, `the answer to ${method} ${query}`);
  }

  /** Sends a request and resolves when it is on its way: {request, answered}; `answered` is a promise. */
  async begin(method, query, { variant, path = "/socket.io/", headers = {}, body } = {}) {
    const target = `${path}${query === null ? "" : `?${query}&story=${this.story}`}`;
    const req = request(this.url(variant) + target, { method, headers, agent: false });
    this.#open.push(() => req.destroy());
    const answered = new Promise((resolve) => {
      const ended = (why) => resolve({ status: 0, headers: {}, body: why });
      req.on("response", (response) => answerOf(response).then(resolve, (error) => ended(error.code)));
      req.on("error", (error) => ended(error.code));
      req.on("close", () => ended("the connection was ended"));
    });
    const sent = Promise.race([once(req, "finish").catch(() => {}), answered]);
    req.end(body);
    await sent;
    return { request: req, answered };
  }

  /** Records something under a name. */
  show(name, entry) {
    this.#record(name).add(entry);
  }

  /** Resolves when the server has printed `count` lines that begin with these items. */
  async logged(...items) {
    const count = typeof items.at(-1) === "number" ? items.pop() : 1;
    const begins = (entry) => items.every((item, i) => entry[i] === item);
    const record = this.records.server;
    for (let i = 0; i < count; ++i) await record.until(begins, () => false, items.join(" "));
  }

  url(variant = "main") {
    return `http://127.0.0.1:${this.server.ports[variant]}`;
  }

  /** Everything that was seen, with numbers in place of ids, and without the number of the story. */
  trace() {
    for (const record of Object.values(this.records)) record.closed = true;
    const ids = new Map();
    const text = JSON.stringify(
      Object.fromEntries(Object.entries(this.records).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { entries }]) => [name, entries])),
    );
    const normal = text.replaceAll(this.story, "story").replace(/(?<![\w-])[\w-]{20}(?![\w-])/g, (id) => {
      if (!ids.has(id)) ids.set(id, `<id ${ids.size + 1}>`);
      return ids.get(id);
    });
    return JSON.parse(normal);
  }

  async close() {
    await Promise.all(this.#open.map((close) => close()));
    this.server.stories.delete(this.story);
  }

  #record(name) {
    assert.ok(!(name in this.records), `two places in one story are called ${name}`);
    return (this.records[name] = new Record());
  }
}

function closeManager(manager) {
  manager.reconnection(false);
  const { engine } = manager;
  manager._close();
  if (engine && engine.readyState !== "closed") return within(once(engine, "close"), "a client to close");
}

/** A running server program. */
class ServerUnderTest {
  static async start(path, script) {
    const server = new ServerUnderTest();
    server.isReference = script !== undefined;
    server.program = await Program.start(path, 0, script);
    server.died = server.program.exited.then(([code, signal]) => {
      throw new Error(`the server has ended with ${code ?? signal}`);
    });
    server.died.catch(() => {}); // at its end it may
    server.ports = {};
    server.stories = new Map();
    for (const line of server.program.lines) {
      const [, variant, port] = /^variant (.*): (\d+)$/.exec(line) ?? [];
      if (variant) server.ports[variant] = Number(port);
    }
    server.program.looks.add(() => {
      const [, story, entry] = /^(\S+) (.*)$/s.exec(server.program.lines.pop());
      server.stories.get(story)?.add(JSON.parse(entry));
    });
    server.control = new Stage(server, "control");
    server.controller = await server.control.connect("controller");
    server.fences = new Map();
    server.stories.set("control", { add: ([, number]) => server.fences.get(number)?.() });
    return server;
  }

  /** Resolves when everything that was printed before has arrived. */
  fence() {
    const number = this.fences.size;
    return new Promise((resolve) => {
      this.fences.set(number, resolve);
      this.controller.tell(["log", "fence", number]);
    });
  }

  async stop() {
    await this.control.close();
    await this.program.stop();
  }
}

/** Tells a story to one server. */
async function perform(server, story, run) {
  const stage = new Stage(server, story);
  try {
    await Promise.race([run(stage), server.died]);
    await Promise.race([within(server.fence(), "the server's output"), server.died]);
    return stage.trace();
  } catch (error) {
    return { failed: error.stack, ...stage.trace() };
  } finally {
    await stage.close();
  }
}

/** What is at a path such as `client[0].headers` of a trace; `client[3..]` are the entries from the fourth on. */
function place(trace, path) {
  const [, before, rest] = /^(.*?)(?:\[(\d+)\.\.\])?$/.exec(path);
  const names = before.split(/[.[\]]+/).filter(Boolean);
  const last = names.pop();
  const parent = names.reduce((at, name) => at?.[name], trace) ?? {};
  return {
    value: rest === undefined ? parent[last] : parent[last]?.slice(rest),
    hide() {
      if (rest === undefined) parent[last] = "a known difference";
      else parent[last].splice(rest, Infinity, "a known difference");
    },
  };
}

/** Takes a listed difference out of two traces; fails if it is not there. */
function takeOut({ at, node, here }, reference, ours) {
  const places = { node: place(reference, at), here: place(ours, at) };
  const seen = { node: places.node.value, here: places.here.value };
  assert.notDeepEqual(
    seen.here,
    seen.node,
    `the servers no longer differ at ${at}: remove this difference from differences.mjs, and its row from docs/api.md`,
  );
  assert.deepEqual(seen, { node, here }, `the difference at ${at} is another one than differences.mjs says`);
  places.node.hide();
  places.here.hide();
}

/** Whether a trace shows anything that a server did. */
const isEmpty = (trace) => Object.values(trace).every((entries) => entries.length === 0);

/**
 * Fails unless both traces of a story show the same, except for the listed differences.
 *
 * @param listed  those of this story: {at, node, here}
 */
export function compare(reference, ours, listed = []) {
  const shown = `\nNode.js: ${JSON.stringify(reference)}\nhere:    ${JSON.stringify(ours)}`;
  for (const trace of [reference, ours]) {
    assert.ok(!trace.failed, `${trace.failed}${shown}`);
    assert.ok(!isEmpty(trace), `the story shows nothing${shown}`);
  }
  for (const difference of listed) takeOut(difference, reference, ours);
  assert.deepEqual(ours, reference, `the servers differ${shown}`);
}

let stories = 0;

/**
 * A file of stories.
 *
 * @param tell  is given `it`: it(title, async (stage) => {...}) tells a story to both servers and compares the traces
 */
export function suite(name, tell) {
  describe(name, { concurrency: 4 }, () => {
    let reference, ours;
    before(async () => {
      const script = fileURLToPath(new URL("server.mjs", import.meta.url));
      [reference, ours] = await Promise.all([
        ServerUnderTest.start(process.execPath, [script]),
        ServerUnderTest.start(process.env.PARITY_SERVER),
      ]);
    });
    after(() => Promise.all([reference?.stop(), ours?.stop()]));

    const titles = new Set();
    const listed = differences.filter((difference) => difference.suite === name);
    tell((title, run) => {
      assert.ok(!titles.has(title), `two stories are called "${title}"`);
      titles.add(title);
      const story = `story-${++stories}`;
      it(title, async () => {
        const [node, here] = await Promise.all([perform(reference, story, run), perform(ours, story, run)]);
        compare(node, here, listed.filter((difference) => difference.story === title));
      });
    });
    it("every listed difference has its story and its row in the documents", () => {
      const documents = readFileSync(new URL("../../docs/api.md", import.meta.url), "utf8");
      for (const { story, row } of listed) {
        assert.ok(titles.has(story), `differences.mjs names a story that is not told: "${story}"`);
        assert.ok(documents.includes(`| ${row} |`), `docs/api.md has no row "${row}"`);
      }
    });
  });
}
