// SPDX-License-Identifier: MIT
// Every workload of bench_load over each transport, for a moment: it ends well and has counted something.

import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";

import { measure } from "../../benchmarks/runner/measure.mjs";

const build = process.env.BENCH_BUILD;
const server = {
  command: [
    path.join(build, "benchmarks/bench_server"),
    "--port",
    "{port}",
    "--transport",
    process.env.SOCKETIO_TEST_TRANSPORT,
  ],
  prints_port: true,
};

const workloads = {
  echo: ["--clients", "20", "--in-flight", "4"],
  ack: ["--clients", "20"],
  bcast: ["--clients", "20", "--senders", "2"],
  room: ["--clients", "20", "--rate", "50"],
  binary: ["--clients", "3", "--in-flight", "4", "--payload", "65536"],
  connect: ["--clients", "10"],
};

const run = (...args) => measure(build, server, args, 0.2, 0.05);

for (const transport of ["websocket", "polling"]) {
  for (const [workload, args] of Object.entries(workloads)) {
    test(`${workload} over ${transport}`, async () => {
      const { result, failed } = await run("--workload", workload, "--transport", transport, ...args);
      assert.equal(failed, undefined);
      assert.equal(result.workload, workload);
      assert.equal(result.transport, transport);
      assert.ok(result.messages > 0, "messages came back");
      assert.ok(result.server_us_per_message > 0, "the server's work was accounted");
      assert.ok(result.p50_us > 0 && result.p50_us <= result.p99_us && result.p99_us <= result.p999_us);
    });
  }

  test(`clients that do nothing over ${transport}`, async () => {
    const { result, failed } = await run("--workload", "idle", "--transport", transport, "--clients", "100");
    assert.equal(failed, undefined);
    assert.equal(result.messages, 0);
    assert.equal(result.server_us_per_message, null);
    assert.ok(result.memory_bytes_per_connection > 0, "connections take memory");
    assert.ok(result.connections_per_cpu_second > 0);
  });

  test(`clients in several rooms over ${transport}`, async () => {
    const args = ["--workload", "room", "--transport", transport, "--clients", "12", "--rooms", "20"];
    const { result, failed } = await run(...args);
    assert.equal(failed, undefined);
    assert.equal(result.rooms, 20);
    assert.ok(result.messages > 0, "messages came back");
  });
}

test("every client in a room gets the events for the room", async () => {
  const { result, failed } = await run("--workload", "room", "--clients", "12", "--room-size", "4", "--rate", "100");
  assert.equal(failed, undefined);
  // Messages under way at the beginning or at the end are counted on one side only.
  const share = result.messages / result.sent;
  assert.ok(share > 3 && share < 5, `${result.messages} messages of ${result.sent} events to rooms of 4`);
});

test("an invalid command line gets a message", async () => {
  const failure = async (...args) => (await run(...args)).failed;
  assert.equal(await failure("--clients", "ten"), "--clients takes a number, not ten");
  assert.match(await failure("--workload", "nothing"), /^--workload takes echo, .* not nothing$/);
  assert.match(
    await failure("--clients", "10000000"),
    /^10000000 clients need 10000032 descriptors, but this process may have \d+/,
  );
});

test("a server that ends at once is a failure with a reason", async () => {
  const ending = { command: ["sh", "-c", "echo no room for {port} >&2; exit 3"], prints_port: true };
  const { result, failed } = await measure(build, ending, [], 0.1, 0);
  assert.equal(result, undefined);
  assert.equal(failed, "the server ended: exit status 3: no room for 0");
});
