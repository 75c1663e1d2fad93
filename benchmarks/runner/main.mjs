// SPDX-License-Identifier: MIT
// Measures all servers in turn and writes results.json, README.md and the plots. scripts/bench builds what it needs.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { descriptor_limit, machine, versions } from "./machine.mjs";
import { measure } from "./measure.mjs";
import { write_plots } from "./plots.mjs";
import { report } from "./report.mjs";
import { also_server, own_servers } from "./servers.mjs";
import { climb } from "./typing.mjs";
import { workloads } from "./workloads.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

function options() {
  const { values } = parseArgs({
    options: {
      build: { type: "string", default: path.join(root, "build/release") },
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      servers: { type: "string" },
      rounds: { type: "string" },
      seconds: { type: "string" },
      out: { type: "string", default: path.join(root, "docs/benchmarks") },
      also: { type: "string", multiple: true, default: [] },
      report: { type: "boolean", default: false },
    },
  });
  const number = (name, otherwise) => {
    if (values[name] === undefined) return otherwise;
    const value = Number(values[name]);
    if (!(value > 0)) throw new Error(`--${name} takes a number above 0, not ${values[name]}`);
    return value;
  };
  const quick = values.quick;
  return {
    ...values,
    only: values.only === undefined ? undefined : new RegExp(values.only),
    rounds: Math.ceil(number("rounds", quick ? 1 : 3)),
    seconds: number("seconds", quick ? 0.5 : 1.5),
    // Node needs almost a second to compile its code.
    warmup: quick ? 0.5 : 1,
  };
}

function chosen_servers({ build, servers, also }) {
  const all = [...own_servers(root, build), ...also.map(also_server)];
  const names = all.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice) throw new Error(`two servers are called ${twice}`);
  if (servers === undefined) return all;
  const wanted = servers.split(",").map((name) => name.trim());
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`no server is called ${unknown}; there are ${names.join(", ")}`);
  return all.filter(({ name }) => wanted.includes(name));
}

function chosen_workloads({ only, quick }) {
  const chosen = workloads(descriptor_limit()).filter(({ id, quick: is_quick }) =>
    only ? only.test(id) : !quick || is_quick,
  );
  if (chosen.length === 0) throw new Error(`no workload matches ${only}`);
  return chosen;
}

/// Servers from elsewhere may lack long-polling: one client finds out.
async function find_transports(build, server) {
  if (!server.probes_polling) return server;
  const { failed } = await measure(build, server, ["--transport", "polling", "--clients", "1"], 0.05, 0);
  if (!failed) return { ...server, transports: [...server.transports, "polling"] };
  // The text after a tag is a page for people.
  return { ...server, no_polling: failed.replace(/\s*<.*/s, "") };
}

/// The growth of costs is measured with one server of ours, and with those from elsewhere.
const takes_part = (server, workload, servers) =>
  server.transports.includes(workload.transport) &&
  (!workload.ours_only || server.also === true || server === servers.find(({ ours }) => ours));

/// Absolute paths are meaningful on this machine only.
const without_directories = (text) => text.replace(/(?<=^|[\s"'=:])\/\S*\/(?=[^/\s])/g, "");

async function measure_all(options) {
  const started = new Date();
  const about = { started: started.toISOString(), machine: machine(), versions: versions(root, options.build) };
  if (about.machine.load_average > 0.5)
    console.log(`The machine is busy (load average ${about.machine.load_average.toFixed(2)}): expect noise.`);
  const servers = [];
  for (const server of chosen_servers(options)) servers.push(await find_transports(options.build, server));
  const chosen = chosen_workloads(options).filter((workload) =>
    servers.some((server) => takes_part(server, workload, servers)),
  );
  if (chosen.length === 0) throw new Error("none of these servers takes part in any of these workloads");

  const cells = [];
  const record = (workload, server, round, { result, failed: why }, more = {}) => {
    const failed = why && without_directories(why);
    cells.push({ workload: workload.id, server: server.name, round, ...more, result, failed });
    const said = failed ? `failed: ${failed}` : summary(workload, result);
    const what = more.clients === undefined ? workload.id : `${workload.id} ${more.clients}`;
    console.log(`${what.padEnd(32)} ${String(round).padStart(2)}  ${server.name.padEnd(18)} ${said}`);
  };
  for (const workload of chosen) {
    const rounds = workload.once ? Math.ceil(options.rounds / 3) : options.rounds;
    const taking_part = servers.filter((server) => takes_part(server, workload, servers));
    for (let round = 1; round <= rounds; ++round) {
      for (const server of taking_part) {
        const run = (args) => measure(options.build, server, args, options.seconds, options.warmup);
        if (workload.args_for)
          await climb(workload, run, (clients, measured) => record(workload, server, round, measured, { clients }));
        else record(workload, server, round, await run(workload.args));
      }
    }
  }

  const { rounds, seconds, warmup, quick } = options;
  return {
    ...about,
    minutes: Number(((Date.now() - started) / 60_000).toFixed(1)),
    settings: { rounds, seconds, warmup, quick, only: options.only?.source, servers: options.servers },
    servers: servers.map(({ name, label, transports, ours, also, missing, no_polling, ...server }) => ({
      name,
      label,
      transports,
      ours,
      also,
      missing,
      no_polling,
      command: without_directories(server.shell ?? server.command.join(" ")),
    })),
    workloads: chosen.map(({ args_for, ...workload }) => workload),
    cells,
  };
}

function summary({ group }, result) {
  const number = (value, digits = 3) =>
    value === null ? "-" : Number(value.toPrecision(digits)).toLocaleString("en-US");
  const said =
    group === "connections"
      ? `${number(result.connections_per_cpu_second)} connections per CPU second, ` +
        `${number(result.memory_bytes_per_connection)} bytes each`
      : `${number(result.server_us_per_message)} us of CPU per message, ` +
        `${number(result.per_second)} per second, p95 ${number(result.p95_us)} us`;
  return said + (result.load_bound ? " (load at its limit)" : "");
}

try {
  const chosen = options();
  const file = path.join(chosen.out, "results.json");
  mkdirSync(chosen.out, { recursive: true });
  const results = chosen.report ? JSON.parse(readFileSync(file, "utf8")) : await measure_all(chosen);
  if (!chosen.report) writeFileSync(file, `${JSON.stringify(results, undefined, 1)}\n`);
  const plots = await write_plots(results, chosen.out);
  writeFileSync(path.join(chosen.out, "README.md"), report(results, plots));
  console.log(
    `\nWrote README.md, results.json, ${plots.join(", ") || "no plot"} to ` +
      `${path.relative(process.cwd(), chosen.out) || "."}`,
  );
  const failures = results.cells.filter(({ failed }) => failed !== undefined);
  if (failures.length !== 0)
    console.log(`${failures.length} of ${results.cells.length} measurements failed; the tables say why.`);
  if (!chosen.report && failures.length === results.cells.length) process.exitCode = 1;
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}
