// SPDX-License-Identifier: MIT
// Programs that the runner starts and that never outlive it.

import { spawn } from "node:child_process";

const running = new Set();

process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const [signal, number] of [
  ["SIGINT", 2],
  ["SIGTERM", 15],
  ["SIGHUP", 1],
])
  process.once(signal, () => process.exit(128 + number));

/// spawn() with pipes for the program's output.
export function start(program, args) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  child.once("exit", () => running.delete(child));
  child.once("error", () => running.delete(child));
  return child;
}
