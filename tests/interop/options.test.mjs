// SPDX-License-Identifier: MIT
// Options of a server that clients notice: the path, allow_request, the cookie.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Server, next, ways } from "./support.mjs";

process.env.SERVER_PATH = "/realtime";
process.env.WITH_COOKIE = "1";

for (const [way, options] of Object.entries(ways)) {
  describe(`a server with options, over ${way}`, () => {
    const server = new Server({ path: "/realtime" });

    it("answers at its path", async () => {
      const client = await server.connect("/", options);
      assert.equal(await client.emitWithAck("echo back", "here"), "here");
      const custom = await server.connect("/custom", options);
      assert.equal((await custom.emitWithAck("about")).id, custom.id);
    });

    it("answers at no other path", async () => {
      const client = server.open("/", { ...options, path: "/socket.io" });
      const error = await next(client, "connect_error");
      assert.match(error.message, /^(xhr poll|websocket) error$/);
    });

    it("refuses clients in allow_request", async () => {
      const client = server.open("/", { ...options, extraHeaders: { "X-Unwanted": "yes" } });
      const error = await next(client, "connect_error");
      if (options.transports[0] === "polling")
        assert.equal(error.description, 403);
      else
        assert.match(error.description.message, /400/);
      await server.connect("/", options);
    });

    it("lets clients keep its cookie", async () => {
      const client = await server.connect("/", { ...options, withCredentials: true });
      assert.equal(await client.emitWithAck("echo back", "with a cookie"), "with a cookie");
    });
  });
}

describe("a refusal", () => {
  const server = new Server();

  it("says why", async () => {
    const url = `${server.program.url}/realtime/?EIO=4&transport=polling`;
    const refused = await fetch(url, { headers: { "X-Unwanted": "yes" } });
    assert.equal(refused.status, 403);
    assert.deepEqual(await refused.json(), { code: 4, message: "not you" });
    assert.equal(refused.headers.get("set-cookie"), null);
  });
});

describe("the cookie", () => {
  const server = new Server();

  it("has the id of the session, and is set by the handshake only", async () => {
    const url = `${server.program.url}/realtime/?EIO=4&transport=polling`;
    const opened = await fetch(url);
    const { sid } = JSON.parse((await opened.text()).slice(1));
    assert.equal(opened.headers.get("set-cookie"), `io=${sid}; Path=/; HttpOnly; SameSite=Lax`);
    const posted = await fetch(`${url}&sid=${sid}`, { method: "POST", body: "40" });
    assert.equal(posted.status, 200);
    assert.equal(posted.headers.get("set-cookie"), null);
  });
});
