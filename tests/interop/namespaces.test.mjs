// SPDX-License-Identifier: MIT
// Namespaces on one connection, and their middleware.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Manager } from "socket.io-client";

import { Server, next, ways } from "./support.mjs";

describe("namespaces", () => {
  const server = new Server();

  it("refuse an unknown name", async () => {
    await assert.rejects(server.connect("/nowhere"), { message: "Invalid namespace" });
  });

  for (const [way, options] of Object.entries(ways)) {
    it(`share one connection over ${way}`, async () => {
      const manager = new Manager(server.program.url, { ...options, reconnection: false });
      const [main, chat, news] = ["/", "/chat", "/news"].map((name) => manager.socket(name));
      server.clients.push(main);
      await Promise.all([main, chat, news].map((client) => next(client, "connect")));
      assert.equal(new Set([main.id, chat.id, news.id, manager.engine.id]).size, 4, "every socket has an id of its own");
      assert.equal(await chat.emitWithAck("where"), "/chat");
      assert.equal(await news.emitWithAck("where"), "/news");
      assert.equal(await main.emitWithAck("sum", 1, 2), 3);

      chat.disconnect();
      assert.equal(await news.emitWithAck("where"), "/news", "leaving one leaves the others alone");
      const back = next(chat, "connect");
      chat.connect();
      await back;
      assert.equal(await chat.emitWithAck("where"), "/chat");
    });
  }

  it("refuse one and keep the others on the same connection", async () => {
    const manager = new Manager(server.program.url, { transports: ["websocket"], reconnection: false });
    const main = manager.socket("/");
    const guarded = manager.socket("/guarded");
    server.clients.push(main);
    await Promise.all([next(main, "connect"), next(guarded, "connect_error")]);
    assert.equal(await main.emitWithAck("sum", 1, 2), 3);
    guarded.auth = { token: "let me in" };
    const connected = next(guarded, "connect");
    guarded.connect();
    await connected;
  });

  it("keep the others when a client connects again while a middleware decides", async () => {
    const manager = new Manager(server.program.url, { transports: ["websocket"], reconnection: false });
    const main = manager.socket("/");
    server.clients.push(main);
    await next(main, "connect");
    const slow = manager.socket("/slow", { auth: { attempt: 1, delay: 60_000 } });
    await main.emitWithAck("sum", 1, 2); // the first attempt has arrived
    slow.disconnect();
    slow.auth = { attempt: 2, delay: 1 };
    const connected = next(slow, "connect");
    slow.connect();
    await connected;
    assert.equal(await slow.emitWithAck("attempt"), 2);

    // Accepted, but the client does not listen any more when it is told.
    const late = manager.socket("/guarded", { auth: { token: "let me in" } });
    late.disconnect();
    await main.emitWithAck("sum", 1, 2);
    const again = next(late, "connect");
    late.connect();
    await again;
    assert.equal(await late.emitWithAck("who am I"), "let me in");
    assert.equal(await main.emitWithAck("sum", 1, 2), 3);
    assert.equal(main.connected, true);
  });

  it("refuse with data of any kind", async () => {
    const refusal = async (name) => next(server.open(name), "connect_error");
    assert.deepEqual((await refusal("/binary")).data, { type: "Buffer", data: [1, 255] });
    assert.equal((await refusal("/null")).data, null);
    assert.equal((await refusal("/thrown")).data, undefined);
  });

  it("each receive their own event of the same name", async () => {
    const manager = new Manager(server.program.url, { transports: ["websocket"], reconnection: false });
    const [chat, news] = ["/chat", "/news"].map((name) => manager.socket(name));
    server.clients.push(chat);
    const [toChat, toNews] = await Promise.all([next(chat, "welcome"), next(news, "welcome")]);
    assert.deepEqual([toChat, toNews], ["to /chat", "to /news"]);
  });
});

describe("dynamic namespaces", () => {
  const server = new Server();

  for (const [way, options] of Object.entries(ways)) {
    it(`are made for each matching name over ${way}`, async () => {
      const [a, b] = [await server.connect("/dynamic-1", options), await server.connect("/dynamic-22", options)];
      assert.equal(await a.emitWithAck("where"), "/dynamic-1");
      assert.equal(await b.emitWithAck("where"), "/dynamic-22");
      const heard = Promise.all([next(a, "message"), next(b, "message")]);
      a.emit("tell all", { news: Buffer.from("x") });
      for (const message of await heard) assert.equal(Buffer.compare(message.news, Buffer.from("x")), 0);
    });
  }

  it("are not made for another name", async () => {
    await assert.rejects(server.connect("/dynamic-x"), { message: "Invalid namespace" });
  });

  it("have their parent's middleware", async () => {
    await assert.rejects(server.connect("/dynamic-1", { auth: { refuse: true } }), { message: "not in here" });
  });

  it("are made if a function accepts the credentials", async () => {
    await assert.rejects(server.connect("/on-request", { auth: { please: false } }), { message: "Invalid namespace" });
    await server.connect("/on-request", { auth: { please: true } });
  });
});

describe("middleware", () => {
  const server = new Server();
  const refusal = (path, options) =>
    server.connect(path, options).then(
      () => assert.fail("let in"),
      (error) => error,
    );

  for (const [way, options] of Object.entries(ways)) {
    it(`accepts a known client over ${way}`, async () => {
      const client = await server.connect("/guarded", { ...options, auth: { token: "let me in" } });
      assert.equal(await client.emitWithAck("who am I"), "let me in", "what the middleware noted is still there");
    });

    it(`refuses with a message and data over ${way}`, async () => {
      const error = await refusal("/guarded", { ...options, auth: { token: "please" } });
      assert.equal(error.message, "not authorized");
      assert.deepEqual(error.data, { code: 401, hint: ["try", { another: "token" }] });
    });
  }

  it("refuses without data", async () => {
    const error = await refusal("/thrown");
    assert.equal(error.message, "not today");
    assert.equal(error.data, undefined);
  });

  it("may be a coroutine", async () => {
    assert.equal((await refusal("/awaited", { auth: { refuse: true } })).message, "refused after a while");
    const client = await server.connect("/awaited");
    assert.equal(client.connected, true);
  });

  it("runs in order, and stops at a refusal", async () => {
    const client = await server.connect("/chain", { auth: {} });
    assert.deepEqual(await client.emitWithAck("passed"), ["first", "second", "third"]);
    const error = await refusal("/chain", { auth: { stop: true } });
    assert.deepEqual(error.data, ["first"]);
  });

  it("does not send an exception's text to the client", async () => {
    const error = await refusal("/broken");
    assert.doesNotMatch(error.message, /secret/);
    await server.program.printed(/^error .*secret/);
  });

  it("on packets refuses one and lets the others pass", async () => {
    const client = await server.connect("/");
    client.emit("forbidden", 1);
    assert.equal(await client.emitWithAck("sum", 1, 2), 3);
    await server.program.printed(/^error .*not allowed/);
    assert.equal(server.program.lines.includes("the forbidden handler ran"), false);
  });
});
