// SPDX-License-Identifier: MIT
// Two C++ servers behind a proxy that runs with a configuration of docs/proxies.md, and clients of the real
// socket.io-client for it.
//
// INTEROP_SERVER   the program of the servers
// PROXY            the program of the proxy
// PROXY_DIR        where its configuration and its temporary files go

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after } from "node:test";

import { Server } from "../interop/support.mjs";
import { Program } from "../support/program.mjs";

const page = readFileSync(new URL("../../docs/proxies.md", import.meta.url), "utf8");

/** A block of docs/proxies.md: the first or a later one of this language. The first is a whole configuration. */
export function block(language, index = 0) {
  const blocks = [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))];
  assert.ok(blocks.length > index, `docs/proxies.md has ${index + 1} blocks of ${language}`);
  return blocks[index][1];
}

/** The text with all replacements; each must match something, so that a change of the page does not empty a test. */
function replaced(text, replacements) {
  for (const [from, to] of replacements) {
    const result = text.replaceAll(from, () => to);
    assert.notEqual(result, text, `docs/proxies.md has ${from}`);
    text = result;
  }
  return text;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** A proxy, running. */
class Proxy {
  static async start({ args, env, ready }, directory) {
    const proxy = new Proxy();
    proxy.process = spawn(process.env.PROXY, args, {
      cwd: directory,
      env: { ...process.env, ...env?.(directory) },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let log = "";
    await new Promise((resolve, reject) => {
      createInterface({ input: proxy.process.stderr }).on("line", (line) => {
        log += `${line}\n`;
        if (ready.test(line)) resolve();
      });
      proxy.process.once("error", reject);
      proxy.process.once("close", () => reject(new Error(`the proxy ended:\n${log}`)));
    });
    return proxy;
  }

  async stop() {
    const closed = once(this.process, "close");
    this.process.kill("SIGTERM");
    await closed;
  }
}

/** Two servers and a proxy for the tests of a `describe`; clients connect to the proxy. */
export class Site extends Server {
  /**
   * @param kind     of the proxy: the `language` of its blocks, and the `index` if it is not the first; `listen(port)`, the replacement for the line with its port;
   *                 `whole(block)`, a configuration that leaves the system's folders alone; the `args` and `env(directory)` of
   *                 its program; what it prints when it is `ready`
   * @param changes      to the configuration: pairs of what is replaced and its replacement
   * @param unixSockets  the paths in the configuration for which the servers listen, if they do not listen on ports
   */
  constructor(kind, changes = [], { unixSockets } = {}) {
    super();
    this.unixSockets = unixSockets;
    this.kind = kind;
    this.changes = changes;
    this.agents = [];
    after(() => this.agents.forEach((agent) => agent.destroy()));
  }

  async start() {
    mkdirSync(process.env.PROXY_DIR, { recursive: true });
    const directory = mkdtempSync(join(process.env.PROXY_DIR, "run-"));
    const sockets = mkdtempSync(join(tmpdir(), "sockets-")); // their paths may not be long
    if (process.getuid() === 0) chmodSync(sockets, 0o755);
    const places = [0, 1].map((i) => (this.unixSockets ? join(sockets, `${i}.sock`) : 0));
    this.backends = await Promise.all(places.map((place) => Program.start(process.env.INTEROP_SERVER, place)));
    const port = await freePort();
    const text = replaced(block(this.kind.language, this.kind.index), [
      ...this.changes,
      this.kind.listen(port),
      ...(this.unixSockets?.map((path, i) => [path, places[i]]) ?? [
        ["127.0.0.1:3000", `127.0.0.1:${this.backends[0].port}`],
        ["127.0.0.1:3001", `127.0.0.1:${this.backends[1].port}`],
      ]),
    ]);
    writeFileSync(join(directory, "configuration"), this.kind.whole(text));
    const stopBackends = () => Promise.all(this.backends.map((backend) => backend.stop()));
    const proxy = await Proxy.start(this.kind, directory).catch(async (error) => {
      await stopBackends();
      throw error;
    });
    this.program = {
      url: `http://127.0.0.1:${port}`,
      port,
      stop: async () => {
        await proxy.stop();
        await stopBackends();
        for (const place of places) assert.ok(!place || !existsSync(place), "the server removes its Unix socket");
        rmSync(directory, { recursive: true });
        rmSync(sockets, { recursive: true });
      },
    };
  }

  /** Ends one of the servers, which then ends no more at the end of the test. */
  async kill(index) {
    await this.backends.splice(index, 1)[0].kill();
  }

  /** Options of a client whose connections come from this address. */
  from(address) {
    const agent = new Agent({ keepAlive: true, localAddress: address });
    this.agents.push(agent);
    return { agent };
  }

  /** Which of the servers, 0 or 1, has each client in its main namespace. */
  async serversOf(clients) {
    const witnesses = await Promise.all(this.backends.map(({ url }) => this.connect("/", { url })));
    return Promise.all(
      clients.map(async ({ id }) => {
        const members = await Promise.all(witnesses.map((witness) => witness.emitWithAck("members", id)));
        assert.equal(members.flat().length, 1, "a client is on one server");
        return members.findIndex((found) => found.length);
      }),
    );
  }

  /** One request for a session over polling: {status, headers, body}. */
  async poll({ method = "GET", sid, body, headers, address = "127.0.0.1" } = {}) {
    const path = `/socket.io/?EIO=4&transport=polling${sid ? `&sid=${sid}` : ""}`;
    const sent = request(this.program.url + path, { method, headers, localAddress: address }).end(body);
    const [response] = await once(sent, "response");
    const parts = await response.toArray();
    return { status: response.statusCode, headers: response.headers, body: Buffer.concat(parts).toString() };
  }
}
