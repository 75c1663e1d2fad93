// SPDX-License-Identifier: MIT
// About 5,000 events a second, with acknowledgements, go on while a server shuts down and while it hands over to another
// process. Each process prints what it has handled. Nothing that was acknowledged may be missing there, and nothing that
// was handled may be without its acknowledgement.
//
// SHUTDOWN_SERVER  the program of the servers

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";

import { io } from "socket.io-client";

import { Program } from "../support/program.mjs";

const eventsBefore = 5_000; // acknowledged, before the first server is told to end
const eventsAfter = 5_000; // acknowledged by the second one

const folder = mkdtempSync(join(tmpdir(), "shutdown-"));
after(() => rmSync(folder, { recursive: true }));

/** Clients that send events in the three ways in which the server's handlers answer. */
class Load {
  constructor(url, { keepAlive }) {
    this.url = url;
    this.acked = new Set();
    this.sent = 0;
    this.refused = [];
    this.toldToComeBack = 0;
    this.reasons = new Map();
    this.agents = [];
    this.clients = Array.from({ length: 20 }, (_, i) => this.open(i % 4 === 3 ? ["polling"] : ["websocket"], keepAlive));
  }

  open(transports, keepAlive) {
    const agent = keepAlive && new Agent({ keepAlive: true });
    if (agent) this.agents.push(agent);
    const client = io(this.url, {
      forceNew: true,
      transports,
      reconnectionDelay: 20,
      reconnectionDelayMax: 50,
      ...(agent && transports[0] === "polling" && { agent }),
    });
    client.on("disconnect", (reason) => this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1));
    client.on("connect_error", (error) => {
      const why = `${error.description?.message ?? error.description ?? error.message}`;
      if (why.includes("503")) this.toldToComeBack += 1;
      else this.refused.push(why);
    });
    return client;
  }

  connected() {
    return Promise.all(this.clients.map((client) => client.connected || once(client, "connect")));
  }

  start() {
    const ways = ["now", "coroutine", "later"];
    this.timer = setInterval(() => {
      for (let i = 0; i < 50; ++i) {
        const number = this.sent++;
        const client = this.clients[number % this.clients.length];
        if (!client.connected) continue;
        client.emit(ways[number % 3], `${number}`, (answer) => {
          if (answer instanceof Error) return;
          assert.equal(answer, `${number}`);
          this.acked.add(answer);
          if (this.acked.size >= this.target) this.reached();
        });
      }
    }, 10);
  }

  /** Resolves when so many more events are acknowledged. */
  acknowledged(count) {
    this.target = this.acked.size + count;
    return new Promise((resolve) => (this.reached = resolve));
  }

  stop() {
    clearInterval(this.timer);
    for (const client of this.clients) client.io.reconnection(false);
  }

  async ended() {
    await Promise.all(this.clients.map((client) => !client.connected || once(client, "disconnect")));
    for (const client of this.clients) client.close();
    for (const agent of this.agents) agent.destroy();
  }
}

/** Clients that connect one after the other: {answers, refused}. */
class Newcomers {
  constructor(port) {
    this.port = port;
    this.answers = new Map();
    this.refused = [];
    this.going = true;
    this.over = this.run();
  }

  async run() {
    while (this.going) {
      try {
        const status = await new Promise((resolve, reject) => {
          get({ port: this.port, host: "127.0.0.1", path: "/healthz", agent: false }, (response) => {
            response.resume().once("end", () => resolve(response.statusCode));
          }).once("error", reject);
        });
        this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
      } catch (error) {
        this.refused.push(error.message);
      }
    }
  }

  async stop() {
    this.going = false;
    await this.over;
  }
}

/** What each server of a program has handled; it has ended. */
async function handledBy(program) {
  const [code, signal] = await program.exited;
  assert.deepEqual({ code, signal }, { code: 0, signal: null }, "the server ends cleanly");
  const handled = program.lines.filter((line) => line.startsWith("handled "));
  return handled.map((line) => line.slice(8).split(" ").filter(Boolean));
}

