// SPDX-License-Identifier: MIT
// What must work through every proxy.

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";

import { collect, next, ways } from "../interop/support.mjs";

/** They differ in the third octet, because nginx's ip_hash does not look at the fourth. */
const manyAddresses = Array.from({ length: 32 }, (_, i) => `127.0.${i + 1}.${i + 1}`);
const addresses = manyAddresses.slice(0, 4);

const bytes = Buffer.from([0, 1, 2, 253, 254, 255]);
const sameServer = "shares a room with another client of its address";

/** Each gets a client that has connected, and a function that connects another one of the same address. */
const features = {
  "sends events and receives them": async (client) => {
    const echo = next(client, "echo");
    client.emit("echo", { text: "ž🦄", list: [1, 2.5, null] });
    assert.deepEqual(await echo, { text: "ž🦄", list: [1, 2.5, null] });
  },
  "sends several arguments, converted to the types of the handler": async (client) => {
    const sent = [1, "two", 3.5, true, [4, 5], { six: 6 }, bytes];
    assert.deepEqual(await client.emitWithAck("typed", ...sent), sent);
  },
  "is acknowledged at once": async (client) => assert.equal(await client.emitWithAck("sum", 1, 2), 3),
  "is acknowledged by a coroutine": async (client) => assert.equal(await client.emitWithAck("sum later", 1, 2), 3),
  "acknowledges an event": async (client) => {
    client.on("question", (value, answer) => answer(`${value}!`));
    assert.equal(await client.emitWithAck("ask and wait", "why"), "why!");
  },
  "does not acknowledge in time": async (client) => {
    const unanswered = next(client, "unanswered");
    client.emit("ask with a limit", 1);
    assert.equal(typeof (await unanswered), "string");
  },
  "sends and receives binary data": async (client) => {
    const echo = next(client, "echo");
    client.emit("echo", { bytes, list: [bytes] });
    assert.deepEqual(await echo, { bytes, list: [bytes] });
  },
  "gets binary data in an acknowledgement": async (client) =>
    assert.deepEqual(await client.emitWithAck("echo back", bytes), bytes),
  "sends and receives half a megabyte": async (client) => {
    const text = "0123456789abcdef".repeat(1 << 15);
    assert.equal(await client.emitWithAck("echo back", text), text);
  },
  "keeps the order of a hundred events": async (client) => {
    const expected = Array.from({ length: 100 }, (_, i) => i);
    const echoes = collect(client, "echo", 100);
    const counted = collect(client, "count", 100);
    client.emit("count to", 100);
    for (const i of expected) client.emit("echo", i);
    assert.deepEqual([await echoes, await counted], [expected, expected]);
  },
  [sameServer]: async (client, connect) => {
    const other = await connect("/");
    const room = `room of ${client.id}`;
    await client.emitWithAck("join", room);
    const message = next(client, "message");
    other.emit("send", { to: [room], except: [] }, "hello");
    assert.equal(await message, "hello");
  },
  "acknowledges a broadcast": async (client) => {
    const room = `room of ${client.id}`;
    await client.emitWithAck("join", room);
    client.on("question", (value, answer) => answer(value + 1));
    assert.deepEqual(await client.emitWithAck("ask room and wait", room, 1), [2]);
  },
  "joins a namespace": async (client) => {
    const chat = client.io.socket("/chat");
    assert.equal(await next(chat, "welcome"), "to /chat");
    assert.equal(await chat.emitWithAck("where"), "/chat");
  },
  "joins a dynamic namespace": async (client) => {
    const dynamic = client.io.socket("/dynamic-7");
    assert.equal(await dynamic.emitWithAck("where"), "/dynamic-7");
  },
  "is refused by a middleware, with the reason": async (client) => {
    const error = await next(client.io.socket("/guarded"), "connect_error");
    assert.deepEqual([error.message, error.data.code], ["not authorized", 401]);
    assert.equal(await client.emitWithAck("sum", 1, 2), 3);
  },
  "passes a middleware with its credentials": async (client) => {
    const guarded = client.io.socket("/guarded", { auth: { token: "let me in" } });
    assert.equal(await guarded.emitWithAck("who am I"), "let me in");
  },
  "is disconnected from a namespace by the server": async (client) => {
    const gone = once(client, "disconnect");
    client.emit("throw me out");
    assert.equal((await gone)[0], "io server disconnect");
  },
  "is disconnected by the server": async (client) => {
    const gone = once(client, "disconnect");
    client.emit("cut me off");
    assert.equal((await gone)[0], "io server disconnect");
  },
  "reconnects after its connection ended": async (client) => {
    client.io.reconnection(true);
    client.io.reconnectionDelay(1);
    const { id } = client;
    const back = once(client, "connect");
    client.io.engine.close();
    await back;
    client.io.reconnection(false);
    assert.notEqual(client.id, id);
    assert.equal(await client.emitWithAck("sum", 1, 2), 3);
  },
};

