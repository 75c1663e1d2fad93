// SPDX-License-Identifier: MIT
// Volatile events to a client that has stopped reading.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Server, collect, next } from "./support.mjs";

describe("a client that does not read", () => {
  const server = new Server();

  it("gets all events but volatile ones, and volatile events again once it has caught up", async () => {
    const reader = await server.connect();
    const other = await server.connect();
    const volatiles = [];
    reader.on("volatile", (value) => volatiles.push(value));

    const wire = reader.io.engine.transport.ws._socket;
    wire.pause();
    const sent = await other.emitWithAck("flood", reader.id);
    const bulk = collect(reader, "bulk", sent);
    wire.resume();
    assert.ok((await bulk).every((bytes) => bytes.length === 1_000_000));

    const last = next(reader, "volatile");
    other.emit("send volatile", reader.id);
    assert.equal(await last, "at last");
    assert.deepEqual(volatiles, ["at last"]);
  });
});
