// SPDX-License-Identifier: MIT
// The data of a client's first request, and which pages may send one.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Manager } from "socket.io-client";

import { Server, next, ways } from "./support.mjs";

describe("the handshake", () => {
  const server = new Server();

  for (const [way, options] of Object.entries(ways)) {
    it(`has headers, query, credentials and more over ${way}`, async () => {
      const before = Date.now();
      const client = await server.connect("/", {
        ...options,
        auth: { token: "abc", nested: { list: [1, 2] } },
        query: { room: "a b&c", empty: "", unicode: "ž🦄" },
        extraHeaders: { "X-Custom": "from the client", Origin: "http://allowed.example" },
      });
      const handshake = await client.emitWithAck("handshake");
      assert.equal(handshake.headers["x-custom"], "from the client");
      assert.equal(handshake.headers.host, `127.0.0.1:${server.program.port}`);
      assert.deepEqual(handshake.auth, { token: "abc", nested: { list: [1, 2] } });
      assert.equal(handshake.query.room, "a b&c");
      assert.equal(handshake.query.empty, "");
      assert.equal(handshake.query.unicode, "ž🦄");
      assert.equal(handshake.query.EIO, "4");
      assert.equal(handshake.query.transport, options.transports[0], "that of the first request");
      assert.match(handshake.url, /^\/socket\.io\/\?/);
      assert.match(handshake.address, /^(::ffff:)?127\.0\.0\.1$/);
      assert.equal(handshake.secure, false);
      assert.equal(handshake.xdomain, true);
      assert.ok(handshake.issued >= before && handshake.issued <= Date.now());
      assert.equal(typeof handshake.time, "string");
    });
  }

  it("gives every namespace its own credentials and the same request", async () => {
    const manager = new Manager(server.program.url, { transports: ["websocket"], reconnection: false, query: { q: "1" } });
    const main = manager.socket("/", { auth: { for: "main" } });
    const chat = manager.socket("/chat", { auth: { for: "chat" } });
    server.clients.push(main);
    await Promise.all([next(main, "connect"), next(chat, "connect")]);
    const [first, second] = [await main.emitWithAck("handshake"), await chat.emitWithAck("handshake")];
    assert.deepEqual([first.auth, second.auth], [{ for: "main" }, { for: "chat" }]);
    assert.equal(second.query.q, "1");
    assert.equal(first.url, second.url);
  });

  it("asks the function for credentials anew", async () => {
    let calls = 0;
    const client = await server.connect("/", { auth: (give) => give({ call: ++calls }) });
    assert.deepEqual((await client.emitWithAck("handshake")).auth, { call: 1 });
    const back = next(client, "connect");
    client.disconnect();
    client.connect();
    await back;
    assert.deepEqual((await client.emitWithAck("handshake")).auth, { call: 2 });
  });
});

describe("pages of other origins", () => {
  const server = new Server();
  const ask = (origin, init) =>
    fetch(`${server.program.url}/socket.io/?EIO=4&transport=polling`, { ...init, headers: { Origin: origin, ...init?.headers } });

  it("get CORS headers, with credentials", async () => {
    const response = await ask("http://allowed.example");
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("access-control-allow-origin"), "http://allowed.example");
    assert.equal(response.headers.get("access-control-allow-credentials"), "true");
    assert.match(response.headers.get("vary"), /Origin/);
  });

  it("get no CORS headers if they are not on the list", async () => {
    const response = await ask("http://other.example");
    assert.equal(response.headers.get("access-control-allow-origin"), null);
  });

  it("have their preflight answered", async () => {
    const response = await ask("http://allowed.example", {
      method: "OPTIONS",
      headers: { "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-custom" },
    });
    assert.equal(response.status, 204);
    assert.equal(response.headers.get("access-control-allow-origin"), "http://allowed.example");
    assert.match(response.headers.get("access-control-allow-methods"), /POST/);
    assert.equal(response.headers.get("access-control-allow-headers"), "x-custom");
  });
});
