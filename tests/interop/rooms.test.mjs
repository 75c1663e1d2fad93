// SPDX-License-Identifier: MIT
// Rooms and broadcasts among several clients: who receives which event, how often, and in which order.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Server, collect, next, ways } from "./support.mjs";

const mixed = [ways.websocket, ways.polling, ways.upgrade, ways.websocket];

describe("rooms", () => {
  const server = new Server();

  /** Four clients over different transports; `heard` holds the messages of each. */
  const four = async () => {
    const clients = await Promise.all(mixed.map((options) => server.connect("/", options)));
    for (const client of clients) {
      client.heard = [];
      client.on("message", (value) => client.heard.push(value));
    }
    return clients;
  };

  /** When all have heard this last broadcast, they have heard everything that the same sender sent before. */
  const settle = async (clients, sender) => {
    const settled = clients.map((client) => next(client, "settled"));
    sender.emit("settle");
    await Promise.all(settled);
  };

  const heard = (clients) => clients.map((client) => client.heard);

  it("have their members, and every socket is in the room of its own id", async () => {
    const client = await server.connect();
    assert.deepEqual(await client.emitWithAck("rooms"), [client.id]);
    await client.emitWithAck("join", "a");
    await client.emitWithAck("join", "b");
    await client.emitWithAck("join", "a");
    assert.deepEqual((await client.emitWithAck("rooms")).sort(), [client.id, "a", "b"].sort());
    await client.emitWithAck("leave", "a");
    await client.emitWithAck("leave", "never entered");
    assert.deepEqual((await client.emitWithAck("rooms")).sort(), [client.id, "b"].sort());
  });

  it("have a size and members", async () => {
    const [a, b, c] = await four();
    await a.emitWithAck("join", "members");
    await b.emitWithAck("join", "members");
    assert.deepEqual((await c.emitWithAck("members", "members")).sort(), [a.id, b.id].sort());
    await b.emitWithAck("leave", "members");
    assert.deepEqual(await c.emitWithAck("members", "members"), [a.id]);
    assert.deepEqual(await c.emitWithAck("members", "nobody"), []);
  });

  it("are left by sockets that disconnect", async () => {
    const [a, b] = await four();
    await a.emitWithAck("join", "left");
    await b.emitWithAck("join", "left");
    const gone = next(b, "gone");
    a.disconnect();
    await gone;
    assert.deepEqual(await b.emitWithAck("members", "left"), [b.id]);
  });

  it("receive events to everyone", async () => {
    const clients = await four();
    clients[1].emit("send", { to: [], except: [] }, "all");
    await settle(clients, clients[1]);
    assert.deepEqual(heard(clients), [["all"], ["all"], ["all"], ["all"]]);
  });

  it("receive events to everyone but the sender", async () => {
    const clients = await four();
    clients[1].emit("send", { to: [], except: [], broadcast: true }, "others");
    await settle(clients, clients[1]);
    assert.deepEqual(heard(clients), [["others"], [], ["others"], ["others"]]);
  });

  it("receive an event to several of them once", async () => {
    const clients = await four();
    const [a, b, c] = clients;
    await a.emitWithAck("join", "x");
    await b.emitWithAck("join", "x");
    await b.emitWithAck("join", "y");
    await c.emitWithAck("join", "y");
    clients[3].emit("send", { to: ["x", "y"], except: [] }, "once");
    await settle(clients, clients[3]);
    assert.deepEqual(heard(clients), [["once"], ["once"], ["once"], []]);
  });

  it("can be excepted", async () => {
    const clients = await four();
    const [a, b, c, d] = clients;
    for (const client of clients) await client.emitWithAck("join", "crowd");
    await b.emitWithAck("join", "deaf");
    d.emit("send", { to: ["crowd"], except: ["deaf"] }, "not to the deaf");
    d.emit("send", { to: [], except: [c.id] }, "not to one");
    d.emit("send", { to: ["crowd"], except: ["deaf"], broadcast: true }, "nor to myself");
    await settle(clients, d);
    assert.deepEqual(a.heard, ["not to the deaf", "not to one", "nor to myself"]);
    assert.deepEqual(b.heard, ["not to one"]);
    assert.deepEqual(c.heard, ["not to the deaf", "nor to myself"]);
    assert.deepEqual(d.heard, ["not to the deaf", "not to one"]);
  });

  it("of one's own id carry direct messages", async () => {
    const clients = await four();
    clients[0].emit("send", { to: [clients[2].id], except: [] }, "psst");
    await settle(clients, clients[0]);
    assert.deepEqual(heard(clients), [[], [], ["psst"], []]);
  });

  it("carry binary to all transports at once", async () => {
    const clients = await four();
    const value = { bytes: Buffer.from([1, 2, 3]), more: [Buffer.from([4])], text: "ů" };
    clients[0].emit("send", { to: [], except: [] }, value);
    await settle(clients, clients[0]);
    assert.deepEqual(heard(clients), [[value], [value], [value], [value]]);
  });

  it("keep the order of direct, room-wide and general messages", async () => {
    const clients = await four();
    for (const client of clients) await client.emitWithAck("join", "order");
    const count = 300;
    const sequences = clients.map((client) => collect(client, "count", count));
    clients[0].emit("mixed count to", "order", count);
    const expected = Array.from({ length: count }, (_, i) => i);
    for (const sequence of sequences) assert.deepEqual(await sequence, expected);
  });

  it("are separate in other namespaces", async () => {
    const main = await server.connect("/");
    const chat = await server.connect("/chat");
    const news = await server.connect("/news");
    await chat.emitWithAck("join", "shared name");
    await news.emitWithAck("join", "shared name");
    const heardThere = [];
    for (const client of [main, news]) client.on("message", (value) => heardThere.push(value));
    const answer = next(chat, "message");
    chat.emit("send to room", "shared name", "hello");
    assert.equal(await answer, "hello");
    // An answer to a later event has arrived: so would this message, if it had been sent there.
    await main.emitWithAck("rooms");
    await news.emitWithAck("where");
    assert.deepEqual(heardThere, []);
  });
});
