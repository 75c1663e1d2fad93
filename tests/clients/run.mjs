// SPDX-License-Identifier: MIT
// Runs the story of each client against our server and against Node's, and compares. See scripts/clients.
//
//   node run.mjs --server <program> --work <directory> [--openssl <command>] [--client <regex>] [--write <page>] [--ours]
//                [--install]
//
// --ours     only our server: whatever fails must be a known fault
// --install  only installs
//
// The exit status is 77 if the tools of all chosen clients are missing.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { clients, installServer, Missing } from "./clients.mjs";
import { isKnown, known } from "./known_faults.mjs";
import { features, play, ways } from "./story.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: {
    server: { type: "string" },
    work: { type: "string" },
    openssl: { type: "string", default: "openssl" },
    client: { type: "string", default: "" },
    write: { type: "string" },
    ours: { type: "boolean", default: false },
    install: { type: "boolean", default: false },
  },
});

function makeCertificate(work) {
  const [certificate, key] = ["certificate.pem", "key.pem"].map((name) => join(work, name));
  if (!existsSync(certificate)) {
    const request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days 3650 -subj /CN=localhost -addext";
    const args = [...request.split(" "), "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate];
    const { status, stderr } = spawnSync(options.openssl, args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`openssl: ${stderr}`);
  }
  return { STORY_CERTIFICATE: certificate, STORY_KEY: key };
}

/** Installs the chosen clients, and says which languages are left out and why. */
function install(work) {
  const missing = new Map();
  const installed = [];
  for (const client of clients.filter(({ id }) => new RegExp(options.client).test(id))) {
    try {
      if (!missing.has(client.language)) installed.push(client.install(work));
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
      missing.set(client.language, error.message);
    }
  }
  for (const [{ name }, why] of missing) console.log(`The clients in ${name} are skipped: ${why}`);
  return installed;
}

/** Calls `work` for all items, as many at a time as there are processors. */
async function forEach(items, work) {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

/** The tasks of a client with both results, and what is to be said about them. */
function compare(client, ours, nodes) {
  return client.ways.flatMap((way) =>
    features.map((feature) => {
      const [here, there] = [ours, nodes].map((results) => results.get(`${way}/${feature}`));
      const task = { way, feature, here, there };
      const sometimes = isKnown(client.id, task, known.filter((fault) => fault.sometimes));
      if (here.ok === false && there.ok !== false && !sometimes) task.problem = "fails with our server only";
      else if (here.ok === false && !isKnown(client.id, task)) task.problem = "fails, and is not in known_faults.mjs";
      else if (here.ok !== false && there.ok === false) task.remark = "fails with Node's server only";
      return task;
    }),
  );
}

/** "a; b (polling)": the features of these tasks, with their ways if they are not all. */
function summary(client, tasks) {
  const hopeless = ways.find((way) => tasks.filter((task) => task.way === way).length > features.length / 2);
  if (hopeless && client.ways.length > 1) {
    const rest = tasks.filter((task) => task.way !== hopeless);
    if (rest.length < tasks.length * 0.6)
      return [`nearly everything (${hopeless})`, summary(client, rest)].filter(Boolean).join("; ");
  }
  return features
    .map((feature) => [feature, tasks.filter((task) => task.feature === feature).map(({ way }) => way)])
    .filter(([, found]) => found.length > 0)
    .map(([feature, found]) => (found.length === client.ways.length ? feature : `${feature} (${found.join(", ")})`))
    .join("; ");
}

function row({ client, tasks }) {
  const cells = ways.map((way) => {
    const told = tasks.filter((task) => task.way === way && task.here.ok !== null);
    if (told.length === 0) return "–";
    const good = told.filter(({ here }) => here.ok).length;
    return good === told.length ? `all ${good}` : `${good} of ${told.length}`;
  });
  const failing = tasks.filter(({ here }) => here.ok === false);
  const both = summary(client, failing.filter(({ there }) => there.ok === false));
  const only = summary(client, failing.filter(({ there }) => there.ok !== false));
  const fails = [both, only && `**only with this server: ${only}**`].filter(Boolean).join("; ");
  const absent = summary(client, tasks.filter(({ here }) => here.ok === null));
  return `| ${client.title} | ${cells.join(" | ")} | ${fails} | ${absent} |`;
}

function table(all) {
  return [
    "| client | polling | websocket | upgrade | does not work, with Node.js neither | the client does not have |",
    "|---|---|---|---|---|---|",
    ...all.map(row),
  ].join("\n");
}

function write(page, text) {
  const [begin, end] = ["<!-- measured -->", "<!-- end of what was measured -->"];
  const parts = readFileSync(page, "utf8").split(new RegExp(`(?<=${begin}\n)[^]*(?=${end})`));
  if (parts.length !== 2) throw new Error(`${page} lacks the comments that mark the place of the table`);
  writeFileSync(page, `${parts[0]}\n${text}\n\n${parts[1]}`);
}

const work = resolve(options.work);
mkdirSync(work, { recursive: true });
const chosen = install(work);
if (chosen.length === 0) process.exit(options.install ? 0 : 77);
const certificate = makeCertificate(work);
if (options.install) process.exit(0);

const environment = { ...process.env, ...certificate, STORY_NODE_MODULES: installServer(work) };
const servers = { ours: [resolve(options.server)], nodes: [process.execPath, join(here, "node_server.mjs")] };
if (options.ours) delete servers.nodes;
const results = new Map();
await forEach(
  chosen.flatMap((client) => Object.keys(servers).map((server) => ({ client, server }))),
  async ({ client, server }) => {
    const command = [...servers[server], ...(client.parser === "msgpack" ? ["msgpack"] : [])];
    results.set(`${client.id} ${server}`, await play(client, command, environment));
    console.error(`${client.id} has told its story to ${server === "ours" ? "our server" : "Node's server"}`);
  },
);

let problems = 0;
const compared = chosen.map((client) => {
  const ours = results.get(`${client.id} ours`);
  const tasks = compare(client, ours, results.get(`${client.id} nodes`) ?? ours);
  for (const { way, feature, here, there, problem, remark } of tasks) {
    if (problem) ++problems;
    if (here.ok && there.ok) continue;
    if (here.ok === null && there.ok === null) continue;
    const [ours, nodes] = [here, there].map(({ ok, detail }) => (ok ? "works" : detail));
    const what = problem ?? remark ?? "";
    console.log(`${problem ? "PROBLEM" : "known"}: ${client.id}, ${way}, ${feature}: ${what}`);
    console.log(`    ${ours === nodes ? ours : `${ours}; with Node's: ${nodes}`}`);
  }
  return { client, tasks };
});
for (const fault of known) {
  const looked = compared.filter(({ client }) => fault.clients.test(client.id));
  const shows = ({ client, tasks }) => tasks.some((task) => task.here.ok === false && isKnown(client.id, task, [fault]));
  if (!fault.sometimes && looked.length > 0 && !looked.some(shows)) {
    ++problems;
    console.log(`PROBLEM: known_faults.mjs lists what works: ${fault.clients}, ${(fault.features ?? ["all features"]).join(", ")}`);
  }
}
console.log(`\n${table(compared)}\n`);
if (options.write) write(options.write, table(compared));
console.log(problems === 0 ? "Nothing fails but what is known." : `${problems} problems`);
process.exit(problems === 0 ? 0 : 1);
