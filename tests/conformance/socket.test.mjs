// SPDX-License-Identifier: MIT
// The requirements of the Socket.IO protocol, revision 5, packet by packet; and of the engine below it.
//
// The server greets with an "auth" event, answers "message" with "message-back" and acknowledges "message-with-ack"
// with its arguments; /custom only greets.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Program } from "../support/program.mjs";
import { Peer, checkEngineBehaviour } from "./engine_behaviour.mjs";

describe("Socket.IO", () => {
  const peer = new Peer("/socket.io/");
  before(async () => {
    peer.program = await Program.start(process.env.SOCKET_SERVER);
  });
  after(() => peer.program?.stop());

  checkEngineBehaviour(peer);

  /** A WebSocket that has joined the main namespace. */
  const connected = async () => {
    const socket = await peer.session();
    socket.send("40");
    assert.match(await socket.next(), /^40\{"sid":"[\w-]{20}"\}$/);
    assert.equal(await socket.next(), '42["auth",{}]');
    return socket;
  };

  describe("connect", () => {
    for (const [what, packet, answer, greeting] of [
      ["the main namespace", "40", /^40\{"sid":"[\w-]{20}"\}$/, '42["auth",{}]'],
      ["the main namespace with credentials", '40{"token":"123"}', /^40\{"sid":"[\w-]{20}"\}$/, '42["auth",{"token":"123"}]'],
      ["a namespace", "40/custom,", /^40\/custom,\{"sid":"[\w-]{20}"\}$/, '42/custom,["auth",{}]'],
      ["a namespace without its comma", "40/custom", /^40\/custom,\{"sid":"[\w-]{20}"\}$/, '42/custom,["auth",{}]'],
      ["a namespace with credentials", '40/custom,{"token":"abc"}', /^40\/custom,/, '42/custom,["auth",{"token":"abc"}]'],
    ]) {
      it(`lets a client into ${what}`, async () => {
        const socket = await peer.session();
        socket.send(packet);
        assert.match(await socket.next(), answer);
        assert.equal(await socket.next(), greeting);
      });
    }

    it("does not reveal the id of the session", async () => {
      const socket = await peer.session();
      socket.send("40");
      assert.notEqual(JSON.parse((await socket.next()).slice(2)).sid, socket.handshake.sid);
    });

    it("refuses an unknown namespace and keeps the connection", async () => {
      const socket = await peer.session();
      socket.send("40/random");
      assert.equal(await socket.next(), '44/random,{"message":"Invalid namespace"}');
      socket.send("40");
      assert.match(await socket.next(), /^40\{/);
    });

    it("closes a connection that joins no namespace", async () => {
      const socket = await peer.session();
      // The client answers every ping: the heartbeat is not the reason for the end.
      for (;;) {
        try {
          if ((await socket.next({ pings: true })) === "2") socket.send("3");
        } catch {
          break;
        }
      }
      assert.equal(await socket.closed(), 1005);
    });
  });

  describe("disconnect", () => {
    it("takes a client out of the main namespace without an answer", async () => {
      const socket = await connected();
      socket.send("41");
      assert.equal(await socket.next({ pings: true }), "2");
    });

    it("takes a client out of one namespace and leaves it in the other", async () => {
      const socket = await connected();
      socket.send("40/custom,");
      assert.match(await socket.next(), /^40\/custom,/);
      assert.equal(await socket.next(), '42/custom,["auth",{}]');
      socket.send("41/custom");
      socket.send('42["message","still here"]');
      assert.equal(await socket.next(), '42["message-back","still here"]');
    });
  });

  describe("events", () => {
    const two = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}';

    it("come back byte by byte", async () => {
      const socket = await connected();
      socket.send('42["message",1,"2",{"3":[true]}]');
      assert.equal(await socket.next(), '42["message-back",1,"2",{"3":[true]}]');
    });

    it("carry binary attachments", async () => {
      const socket = await connected();
      socket.send(`452-["message",${two}]`, Buffer.from([1, 2, 3]), Buffer.from([4, 5, 6]));
      assert.equal(await socket.next(), `452-["message-back",${two}]`);
      assert.deepEqual(await socket.next(), Buffer.from([1, 2, 3]));
      assert.deepEqual(await socket.next(), Buffer.from([4, 5, 6]));
    });

    it("are acknowledged", async () => {
      const socket = await connected();
      socket.send('42456["message-with-ack",1,"2",{"3":[false]}]');
      assert.equal(await socket.next(), '43456[1,"2",{"3":[false]}]');
    });

    it("are acknowledged with binary attachments", async () => {
      const socket = await connected();
      socket.send(`452-789["message-with-ack",${two}]`, Buffer.from([1, 2, 3]), Buffer.from([4, 5, 6]));
      assert.equal(await socket.next(), `462-789[${two}]`);
      assert.deepEqual(await socket.next(), Buffer.from([1, 2, 3]));
      assert.deepEqual(await socket.next(), Buffer.from([4, 5, 6]));
    });

    it("work over polling, binary included", async () => {
      const sid = await peer.openPolling();
      await peer.post(sid, "40");
      // In one answer or in two, depending on whether the poll arrived first.
      const joined = [];
      while (joined.length < 2) joined.push(...(await peer.poll(sid)).body.split("\x1e"));
      assert.match(joined[0], /^40\{/);
      assert.equal(joined[1], '42["auth",{}]');
      await peer.post(sid, `452-["message",${two}]\x1ebAQID\x1ebBAUG`);
      const echo = [];
      while (echo.length < 3) echo.push(...(await peer.poll(sid)).body.split("\x1e"));
      assert.deepEqual(echo, [`452-["message-back",${two}]`, "bAQID", "bBAUG"]);
    });
  });

  describe("an invalid packet", () => {
    it("closes a connection before it has joined", async () => {
      const socket = await peer.session();
      socket.send("4abc");
      assert.equal(await socket.closed(), 1005);
    });

    for (const [what, ...packets] of [
      ["of an unknown type", "4abc"],
      ["with no type", "4"],
      ["with an event that is no array", "42{}"],
      ["with an event that has no name", "42[]"],
      ["with a name that is no name", "42[true]"],
      ["with a name that is an object", '42[{"toString":"foo"}]'],
      ["with a reserved name", '42["disconnect","x"]'],
      ["with an id that is no number", '42abc["message-with-ack",1]'],
      ["with JSON that does not end", '42["message",'],
      ["with something after the JSON", '42["message"]x'],
      ["with a payload where none belongs", "41{}"],
      ["with an acknowledgement that is no array", "43{}"],
      ["with a refusal, which only servers send", '44{"message":"no"}'],
      ["with credentials that are no object", "40/custom,[]"],
      ["with no number of attachments", '45-["message"]'],
      ["with zero attachments", '450-["message"]'],
      ["with too many attachments", '4511-["message"]'],
      ["with a placeholder out of range", '451-["message",{"_placeholder":true,"num":1}]', Buffer.from([1])],
      ["with text where an attachment belongs", '451-["message",{"_placeholder":true,"num":0}]', '42["message"]'],
      ["with an attachment where none belongs", Buffer.from([1])],
      ["for a namespace not joined", '42/custom,["message"]'],
      ["for the namespace joined already", "40"],
    ]) {
      it(`${what} closes the connection, and does not affect others`, async () => {
        const [socket, other] = [await connected(), await connected()];
        socket.send(...packets);
        assert.equal(await socket.closed(), 1005);
        other.send('42["message","undisturbed"]');
        assert.equal(await other.next(), '42["message-back","undisturbed"]');
      });
    }
  });
});
