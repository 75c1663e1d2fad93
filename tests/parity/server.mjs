// SPDX-License-Identifier: MIT
// The Node.js half of the parity tests. server.cpp is the same program with this library, and explains it: what changes
// here changes there.

import { once } from "node:events";
import { createServer } from "node:http";

import { Server } from "socket.io";

function print(story, items) {
  if (!story) return;
  const bytes = (key, value) => (value?.type === "Buffer" ? Buffer.from(value.data).toString("base64") : value);
  process.stdout.write(`${story} ${JSON.stringify(items, bytes)}\n`);
}

/** The namespaces of a story have its name in theirs. */
const storyOf = (nsp) => /story-[0-9]+/.exec(nsp)?.[0];

const log = (c, ...items) => print(c.socket.handshake.query.story, items);

/** The actions that wait for ["release", name], by story and name. */
const held = new Map();

function selection(c, how) {
  let result = how.from === "socket" ? c.socket.broadcast : c.socket.nsp.to([]);
  result = result.to(how.to ?? []).except(how.except ?? []);
  if (how.volatile) result = result.volatile;
  if (how.local) result = result.local;
  if (how.compress === false) result = result.compress(false);
  if (how.timeout !== undefined) result = result.timeout(how.timeout);
  return result;
}

function describe({ query, headers, address, secure, xdomain, url }) {
  const { story, t, ...otherParameters } = query;
  const chosen = {};
  for (const name of ["x-custom", "x-twice", "origin", "cookie"]) if (name in headers) chosen[name] = headers[name];
  return { query: otherParameters, headers: chosen, address, secure, xdomain, path: url.split("?")[0] };
}

const withoutAck = (args) => args.filter((each) => typeof each !== "function");

/** Splits what Node.js gives to a handler: the arguments, and the function that answers. */
function called(c, args) {
  const ack = typeof args.at(-1) === "function" ? args.at(-1) : () => {};
  return { io: c.io, socket: c.socket, args: withoutAck(args), ack };
}

const handler = (c, list) => (...args) => run(list, called(c, args));

const actions = {
  log: (c, ...items) => log(c, ...items),
  "log args": (c, ...items) => log(c, ...items, ...c.args),
  emit: (c, event, ...args) => c.socket.emit(event, ...args),
  "emit args": (c, event) => c.socket.emit(event, ...c.args),
  send: (c, ...args) => c.socket.send(...args),
  "volatile emit": (c, event, ...args) => c.socket.volatile.emit(event, ...args),
  broadcast: (c, how, event, ...args) => selection(c, how).emit(event, ...args),
  "broadcast args": (c, how, event) => selection(c, how).emit(event, ...c.args),
  ack: (c, ...args) => c.ack(...args),
  "ack args": (c) => c.ack(...c.args),
  ask: (c, event, ...args) => c.socket.emit(event, ...args, (...answers) => log(c, "answer", ...answers)),
  "ask within": (c, milliseconds, event, ...args) =>
    c.socket.timeout(milliseconds).emit(event, ...args, (error, ...answers) => log(c, "answer", error ? "error" : null, ...answers)),
  "ask and wait": (c, event, ...args) => c.socket.emitWithAck(event, ...args).then((answer) => log(c, "answer", answer)),
  "ask all": (c, how, event, ...args) =>
    selection(c, how).emit(event, ...args, (error, answers) => log(c, "answers", error ? "error" : null, answers)),

  join: (c, ...rooms) => c.socket.join(rooms),
  leave: (c, room) => c.socket.leave(room),
  "leave own room": (c) => c.socket.leave(c.socket.id),
  rooms: (c) => log(c, "rooms", [...c.socket.rooms]),
  "sockets join": (c, how, room) => selection(c, how).socketsJoin(room),
  "sockets leave": (c, how, room) => selection(c, how).socketsLeave(room),
  "disconnect sockets": (c, how, close) => selection(c, how).disconnectSockets(close),
  fetch: async (c, how) => log(c, "found", (await selection(c, how).fetchSockets()).map((each) => each.data.name ?? null)),

  on: (c, event, list) => c.socket.on(event, handler(c, list)),
  once: (c, event, list) => c.socket.once(event, handler(c, list)),
  prepend: (c, event, list) => c.socket.prependListener(event, handler(c, list)),
  off: (c, event) => c.socket.removeAllListeners(event),
  "off all": (c) => c.socket.removeAllListeners(),
  "on any": (c, list) => c.socket.onAny(handler(c, list)),
  "prepend any": (c, list) => c.socket.prependAny(handler(c, list)),
  "off any": (c) => c.socket.offAny(),
  "on any outgoing": (c, list) => c.socket.onAnyOutgoing(handler(c, list)),
  use: (c, list) =>
    c.socket.use((event, next) => run(list, { io: c.io, socket: c.socket, args: withoutAck(event), next, event })),
  next: (c) => c.next(),
  refuse: (c, message, ...data) => c.next(Object.assign(new Error(message), data.length ? { data: data[0] } : {})),
  "set event": (c, ...event) => c.event.splice(0, c.event.length, ...event),

  later: (c, list) => setImmediate(() => run(list, c)),
  hold: (c, name, list) => held.set(c.socket.handshake.query.story + name, () => run(list, c)),
  release: (c, name) => {
    const key = c.socket.handshake.query.story + name;
    const waiting = held.get(key);
    held.delete(key);
    waiting?.();
  },
  disconnect: (c, close) => c.socket.disconnect(close === true),
  "close connection": (c) => c.socket.conn.close(),
  "close server": (c) => c.io.close(),

  "set data": (c, name, value) => (c.socket.data[name] = value),
  data: (c) => log(c, "data", c.socket.data),
  connected: (c) => log(c, "connected", c.socket.connected),
  recovered: (c) => log(c, "recovered", c.socket.recovered),
  transport: (c) => log(c, "transport", c.socket.conn.transport.name),
  handshake: (c) => log(c, "handshake", describe(c.socket.handshake)),
  auth: (c) => log(c, "auth", c.socket.handshake.auth),
  namespace: (c) => log(c, "namespace", c.socket.nsp.name),
  count: (c) => log(c, "count", c.socket.nsp.sockets.size),
};

