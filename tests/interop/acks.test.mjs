// SPDX-License-Identifier: MIT
// Acknowledgements in both directions, with and without a timeout.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Server, next, ways } from "./support.mjs";

for (const [way, options] of Object.entries(ways)) {
  describe(`acknowledgements over ${way}`, () => {
    const server = new Server();

    it("come from the value that a handler returns", async () => {
      const client = await server.connect("/", options);
      assert.equal(await client.emitWithAck("sum", 1, 2), 3);
    });

    it("come from a coroutine", async () => {
      const client = await server.connect("/", options);
      assert.equal(await client.emitWithAck("sum later", 1, 2), 3);
    });

    it("carry several values, binary among them", async () => {
      const client = await server.connect("/", options);
      const answer = await new Promise((resolve) => client.emit("many", (...args) => resolve(args)));
      assert.deepEqual(answer, [1, "two", Buffer.from([3])]);
    });

    it("carry nothing when the handler returns nothing", async () => {
      const client = await server.connect("/", options);
      const answer = await new Promise((resolve) => client.emit("nothing", (...args) => resolve(args)));
      assert.deepEqual(answer, []);
    });

    it("are given once, whatever the handler does", async () => {
      const client = await server.connect("/", options);
      const answers = [];
      client.emit("twice", (answer) => answers.push(answer));
      await client.emitWithAck("sum", 1, 1);
      assert.deepEqual(answers, ["first"]);
    });

    it("are matched to their events when the answers come out of order", async () => {
      const client = await server.connect("/", options);
      const order = [];
      const first = client.emitWithAck("hold", "a").then((answer) => order.push(answer));
      const second = client.emitWithAck("hold", "b").then((answer) => order.push(answer));
      client.emit("release");
      await Promise.all([first, second]);
      assert.deepEqual(order, ["b", "a"]);
    });

    it("that never arrive end at the client's timeout", async () => {
      const client = await server.connect("/", options);
      await assert.rejects(client.timeout(50).emitWithAck("silence"), /timed out/);
      assert.equal(await client.emitWithAck("sum", 2, 2), 4);
    });

    it("of the client reach the server's callback", async () => {
      const client = await server.connect("/", options);
      client.on("question", (value, answer) => answer({ you: value, and: Buffer.from([1]) }));
      const answered = next(client, "answered");
      client.emit("ask", "said");
      assert.deepEqual(await answered, { you: "said", and: Buffer.from([1]) });
    });

    it("of the client reach the server's coroutine", async () => {
      const client = await server.connect("/", options);
      client.on("question", (value, answer) => answer(`${value}!`));
      assert.equal(await client.emitWithAck("ask and wait", "hello"), "hello!");
    });

    it("of the client that never arrive end at the server's timeout", async () => {
      const client = await server.connect("/", options);
      const answered = next(client, "unanswered");
      client.emit("ask with a limit", 50);
      assert.equal(await answered, "operation has timed out");
    });

    it("of the client that arrive in time complete without an error", async () => {
      const client = await server.connect("/", options);
      client.on("question", (value, answer) => answer("in time"));
      const answered = next(client, "answered");
      client.emit("ask with a limit", 60_000);
      assert.equal(await answered, "in time");
    });
  });
}

describe("acknowledgements of a broadcast", () => {
  const server = new Server();

  /** Clients in one room, over every way, that answer with what `answers` makes of the question. */
  async function members(answers) {
    const clients = await Promise.all(Object.values(ways).map((options) => server.connect("/", options)));
    await Promise.all(clients.map((client) => client.emitWithAck("join", "asked")));
    clients.forEach((client, i) => client.on("question", (value, answer) => answers(i, value, answer)));
    return clients;
  }

  it("of all members reach the server's callback", async () => {
    const [first] = await members((i, value, answer) => answer({ i, value, bytes: Buffer.from([i]) }));
    const outsider = await server.connect("/");
    outsider.on("question", () => assert.fail("was not asked"));
    const answered = next(first, "room answered");
    first.emit("ask room", "asked", 60_000, "said");
    const [error, answers] = await answered;
    assert.equal(error, null);
    assert.deepEqual(
      answers.sort((a, b) => a.i - b.i),
      [0, 1, 2].map((i) => ({ i, value: "said", bytes: Buffer.from([i]) })),
    );
  });

  it("of all members reach the server's coroutine", async () => {
    const [first] = await members((i, value, answer) => answer(`${value} ${i}`));
    const answers = await first.emitWithAck("ask room and wait", "asked", "number");
    assert.deepEqual(answers.sort(), ["number 0", "number 1", "number 2"]);
  });

  it("that are incomplete end at the server's timeout, with the answers that arrived", async () => {
    const [first] = await members((i, value, answer) => i === 1 || answer(i));
    const answered = next(first, "room answered");
    first.emit("ask room", "asked", 500, "said");
    const [error, answers] = await answered;
    assert.equal(error, "operation has timed out");
    assert.deepEqual(answers.sort(), [0, 2]);
  });

  it("to nobody complete without answers", async () => {
    const client = await server.connect("/");
    assert.deepEqual(await client.emitWithAck("ask room and wait", "nobody's", "said"), []);
  });
});
