// SPDX-License-Identifier: MIT
// The requirements of the Engine.IO protocol, revision 4: checked on the engine alone and under Socket.IO.
//
// The server pings every 300 ms and waits 200 ms for the pong. No test sleeps: each waits for the effect of the passing
// time.

import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";

import { RawHttp } from "../support/raw_http.mjs";
import { RawWebSocket } from "../support/raw_websocket.mjs";

export const pingInterval = 300;
export const pingTimeout = 200;

/** The endpoints of one server, and what a test opened there, closed after it. */
export class Peer {
  constructor(path) {
    this.path = path;
    this.opened = [];
    afterEach(() => {
      for (const each of this.opened.splice(0)) each.close();
    });
  }

  target(query) {
    return `${this.path}?${query}`;
  }

  polling(sid) {
    return this.target(`EIO=4&transport=polling${sid ? `&sid=${sid}` : ""}`);
  }

  fetch(target, options) {
    return fetch(this.program.url + target, options);
  }

  async http() {
    const http = await RawHttp.open(this.program.port);
    this.opened.push(http);
    return http;
  }

  async websocket(query = "EIO=4&transport=websocket", options) {
    const socket = await RawWebSocket.open(this.program.url.replace("http", "ws") + this.target(query), options);
    this.opened.push(socket);
    return socket;
  }

  /** A WebSocket session, its open packet taken. */
  async session() {
    const socket = await this.websocket();
    socket.handshake = JSON.parse((await socket.next()).slice(1));
    return socket;
  }

  /** The sid of a new polling session. */
  async openPolling() {
    const response = await this.fetch(this.polling());
    assert.equal(response.status, 200);
    return JSON.parse((await response.text()).slice(1)).sid;
  }

  async poll(sid) {
    const response = await this.fetch(this.polling(sid));
    return { status: response.status, body: await response.text() };
  }

  async post(sid, body) {
    const response = await this.fetch(this.polling(sid), { method: "POST", body });
    return { status: response.status, body: await response.text() };
  }
}

const error = (code, message) => JSON.stringify({ code, message });

