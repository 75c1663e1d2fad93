// SPDX-License-Identifier: MIT
// The bundle of the real client, served by the server itself.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import vm from "node:vm";

import { Server } from "./support.mjs";

const client = new URL("../node_modules/socket.io-client/", import.meta.url);
process.env.CLIENT_DIRECTORY = fileURLToPath(new URL("dist", client));

describe("the client's bundle", () => {
  const server = new Server();
  const get = (name, headers) => fetch(`${server.program.url}/socket.io/${name}`, { headers });

  for (const name of ["socket.io.js", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js"]) {
    it(`has ${name} and its map, as they were published`, async () => {
      for (const file of [name, `${name}.map`]) {
        const response = await get(file);
        assert.equal(response.status, 200);
        assert.equal(await response.text(), await readFile(new URL(`dist/${file}`, client), "utf8"));
      }
    });
  }

  it("has its version as the ETag", async () => {
    const { version } = JSON.parse(await readFile(new URL("package.json", client)));
    const response = await get("socket.io.js");
    assert.equal(response.headers.get("etag"), `"${version}"`);
    assert.equal((await get("socket.io.js", { "If-None-Match": `W/"${version}"` })).status, 304);
  });

  it("runs in a page", async () => {
    const window = { setTimeout, clearTimeout, URL };
    window.self = window.window = window;
    vm.runInNewContext(await (await get("socket.io.min.js")).text(), window);
    assert.equal(typeof window.io, "function");
    assert.equal(typeof window.io.Manager, "function");
  });

  it("has no other files", async () => {
    const response = await get("package.json");
    assert.equal(response.status, 400);
    assert.deepEqual(await response.json(), { code: 0, message: "Transport unknown" });
  });
});