/** Compares, prints and checks the counts. */
function check(name, load, handled, refused) {
  const all = new Set(handled.flat());
  assert.equal(all.size, handled.flat().length, "no event is handled twice");
  const counts = {
    sent: load.sent,
    handled: handled.map((events) => events.length).join(" + "),
    acked: load.acked.size,
    "acked and not handled": [...load.acked].filter((event) => !all.has(event)).length,
    "handled and not acked": [...all].filter((event) => !load.acked.has(event)).length,
    "refused connections": refused.length,
    "clients told to come back": load.toldToComeBack,
  };
  console.log(`${name}: ${Object.entries(counts).map(([what, count]) => `${what}: ${count}`).join(", ")}`);
  assert.equal(counts["acked and not handled"], 0);
  assert.equal(counts["handled and not acked"], 0);
  assert.deepEqual(refused, []);
  assert.deepEqual([...load.reasons.keys()], ["transport close"], "which lets clients come back");
  assert.ok(handled.every((events) => events.length > 0));
}

const start = (port, ...args) => Program.start(process.env.SHUTDOWN_SERVER, port, [], args);

describe("a server that shuts down under load", () => {
  it("loses no event, and its clients come back to the next one", async () => {
    const first = await start(0);
    const load = new Load(first.url, { keepAlive: false });
    await load.connected();
    load.start();
    await load.acknowledged(eventsBefore);
    first.process.kill("SIGTERM");
    const handledFirst = await handledBy(first);
    const second = await start(first.port);
    await load.acknowledged(eventsAfter);
    load.stop();
    second.process.kill("SIGTERM");
    const [handledSecond] = await Promise.all([handledBy(second), load.ended()]);
    check("shutdown", load, [...handledFirst, ...handledSecond], []); // between the two, clients are refused
  });
});

describe("a server for which another program has opened a socket, as systemd does", () => {
  it("loses no event, and refuses no connection while it is restarted", async () => {
    const both = await start(0, "--activate"); // one after the other
    const load = new Load(both.url, { keepAlive: true });
    await load.connected();
    const newcomers = new Newcomers(both.port);
    load.start();
    await load.acknowledged(eventsBefore);
    both.process.kill("SIGTERM");
    await both.printed(/^handled /);
    await load.acknowledged(eventsAfter);
    await newcomers.stop();
    load.stop();
    both.process.kill("SIGTERM");
    const [handled] = await Promise.all([handledBy(both), load.ended()]);
    check("restart", load, handled, [...load.refused, ...newcomers.refused]);
  });
});

for (const [name, how] of Object.entries({
  "that passes its sockets on": { first: [], second: (path) => ["--take-over", path] },
  "whose port another one shares": { first: ["--reuse-port"], second: () => ["--reuse-port"] },
})) {
  describe(`a server ${name}`, () => {
    const path = join(folder, "hand-over");
    const takesOver = how.second(path)[0] === "--take-over";
    it(takesOver ? "loses no event, and refuses no connection" : "loses no event", { skip: name.includes("shares") && process.platform !== "linux" }, async () => {
      if (takesOver) process.env.SHUTDOWN_HAND_OVER = path;
      const first = await start(0, ...how.first);
      delete process.env.SHUTDOWN_HAND_OVER;
      const load = new Load(first.url, { keepAlive: true });
      await load.connected();
      const newcomers = new Newcomers(first.port);
      load.start();
      await load.acknowledged(eventsBefore);
      const second = await start(first.port, ...how.second(path));
      if (!takesOver) first.process.kill("SIGTERM");
      const handledFirst = await handledBy(first);
      await load.acknowledged(eventsAfter);
      await newcomers.stop();
      load.stop();
      second.process.kill("SIGTERM");
      const [handledSecond] = await Promise.all([handledBy(second), load.ended()]);
      // A port that is shared has a queue for each process: between the last look into it and its end a client may come.
      check(name, load, [...handledFirst, ...handledSecond], takesOver ? [...load.refused, ...newcomers.refused] : []);
      const answers = [...newcomers.answers].map(([status, count]) => `${status}: ${count}`);
      console.log(`newcomers: ${[...answers, `refused: ${newcomers.refused.length}`].join(", ")}`);
    });
  });
}
