// SPDX-License-Identifier: MIT
// What every story program does, and how it is run.
//
// A story program is a client in some language. Its arguments are tasks, "<way>/<feature>". It does one after the other,
// each with connections of its own, and prints one line of JSON for each:
//
//   {"way":"polling","feature":"rooms","ok":true,"detail":""}
//
// `ok` is null if the client does not have the feature; `detail` says what went wrong. A line {"control":"cut"} asks the
// runner to break all connections to the port to which a client has connected last, and the next attempt to connect to it;
// {"control":"restart"} to kill the server and to start it again. A task in which nothing more happens fails after ten
// seconds. The environment has STORY_URL, STORY_TLS_URL and STORY_RECOVERY_URL, the server's three ports, and
// STORY_CERTIFICATE, the file of the certificate that it has signed itself.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";

export const ways = ["polling", "websocket", "upgrade"];

/** The features, in the order in which they are told. server.cpp says what the server does in each event. */
export const features = [
  "connect", // an event is answered over the transport of this way
  "auth", // the server reads what the client has sent with CONNECT
  "query", // the server reads a parameter of the address
  "events", // numbers, text, null, arrays, objects: there and back
  "order", // a hundred events, in order
  "large events", // half a megabyte of text, there and back
  "acks of the server", // without and with several values
  "acks of the client",
  "ack timeouts", // the client stops waiting; an answer in time is no error
  "binary events", // three pieces of binary data in one event: there and back
  "binary acks of the server",
  "binary acks of the client",
  "rooms", // two clients join; one sends to all, and to all others
  "namespaces", // two on one connection; leaving one does not end the other
  "dynamic namespaces", // one that the server makes when the client asks
  "unknown namespaces", // refused with "Invalid namespace"
  "refusals", // by a middleware, with a message and data; accepted with the right token
  "disconnecting by the server",
  "disconnecting by the client", // another client hears the reason from the server
  "reconnecting after a cut", // of the network
  "reconnecting to a restarted server",
  "recovery", // after a cut: the same id, and the event that was missed
  "strict handlers with recovery", // a handler of one parameter on a server that appends one more to each event
  "tls", // with a certificate that signs itself
];

let connections = 0;

/** Forwards connections to a server that may be replaced, and breaks them on request. */
class Wire {
  constructor() {
    this.ends = new Set();
    this.look = () => {};
    this.used = 0; // which number its last connection had
    this.target = 0;
    this.broken = false; // until the next attempt to connect has failed, so that a client between two polls notices it, too
  }

  async listen() {
    this.server = createServer((client) => {
      this.used = ++connections;
      if (this.broken) {
        this.broken = false;
        return client.destroy();
      }
      const server = connect(this.target, "127.0.0.1");
      for (const [end, other] of [[client, server], [server, client]]) {
        end.setNoDelay(true);
        this.ends.add(end);
        end.on("error", () => {});
        end.on("close", () => {
          this.ends.delete(end);
          other.destroy();
        });
        end.pipe(other);
      }
      const wait = () => {
        client.waits = true;
        this.look();
      };
      client.on("data", () => (server.connecting ? server.once("connect", wait) : wait()));
      server.on("data", (data) => {
        client.waits = false;
        client.upgraded ||= data.includes("101 Switching Protocols");
        this.look();
      });
    });
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    return this.server.address().port;
  }

  /** Breaks the connections as soon as there is a WebSocket or a request that the server has got, so that both sides notice at once. */
  async cut() {
    await new Promise((resolve) => {
      this.look = () => {
        if ([...this.ends].some((end) => end.upgraded || end.waits)) resolve();
      };
      this.look();
    });
    this.broken = true;
    this.destroyAll();
  }

  destroyAll() {
    for (const end of this.ends) end.destroy();
  }

  close() {
    this.server.close();
    this.destroyAll();
  }
}

/** A server program, and the wires between it and the clients. */
class Stage {
  /** @param command  of the server: a program with its arguments */
  constructor(command, environment) {
    this.command = command;
    this.environment = environment;
    this.wires = [new Wire(), new Wire(), new Wire()];
    this.controlled = Promise.resolve();
  }

