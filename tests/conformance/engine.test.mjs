// SPDX-License-Identifier: MIT
// The engine without Socket.IO: the behaviour of every Engine.IO server, and an echo of messages.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Program } from "../support/program.mjs";
import { Peer, checkEngineBehaviour } from "./engine_behaviour.mjs";

describe("Engine.IO", () => {
  const peer = new Peer("/engine.io/");
  before(async () => {
    peer.program = await Program.start(process.env.ENGINE_SERVER);
  });
  after(() => peer.program?.stop());

  checkEngineBehaviour(peer);

  describe("messages", () => {
    for (const [what, payload] of [
      ["one text message", "4hello"],
      ["several text messages", "4one\x1e4two\x1e4three"],
      ["text beside binary", "4hello\x1ebAQIDBA=="],
      ["text beyond ASCII", "4žluťoučký 🦄 \u2028"],
    ]) {
      it(`carries ${what} both ways over polling`, async () => {
        const sid = await peer.openPolling();
        assert.deepEqual(await peer.post(sid, payload), { status: 200, body: "ok" });
        assert.deepEqual(await peer.poll(sid), { status: 200, body: payload });
      });
    }

    it("answers a waiting poll as soon as there is a message", async () => {
      const sid = await peer.openPolling();
      const poll = await peer.http();
      await poll.send("GET", peer.polling(sid));
      await peer.post(sid, "4hello");
      assert.equal((await poll.response()).body, "4hello");
    });

    it("reads a chunked body", async () => {
      const sid = await peer.openPolling();
      const http = await peer.http();
      const head = `POST ${peer.polling(sid)} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`;
      await http.write(`${head}3\r\n4he\r\n`);
      await http.write("3\r\nllo\r\n0\r\n\r\n");
      assert.equal((await http.response()).body, "ok");
      assert.deepEqual(await peer.poll(sid), { status: 200, body: "4hello" });
    });

    it("accepts a body as large as the limit, answers 413 to a larger one and ends the session", async () => {
      const sid = await peer.openPolling();
      assert.deepEqual(await peer.post(sid, "4".padEnd(1000000, "x")), { status: 200, body: "ok" });
      assert.equal((await peer.poll(sid)).body.length, 1000000);
      assert.equal((await peer.post(sid, "4".padEnd(1000001, "x"))).status, 413);
      assert.equal((await peer.post(sid, "4again")).status, 400);
    });

    it("reads base64 that is broken into lines, lacks its padding or has the alphabet of URLs", async () => {
      for (const written of ["bAAH+/w==\n", "bAAH+\r\n/w", "bAAH-_w"]) {
        const sid = await peer.openPolling();
        assert.deepEqual(await peer.post(sid, written), { status: 200, body: "ok" });
        assert.deepEqual(await peer.poll(sid), { status: 200, body: "bAAH+/w==" });
      }
    });

    it("carries text over WebSocket", async () => {
      const socket = await peer.session();
      socket.send("4hello");
      assert.equal(await socket.next(), "4hello");
    });

    it("carries binary over WebSocket", async () => {
      const socket = await peer.session();
      socket.send(Buffer.from([1, 2, 3, 4]));
      assert.deepEqual(await socket.next(), Buffer.from([1, 2, 3, 4]));
    });

    it("closes a WebSocket with 1009 when a message is beyond the limit", async () => {
      const socket = await peer.session();
      socket.send("4".padEnd(1000001, "x"));
      assert.equal(await socket.closed(), 1009);
    });

    it("keeps the order of messages across an upgrade", async () => {
      const sid = await peer.openPolling();
      const socket = await peer.websocket(`EIO=4&transport=websocket&sid=${sid}`);
      await peer.post(sid, "41\x1e42");
      socket.send("2probe");
      assert.equal(await socket.next(), "3probe");
      await peer.post(sid, "43");
      socket.send("5", "44");
      const messages = [];
      while (messages.length < 4) messages.push(await socket.next());
      assert.deepEqual(messages, ["41", "42", "43", "44"]);
    });
  });
});