function run(list, context) {
  for (const [name, ...parameters] of list ?? []) actions[name](context, ...parameters);
}

function connect(io, socket) {
  const context = { io, socket, args: [], ack: () => {} };
  log(context, "connection");
  socket.on("disconnecting", (reason) => log(context, "disconnecting", reason, [...socket.rooms]));
  socket.on("disconnect", (reason) => log(context, "disconnect", reason));
  socket.on("error", (error) => log(context, "error", error.message ?? error));
  socket.on("do", (list, ack = () => {}) => {
    run(list, { ...context, ack });
    ack();
  });
  run(socket.handshake.auth.connect, context);
}

/** Three middleware, which run the three lists of "use" in the credentials. */
function setUp(io, nsp) {
  for (const index of [0, 1, 2]) {
    nsp.use((socket, next) => {
      const list = socket.handshake.auth.use?.[index];
      if (list) run(list, { io, socket, args: [], ack: () => {}, next });
      else next();
    });
  }
  nsp.on("connection", (socket) => connect(io, socket));
}

function addNamespaces(io) {
  setUp(io, io);
  setUp(io, io.of("/static"));
  io.on("new_namespace", (nsp) => {
    const story = storyOf(nsp.name);
    print(story, ["new namespace", nsp.name]);
    if (!nsp.name.endsWith("/rooms")) return;
    for (const event of ["create-room", "join-room", "leave-room", "delete-room"])
      nsp.adapter.on(event, (...what) => print(story, [event, ...what]));
  });
  setUp(io, io.of(/^\/story-[0-9]+(\/|$)/));
  for (const name of ["first", "second"]) {
    setUp(
      io,
      io.of((nsp, auth, next) => {
        if (!nsp.startsWith("/asked-")) return next(null, false);
        print(storyOf(nsp), [name, nsp]);
        next(null, auth.accept === name);
      }),
    );
  }
}

function reportRefusals(io) {
  io.engine.on("connection_error", ({ req, code, message, context }) =>
    print(new URL(req.url, "http://localhost").searchParams.get("story"), ["refused", code, message, context]),
  );
}

function addHooks(io) {
  io.engine.use((req, res, next) => {
    res.setHeader("x-middleware", "passed");
    if (!req.headers["x-stop"]) return next();
    res.writeHead(503);
    res.end("stopped");
  });
  io.engine.on("initial_headers", (headers) => (headers["x-initial"] = "yes"));
  io.engine.on("headers", (headers) => (headers["x-each"] = "yes"));
}

const variants = {
  "cors any": { cors: { origin: "*" } },
  "cors fixed": {
    cors: {
      origin: "http://one.example",
      methods: ["GET", "POST"],
      allowedHeaders: ["x-a", "x-b"],
      exposedHeaders: ["x-c"],
      credentials: true,
      maxAge: 60,
      optionsSuccessStatus: 200,
    },
  },
  "cors list": { cors: { origin: ["http://one.example", /\.two\.example$/], credentials: true } },
  "cors reflect": { cors: { origin: true } },
  "cors off": { cors: { origin: false } },
  "cors continue": { cors: { preflightContinue: true } },
  "closing 1": {},
  "closing 2": {},
  "closing 3": {},
  recovery: { connectionStateRecovery: {} },
  "recovery with middleware": { connectionStateRecovery: { skipMiddlewares: false } },
  cleanup: { cleanupEmptyChildNamespaces: true },
  impatient: { connectTimeout: 2000, upgradeTimeout: 200 },
  pings: { pingInterval: 50, pingTimeout: 20_000 },
  unanswered: { pingInterval: 1500, pingTimeout: 500 },
  small: { maxHttpBufferSize: 1000 },
  "websocket only": { transports: ["websocket"] },
  "polling only": { transports: ["polling"] },
  "no upgrade": { allowUpgrades: false },
  "no slash": { addTrailingSlash: false },
  "initial packet": { initialPacket: "welcome" },
  "old clients": { allowEIO3: true },
  hooks: {
    path: "/custom",
    cookie: { name: "who", sameSite: "strict", maxAge: 3600 },
    allowRequest: (req, decide) => decide(req.headers["x-unwanted"] ? "not you" : null, !req.headers["x-unwanted"]),
  },
  main: {},
};

for (const [name, options] of Object.entries(variants)) {
  const http = createServer((req, res) => res.writeHead(404).end());
  const io = new Server(http, { serveClient: false, ...options });
  addNamespaces(io);
  reportRefusals(io);
  if (name === "hooks") addHooks(io);
  await once(http.listen(0, "127.0.0.1"), "listening");
  process.stdout.write(`variant ${name}: ${http.address().port}\n`);
}
process.stdout.write("listening on 0\n");
process.on("SIGTERM", () => process.exit(0));
