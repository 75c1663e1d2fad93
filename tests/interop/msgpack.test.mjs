// SPDX-License-Identifier: MIT
// The real client with socket.io-msgpack-parser, against a server with the msgpack parser.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { io } from "socket.io-client";
import parser from "socket.io-msgpack-parser";
import WebSocket from "ws";

import { Server, collect, next, ways } from "./support.mjs";

const startServer = () => new Server({ parser });

const values = {
  "an empty string": "",
  "text beyond ASCII": "ěščřžýáíé 你好 مرحبا 🦄👩‍👩‍👧‍👦 \u2028 \u0000 \ufeff",
  "strings of every length form": ["x".repeat(31), "x".repeat(32), "x".repeat(256), "x".repeat(65536)],
  "integers of every width": [0, 127, 128, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER],
  "negative integers of every width": [-1, -32, -33, -128, -129, -32768, -32769, -(2 ** 31), -(2 ** 31) - 1, Number.MIN_SAFE_INTEGER],
  "fractions": [0.1, -1.5, 5e-324, 1.1], // not 1e300: the client writes integers of 2^64 and more as 0
  "what JSON cannot say": [NaN, Infinity, -Infinity],
  "true, false and null": [true, false, null],
  "empty containers": [[], {}],
  "nested structures": { a: [1, [2, [3, { b: null }]], "x"], "": 0 },
  "long containers": [Array.from({ length: 70_000 }, (_, i) => i), Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`key ${i}`, i]))],
  "an empty buffer": Buffer.alloc(0),
  "buffers anywhere": { one: Buffer.from([1]), list: ["x", Buffer.alloc(300, 2), { deep: [Buffer.alloc(70_000, 4)] }] },
  "more than ten buffers": Array.from({ length: 50 }, (_, i) => Buffer.from([i])),
  "what looks like an attachment but is none": [Buffer.from([1]), { _placeholder: true, num: 0 }],
};

for (const [way, options] of Object.entries(ways)) {
  describe(`msgpack over ${way}`, () => {
    const server = startServer();

    it("connects with the requested transport", async () => {
      const client = await server.connect("/", options);
      assert.equal(await client.emitWithAck("transport"), way === "upgrade" ? "websocket" : way);
    });

    for (const [what, value] of Object.entries(values)) {
      it(`echoes ${what}, as an event and as an acknowledgement`, async () => {
        const client = await server.connect("/", options);
        const echo = next(client, "echo");
        client.emit("echo", value);
        assert.deepEqual(await echo, value);
        assert.deepEqual(await client.emitWithAck("echo back", value), value);
      });
    }

    it("reads typed arguments", async () => {
      const client = await server.connect("/", options);
      const sent = [1, "two", 3.5, true, [4, 5], { six: 6 }, Buffer.from([7])];
      assert.deepEqual(await client.emitWithAck("typed", ...sent), sent);
    });

    it("acknowledges in both directions, with binary data", async () => {
      const client = await server.connect("/", options);
      const several = await new Promise((resolve) => client.emit("many", (...args) => resolve(args)));
      assert.deepEqual(several, [1, "two", Buffer.from([3])]);
      client.on("question", (value, answer) => answer({ you: value }, Buffer.from([9])));
      const answered = next(client, "answered");
      client.emit("ask", Buffer.from([8]));
      assert.deepEqual(await answered, [{ you: Buffer.from([8]) }, Buffer.from([9])]);
    });

    it("carries a message of one megabyte", async () => {
      const client = await server.connect("/", options);
      const binary = Buffer.from(Uint8Array.from({ length: 1 << 20 }, (_, i) => i * 31));
      assert.deepEqual(await client.emitWithAck("echo back", { binary }), { binary });
    });

    it("keeps the order of many messages", async () => {
      const client = await server.connect("/", options);
      const echoes = collect(client, "echo", 200);
      for (let i = 0; i < 200; ++i) client.emit("echo", i % 3 === 0 ? Buffer.from([i]) : i);
      assert.deepEqual(await echoes, Array.from({ length: 200 }, (_, i) => (i % 3 === 0 ? Buffer.from([i]) : i)));
    });
  });
}