/** Tests of all features, each for a client of every address at the same time. */
export function everyFeatureWorks(site, { over = Object.keys(ways), sticky = true } = {}) {
  for (const way of over) {
    describe(`a client over ${way}`, () => {
      const connect = (address, path = "/") => site.connect(path, { ...ways[way], ...site.from(address) });
      const forEveryClient = (use) => Promise.all(addresses.map(async (address) => use(await connect(address), address)));

      it("connects with this transport", () =>
        forEveryClient(async (client) => {
          assert.equal(await client.emitWithAck("transport"), way === "polling" ? "polling" : "websocket");
        }));

      for (const [name, works] of Object.entries(features)) {
        if (name === sameServer && !sticky) continue;
        it(name, () => forEveryClient((client, address) => works(client, (path) => connect(address, path))));
      }
    });
  }
}

/** Tests of how clients and servers are assigned to each other, and of what the servers are told. */
export function clientsKeepTheirServer(site) {
  it("spreads clients over both servers, and sends each address to one", async () => {
    const connectAll = () => Promise.all(manyAddresses.map((address) => site.connect("/", site.from(address))));
    const servers = await site.serversOf(await connectAll());
    assert.deepEqual(new Set(servers), new Set([0, 1]));
    assert.deepEqual(await site.serversOf(await connectAll()), servers);
  });

  it("tells the server the address of the client, whatever the client says", async () => {
    for (const options of Object.values(ways)) {
      const extraHeaders = { "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https" };
      const client = await site.connect("/", { ...options, ...site.from("127.0.7.7"), extraHeaders });
      const { headers, address } = await client.emitWithAck("handshake");
      assert.equal(headers["x-forwarded-for"], "127.0.7.7");
      assert.equal(headers["x-forwarded-proto"], "http");
      assert.equal(headers.host, `127.0.0.1:${site.program.port}`);
      assert.equal(address, "127.0.7.7", "that of the client: the server trusts the proxy");
    }
  });
}

/** Tests of a server that gets the client's address from the PROXY protocol. */
export function clientsHaveTheirAddress(site) {
  for (const [way, options] of Object.entries(ways)) {
    it(`tells the server the address of the client over ${way}`, async () => {
      const client = await site.connect("/", { ...options, ...site.from("127.0.7.7") });
      const { headers, address } = await client.emitWithAck("handshake");
      assert.equal(headers["x-forwarded-for"], undefined);
      assert.equal(address, "127.0.7.7");
      assert.equal(await client.emitWithAck("sum", 1, 2), 3);
    });
  }
}

/** Tests of a proxy that sends the requests to its servers in turn. */
export function onlyWebSocketWorks(site) {
  it("sends the requests of a session to a server that does not know it, which answers 400", async () => {
    const opened = await site.poll();
    const { sid } = JSON.parse(opened.body.slice(1));
    const { status, body } = await site.poll({ method: "POST", sid, body: "40" });
    assert.equal(status, 400);
    assert.deepEqual(JSON.parse(body), { code: 1, message: "Session ID unknown" });
  });

  it("disconnects a polling client", async () => {
    const client = site.open("/", ways.polling);
    const [reason, { context }] = await once(client, "disconnect");
    assert.equal(reason, "transport error");
    assert.equal(context.status, 400);
  });

  everyFeatureWorks(site, { over: ["websocket"], sticky: false });
}