export function checkEngineBehaviour(peer) {
  describe("handshake over polling", () => {
    it("opens a session and sends its parameters", async () => {
      const response = await peer.fetch(peer.polling());
      assert.equal(response.status, 200);
      assert.equal(response.headers.get("content-type"), "text/plain; charset=UTF-8");
      assert.equal(response.headers.get("cache-control"), "no-store");
      const packet = await response.text();
      assert.equal(packet[0], "0");
      const { sid, ...terms } = JSON.parse(packet.slice(1));
      assert.match(sid, /^[\w-]{20}$/);
      assert.deepEqual(terms, { upgrades: ["websocket"], pingInterval, pingTimeout, maxPayload: 1000000 });
    });

    it("gives every session an id of its own", async () => {
      assert.notEqual(await peer.openPolling(), await peer.openPolling());
    });

    for (const [what, query] of [
      ["without a revision", "transport=polling"],
      ["with a word for a revision", "EIO=abc&transport=polling"],
      ["of revision 3", "EIO=3&transport=polling"],
    ]) {
      it(`refuses a handshake ${what}`, async () => {
        const response = await peer.fetch(peer.target(query));
        assert.equal(response.status, 400);
        assert.equal(await response.text(), error(5, "Unsupported protocol version"));
      });
    }

    for (const [what, query] of [
      ["no transport", "EIO=4"],
      ["an unknown transport", "EIO=4&transport=pigeon"],
      ["a transport named like a member of every object", "EIO=4&transport=__proto__"],
    ]) {
      it(`refuses a handshake that asks for ${what}`, async () => {
        const response = await peer.fetch(peer.target(query));
        assert.equal(response.status, 400);
        assert.equal(await response.text(), error(0, "Transport unknown"));
      });
    }

    for (const method of ["POST", "PUT", "DELETE"]) {
      it(`refuses a handshake by ${method}`, async () => {
        const response = await peer.fetch(peer.polling(), { method });
        assert.equal(response.status, 400);
        assert.equal(await response.text(), error(2, "Bad handshake method"));
      });
    }

    it("sends CORS headers to a page of another origin", async () => {
      const preflight = await peer.fetch(peer.polling(), { method: "OPTIONS", headers: { Origin: "http://other.example" } });
      assert.equal(preflight.status, 204);
      assert.equal(preflight.headers.get("access-control-allow-origin"), "*");
      const response = await peer.fetch(peer.polling(), { headers: { Origin: "http://other.example" } });
      assert.equal(response.status, 200);
      assert.equal(response.headers.get("access-control-allow-origin"), "*");
    });

    it("refuses an unknown session", async () => {
      const { status, body } = await peer.poll("nobody");
      assert.deepEqual({ status, body }, { status: 400, body: error(1, "Session ID unknown") });
    });

    it("refuses a WebSocket that is asked for without an upgrade", async () => {
      const response = await peer.fetch(peer.target("EIO=4&transport=websocket"));
      assert.equal(response.status, 400);
      assert.equal(await response.text(), error(3, "Bad request"));
    });
  });

  describe("handshake over WebSocket", () => {
    it("opens a session and sends its parameters", async () => {
      const socket = await peer.websocket();
      const packet = await socket.next();
      assert.equal(packet[0], "0");
      const { sid, ...terms } = JSON.parse(packet.slice(1));
      assert.match(sid, /^[\w-]{20}$/);
      assert.deepEqual(terms, { upgrades: [], pingInterval, pingTimeout, maxPayload: 1000000 });
    });

    for (const [what, query, body] of [
      ["without a revision", "transport=websocket", "Unsupported protocol version"],
      ["with a word for a revision", "EIO=abc&transport=websocket", "Unsupported protocol version"],
      ["without a transport", "EIO=4", "Transport unknown"],
      ["with an unknown transport", "EIO=4&transport=pigeon", "Transport unknown"],
      ["with an unknown session", "EIO=4&transport=websocket&sid=nobody", "Session ID unknown"],
    ]) {
      it(`refuses one ${what}, in plain text`, async () => {
        await assert.rejects(peer.websocket(query), { status: 400, body });
      });
    }
  });

  describe("heartbeat", () => {
    it("goes on over polling as long as the client answers", async () => {
      const sid = await peer.openPolling();
      for (let round = 0; round < 2; ++round) {
        assert.deepEqual(await peer.poll(sid), { status: 200, body: "2" });
        assert.deepEqual(await peer.post(sid, "3"), { status: 200, body: "ok" });
      }
    });

    it("ends a polling session whose client does not answer", async () => {
      const sid = await peer.openPolling();
      assert.deepEqual(await peer.poll(sid), { status: 200, body: "2" });
      assert.deepEqual(await peer.poll(sid), { status: 200, body: "1" });
      assert.equal((await peer.poll(sid)).status, 400);
    });

    it("goes on over WebSocket as long as the client answers", async () => {
      const socket = await peer.session();
      // An unanswered ping would end the session before the second one.
      for (let round = 0; round < 2; ++round) {
        assert.equal(await socket.next({ pings: true }), "2");
        socket.send("3");
      }
    });

    it("ends a WebSocket session whose client does not answer", async () => {
      const socket = await peer.session();
      assert.equal(await socket.next({ pings: true }), "2");
      assert.equal(await socket.closed(), 1005);
    });
  });

  describe("close", () => {
    it("does not follow from the end of a request's connection", async () => {
      const sid = await peer.openPolling();
      const headers = { Connection: "close" };
      const [poll, post] = [await peer.http(), await peer.http()];
      await poll.send("GET", peer.polling(sid), { headers });
      assert.equal((await post.request("POST", peer.polling(sid), { headers, body: "6" })).body, "ok");
      await post.end();
      assert.equal((await poll.response()).body, "2", "the first ping");
      await poll.end();
      assert.deepEqual(await peer.post(sid, "3"), { status: 200, body: "ok" });
      assert.deepEqual(await peer.poll(sid), { status: 200, body: "2" });
    });

    it("releases the waiting poll when the client closes over polling", async () => {
      const sid = await peer.openPolling();
      const [poll, post] = [await peer.http(), await peer.http()];
      await poll.send("GET", peer.polling(sid));
      assert.equal((await post.request("POST", peer.polling(sid), { body: "1" })).body, "ok");
      const { status, body } = await poll.response();
      assert.deepEqual({ status, body }, { status: 200, body: "6" });
      assert.equal((await peer.poll(sid)).status, 400);
    });

    it("ends the connection when the client closes over WebSocket", async () => {
      const socket = await peer.session();
      socket.send("1");
      await socket.closed();
    });

    it("ends a polling session that polls twice at a time", async () => {
      const sid = await peer.openPolling();
      const [first, second] = [await peer.http(), await peer.http()];
      await first.send("GET", peer.polling(sid));
      await second.send("GET", peer.polling(sid));
      const [a, b] = await Promise.all([first.response(), second.response()]);
      assert.deepEqual([a.status, a.body], [200, "1"]);
      assert.equal(b.status, 400);
      assert.equal((await peer.poll(sid)).status, 400);
    });

    for (const [what, body] of [
      ["a packet of no known type", "abc"],
      ["nothing", ""],
    ]) {
      it(`ends a polling session that posts ${what}`, async () => {
        const sid = await peer.openPolling();
        assert.ok([200, 400].includes((await peer.post(sid, body)).status));
        assert.equal((await peer.poll(sid)).status, 400);
      });
    }

    it("ends a WebSocket session that sends a packet of no known type", async () => {
      const socket = await peer.session();
      socket.send("abc");
      await socket.closed();
    });

    it("ends a polling session whose client pings", async () => {
      const sid = await peer.openPolling();
      await peer.post(sid, "2");
      assert.equal((await peer.poll(sid)).status, 400);
    });
  });

  describe("upgrade", () => {
    const upgrade = (sid) => peer.websocket(`EIO=4&transport=websocket&sid=${sid}`);

    /** A session that has gone from polling to WebSocket. */
    const upgraded = async () => {
      const sid = await peer.openPolling();
      const socket = await upgrade(sid);
      socket.send("2probe");
      assert.equal(await socket.next(), "3probe");
      socket.send("5");
      // The first ping on this channel shows that the WebSocket has taken over.
      assert.equal(await socket.next({ pings: true }), "2");
      socket.send("3");
      return { sid, socket };
    };

    it("answers the probe and releases the waiting poll", async () => {
      const sid = await peer.openPolling();
      const poll = await peer.http();
      await poll.send("GET", peer.polling(sid));
      const socket = await upgrade(sid);
      socket.send("2probe");
      assert.equal(await socket.next(), "3probe");
      const { status, body } = await poll.response();
      assert.deepEqual({ status, body }, { status: 200, body: "6" });
      socket.send("5");
      assert.equal(await socket.next({ pings: true }), "2");
    });

    it("refuses to poll for a session that has been upgraded", async () => {
      const { sid, socket } = await upgraded();
      assert.deepEqual(await peer.poll(sid), { status: 400, body: error(3, "Bad request") });
      assert.equal(await socket.next({ pings: true }), "2", "the session itself goes on");
    });

    it("closes a second WebSocket for a session that has been upgraded", async () => {
      const { sid, socket } = await upgraded();
      const second = await upgrade(sid);
      await second.closed();
      assert.equal(await socket.next({ pings: true }), "2", "the session itself goes on");
    });

    it("stays on polling when the WebSocket sends something else than a probe", async () => {
      const sid = await peer.openPolling();
      const socket = await upgrade(sid);
      socket.send("4hello");
      await socket.closed();
      assert.deepEqual(await peer.poll(sid), { status: 200, body: "2" });
    });
  });
}