  async start() {
    const [plain, tls, recovery] = await Promise.all(this.wires.map((wire) => wire.listen()));
    await this.startServer();
    return {
      STORY_URL: `http://127.0.0.1:${plain}`,
      STORY_TLS_URL: `https://localhost:${tls}`,
      STORY_RECOVERY_URL: `http://127.0.0.1:${recovery}`,
    };
  }

  async startServer() {
    const [program, ...args] = this.command;
    this.server = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"], env: this.environment });
    this.exited = once(this.server, "exit");
    const lines = createInterface({ input: this.server.stdout });
    const ports = await Promise.race([once(lines, "line"), this.exited.then(() => [""])]);
    const match = /^listening on (\d+) (\d+) (\d+)$/.exec(ports[0]);
    if (!match) throw new Error(`${program} has not started`);
    this.wires.forEach((wire, index) => (wire.target = Number(match[index + 1])));
  }

  /** Does what a line of a story program asks for, after what earlier lines have asked for. */
  control(what) {
    this.controlled = this.controlled.then(async () => {
      if (what === "cut") return this.wires.reduce((last, wire) => (wire.used > last.used ? wire : last)).cut();
      this.checkServer();
      this.server.kill("SIGKILL");
      await this.exited;
      await this.startServer();
    });
    return this.controlled;
  }

  checkServer() {
    if (this.server.exitCode !== null || this.server.signalCode !== null)
      throw new Error(`${this.command[0]} has ended by itself (${this.server.exitCode ?? this.server.signalCode})`);
  }

  async stop() {
    await this.controlled;
    for (const wire of this.wires) wire.close();
    this.checkServer();
    this.server.kill("SIGTERM");
    const [code, signal] = await this.exited;
    if (code !== 0) throw new Error(`${this.command[0]} has not ended cleanly (${code ?? signal})`);
  }
}

const silence = 60_000; // milliseconds without a line, after which a story program is killed

/** Runs a story program once. Calls `tell` with each line of results. @returns why it ended before its last task, if it did */
function runProgram(command, environment, stage, tell) {
  return new Promise((resolve, reject) => {
    const [program, ...args] = command;
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: environment });
    let complaint = "";
    let silent = false;
    const kill = () => {
      silent = true;
      child.kill("SIGKILL");
    };
    let impatience = setTimeout(kill, silence);
    child.on("error", reject);
    child.stderr.on("data", (data) => (complaint = (complaint + data).slice(-4000)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      clearTimeout(impatience);
      impatience = setTimeout(kill, silence);
      if (!line.startsWith("{")) return;
      const message = JSON.parse(line);
      if (message.control) stage.control(message.control).catch(reject);
      else tell(message);
    });
    child.on("close", (code, signal) => {
      clearTimeout(impatience);
      const lines = complaint.trim().split("\n");
      const cause = lines.find((text) => /panic|exception|error/i.test(text)) ?? lines.at(-1);
      resolve(silent ? "the client hangs" : `the client's program has ended (${code ?? signal}): ${cause}`.slice(0, 200));
    });
  });
}

/**
 * Runs all tasks of a client against a server. If the program ends early, the task that it was at has failed, and it is started
 * again for the rest.
 *
 * @returns  a result for each task, by "<way>/<feature>"
 */
export async function play(client, serverCommand, environment) {
  const stage = new Stage(serverCommand, environment);
  const urls = await stage.start();
  const results = new Map();
  const tasks = client.ways.flatMap((way) => features.map((feature) => `${way}/${feature}`));
  try {
    for (;;) {
      const rest = tasks.filter((task) => !results.has(task));
      if (rest.length === 0) break;
      const why = await runProgram([...client.command, ...rest], { ...environment, ...client.environment, ...urls }, stage,
        (result) => results.set(`${result.way}/${result.feature}`, result));
      const [missing] = tasks.filter((task) => !results.has(task));
      if (missing) results.set(missing, { ok: false, detail: why });
    }
  } finally {
    await stage.stop();
  }
  return results;
}
