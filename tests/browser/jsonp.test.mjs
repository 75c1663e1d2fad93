// SPDX-License-Identifier: MIT
// The client of Socket.IO v2 in a page that has only scripts and forms (JSONP), like old browsers.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import { Program } from "../support/program.mjs";
import { Browser } from "./support.mjs";

const bundle = readFileSync(createRequire(import.meta.url).resolve("socket.io-client-v2/dist/socket.io.js"));

/** From another port than the Socket.IO server: to ask strangers is what JSONP is for. */
const pages = createServer((request, response) => {
  const isScript = request.url === "/socket.io.js";
  response.setHeader("Content-Type", isScript ? "text/javascript; charset=utf-8" : "text/html; charset=utf-8");
  response.end(isScript ? bundle : '<!doctype html><title>JSONP</title><link rel="icon" href="data:,"><script src="/socket.io.js"></script>');
});

let browser;
let server;
let page;
let requests;

/** Opens the page, and in it a client as `client`. */
async function open() {
  const opened = await browser.open(`http://localhost:${pages.address().port}/`);
  opened.on("request", (request) => requests.push(request));
  await opened.evaluate((url) => {
    window.client = io(url, { forceNew: true, reconnection: false, forceJSONP: true, transports: ["polling"] });
    window.next = (event) => new Promise((resolve) => client.once(event, (...args) => resolve(args.length === 1 ? args[0] : args)));
    window.ask = (...args) => new Promise((resolve) => client.emit(...args, resolve));
    return next("connect");
  }, `http://localhost:${server.port}`);
  return opened;
}

describe("a page of Socket.IO v2 over JSONP", () => {
  before(async () => {
    browser = await Browser.launch();
    server = await Program.start(process.env.OPTIONS_SERVER);
    pages.listen(0, "localhost");
    await once(pages, "listening");
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
    pages.close();
  });

  beforeEach(async () => {
    requests = [];
    page = await open();
  });

  afterEach(async () => {
    assert.deepEqual(await browser.closePages(), [], "no page logged an error");
  });

  it("connects by scripts and forms alone", async () => {
    const about = await page.evaluate(() => ask("about"));
    assert.equal(about.id, await page.evaluate(() => client.id));
    assert.equal(about.protocol, 3);
    assert.equal(about.transport, "polling");
    assert.ok(requests.length > 2);
    for (const request of requests) {
      const isPoll = request.method() === "GET";
      assert.equal(request.resourceType(), isPoll ? "script" : "document");
      assert.match(new URL(request.url()).search, /[?&]j=\d+/);
    }
  });

  for (const [kind, text] of Object.entries({
    "plain text": "hello",
    "quotes and backslashes": `"double" 'single' \`back\` \\ \\\\ \\n \\u0041 \\"`,
    "new lines": "one\ntwo\r\nthree\rfour\\\nfive\n",
    "separators of lines": "\u2028 and \u2029",
    "other alphabets": "Ελληνικά, русский, 日本語, עברית, ž €",
    "what is beyond the basic plane": "🦄 𝒳 👩‍👩‍👧",
    "the end of a script": "</script><script>document.title = 'broken'</script><!-- ]]>",
    "what means something in a form": "a=1&b=2+3%20%26 ;#?",
    "control characters": "\0 \x01 \t \x7f \ufeff",
    "much of it": "ž</script>\u2028\"\n".repeat(5_000),
  })) {
    it(`gets ${kind} back`, async () => {
      const { echo, answer } = await page.evaluate(async (value) => {
        const echoed = next("echo");
        client.emit("echo", value);
        return { echo: await echoed, answer: await ask("echo back", { [value.slice(0, 20)]: [value] }) };
      }, text);
      assert.equal(echo, text);
      assert.deepEqual(answer, { [text.slice(0, 20)]: [text] });
      assert.equal(await page.title(), "JSONP");
    });
  }

  it("gets bytes back", async () => {
    const bytes = await page.evaluate(async () => [...new Uint8Array(await ask("echo back", new Uint8Array([0, 1, 127, 128, 255]).buffer))]);
    assert.deepEqual(bytes, [0, 1, 127, 128, 255]);
  });

  it("keeps the order of many messages", async () => {
    const count = 100;
    const echoes = await page.evaluate(
      (most) =>
        new Promise((resolve) => {
          const seen = [];
          client.on("echo", (value) => seen.push(value) === most && resolve(seen));
          for (let i = 0; i < most; ++i) client.emit("echo", i);
        }),
      count,
    );
    assert.deepEqual(echoes, Array.from({ length: count }, (_, i) => i));
  });

  it("acknowledges the server's events", async () => {
    const answered = await page.evaluate(() => {
      client.on("question", (value, answer) => answer(`you said ${value}`));
      client.emit("ask", "</script>\u2028");
      return next("answered");
    });
    assert.equal(answered, "you said </script>\u2028");
  });

  it("gets the broadcasts of others", async () => {
    const other = await open();
    const told = page.evaluate(() => next("told"));
    await other.evaluate(() => client.emit("tell all", "\"news\"\u2028"));
    assert.equal(await told, "\"news\"\u2028");
  });

  it("is disconnected by the server", async () => {
    const reason = await page.evaluate(() => {
      client.emit("throw me out");
      return next("disconnect");
    });
    assert.equal(reason, "io server disconnect");
  });

  it("disconnects, and the server notices", async () => {
    const other = await open();
    const id = await page.evaluate(() => client.id);
    const left = other.evaluate(() => next("left"));
    const reason = await page.evaluate(() => {
      const disconnected = next("disconnect");
      client.close();
      return disconnected;
    });
    assert.equal(reason, "io client disconnect");
    assert.deepEqual(await left, [id, "client namespace disconnect"]);
  });
});
