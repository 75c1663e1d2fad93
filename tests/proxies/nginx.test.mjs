// SPDX-License-Identifier: MIT
// nginx with the configuration of docs/proxies.md, and with changes of which the page speaks.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import http2 from "node:http2";
import { join } from "node:path";
import { describe, it } from "node:test";

import { next, ways } from "../interop/support.mjs";
import { clientsKeepTheirServer, everyFeatureWorks, onlyWebSocketWorks } from "./features.mjs";
import { Site, block } from "./support.mjs";

const nginx = {
  language: "nginx",
  listen: (port) => ["listen 80;", `listen 127.0.0.1:${port};`],
  whole: (block) => `
${process.getuid() === 0 ? "user root;" : ""}
error_log stderr notice;
pid nginx.pid;
events {}
http {
access_log off;
client_body_temp_path client_body;
proxy_temp_path proxy;
fastcgi_temp_path fastcgi;
uwsgi_temp_path uwsgi;
scgi_temp_path scgi;
${block}
}`,
  args: ["-p", ".", "-c", "configuration", "-e", "stderr", "-g", "daemon off;"],
  ready: /start worker processes/,
};

describe("nginx", () => {
  const site = new Site(nginx);

  everyFeatureWorks(site);
  clientsKeepTheirServer(site);

  it("refuses a body above client_max_body_size, which disconnects a polling client", async () => {
    const client = await site.connect("/", ways.polling);
    const gone = once(client, "disconnect");
    client.emit("echo", "x".repeat(1 << 20));
    const [reason, { context }] = await gone;
    assert.equal(reason, "transport error");
    assert.equal(context.status, 413);
  });

  it("lets messages pass that a WebSocket carries, whatever client_max_body_size is", async () => {
    const client = await site.connect("/", ways.websocket);
    const text = "x".repeat(2 << 20);
    assert.equal(await client.emitWithAck("echo back", text), text);
  });
});

for (const [way, options] of Object.entries(ways)) {
  describe(`nginx with a server that ends, over ${way}`, () => {
    const site = new Site(nginx);

    it("sends its clients to the other server, and leaves those of the other alone", async () => {
      const addresses = Array.from({ length: 8 }, (_, i) => `127.0.${i + 1}.1`);
      const clients = await Promise.all(
        addresses.map((address) => site.connect("/", { ...options, ...site.from(address), reconnection: true, reconnectionDelay: 10 })),
      );
      const servers = await site.serversOf(clients);
      const [stay, move] = [0, 1].map((server) => clients.filter((_, i) => servers[i] === server));
      for (const client of stay) client.once("disconnect", () => assert.fail("a client of the other server is disconnected"));
      const back = move.map((client) => once(client, "connect"));
      await site.kill(1);
      await Promise.all(back);
      for (const client of clients) assert.equal(await client.emitWithAck("sum", 1, 2), 3);
      for (const client of stay) client.removeAllListeners("disconnect");
    });
  });
}

describe("nginx with a larger client_max_body_size", () => {
  const site = new Site(nginx, [["listen 80;", "listen 80;\n  client_max_body_size 4m;"]]);

  it("leaves the limit to the server", async () => {
    const client = await site.connect("/", ways.polling);
    const text = "x".repeat(2 << 20);
    assert.equal(await client.emitWithAck("echo back", text), text);
    // Without the client: of the 413 and the end of its session, it may see either first.
    const { sid } = JSON.parse((await site.poll()).body.slice(1));
    const answer = await site.poll({ method: "POST", sid, body: `4${"x".repeat(4_000_000)}` });
    assert.equal(answer.status, 413);
    assert.equal((await site.poll({ sid })).status, 400);
  });
});

describe("nginx without ip_hash", () => {
  const site = new Site(nginx, [["  ip_hash;\n", ""]]);

  onlyWebSocketWorks(site);

  it("disconnects a client before it upgrades", async () => {
    const client = site.open("/", ways.upgrade);
    const [reason, { context }] = await once(client, "disconnect");
    assert.equal(reason, "transport error");
    assert.equal(context.status, 400);
  });
});

describe("nginx with a hash of a cookie", () => {
  const site = new Site(nginx, [[/^upstream .*?^\}\n/gms, block("nginx", 1)]]);

  it("spreads clients of one address, and sends each cookie to one server, from any address", async () => {
    const connectAll = (way, address) =>
      Promise.all(
        Array.from({ length: 32 }, (_, i) =>
          site.connect("/", { ...ways[way], ...site.from(address), extraHeaders: { Cookie: `theme=dark; session=${i}` } }),
        ),
      );
    const servers = await site.serversOf(await connectAll("upgrade", "127.0.0.1"));
    assert.deepEqual(new Set(servers), new Set([0, 1]));
    assert.deepEqual(await site.serversOf(await connectAll("polling", "127.0.9.9")), servers);
  });

  it("keeps clients without the cookie on one server", async () => {
    const client = await site.connect("/", ways.polling);
    assert.equal(await client.emitWithAck("sum", 1, 2), 3);
  });
});

