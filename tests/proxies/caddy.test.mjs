// SPDX-License-Identifier: MIT
// Caddy with the configuration of docs/proxies.md, and with changes of which the page speaks.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ways } from "../interop/support.mjs";
import { clientsKeepTheirServer, everyFeatureWorks, onlyWebSocketWorks } from "./features.mjs";
import { Site } from "./support.mjs";

const caddy = {
  language: "caddyfile",
  listen: (port) => [":80 {", `http://127.0.0.1:${port} {`],
  // Without a grace period, Caddy would wait for open polls before it ends.
  whole: (block) => `{\n\tadmin off\n\tgrace_period 1ms\n}\n${block}`,
  args: ["run", "--adapter", "caddyfile", "--config", "configuration"],
  env: (directory) => ({ XDG_CONFIG_HOME: directory, XDG_DATA_HOME: directory }),
  ready: /serving initial configuration/,
};

describe("Caddy", () => {
  const site = new Site(caddy);

  everyFeatureWorks(site);
  clientsKeepTheirServer(site);
});

describe("Caddy with a cookie", () => {
  const site = new Site(caddy, [["lb_policy ip_hash", "lb_policy cookie io_server"]]);

  for (const [way, options] of Object.entries(ways)) {
    it(`spreads clients of one address over ${way}, and keeps each on one server`, async () => {
      // It chooses at random.
      const clients = await Promise.all(Array.from({ length: 32 }, () => site.connect("/", { ...options, withCredentials: true })));
      assert.deepEqual(new Set(await site.serversOf(clients)), new Set([0, 1]));
      for (const client of clients) assert.equal(await client.emitWithAck("sum", 1, 2), 3);
    });
  }
});

describe("Caddy without stickiness", () => {
  onlyWebSocketWorks(new Site(caddy, [["lb_policy ip_hash", "lb_policy round_robin"]]));
});
