// SPDX-License-Identifier: MIT
// Attacks the server and prints what it costs: see scripts/attack.

import { parseArgs } from "node:util";

import { attacks } from "./attacks.mjs";
import { Stage } from "./stage.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    program: { type: "string" },
    transport: { type: "string", default: "asio" },
    tls: { type: "boolean", default: false },
    parser: { type: "string", default: "json" },
    threads: { type: "string", default: "1" },
    size: { type: "string" },
    "no-limits": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
  },
});

if (values.list) {
  for (const { name, does, size } of attacks) console.log(`${name.padEnd(22)} ${String(size.full).padStart(9)}  ${does}`);
  process.exit(0);
}

const chosen = attacks.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const unknown = positionals.find((name) => !attacks.some((attack) => attack.name === name));
if (unknown) {
  console.error(`There is no attack ${unknown}; --list names them.`);
  process.exit(2);
}
if (values.size && chosen.length !== 1) {
  console.error("--size needs the name of one attack.");
  process.exit(2);
}

const number = (value, digits = 0) => (value == null ? "-" : value.toFixed(digits));

if (!values.json) {
  const kind = `${values.transport}${values.tls ? ", TLS" : ""}, ${values.parser}, ${values.threads} thread(s)`;
  console.log(`Server: ${kind}. Memory in MB (RSS), processor time and duration in s, the bystanders' latency in ms.\n`);
  console.log("| attack | size | before | held | peak | after | CPU | s | p99 quiet | p99 | worst | lost | back |");
  console.log("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|");
}
let failures = 0;
for (const attack of chosen) {
  const stage = await Stage.open({
    program: values.program,
    transport: values.transport,
    secure: values.tls,
    parser: values.parser,
    threads: Number(values.threads),
    extra: { ...attack.server, ...(values["no-limits"] ? { no_limits: 1 } : {}) },
    readers: attack.readers?.full,
  });
  const size = values.size ? Number(values.size) : attack.size.full;
  let result;
  try {
    result = await stage.measure(attack, size);
  } catch (error) {
    ++failures;
    console.error(`${attack.name}: ${error.stack}`);
    await stage.kill();
    continue;
  }
  if (values.json) {
    console.log(JSON.stringify(result));
  } else {
    const { quiet, attacked } = result;
    const cells = [
      result.attack,
      result.size,
      ...[result.before, result.held, result.peak, result.after].map((value) => number(value)),
      number(result.cpu, 1),
      number(result.seconds, 1),
      number(quiet.p99, 1),
      number(attacked?.p99, 1),
      number(attacked?.worst, 1),
      attacked?.lost ?? "-",
      result.back ? "yes" : `sessions ${result.sessions.join(" to ")}, descriptors ${result.descriptors.join(" to ")}`,
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
  const holdsTooMuch = !values.size && !values["no-limits"] && result.held - result.before > attack.holds;
  if (holdsTooMuch) console.error(`${attack.name}: the server holds more than ${attack.holds} MB.`);
  if (!result.back || result.attacked?.lost || holdsTooMuch) ++failures;
  await stage.close();
}
process.exit(failures ? 1 : 0);
