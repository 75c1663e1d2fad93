// SPDX-License-Identifier: MIT
// The calculations and the output of the benchmark runner.

import assert from "node:assert/strict";
import { test } from "node:test";

import { also_server } from "../../benchmarks/runner/servers.mjs";
import { median, paired_ratio, spread } from "../../benchmarks/runner/statistics.mjs";
import { Table, cell, number, time } from "../../benchmarks/runner/tables.mjs";
import { best_runs, carried, climb } from "../../benchmarks/runner/typing.mjs";
import { workloads } from "../../benchmarks/runner/workloads.mjs";

test("the median is the middle value, or the mean of the two in the middle", () => {
  assert.equal(median([]), undefined);
  assert.equal(median([10, 9, 100]), 10);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

test("the spread ignores values that are not numbers", () => {
  assert.deepEqual(spread([3, null, 1, undefined, NaN]), { median: 2, least: 1, most: 3, count: 2 });
  assert.equal(spread([null]), undefined);
});

test("ratios are taken within a round", () => {
  const slow_round = new Map([
    [1, 20],
    [2, 200],
    [3, 20],
  ]);
  const base = new Map([
    [1, 10],
    [2, 100],
    [4, 1],
  ]);
  assert.equal(paired_ratio(slow_round, base), 2);
  assert.equal(paired_ratio(slow_round, new Map()), undefined);
});

test("numbers have three significant digits", () => {
  assert.equal(number(1234567), "1,230,000");
  assert.equal(number(0.012345), "0.0123");
  assert.equal(number(null), "–");
  assert.equal(time(999.4), "999 µs");
  assert.equal(time(12345), "12.3 ms");
});

const results = {
  servers: [
    { name: "a", label: "A", ours: true },
    { name: "b", label: "B" },
  ],
  workloads: [
    { id: "w/x", group: "w" },
    { id: "w/y", group: "w" },
  ],
  cells: [
    { workload: "w/x", server: "a", round: 1, result: { us: 2 } },
    { workload: "w/x", server: "b", round: 1, result: { us: 6, load_bound: true } },
    { workload: "w/x", server: "a", round: 2, result: { us: 4 } },
    { workload: "w/x", server: "b", round: 2, result: { us: 8 } },
    { workload: "w/y", server: "b", round: 1, result: { us: 1 } },
    { workload: "w/y", server: "b", round: 2, failed: "it | broke" },
  ],
};

test("a cell has the median, the spread, the ratio and the mark", () => {
  const table = new Table(results);
  const [x] = results.workloads;
  const value = (server) => cell(table.value(x, results.servers[server], ({ us }) => us));
  assert.equal(value(0), "**3** (2 to 4)");
  assert.equal(value(1), "**7** (6 to 8), ×2.5 †");
});

test("a cell with a failed round has no number", () => {
  const table = new Table(results);
  const y = results.workloads[1];
  assert.equal(cell(table.value(y, results.servers[1], ({ us }) => us)), "failed: it \\| broke");
  assert.equal(cell(table.value(y, results.servers[0], ({ us }) => us)), "");
});

/// Climbs on a server whose latency exceeds the limit above this number of clients.
async function climb_to(carries, most, flukes = new Set()) {
  const cells = [];
  const typing = { first: 600, most, limit_ms: 50, args_for: (clients) => clients };
  const run = async (clients) => {
    const slow = clients > carries || flukes.delete(clients);
    return { result: { p95_us: slow ? 90_000 : 1_000 } };
  };
  await climb(typing, run, (clients, measured) => cells.push({ clients, ...measured }));
  return cells;
}

test("the typing game is narrowed down to the number of clients that a server carries", async () => {
  const cells = await climb_to(3000, 20_000);
  const { clients, at_least } = carried(cells, 50);
  assert.equal(at_least, false);
  assert.ok(clients <= 3000 && clients > 2400 && clients % 6 === 0, `${clients}`);
});

test("the typing game ends at the limit of clients", async () => {
  const cells = await climb_to(1e9, 5000);
  assert.deepEqual(
    cells.map(({ clients }) => clients),
    [600, 1200, 2400, 4800, 4998],
  );
  assert.deepEqual(carried(cells, 50), { clients: 4998, at_least: true });
});

test("one pause of the machine does not end the typing game", async () => {
  const cells = await climb_to(1e9, 2400, new Set([1200]));
  assert.deepEqual(carried(cells, 50), { clients: 2400, at_least: true });
  assert.deepEqual(
    best_runs(cells).map(({ result }) => result.p95_us),
    [1000, 1000, 1000],
  );
});

test("a server that fails from the beginning carries no clients", () => {
  assert.deepEqual(carried([{ clients: 600, failed: "broke" }], 50), { clients: 0, at_least: false });
});

test("a server from elsewhere needs a name and a place for the port", () => {
  assert.equal(also_server("x=./server --port {port} --a=b").shell, "./server --port {port} --a=b");
  assert.throws(() => also_server("./server --port 3"), /--also takes/);
  assert.throws(() => also_server("x=./server"), /--also takes/);
});

test("workloads have unique names and stay below the limit of descriptors", () => {
  for (const limit of [1024, 20_000, 1_000_000]) {
    const all = workloads(limit);
    assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
    for (const { args, transport, most } of all) {
      const clients = most ?? (args.includes("--clients") ? Number(args[args.indexOf("--clients") + 1]) : 50);
      if (limit > 2000) assert.ok(clients * (transport === "polling" ? 2 : 1) < limit);
    }
  }
});
