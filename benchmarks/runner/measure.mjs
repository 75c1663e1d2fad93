// SPDX-License-Identifier: MIT
// One measurement: a fresh server, bench_load, and the result.

import path from "node:path";

import { start } from "./children.mjs";
import { RunningServer } from "./servers.mjs";

/// Returns { result } with bench_load's output, or { failed } with the reason.
export async function measure(build, server, args, seconds, warmup) {
  let running;
  try {
    running = await RunningServer.start(server);
  } catch (error) {
    return { failed: error.message };
  }
  try {
    const load = [...args, "--port", running.port, "--pid", running.pid, "--seconds", seconds, "--warmup", warmup].map(
      String,
    );
    // Connecting the largest crowd to the slowest server takes some 30 seconds.
    const { status, output, errors, timed_out } = await run(
      path.join(build, "benchmarks/bench_load"),
      load,
      (seconds + warmup + 90) * 1000,
    );
    // The load may notice the end of a server before this program does.
    if (status !== 0) await new Promise((resolve) => setTimeout(resolve, 100));
    if (running.why_it_ended()) return { failed: running.why_it_ended() };
    if (timed_out) return { failed: "the load did not end in time" };
    if (status !== 0)
      return {
        failed:
          errors
            .trim()
            .split("\n")
            .at(-1)
            .replace(/^bench_load: /, "") || `the load ended with ${status}`,
      };
    return { result: JSON.parse(output) };
  } catch (error) {
    return { failed: error.message };
  } finally {
    await running.stop();
  }
}

function run(program, args, timeout_ms) {
  return new Promise((resolve, reject) => {
    const child = start(program, args);
    let output = "";
    let errors = "";
    let timed_out = false;
    const timer = setTimeout(() => {
      timed_out = true;
      child.kill("SIGKILL");
    }, timeout_ms);
    child.stdout.on("data", (data) => (output += data));
    child.stderr.on("data", (data) => (errors += data));
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ status: signal ?? code, output, errors, timed_out });
    });
  });
}
