// SPDX-License-Identifier: MIT
// Clients that do no harm, in a process of their own. `node bystander.mjs <port> <secure: 0|1> <parser> <readers>`
//
// Without readers one client sends an echo every 5 ms and measures how long the answer takes. With readers so many clients measure how
// late the server's news arrive. A line on stdin begins a phase of that name, and prints the one before; the end of stdin ends the
// program.

import { createInterface } from "node:readline";

import { codecs, frame, join } from "./wire.mjs";

const [port, secure, parser, readers] = process.argv.slice(2);
const server = { port: Number(port), secure: secure === "1", codec: codecs[parser] };
let times = [];
let lost = 0;

function report(phase) {
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? null;
  const result = { phase, count: times.length, p50: at(0.5), p99: at(0.99), worst: times.at(-1) ?? null, lost };
  times = [];
  lost = 0;
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

const now = () => Number(process.hrtime.bigint()) / 1e6;

/** Joins; answers the heartbeat before it is asked for. */
async function come() {
  const wire = await join(server);
  const heartbeat = setInterval(() => wire.write(frame("3")), 1000);
  wire.socket.once("close", () => clearInterval(heartbeat));
  return wire;
}

async function echo() {
  const wire = await come();
  for (let id = 0; ; ++id) {
    const begin = now();
    const answered = wire.message(/^43|type/);
    await wire.send(server.codec.event(["echo", 1], { id }));
    if ((await answered) === undefined) {
      ++lost;
      return;
    }
    times.push(now() - begin);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Finds the server's clock in the events, which is the same in JSON and in MessagePack. */
function read(wire) {
  wire.socket.removeAllListeners("data");
  const mark = Buffer.from("@@");
  const digits = 16;
  let rest = Buffer.alloc(0);
  wire.socket.on("data", (bytes) => {
    rest = rest.length ? Buffer.concat([rest, bytes]) : bytes;
    for (let at; (at = rest.indexOf(mark)) !== -1; ) {
      const end = at + mark.length + digits;
      if (rest.length < end) return;
      times.push(now() - Number(rest.toString("latin1", at + mark.length, end)) / 1e3);
      rest = rest.subarray(end);
    }
    rest = rest.subarray(Math.max(0, rest.length - 1));  // perhaps half a mark
  });
  wire.socket.once("close", () => ++lost);
}

if (Number(readers) > 0) {
  for (let i = 0; i < Number(readers); ++i) read(await come());
} else {
  echo();
}
process.stdout.write("ready\n");

let phase;
for await (const line of createInterface({ input: process.stdin })) {
  report(phase);
  phase = line;
}
report(phase);
process.exit(0);
