// SPDX-License-Identifier: MIT
// HAProxy with the configuration of docs/proxies.md, and with changes of which the page speaks.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ways } from "../interop/support.mjs";
import { clientsHaveTheirAddress, clientsKeepTheirServer, everyFeatureWorks, onlyWebSocketWorks } from "./features.mjs";
import { Site } from "./support.mjs";

const haproxy = {
  language: "haproxy",
  listen: (port) => ["bind :80", `bind 127.0.0.1:${port}`],
  whole: (block) => block,
  args: ["-W", "-f", "configuration"],
  ready: /Loading success/,
};
const inTurn = ["balance source\n  hash-type consistent\n", "balance roundrobin\n"];

describe("HAProxy", () => {
  const site = new Site(haproxy);

  everyFeatureWorks(site);
  clientsKeepTheirServer(site);

  it("follows its cookie, also from another address", async () => {
    const addresses = Array.from({ length: 32 }, (_, i) => `127.0.${i + 1}.1`);
    const { body, headers } = await site.poll({ address: addresses[0] });
    const { sid } = JSON.parse(body.slice(1));
    const cookie = headers["set-cookie"][0].split(";")[0];
    assert.match(cookie, /^io_server=[ab]$/);
    for (const address of addresses) {
      const answer = await site.poll({ method: "POST", sid, body: "3", address, headers: { Cookie: cookie } });
      assert.equal(answer.status, 200);
    }
  });
});

describe("HAProxy with the cookie alone", () => {
  const site = new Site(haproxy, [inTurn]);

  for (const [way, options] of Object.entries(ways)) {
    it(`spreads clients of one address over ${way}, and keeps each on one server`, async () => {
      const clients = await Promise.all(Array.from({ length: 8 }, () => site.connect("/", { ...options, withCredentials: true })));
      assert.deepEqual(new Set(await site.serversOf(clients)), new Set([0, 1]));
      for (const client of clients) assert.equal(await client.emitWithAck("sum", 1, 2), 3);
    });
  }
});

describe("HAProxy without stickiness", () => {
  onlyWebSocketWorks(new Site(haproxy, [inTurn, [/^ *cookie .*\n/gm, ""], [/ cookie [ab] /g, " "]]));
});

for (const version of ["send-proxy-v2", "send-proxy"]) {
  describe(`HAProxy that forwards TCP with ${version}`, () => {
    // From an address of its own: the tests themselves connect to the servers from 127.0.0.1, without the header.
    const changes = [["send-proxy-v2", `${version} source 127.0.0.9`]];
    clientsHaveTheirAddress(new Site({ ...haproxy, index: 1, listen: (port) => ["bind :443", `bind 127.0.0.1:${port}`] }, changes));
  });
}
