// SPDX-License-Identifier: MIT
// The compared servers, and how the runner starts and stops one.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import net from "node:net";
import path from "node:path";

import { start } from "./children.mjs";

const patience_ms = 15_000;

/// The servers that this checkout can build or install. Each has a `name` for --servers, a `label` for people, a
/// `command` with {port}, the `transports` that it supports, and `missing`: the reason why it cannot run, if it cannot.
export function own_servers(root, build) {
  const program = (name) => path.join(build, "benchmarks", name);
  const bench_server = program("bench_server");
  const script = (name) => path.join(root, "benchmarks/peers", name);
  const bun = path.join(root, "benchmarks/node_modules/.bin/bun");
  const both = ["websocket", "polling"];
  const not_built = (file) => (existsSync(file) ? undefined : `${path.basename(file)} was not built`);

  const servers = [
    {
      name: "ours",
      label: "socketio",
      command: [bench_server, "--port", "{port}"],
      transports: both,
      ours: true,
      missing: not_built(bench_server),
    },
    {
      name: "ours-websocketpp",
      label: "socketio over WebSocket++",
      command: [bench_server, "--port", "{port}", "--transport", "websocketpp"],
      transports: both,
      ours: true,
      missing: not_built(bench_server),
    },
    {
      name: "node",
      label: "Node.js socket.io",
      command: [process.execPath, script("node_server.mjs"), "--port", "{port}"],
      transports: both,
    },
    {
      name: "bun",
      label: "Bun socket.io engine",
      command: [bun, script("bun_server.mjs"), "--port", "{port}"],
      transports: both,
      missing: not_installed(bun),
    },
    {
      name: "websocketpp",
      label: "WebSocket++, bare",
      command: [program("bench_websocketpp"), "--port", "{port}"],
      transports: ["websocket"],
      missing: not_built(program("bench_websocketpp")),
    },
  ];
  const help = existsSync(bench_server) ? spawnSync(bench_server, ["--help"], { encoding: "utf8" }).stdout : "";
  if (help.includes("--threads"))
    servers.splice(1, 0, {
      name: "ours-threads",
      label: "socketio, 2 threads",
      command: [bench_server, "--port", "{port}", "--threads", "2"],
      transports: both,
      ours: true,
    });
  return servers.map((server) => ({ ...server, prints_port: true }));
}

function not_installed(bun) {
  const probe = spawnSync(bun, ["--version"], { encoding: "utf8" });
  return probe.status === 0 ? undefined : "the npm package bun brings no program for this machine";
}

/// A server from `--also "name=command with {port}"`.
export function also_server(text) {
  const equals = text.indexOf("=");
  const name = text.slice(0, equals).trim();
  const command = text.slice(equals + 1).trim();
  if (equals < 1 || !command.includes("{port}"))
    throw new Error(`--also takes "name=command with {port}", not "${text}"`);
  return { name, label: name, shell: command, transports: ["websocket"], also: true, probes_polling: true };
}

async function free_port() {
  const listener = net.createServer();
  await new Promise((resolve, reject) => listener.once("error", reject).listen(0, "127.0.0.1", resolve));
  const { port } = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/// A running server. `start` throws an Error if it does not start.
export class RunningServer {
  #child;
  #output = "";
  #errors = "";
  #end;

  static async start(server) {
    const running = new RunningServer();
    try {
      await running.#start(server);
      return running;
    } catch (error) {
      await running.stop();
      throw error;
    }
  }

  async #start(server) {
    if (server.missing) throw new Error(server.missing);
    const asked = server.prints_port ? 0 : await free_port();
    const fill = (text) => text.replaceAll("{port}", String(asked));
    // exec: the shell is replaced by the server, so that the server's costs are counted for the process.
    const [program, ...args] = server.shell ? ["sh", "-c", `exec ${fill(server.shell)}`] : server.command.map(fill);
    this.#child = start(program, args);
    this.#child.stdout.on("data", (data) => (this.#output = (this.#output + data).slice(0, 4096)));
    this.#child.stderr.on("data", (data) => (this.#errors = (this.#errors + data).slice(-4096)));
    this.#child.once("error", (error) => (this.#end ??= error.message));
    this.#child.once("exit", (code, signal) => (this.#end ??= signal ? `killed by ${signal}` : `exit status ${code}`));

    const deadline = Date.now() + patience_ms;
    while (Date.now() < deadline) {
      if (this.#end) throw new Error(this.why_it_ended());
      const printed = /listening on (?:\S*:)?(\d+)\s/.exec(this.#output);
      if (server.prints_port ? printed : await accepts(asked)) {
        this.port = server.prints_port ? Number(printed[1]) : asked;
        this.pid = this.#child.pid;
        return;
      }
      await pause(10);
    }
    throw new Error(`the server does not listen after ${patience_ms / 1000} seconds`);
  }

  /// undefined as long as the server runs.
  why_it_ended() {
    if (!this.#end) return undefined;
    const last = this.#errors.trim().split("\n").at(-1);
    return `the server ended: ${this.#end}${last ? `: ${last.slice(0, 200)}` : ""}`;
  }

  async stop() {
    if (!this.#child || this.#end || this.#child.pid === undefined) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGTERM");
    const too_late = setTimeout(() => this.#child.kill("SIGKILL"), 3000);
    await ended;
    clearTimeout(too_late);
  }
}