describe("msgpack", () => {
  const server = startServer();

  it("reads dates as time points, and sends time points as dates", async () => {
    const client = await server.connect();
    for (const time of [0, 1700000000123, -1, 7258118400000]) {
      assert.deepEqual(await client.emitWithAck("a day later", new Date(time)), new Date(time + 86_400_000));
    }
  });

  it("reads a date as its JSON text", async () => {
    const client = await server.connect();
    const time = new Date(1700000000123);
    assert.equal(await client.emitWithAck("the text of", time), time.toISOString());
    assert.deepEqual(await client.emitWithAck("echo back", { times: [time] }), { times: [time.toISOString()] });
    assert.equal(await client.emitWithAck("echo back", new Date(8.64e15)), new Date(8.64e15).toISOString());
    assert.equal(await client.emitWithAck("echo back", new Date(-8.64e15)), new Date(-8.64e15).toISOString());
  });

  it("sends integers of 64 bits, which JavaScript rounds, and the other numbers", async () => {
    const client = await server.connect();
    const limits = await client.emitWithAck("limits");
    assert.deepEqual(limits, [-(2 ** 63), 2 ** 63, 2 ** 64, 2 ** 53, 0.5, NaN, -Infinity]);
  });

  it("receives integers beyond 32 bits exactly", async () => {
    const client = await server.connect();
    for (const number of [2 ** 32, -(2 ** 32) - 1, 2 ** 53, -(2 ** 53), 2 ** 62, -(2 ** 63)]) {
      assert.equal(await client.emitWithAck("count", number), BigInt(number).toString());
    }
  });

  it("reads undefined as JSON does: missing in objects, null in arrays and arguments", async () => {
    const client = await server.connect();
    assert.deepEqual(await client.emitWithAck("echo back", { a: undefined, b: [undefined, 1] }), { b: [null, 1] });
    assert.equal(await client.emitWithAck("members of", { a: undefined, b: undefined, c: 1 }), 1);
    assert.equal(await client.emitWithAck("echo back", undefined), null);
  });

  it("reads typed arrays and array buffers as binary data", async () => {
    const client = await server.connect();
    assert.deepEqual(await client.emitWithAck("echo back", new Uint8Array([1, 2, 3])), Buffer.from([1, 2, 3]));
    assert.deepEqual(await client.emitWithAck("echo back", new Uint8Array(300).buffer), Buffer.alloc(300));
  });

  it("broadcasts to rooms and to everyone", async () => {
    const [first, second, third] = await Promise.all([server.connect(), server.connect("/", ways.polling), server.connect()]);
    await second.emitWithAck("join", "room");
    const said = next(second, "said");
    third.on("said", () => assert.fail("not in the room"));
    first.emit("say", "room", { bytes: Buffer.from([5]) });
    assert.deepEqual(await said, { bytes: Buffer.from([5]) });
    const shouted = [first, second, third].map((client) => next(client, "shouted"));
    first.emit("shout", [1, Buffer.from([6])]);
    for (const value of await Promise.all(shouted)) assert.deepEqual(value, [1, Buffer.from([6])]);
  });

  it("shares the connection between namespaces", async () => {
    const client = await server.connect("/", { auth: { token: "for main", key: Buffer.from([1]) } });
    const chat = client.io.socket("/chat");
    assert.deepEqual(await next(chat, "welcome"), Buffer.from("to chat"));
    assert.equal(await chat.emitWithAck("where"), "/chat");
    assert.deepEqual(await client.emitWithAck("auth"), { token: "for main", key: Buffer.from([1]) });
    const gone = next(chat, "disconnect");
    chat.disconnect();
    assert.equal((await gone)[0] ?? (await gone), "io client disconnect");
    assert.equal(await client.emitWithAck("transport"), "websocket");
  });

  it("says why a connection is refused", async () => {
    const refused = await next(server.open("/guarded"), "connect_error");
    assert.equal(refused.message, "not authorized");
    assert.deepEqual(refused.data, { code: 401, key: Buffer.from([1]) });
    await server.connect("/guarded", { auth: { token: "let me in" } });
    const unknown = await next(server.open("/nowhere"), "connect_error");
    assert.equal(unknown.message, "Invalid namespace");
  });

  it("is disconnected from either side", async () => {
    const client = await server.connect();
    const reason = new Promise((resolve) => client.once("disconnect", resolve));
    client.emit("throw me out");
    assert.equal(await reason, "io server disconnect");
    const other = await server.connect();
    const id = other.id;
    other.disconnect();
    await server.program.printed(new RegExp(`^${id} disconnect: client namespace disconnect$`));
  });

  it("disconnects a client that speaks JSON", async () => {
    const client = io(server.program.url, { forceNew: true, reconnection: false, transports: ["websocket"] });
    server.clients.push(client);
    await next(client.io, "close");
    assert.equal(client.connected, false);
    await server.program.printed(/^error .*got plaintext data where packets are binary/);
  });

  it("disconnects a client that sends invalid msgpack, and does not affect others", async () => {
    const client = await server.connect();
    for (const rubbish of ["c1", "ddffffffff", "83a47479706502", "82a47479706509a36e7370a12f"]) {
      const socket = new WebSocket(`${server.program.url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
      await next(socket, "message");
      const closed = next(socket, "close");
      socket.send(Buffer.from(rubbish, "hex"));
      await closed;
    }
    assert.deepEqual(await client.emitWithAck("echo back", 1), 1);
  });
});
