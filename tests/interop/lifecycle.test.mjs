// SPDX-License-Identifier: MIT
// How a connection ends, from each side, and how the client reconnects.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { RawHttp } from "../support/raw_http.mjs";
import { Server, next, ways } from "./support.mjs";

const reasonOf = (client) => new Promise((resolve) => client.once("disconnect", (reason) => resolve(reason)));

for (const [way, options] of Object.entries(ways)) {
  describe(`a disconnection over ${way}`, () => {
    const server = new Server();

    /** What the server prints when a socket goes: it is in its rooms before, and in none after. */
    const printedOnServer = async (id, reason) => {
      await server.program.printed(new RegExp(`^${id} disconnecting: ${reason}, in 2 rooms$`));
      await server.program.printed(new RegExp(`^${id} disconnect: ${reason}, in 0 rooms$`));
    };

    /** A client in a room, and its second socket, in another namespace of the same connection. */
    const connected = async () => {
      const client = await server.connect("/", options);
      await client.emitWithAck("join", "a room");
      const other = client.io.socket("/chat");
      await next(other, "connect");
      return { client, other, id: client.id };
    };

    it("by the client leaving the namespace", async () => {
      const { client, other, id } = await connected();
      const reason = reasonOf(client);
      client.disconnect();
      assert.equal(await reason, "io client disconnect");
      await printedOnServer(id, "client namespace disconnect");
      assert.equal(await other.emitWithAck("where"), "/chat");
    });

    it("by the client closing the connection", async () => {
      const { client, id } = await connected();
      client.io.engine.close();
      await printedOnServer(id, "transport close");
    });

    it("by the server leaving the namespace", async () => {
      const { client, other, id } = await connected();
      const reason = reasonOf(client);
      client.emit("throw me out");
      assert.equal(await reason, "io server disconnect");
      await printedOnServer(id, "server namespace disconnect");
      assert.equal(await other.emitWithAck("where"), "/chat");
    });

    it("by the server closing the connection", async () => {
      const { client, other, id } = await connected();
      const reasons = [reasonOf(client), reasonOf(other)];
      client.emit("cut me off");
      assert.deepEqual(await Promise.all(reasons), ["io server disconnect", "io server disconnect"]);
      await printedOnServer(id, "server namespace disconnect");
    });

    if (way === "polling") {
      it("by the network", async () => {
        // By hand: the real client does not tell when it has sent its poll, and only a waiting poll can break.
        const http = await RawHttp.open(server.program.port);
        const opened = await http.request("GET", "/socket.io/?EIO=4&transport=polling");
        const target = `/socket.io/?EIO=4&transport=polling&sid=${JSON.parse(opened.body.slice(1)).sid}`;
        await http.request("POST", target, { body: "40" });
        const { sid } = JSON.parse((await http.request("GET", target)).body.slice(2));
        await http.send("GET", target);
        http.close();
        await server.program.printed(new RegExp(`^${sid} disconnect: transport error, in 0 rooms$`));
      });
    } else {
      it("by the network", async () => {
        const { client, id } = await connected();
        client.io.engine.transport.ws._socket.destroy();
        await printedOnServer(id, "transport close");
      });
    }
  });

  describe(`a client that reconnects by hand, over ${way}`, () => {
    const server = new Server();

    it("receives every event once", async () => {
      const client = await server.connect("/", options);
      const heard = [];
      client.on("echo", (value) => heard.push(value));
      for (let round = 0; round < 3; ++round) {
        const back = next(client, "connect");
        client.disconnect();
        client.connect();
        await back;
        client.emit("echo", round);
        assert.equal(await client.emitWithAck("sum", 1, round), 1 + round);
      }
      assert.deepEqual(heard, [0, 1, 2]);
    });
  });

  describe(`a server that restarts, over ${way}`, () => {
    const server = new Server();

    it("gets its client back, and events flow", async () => {
      const client = await server.connect("/", { ...options, reconnection: true, reconnectionDelay: 10, reconnectionDelayMax: 20 });
      assert.equal(await client.emitWithAck("sum", 1, 2), 3);
      const { id } = client;
      const { port } = server.program;

      const reason = reasonOf(client);
      await server.program.kill();
      assert.match(await reason, /^transport (close|error)$/);
      const meanwhile = next(client, "echo");
      client.emit("echo", "written while the server was away");

      const back = new Promise((resolve) => client.once("connect", resolve));
      await server.start(port);
      await back;
      assert.notEqual(client.id, id);
      assert.equal(await meanwhile, "written while the server was away");
      assert.equal(await client.emitWithAck("sum", 3, 4), 7);
    });
  });

  describe(`a server that closes, over ${way}`, () => {
    const server = new Server();

    it("disconnects every client, then ends, and can start again on its port", async () => {
      const clients = await Promise.all([server.connect("/", options), server.connect("/", options)]);
      const ids = clients.map((client) => client.id);
      const reasons = clients.map(reasonOf);
      const { port } = server.program;
      await server.program.stop();
      // Between two polls, the client notices when its next poll gets no answer.
      const expected = way === "polling" ? /^transport (close|error)$/ : /^transport close$/;
      for (const reason of reasons) assert.match(await reason, expected);
      for (const id of ids) await server.program.printed(new RegExp(`^${id} disconnect: server shutting down, in 0 rooms$`));
      await server.start(port);
      assert.equal(await (await server.connect("/", options)).emitWithAck("sum", 1, 2), 3);
    });
  });
}
