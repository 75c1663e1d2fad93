// SPDX-License-Identifier: MIT
// Clients whose connection is cut, and that recover their session.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Server, collect, next, ways } from "./support.mjs";

const quickly = { reconnection: true, reconnectionDelay: 10, reconnectionDelayMax: 10, randomizationFactor: 0 };

/** The ways in which a connection can go without anybody meaning it. */
const cuts = {
  "that the client closes": (client) => client.io.engine.close(),
  "that breaks": (client) => {
    const { transport } = client.io.engine;
    if (transport.name === "websocket") transport.ws.terminate();
    else client.io.engine.close();
  },
  "that the server ends for what it was sent": (client) => client.io.engine.write("2/nowhere,[1]"),
};

let clients = 0;
const ownNamespace = () => `/client-${++clients}`;

for (const [way, options] of Object.entries(ways)) {
  describe(`recovery over ${way}`, () => {
    const server = new Server();

    /** A client in a room with something to remember, which has heard of an event. */
    const settled = async () => {
      const client = await server.connect(ownNamespace(), { ...options, ...quickly });
      assert.equal(client.recovered, false);
      await client.emitWithAck("join", "r");
      await client.emitWithAck("remember", { name: "Ann" });
      client.emit("hello");
      assert.equal((await next(client, "message"))[0], "hello");
      return client;
    };

    for (const [cut, cutIt] of Object.entries(cuts)) {
      it(`after a connection ${cut}`, async () => {
        const client = await settled();
        const { id } = client;
        const admitted = await client.emitWithAck("admitted");
        for (let round = 0; round < 2; ++round) {
          const messages = collect(client, "message", 3);
          const connected = next(client, "connect");
          cutIt(client);
          await connected;
          assert.equal(client.recovered, true);
          assert.equal(client.id, id);
          const [first, second, third] = await messages;
          assert.equal(first, 1);
          assert.equal(Buffer.compare(second, Buffer.from("two")), 0);
          assert.deepEqual(third, { three: [3] });
          assert.deepEqual(await client.emitWithAck("who am I"), {
            id, count: 2, "in r": true, data: { name: "Ann" }, recovered: true,
          });
        }
        assert.equal(await client.emitWithAck("admitted"), admitted, "middleware let pass who comes back");
      });
    }

    it("does not happen for a client that was disconnected from either side", async () => {
      const client = await settled();
      const { id } = client;
      for (const leave of [() => client.disconnect(), () => client.emit("throw me out")]) {
        const gone = next(client, "disconnect");
        leave();
        await gone;
        const connected = next(client, "connect");
        client.connect();
        await connected;
        assert.equal(client.recovered, false);
        assert.notEqual(client.id, id);
        assert.equal((await client.emitWithAck("who am I"))["in r"], false);
      }
    });

    it("does not happen for a client that has received no event", async () => {
      const client = await server.connect(ownNamespace(), { ...options, ...quickly });
      const { id } = client;
      const connected = next(client, "connect");
      client.io.engine.close();
      await connected;
      assert.equal(client.recovered, false);
      assert.notEqual(client.id, id);
    });
  });
}
