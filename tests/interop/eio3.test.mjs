// SPDX-License-Identifier: MIT
// The client of Socket.IO v2, which speaks an older protocol, against a server that allows it.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { io as connect } from "socket.io-client";
import v2 from "socket.io-client-v2";

import { Server, collect, next, ways } from "./support.mjs";

/** A server whose clients are those of v2. */
class OldServer extends Server {
  open(path = "/", options = {}) {
    const client = v2(this.program.url + path, { forceNew: true, reconnection: false, transports: ["websocket"], ...options });
    this.clients.push(client);
    return client;
  }

  async connect(path, options) {
    const client = this.open(path, options);
    const upgraded = options?.transports?.length === 2 && new Promise((resolve) => client.io.once("open", () => client.io.engine.once("upgrade", resolve)));
    await next(client, "connect");
    await upgraded;
    return client;
  }

  async closeClients() {
    for (const client of this.clients.splice(0)) client.close();
  }
}

const ask = (client, ...args) => new Promise((resolve) => client.emit(...args, resolve));

for (const [way, options] of Object.entries({ ...ways, "polling in base64": { transports: ["polling"], forceBase64: true }, "websocket in base64": { transports: ["websocket"], forceBase64: true } })) {
  describe(`a client of Socket.IO v2 over ${way}`, () => {
    const server = new OldServer();

    it("connects, and knows the same id as the server", async () => {
      const client = await server.connect("/", options);
      const about = await ask(client, "about");
      assert.equal(about.id, client.id);
      assert.equal(about.protocol, 3);
      assert.equal(about.transport, options.transports.at(-1));
      assert.deepEqual(about.auth, {});
    });

    for (const [kind, value] of Object.entries({
      text: "hello",
      "text of many alphabets": "ž € 🦄 \u2028\u2029 \\n \n \0",
      numbers: [1, -2.5, 1e21],
      structures: { a: [{ b: null }, true] },
      binary: Buffer.from([0, 1, 2, 255]),
      "binary in structures": { list: [Buffer.from("one"), { two: Buffer.from("ž🦄") }], empty: Buffer.alloc(0) },
    })) {
      it(`gets ${kind} back`, async () => {
        const client = await server.connect("/", options);
        const echo = next(client, "echo");
        client.emit("echo", value);
        assert.deepEqual(await echo, value);
        assert.deepEqual(await ask(client, "echo back", value), value);
      });
    }

    it("keeps the order of many messages of all kinds", async () => {
      const client = await server.connect("/", options);
      const echoes = collect(client, "echo", 100);
      for (let i = 0; i < 100; ++i) client.emit("echo", { i, text: "🦄".repeat(i % 5), bytes: i % 3 ? "" : Buffer.alloc(i) });
      assert.deepEqual((await echoes).map(({ i }) => i), Array.from({ length: 100 }, (_, i) => i));
    });

    it("acknowledges the server's events", async () => {
      const client = await server.connect("/", options);
      client.on("question", (value, answer) => answer({ you: value }));
      const answered = next(client, "answered");
      client.emit("ask", Buffer.from([1]));
      assert.deepEqual(await answered, { you: Buffer.from([1]) });
    });

    it("joins a namespace, with a query for credentials", async () => {
      const client = await server.connect("/custom?token=abc&x=%20y", options);
      const about = await ask(client, "about");
      assert.equal(about.id, client.id);
      assert.match(about.id, /^\/custom#/);
      assert.deepEqual(about.auth, { token: "abc", x: " y" });
    });

    it("gets the reason when it may not join", async () => {
      assert.equal(await next(server.open("/refused", options), "error"), "not today");
      assert.deepEqual(await next(server.open("/refused-with-data", options), "error"), { code: 7 });
      assert.deepEqual(await next(server.open("/nowhere", options), "error"), { message: "Invalid namespace" });
    });

    it("gets broadcasts to everyone and to its rooms, together with clients of v4", async () => {
      const client = await server.connect("/", options);
      const today = connect(server.program.url, { forceNew: true, reconnection: false, transports: ["websocket"] });
      await next(today, "connect");
      const all = Promise.all([next(client, "told"), next(today, "told")]);
      today.emit("tell all", { all: Buffer.from("bytes") });
      assert.deepEqual(await all, [{ all: Buffer.from("bytes") }, { all: Buffer.from("bytes") }]);
      await ask(client, "join", "room");
      const told = next(client, "told");
      today.emit("tell room", "room", "in the room");
      assert.equal(await told, "in the room");
      today.close();
    });

    it("is disconnected by the server, and can disconnect", async () => {
      const client = await server.connect("/", options);
      const gone = next(client, "disconnect");
      client.emit("throw me out");
      assert.equal(await gone, "io server disconnect");
      const leaver = await server.connect("/", options);
      const left = next(leaver, "disconnect");
      leaver.close();
      assert.equal(await left, "io client disconnect");
    });
  });
}

describe("the heartbeat of a client of Socket.IO v2", () => {
  const server = new OldServer();

  for (const [way, options] of Object.entries(ways)) {
    it(`is answered over ${way}`, async () => {
      const client = await server.connect("/", options);
      const pong = next(client, "pong");
      client.io.engine.ping();
      await pong;
    });
  }
});