for (const [what, changes] of Object.entries({
  "the headers Upgrade and Connection": [[/^ *proxy_set_header (Upgrade|Connection) .*\n/gm, ""]],
  "HTTP/1.1 towards the servers": [[/^ *proxy_http_version .*\n/gm, ""]],
})) {
  describe(`nginx without ${what}`, () => {
    const site = new Site(nginx, changes);

    it("serves a client over polling", async () => {
      const client = await site.connect("/", ways.polling);
      assert.deepEqual(await client.emitWithAck("echo back", Buffer.from([1, 2])), Buffer.from([1, 2]));
    });

    it("does not let a client connect over websocket alone", async () => {
      const error = await next(site.open("/", ways.websocket), "connect_error");
      assert.match(error.description.message, /400/);
    });

    it("leaves a client that would upgrade on polling", async () => {
      const client = site.open("/", ways.upgrade);
      const failed = new Promise((resolve) => client.io.once("open", () => client.io.engine.once("upgradeError", resolve)));
      await next(client, "connect");
      await failed;
      assert.equal(await client.emitWithAck("transport"), "polling");
    });
  });
}

describe("nginx with a fixed Connection header instead of the map", () => {
  const site = new Site(nginx, [
    [/^map .*?^\}\n/gms, ""],
    ["$connection_upgrade", "upgrade"],
  ]);

  for (const [way, options] of Object.entries(ways)) {
    it(`serves a client over ${way}`, async () => {
      const client = await site.connect("/", options);
      assert.equal(await client.emitWithAck("transport"), way === "polling" ? "polling" : "websocket");
    });
  }
});

describe("nginx with TLS", { skip: !process.env.TEST_CERTIFICATES && "this is a build without TLS" }, () => {
  const file = (name) => join(process.env.TEST_CERTIFICATES, name);
  const site = new Site({ ...nginx, listen: (port) => ["listen 443", `listen 127.0.0.1:${port}`] }, [
    ["  listen 80;\n", block("nginx", 5)],
    [/\/etc\/ssl\/.*\/fullchain.pem/g, file("server.pem")],
    [/\/etc\/ssl\/.*\/privkey.pem/g, file("server.key")],
  ]);
  const url = () => `https://127.0.0.1:${site.program.port}`;

  for (const [way, options] of Object.entries(ways)) {
    it(`serves a client over ${way}, whose server learns of TLS from X-Forwarded-Proto`, async () => {
      const client = await site.connect("/", { ...options, url: url(), ca: readFileSync(file("authority.pem")) });
      const { secure, headers } = await client.emitWithAck("handshake");
      assert.equal(headers["x-forwarded-proto"], "https");
      assert.equal(secure, false);
    });
  }

  it("opens a session over HTTP/2", async () => {
    const connection = http2.connect(url(), { ca: readFileSync(file("authority.pem")) });
    const request = connection.request({ ":path": "/socket.io/?EIO=4&transport=polling" });
    const [headers] = await once(request, "response");
    assert.equal(headers[":status"], 200);
    assert.match(Buffer.concat(await request.toArray()).toString(), /^0\{"sid":/);
    connection.close();
  });
});

describe("nginx with another path in front", () => {
  const site = new Site(nginx, [[/^ *location .*proxy_pass http:\/\/socketio;\n/gms, block("nginx", 2)]]);

  for (const [way, options] of Object.entries(ways)) {
    it(`lets a client connect over ${way}`, async () => {
      const client = await site.connect("/chat", { ...options, path: "/realtime/socket.io/" });
      assert.equal(await client.emitWithAck("where"), "/chat");
    });
  }
});

describe("nginx in front of Unix sockets", () => {
  const site = new Site(nginx, [[/^ *server 127.*\n *server 127.*\n/gm, block("nginx", 3)]], {
    unixSockets: ["/run/app/io-0.sock", "/run/app/io-1.sock"],
  });

  for (const [way, options] of Object.entries(ways)) {
    it(`serves a client over ${way}, which has no address but that of the header`, async () => {
      const client = await site.connect("/", options);
      assert.deepEqual(await client.emitWithAck("echo back", Buffer.from([1, 2])), Buffer.from([1, 2]));
      const { address, headers } = await client.emitWithAck("handshake");
      assert.equal(address, "");
      assert.equal(headers["x-forwarded-for"], "127.0.0.1");
    });
  }
});

describe("nginx that asks the next server after a 503", () => {
  const site = new Site(nginx, [["proxy_http_version 1.1;", `proxy_http_version 1.1;\n${block("nginx", 4)}`]]);

  it("works with the line of the page", async () => {
    const client = await site.connect("/", ways.websocket);
    assert.equal(await client.emitWithAck("sum", 1, 2), 3);
  });
});

describe("nginx with a proxy_read_timeout below pingInterval", () => {
  const site = new Site(nginx, [["listen 80;", "listen 80;\n  proxy_read_timeout 2s;"]]);

  it("disconnects idle clients", () =>
    Promise.all(
      Object.values(ways).map(async (options) => {
        const client = await site.connect("/", options);
        const [reason] = await once(client, "disconnect");
        assert.match(reason, /^transport (close|error)$/);
      }),
    ));
});
