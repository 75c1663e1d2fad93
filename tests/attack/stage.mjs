// SPDX-License-Identifier: MIT
// A server in a process of its own, a bystander in another, and what an attack on the one costs the other.

import { spawn } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { Program } from "../support/program.mjs";
import { codecs, Wire } from "./wire.mjs";

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Clients that do no harm: see bystander.mjs. */
class Bystander {
  static async start(server, readers) {
    const bystander = new Bystander();
    const script = fileURLToPath(new URL("bystander.mjs", import.meta.url));
    const given = [script, server.port, server.secure ? 1 : 0, server.parser, readers];
    bystander.process = spawn(process.execPath, given.map(String), { stdio: ["pipe", "pipe", "inherit"] });
    bystander.lines = createInterface({ input: bystander.process.stdout })[Symbol.asyncIterator]();
    await bystander.lines.next();
    return bystander;
  }

  /** Begins a phase. @return what was measured in the one before */
  async phase(name) {
    this.process.stdin.write(`${name}\n`);
    return JSON.parse((await this.lines.next()).value);
  }

  async stop() {
    this.process.stdin.end();
    const { value } = await this.lines.next();
    return value && JSON.parse(value);
  }
}

export class Stage {
  /**
   * Starts the server and the bystander.
   *
   * @param options  { program, transport, secure, parser, threads, small, extra: options of the server program, readers }
   */
  static async open(options) {
    const stage = new Stage();
    stage.small = options.small ?? false;
    const words = { parser: options.parser, ...(stage.small ? { ping: 2000 } : {}), ...options.extra };
    process.env.SOCKETIO_TEST_TRANSPORT = options.transport + (options.secure ? "_tls" : "");
    process.env.SOCKETIO_TEST_THREADS = String(options.threads);
    stage.program = await Program.start(
      options.program,
      0,
      Object.entries(words).map(([name, value]) => `${name}=${value}`),
    );
    stage.server = {
      port: stage.program.port,
      secure: options.secure,
      parser: options.parser,
      codec: codecs[options.parser],
    };
    stage.bystander = await Bystander.start(stage.server, options.readers ?? 0);
    return stage;
  }

  // Of the server's process; Linux only.

  memory() {
    const text = readFileSync(`/proc/${this.program.process.pid}/status`, "utf8");
    const megabytes = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)[1]) / 1024;
    return { now: megabytes("VmRSS"), peak: megabytes("VmHWM") };
  }
  cpu() {
    const text = readFileSync(`/proc/${this.program.process.pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }
  descriptors() {
    return readdirSync(`/proc/${this.program.process.pid}/fd`).length;
  }
  async sessions() {
    const wire = await Wire.open(this.server);
    const { body } = await wire.request("GET", "/stats");
    await wire.end();
    return Number(body);
  }

  // For the attacks.

  /** Waits until the server has done everything that a client has sent it. */
  async echoed(wire, server) {
    const answered = wire.message(/^43|\x81|type/);
    await wire.send(server.codec.event(["echo", "done"], { id: 7 }));
    return answered;
  }
  /** Waits until the memory of the server does not grow any more. */
  async settled() {
    for (let last = 0, now; (now = this.memory().now) > last + 1; last = now) await sleep(300);
  }
  async until(condition, ms) {
    for (const end = Date.now() + ms; Date.now() < end; await sleep(100)) if (await condition()) return true;
    return false;
  }

  /**
   * Runs one attack.
   *
   * @return  the figures: megabytes, seconds of processor time, milliseconds of the bystander
   */
  async measure(attack, size) {
    await this.bystander.phase("quiet");
    await sleep(this.small ? 100 : 2000);
    const quiet = await this.bystander.phase("attack");
    const peakable = `/proc/${this.program.process.pid}/clear_refs`;
    try {
      writeFileSync(peakable, "5"); // the peak begins anew
    } catch {
      // Not allowed everywhere; the peak is then that since the start.
    }
    this.start = { sessions: await this.sessions() };
    await sleep(100);
    this.start.descriptors = this.descriptors();
    const before = this.memory().now;
    const cpu = this.cpu();
    const begin = Date.now();
    const end = await attack.run.call(this, this, size);
    const held = this.memory().now;
    const ending = Date.now();
    await end();
    const back = await this.until(
      async () => {
        const sessions = await this.sessions();
        await sleep(100);
        return sessions <= this.start.sessions && this.descriptors() <= this.start.descriptors;
      },
      60_000,
    );
    const attacked = await this.bystander.stop();
    const memory = this.memory();
    const descriptors = this.descriptors();
    return {
      attack: attack.name,
      size,
      before,
      held,
      peak: memory.peak,
      after: memory.now,
      cpu: this.cpu() - cpu,
      seconds: (ending - begin) / 1000,
      ending: (Date.now() - ending) / 1000,
      quiet,
      attacked,
      sessions: [this.start.sessions, await this.sessions()],
      descriptors: [this.start.descriptors, descriptors],
      back,
    };
  }

  async kill() {
    this.bystander.process.kill();
    await this.program.kill();
  }

  /** Ends both, and checks that the server ends cleanly. */
  async close() {
    this.bystander.process.kill();
    await this.program.stop();
  }
}
