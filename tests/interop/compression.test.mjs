// SPDX-License-Identifier: MIT
// Compression with clients that are not ours: visible on the wire, but not in the messages.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gunzipSync, inflateSync } from "node:zlib";

import { WebSocket } from "ws";

import { Server, next, ways } from "./support.mjs";

const large = "0123456789 and so on, ".repeat(500);

/** A response whose body nobody has decompressed. */
async function raw(url, acceptEncoding) {
  const { request } = await import("node:http");
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers: { "Accept-Encoding": acceptEncoding } }, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part));
      response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(parts) }));
    });
    sent.on("error", reject);
    sent.end();
  });
}

describe("responses to polls", () => {
  const server = new Server();

  /** The response that holds the echo of a large text. */
  async function poll(acceptEncoding) {
    const url = `${server.program.url}/socket.io/?EIO=4&transport=polling`;
    const { sid } = JSON.parse((await raw(url, "identity")).body.toString().slice(1));
    const post = (body) => fetch(`${url}&sid=${sid}`, { method: "POST", body });
    await post("40");
    await raw(`${url}&sid=${sid}`, "identity");
    await post(`42${JSON.stringify(["echo", large])}`);
    return raw(`${url}&sid=${sid}`, acceptEncoding);
  }

  it("are in gzip for clients that accept it", async () => {
    const { headers, body } = await poll("gzip, deflate, br");
    assert.equal(headers["content-encoding"], "gzip");
    assert.equal(Number(headers["content-length"]), body.length);
    assert.ok(body.length < large.length / 10);
    assert.equal(gunzipSync(body).toString(), `42${JSON.stringify(["echo", large])}`);
  });

  it("are in deflate for clients that prefer it", async () => {
    const { headers, body } = await poll("gzip;q=0.5, deflate");
    assert.equal(headers["content-encoding"], "deflate");
    assert.equal(inflateSync(body).toString(), `42${JSON.stringify(["echo", large])}`);
  });

  it("are uncompressed for all other clients", async () => {
    const { headers, body } = await poll("identity");
    assert.equal(headers["content-encoding"], undefined);
    assert.equal(body.toString(), `42${JSON.stringify(["echo", large])}`);
  });

  it("are understood by the client", async () => {
    const client = await server.connect("/", { transports: ["polling"], extraHeaders: { "Accept-Encoding": "identity" } });
    assert.equal(await client.emitWithAck("echo back", large), large);
  });
});

/** A connection of ws whose bytes are kept. */
function watched(url, perMessageDeflate) {
  const socket = new WebSocket(`${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`, { perMessageDeflate });
  const seen = { socket, bytes: Buffer.alloc(0), messages: [], wake: () => {} };
  socket.on("upgrade", (response) => {
    seen.extensions = response.headers["sec-websocket-extensions"];
    // Not before ws listens too: the first listener gets the bytes that came along with the response.
    socket.once("open", () => response.socket.on("data", (part) => (seen.bytes = Buffer.concat([seen.bytes, part]))));
  });
  socket.on("message", (message) => {
    seen.messages.push(message.toString());
    seen.wake();
  });
  seen.message = async () => {
    while (!seen.messages.length) await new Promise((resolve) => (seen.wake = resolve));
    return seen.messages.shift();
  };
  return seen;
}

describe("WebSocket messages", () => {
  const server = new Server();

  const settings = {
    "with the usual settings": [true, "permessage-deflate"],
    "without a context of the server": [
      { serverNoContextTakeover: true },
      "permessage-deflate; server_no_context_takeover",
    ],
    "without any context": [
      { serverNoContextTakeover: true, clientNoContextTakeover: true },
      "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    ],
    "with small windows": [
      { serverMaxWindowBits: 9, clientMaxWindowBits: 10 },
      "permessage-deflate; server_max_window_bits=9; client_max_window_bits=10",
    ],
  };
  for (const [title, [perMessageDeflate, answer]] of Object.entries(settings)) {
    it(`are compressed ${title}, both ways`, async () => {
      const client = watched(server.program.url, typeof perMessageDeflate === "object" ? { threshold: 0, ...perMessageDeflate } : perMessageDeflate);
      await client.message();
      assert.equal(client.extensions, answer);
      client.socket.send("40");
      await client.message();
      for (let i = 0; i < 5; ++i) {
        client.bytes = Buffer.alloc(0);
        const packet = `42${JSON.stringify(["echo", `${i} ${large}`])}`;
        client.socket.send(packet);
        assert.equal(await client.message(), packet);
        assert.equal(client.bytes[0], 0xc1, "text, the last fragment, compressed");
        assert.ok(client.bytes.length < packet.length / 10);
      }
      client.socket.terminate();
    });
  }

  it("are not compressed for clients that do not offer it", async () => {
    const client = watched(server.program.url, false);
    await client.message();
    assert.equal(client.extensions, undefined);
    client.socket.send("40");
    await client.message();
    client.bytes = Buffer.alloc(0);
    client.socket.send(`42${JSON.stringify(["echo", large])}`);
    await client.message();
    assert.equal(client.bytes[0], 0x81);
    client.socket.terminate();
  });

  for (const [way, options] of Object.entries(ways).filter(([way]) => way !== "polling")) {
    it(`of the client itself are compressed over ${way}, and arrive unchanged`, async () => {
      const client = await server.connect("/", { ...options, perMessageDeflate: { threshold: 0 } });
      assert.match(client.io.engine.transport.ws.extensions, /^permessage-deflate/);
      const values = [large, { nested: [large, 1, null] }, "small", ["ž🦄".repeat(1000)], { bytes: Buffer.alloc(5000, 7) }];
      for (const value of values) assert.deepEqual(await client.emitWithAck("echo back", value), value);
      const told = next(client, "told");
      client.emit("tell all", values);
      assert.deepEqual(await told, values);
    });
  }

  it("with compress(false) are not compressed, and the next ones are", async () => {
    const client = watched(server.program.url, { threshold: 0 });
    await client.message();
    client.socket.send("40");
    await client.message();
    for (const [event, first] of [["echo", 0xc1], ["echo uncompressed", 0x81], ["echo", 0xc1]]) {
      client.bytes = Buffer.alloc(0);
      client.socket.send(`42${JSON.stringify([event, large])}`);
      assert.equal(await client.message(), `42${JSON.stringify(["echo", large])}`);
      assert.equal(client.bytes[0], first);
    }
    client.socket.terminate();
  });

  it("that decompress beyond the limit end their connection with 1009, and no other", async () => {
    const other = await server.connect("/", { perMessageDeflate: { threshold: 0 } });
    const client = watched(server.program.url, { threshold: 0 });
    await client.message();
    client.socket.send(`4${"x".repeat(5_000_000)}`);
    const code = await new Promise((resolve) => client.socket.on("close", resolve));
    assert.equal(code, 1009);
    assert.equal(await other.emitWithAck("echo back", large), large);
  });

  it("reach clients with and without compression in one broadcast", async () => {
    const clients = await Promise.all([
      server.connect("/", { perMessageDeflate: { threshold: 0 } }),
      server.connect("/", { perMessageDeflate: { threshold: 0, serverNoContextTakeover: true } }),
      server.connect("/", { perMessageDeflate: { threshold: 0, serverNoContextTakeover: true } }),
      server.connect("/", { perMessageDeflate: false }),
      server.connect("/", { transports: ["polling"] }),
    ]);
    for (let i = 0; i < 3; ++i) {
      const told = Promise.all(clients.map((client) => next(client, "told")));
      clients[0].emit("tell all", { i, large });
      assert.deepEqual(await told, clients.map(() => ({ i, large })));
    }
  });
});
