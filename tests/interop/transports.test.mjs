// SPDX-License-Identifier: MIT
// Every kind of value goes to the server and comes back, over every transport.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Server, collect, next, ways } from "./support.mjs";

const values = {
  "an empty string": "",
  "a string": "hello",
  "a string with everything that JSON escapes": 'quote " backslash \\ slash / newline \n tab \t nul \u0000 unit \u001f record \u001e',
  "a string beyond ASCII": "ěščřžýáíé 你好 مرحبا 🦄👩‍👩‍👧‍👦 \u2028\u2029\ufeff",
  "an integer": 42,
  "a negative integer": -1,
  "the largest safe integer": Number.MAX_SAFE_INTEGER,
  "the smallest safe integer": Number.MIN_SAFE_INTEGER,
  "a fraction": 0.1,
  "a tiny number": 5e-324,
  "a huge number": 1.7976931348623157e308,
  "true": true,
  "false": false,
  "null": null,
  "an empty array": [],
  "an empty object": {},
  "nested structures": { a: [1, [2, [3, { b: null }]], "x"], "a key with \"quotes\"": { "": 0 } },
  "a thousand numbers": Array.from({ length: 1000 }, (_, i) => i * 1.5),
  "an empty buffer": Buffer.alloc(0),
  "a buffer": Buffer.from([0, 1, 2, 253, 254, 255]),
  "buffers anywhere": { one: Buffer.from([1]), list: ["x", Buffer.from([2, 3]), { deep: [Buffer.from([4])] }] },
  "what looks like an attachment but is none": { _placeholder: true, num: 0 },
};

for (const [way, options] of Object.entries(ways)) {
  describe(`over ${way}`, () => {
    const server = new Server();

    it("connects with the requested transport", async () => {
      const client = await server.connect("/", options);
      const name = way === "upgrade" ? "websocket" : way;
      assert.equal(client.io.engine.transport.name, name);
      assert.equal(await client.emitWithAck("transport"), name);
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

    it("keeps several arguments apart", async () => {
      const client = await server.connect("/", options);
      const echo = next(client, "echo three");
      client.emit("echo three", "1", Buffer.from([2]), { three: [3] });
      assert.deepEqual(await echo, ["1", Buffer.from([2]), { three: [3] }]);
    });

    it("reads typed arguments", async () => {
      const client = await server.connect("/", options);
      const sent = [1, "two", 3.5, true, [4, 5], { six: 6 }, Buffer.from([7])];
      assert.deepEqual(await client.emitWithAck("typed", ...sent), sent);
    });

    it("carries a message of one megabyte, text and binary", async () => {
      const client = await server.connect("/", options);
      const text = "0123456789abcdé".repeat(65536);
      assert.equal(await client.emitWithAck("echo back", text), text);
      const binary = Buffer.from(Uint8Array.from({ length: 1 << 20 }, (_, i) => i * 31));
      const echo = next(client, "echo");
      client.emit("echo", { binary });
      assert.deepEqual((await echo).binary, binary);
    });

    it("carries megabytes there and back, three times", async () => {
      const client = await server.connect("/", options);
      const json = { text: "0123456789".repeat(300_000), list: Array.from({ length: 1000 }, (_, i) => ({ i })) };
      const binary = Buffer.alloc(2_500_000, "0123456789");
      for (let round = 0; round < 3; ++round) {
        assert.deepEqual(await client.emitWithAck("echo back", json), json);
        assert.deepEqual(await client.emitWithAck("echo back", binary), binary);
      }
    });

    it("keeps the order of many messages, large and small, text and binary", async () => {
      const client = await server.connect("/", options);
      const count = 200;
      const echoes = collect(client, "echo", count);
      for (let i = 0; i < count; ++i) client.emit("echo", { i, filler: i % 3 ? "" : Buffer.alloc(i * 50), text: "x".repeat(i % 7) });
      assert.deepEqual((await echoes).map(({ i }) => i), Array.from({ length: count }, (_, i) => i));
    });
  });
}

describe("a client that upgrades", () => {
  const server = new Server();

  it("loses, repeats and reorders nothing, in either direction", async () => {
    const client = server.open("/", ways.upgrade);
    const count = 300;
    const echoes = collect(client, "echo", count);
    const counted = collect(client, "count", count);
    let upgraded = false;
    client.io.once("open", () => client.io.engine.once("upgrade", () => (upgraded = true)));
    await next(client, "connect");
    client.emit("count to", count);
    // One message per turn of the loop, so that some go before, some during and some after the upgrade.
    for (let i = 0; i < count; ++i) {
      client.emit("echo", i);
      await new Promise(setImmediate);
    }
    const expected = Array.from({ length: count }, (_, i) => i);
    assert.deepEqual(await echoes, expected);
    assert.deepEqual(await counted, expected);
    if (!upgraded) await new Promise((resolve) => client.io.engine.once("upgrade", resolve));
    assert.equal(await client.emitWithAck("transport"), "websocket");
  });
});

describe("a message beyond the limit", () => {
  const server = new Server();

  for (const [way, options] of Object.entries(ways)) {
    it(`ends the connection of its client over ${way}, and no other`, async () => {
      const other = await server.connect("/", options);
      const client = await server.connect("/", options);
      const gone = next(client, "disconnect");
      client.emit("echo", "x".repeat(4_000_001));
      assert.match((await gone)[0], /^transport (close|error)$/);
      assert.equal(await other.emitWithAck("echo back", "undisturbed"), "undisturbed");
    });
  }
});
