// SPDX-License-Identifier: MIT
// Starts an example program and opens its page in headless Chromium, once for each person of a test.
//
// EXAMPLES_DIR     holds the programs: $EXAMPLES_DIR/chat/chat or $EXAMPLES_DIR/chat
// CHROMIUM         the browser; /usr/bin/chromium if unset
// SCREENSHOT_DIR   where screenshots go; none are taken if unset
// NODE_PATH        where playwright-core is, if not in a node_modules folder above this file

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after } from "node:test";

const { chromium } = createRequire(import.meta.url)("playwright-core");

export const phone = { width: 360, height: 740 };

const running = new Set();

// A failed test may leave its program behind, which would keep this process from ending.
after(() => running.forEach((left) => left.kill("SIGKILL")));

/** The program of an example, running. */
export class Example {
  static async start(name, { port = 0, args = [] } = {}) {
    const example = new Example();
    example.process = spawn(programOf(name), ["--port", String(port), ...args], { stdio: ["ignore", "pipe", "inherit"] });
    running.add(example.process);
    example.process.once("exit", () => running.delete(example.process));
    example.exited = once(example.process, "exit");
    example.lines = [];
    example.waiting = [];
    createInterface({ input: example.process.stdout }).on("line", (line) => {
      example.lines.push(line);
      for (const look of [...example.waiting]) look();
    });
    const line = await example.printed(/^listening on http:\/\/localhost:\d+$/);
    example.url = line.slice("listening on ".length);
    example.port = Number(new URL(example.url).port);
    return example;
  }

  /** The first line that matches, at once or as soon as the program prints it. */
  printed(pattern) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const line = this.lines.find((candidate) => pattern.test(candidate));
        if (line === undefined) return;
        this.waiting.splice(this.waiting.indexOf(look), 1);
        resolve(line);
      };
      this.waiting.push(look);
      this.exited.then(() => reject(new Error(`the program ended without printing ${pattern}`)), reject);
      look();
    });
  }

  /** Ends the program as Ctrl+C does and checks that it ended cleanly. */
  async stop() {
    this.process.kill("SIGINT");
    const [code, signal] = await this.exited;
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, "Ctrl+C ends the program cleanly");
  }
}

function programOf(name) {
  const root = process.env.EXAMPLES_DIR;
  assert.ok(root, "EXAMPLES_DIR names the directory of the example programs");
  const candidates = [join(root, name, name), join(root, name), join(root, `example_${name}`)];
  const found = candidates.find((path) => existsSync(path) && statSync(path).isFile());
  assert.ok(found, `no program among ${candidates.join(", ")}`);
  return found;
}

/** A browser in which every person has a window, and storage, of their own. */
export class Browser {
  static async launch() {
    const browser = new Browser();
    browser.complaints = [];
    browser.chromium = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
    return browser;
  }

  /** Opens a page; what it logs as an error, throws, or loads from elsewhere is kept in `complaints`. */
  async open(url, { viewport = { width: 1000, height: 700 }, colorScheme = "light" } = {}) {
    const context = await this.chromium.newContext({ viewport, colorScheme, locale: "en-GB" });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("request", (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (protocol !== "data:" && hostname !== "localhost") this.complaints.push(`loads ${request.url()}`);
    });
    await page.goto(url);
    return page;
  }

  /** Closes every page; what they complained of since the last time is returned. */
  async closePages() {
    for (const context of this.chromium.contexts()) await context.close();
    return this.complaints.splice(0);
  }

  close() {
    return this.chromium.close();
  }
}

export async function screenshot(page, name) {
  const directory = process.env.SCREENSHOT_DIR;
  if (!directory) return;
  mkdirSync(directory, { recursive: true });
  await page.screenshot({ path: join(directory, `${name}.png`), animations: "disabled" });
}

/** A page must not be wider than its window: nothing is cut off, nothing scrolls sideways. */
export async function assertFitsWidth(page) {
  const { content, window } = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    window: document.documentElement.clientWidth,
  }));
  assert.ok(content <= window, `the page is ${content} px wide in a window of ${window} px`);
}
