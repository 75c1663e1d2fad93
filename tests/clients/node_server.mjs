// SPDX-License-Identifier: MIT
// The server of tests/clients/server.cpp on Node.js, with the reference implementation.
//
//   node node_server.mjs [msgpack]
//
// STORY_NODE_MODULES names the directory from which to take socket.io and socket.io-msgpack-parser.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.STORY_NODE_MODULES, "any.js"));
const { Server } = require("socket.io");

function addEvents(socket) {
  socket.on("auth", (ack) => ack(socket.handshake.auth));
  socket.on("query", (ack) => ack(socket.handshake.query.token ?? null));
  socket.on("transport", (ack) => ack(socket.conn.transport.name));
  socket.on("recovered", (ack) => ack(socket.recovered));
  socket.on("echo", (...args) => socket.emit("echo", ...args));
  socket.on("answer", (...args) => args.pop()(...args));
  socket.on("silence", () => {});
  socket.on("ask", (...args) => socket.emit("question", ...args, (...answer) => socket.emit("answered", ...answer)));
  socket.on("count", (end) => {
    for (let i = 0; i < end; ++i) socket.emit("number", i);
  });
}

function addRooms(socket) {
  socket.on("join", (room, ack) => {
    socket.join(room);
    ack(room);
  });
  socket.on("tell", (room, value) => socket.nsp.to(room).emit("told", value));
  socket.on("tell others", (room, value) => socket.to(room).emit("told", value));
}

function addEndings(socket) {
  socket.on("throw me out", () => socket.disconnect());
  socket.on("disconnecting", (why) => {
    socket.to("watchers").emit("left", why);
    socket.nsp.to("absent").emit("missed", "while you were away");
  });
}

function greet(socket) {
  addEvents(socket);
  addRooms(socket);
  addEndings(socket);
}

function addNamespaces(io) {
  io.on("connection", greet);
  io.of("/chat").on("connection", greet);
  io.of(/^\/room-\d+$/).on("connection", greet);
  io.of("/guarded").use((socket, next) => {
    if (socket.handshake.auth.token === "let me in") return next();
    const error = new Error("not authorized");
    error.data = { code: 401, hint: ["try", "another"] };
    next(error);
  });
  io.of("/guarded").on("connection", greet);
}

/** The port, once the server listens. */
function listen(server) {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
}

const options = { maxHttpBufferSize: 4e6, allowEIO3: true };
if (process.argv[2] === "msgpack") options.parser = require("socket.io-msgpack-parser");
const key = readFileSync(process.env.STORY_KEY);
const cert = readFileSync(process.env.STORY_CERTIFICATE);
const plain = createServer();
const secure = createSecureServer({ key, cert });
const io = new Server(options);
io.attach(plain);
io.attach(secure);
const recoveringHttp = createServer();
const recovering = new Server(recoveringHttp, { ...options, connectionStateRecovery: {} });
addNamespaces(io);
addNamespaces(recovering);
const ports = [await listen(plain), await listen(secure), await listen(recoveringHttp)];
console.log(`listening on ${ports.join(" ")}`);
process.on("SIGTERM", () => process.exit(0));
