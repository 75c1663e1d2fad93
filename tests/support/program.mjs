// SPDX-License-Identifier: MIT
// Runs a server program for a test, and reads what it prints.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";

export class Program {
  /**
   * Starts the program and waits until it listens; port 0 takes a free one. The path of a Unix socket may stand for the port.
   *
   * @param script  what stands before the port, if the program is an interpreter
   * @param args    what stands behind it
   */
  static async start(path, port = 0, script = [], args = []) {
    assert.ok(path, "the environment names no program to test");
    const program = new Program();
    program.process = spawn(path, [...script, String(port), ...args], { stdio: ["pipe", "pipe", "inherit"] });
    program.exited = once(program.process, "exit");
    program.lines = [];
    program.looks = new Set();
    let unfinished = "";
    program.process.stdout.setEncoding("utf8").on("data", (text) => {
      const lines = (unfinished + text).split("\n");
      unfinished = lines.pop();
      for (const line of lines) {
        program.lines.push(line);
        for (const look of program.looks) look();
      }
    });
    const line = await program.printed(/^listening on /);
    program.port = Number(/(\d*)$/.exec(line)[1]);
    program.url = `http://127.0.0.1:${program.port}`;
    return program;
  }

  /** The first line that matches: one that is there, or the next that comes. */
  printed(pattern) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const line = this.lines.find((candidate) => pattern.test(candidate));
        if (line === undefined) return;
        this.looks.delete(look);
        resolve(line);
      };
      this.looks.add(look);
      this.exited.then(() => reject(new Error(`the program ended without printing ${pattern}`)), reject);
      look();
    });
  }

  /** Ends the program at once; its connections break. */
  async kill() {
    this.process.kill("SIGKILL");
    await this.exited;
  }

  /** Asks the program to end and checks that it ends cleanly: no crash, nothing a sanitizer complains about. */
  async stop() {
    this.process.kill("SIGTERM");
    const [code, signal] = await this.exited;
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, "the program ends cleanly");
  }
}
