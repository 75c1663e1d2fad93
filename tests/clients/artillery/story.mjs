// SPDX-License-Identifier: MIT
// The story for artillery, as far as the steps of its scenarios go: its engine for Socket.IO runs one scenario for each feature.
//
// STORY_ARTILLERY names the directory of its packages. The other variables, the arguments and the lines that this program prints
// are described in ../story.mjs.

import { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.STORY_ARTILLERY, "any.js"));
await require("@artilleryio/int-core").updateGlobalObject();
const Engine = require("@artilleryio/int-core/lib/engine_socketio.js");

const transports = { polling: ["polling"], websocket: ["websocket"], upgrade: ["polling", "websocket"] };
const patience = 10; // seconds; then a feature has failed
const nested = { nested: [1, { deep: ["ü"] }] };

const ask = (data, answer, ...args) => ({ emit: [...args], acknowledge: { data: answer }, ...data });

/** For each feature: the steps of a scenario, the options of the client, the address, the refusal that is expected. */
const features = {
  connect: (way) => ({ flow: [way === "upgrade" ? ask({}, ["up"], "answer", "up") : ask({}, [way], "transport")] }),
  auth: () => ({ flow: [ask({}, [{ token: "ä", list: [1] }], "auth")], options: { auth: { token: "ä", list: [1] } } }),
  query: () => ({ flow: [ask({}, ["a b&ä"], "query")], options: { query: { token: "a b&ä" } } }),
  events: () => ({
    flow: [{ emit: ["echo", "ä€😀", -1.5, true, nested], response: { on: "echo", args: ["ä€😀", -1.5, true, nested] } }],
  }),
  "large events": () => ({ flow: [ask({}, ["ü".repeat(250_000)], "answer", "ü".repeat(250_000))] }),
  "acks of the server": () => ({ flow: [ask({}, ["ä", -1.5, nested], "answer", "ä", -1.5, nested)] }),
  rooms: () => ({
    flow: [
      ask({}, ["a room"], "join", "a room"),
      { emit: ["tell", "a room", nested], response: { on: "told", args: [nested] } },
    ],
  }),
  namespaces: () => ({
    flow: [ask({ namespace: "/chat" }, ["chat"], "answer", "chat"), ask({}, ["main"], "answer", "main")],
  }),
  "dynamic namespaces": () => ({ flow: [ask({ namespace: "/room-17" }, [1], "answer", 1)] }),
  "unknown namespaces": () => ({ flow: [ask({ namespace: "/nowhere" }, [1], "answer", 1)], refusal: "Invalid namespace" }),
  refusals: () => ({ flow: [ask({ namespace: "/guarded" }, [1], "answer", 1)], refusal: "not authorized" }),
  "strict handlers with recovery": () => ({
    flow: [{ emit: ["echo", "one"], response: { on: "echo", args: ["one"] } }],
    target: process.env.STORY_RECOVERY_URL,
  }),
  tls: () => ({
    flow: [ask({}, ["secret"], "answer", "secret")],
    target: process.env.STORY_TLS_URL,
    tls: { rejectUnauthorized: false },
  }),
};

/** Runs a scenario. @returns its error, if there is one */
async function run(way, { flow, options = {}, target = process.env.STORY_URL, tls = {} }) {
  const socketio = { forceNew: true, reconnection: false, transports: transports[way], ...options };
  const engine = new Engine({ config: { target, tls, timeout: patience, socketio } });
  await engine.init();
  const scenario = engine.createScenario({ flow }, new EventEmitter().on("error", () => {}));
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve("nothing more has happened"), patience * 1000);
    scenario({ vars: {} }, (error) => {
      clearTimeout(late);
      resolve(error && String(error.message ?? error));
    });
  });
}

for (const task of process.argv.slice(2)) {
  const [way, feature] = task.split("/");
  const result = { way, feature, ok: null, detail: "no step of a scenario does it" };
  if (features[feature]) {
    const scenario = features[feature](way);
    const error = await run(way, scenario);
    result.ok = scenario.refusal ? error === scenario.refusal : !error;
    result.detail = result.ok ? "" : String(error);
  }
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
process.exit(0);
