// SPDX-License-Identifier: MIT
// Clients over https and wss, with an authority of their own and with certificates, and clients that are refused.

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import { Server, ways } from "./support.mjs";

const file = (name) => readFileSync(join(process.env.TEST_CERTIFICATES, name));
const ca = file("authority.pem");
const certificateOf = (name) => ({ cert: file(`${name}.pem`), key: file(`${name}.key`) });

/** A server, and the addresses of its ports. */
class TlsServer extends Server {
  async urlOf(kind) {
    const line = await this.program.printed(new RegExp(`^${kind} on `));
    return `https://localhost:${/(\d+)$/.exec(line)[1]}`;
  }

  /** As `connect`, at one of the ports. */
  async connectTo(kind, options) {
    return this.connect("/", { ...options, url: await this.urlOf(kind) });
  }
}

/** Why a client cannot connect. */
async function refusal(client) {
  return new Promise((resolve, reject) => {
    client.once("connect_error", resolve);
    client.once("connect", () => reject(new Error("it was let in")));
  });
}

for (const [way, options] of Object.entries(ways)) {
  describe(`over ${way}`, () => {
    const server = new TlsServer();

    it("accepts a client that trusts the authority, and carries its messages", async () => {
      const client = await server.connectTo("https", { ...options, ca });
      const large = Buffer.alloc(1_000_000, 7);
      assert.deepEqual(await client.emitWithAck("echo", large), large);
      assert.equal(await client.emitWithAck("echo", "é".repeat(300_000)), "é".repeat(300_000));
      assert.deepEqual(await client.emitWithAck("handshake"), {
        secure: true,
        protocol: "TLSv1.3",
        authorized: false,
        error: "",
        subject: "",
        certificate: Buffer.alloc(0),
      });
    });

    it("is refused by a client that does not trust the authority", async () => {
      const client = server.open("/", { ...options, url: await server.urlOf("https") });
      await refusal(client);
    });

    it("accepts a client with a certificate of the authority, and knows its subject", async () => {
      const alice = certificateOf("alice");
      const client = await server.connectTo("certified", { ...options, ca, ...alice });
      const handshake = await client.emitWithAck("handshake");
      assert.equal(handshake.authorized, true);
      assert.equal(handshake.error, "");
      assert.equal(handshake.subject, "CN=alice,O=Example");
      assert.deepEqual(handshake.certificate, new X509Certificate(alice.cert).raw);
    });

    for (const [what, credentials] of Object.entries({
      "without a certificate": {},
      "with a certificate of another authority": certificateOf("mallory"),
      "with a certificate that has expired": certificateOf("late"),
    })) {
      it(`refuses a client ${what} if a certificate is required`, async () => {
        const client = server.open("/", { ...options, ca, ...credentials, url: await server.urlOf("certified") });
        await refusal(client);
      });
    }

    it("accepts a client without a valid certificate if the program decides", async () => {
      const stranger = await server.connectTo("lenient", { ...options, ca, ...certificateOf("mallory") });
      const handshake = await stranger.emitWithAck("handshake");
      assert.equal(handshake.authorized, false);
      assert.notEqual(handshake.error, "");
      assert.equal(handshake.subject, "CN=mallory");
      const nobody = await server.connectTo("lenient", { ...options, ca });
      assert.equal((await nobody.emitWithAck("handshake")).error, "no certificate");
    });

    it("serves a plain port too", async () => {
      const client = await server.connect("/", options);
      assert.deepEqual(await client.emitWithAck("handshake"), { secure: false });
    });
  });
}

describe("a client that speaks plain HTTP to the port with TLS", () => {
  const server = new TlsServer();

  it("is disconnected, and the server goes on", async () => {
    const url = (await server.urlOf("https")).replace("https", "http");
    await assert.rejects(fetch(url));
    const client = await server.connectTo("https", { ca });
    assert.equal(await client.emitWithAck("echo", 1), 1);
  });
});
