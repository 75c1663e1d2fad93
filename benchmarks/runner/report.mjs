// SPDX-License-Identifier: MIT
// docs/benchmarks/README.md, from results.json and nothing else.

import { Table, cell, escaped, markdown, number, time } from "./tables.mjs";
import { best_runs, carried } from "./typing.mjs";

/// @param plots  the names of the plots that were written
export function report(results, plots) {
  const table = new Table(results);
  const image = (name, text) => (plots.includes(name) ? [`![${text}](${name})`] : []);
  const sections = [
    introduction(results),
    ...messages(table, "websocket", "WebSocket", image),
    ...messages(table, "polling", "long-polling", image),
    ...connections(table, image),
    ...typing(table, image),
    ...scaling(table, image),
    how(results),
    caveats(results),
    again(results),
  ];
  return `${sections.flat().join("\n\n")}\n`;
}

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

function introduction({ machine, versions, settings, started, minutes, servers }) {
  const busy =
    machine.load_average > 0.5
      ? [
          `**The machine was busy** when this began (load average ${machine.load_average.toFixed(2)}): ` +
            "these numbers are noisy.",
        ]
      : [];
  const quick = settings.quick
    ? ["**A quick run**: few and short workloads, to see that everything works. Do not quote these numbers."]
    : [];
  const partial =
    settings.only || settings.servers
      ? [
          `Only a part was measured (${[
            settings.only && `workloads: \`${settings.only}\``,
            settings.servers && `servers: \`${settings.servers}\``,
          ]
            .filter(Boolean)
            .join("; ")}).`,
        ]
      : [];
  const missing = servers
    .filter((server) => server.missing)
    .map((server) => `${server.label} is missing: ${server.missing}.`);
  return [
    "# Benchmarks",
    "<!-- Written by scripts/bench from results.json; changes by hand are lost. -->",
    "The CPU time and the latency of one message, the cost of a connection, and the growth of these costs, for each " +
      "server. Every server does the same work for the same clients. [results.json](results.json) has every number " +
      "on this page, for each single round.",
    ...quick,
    ...busy,
    ...partial,
    ...missing,
    [
      `Measured on ${started.slice(0, 10)} in ${plural(minutes, "minute")}: ${plural(settings.rounds, "round")} of ` +
        `${settings.seconds} s for each measurement, after a warm-up of ${settings.warmup} s.`,
      "",
      "| | |",
      "|---|---|",
      `| Machine | ${machine.cpu}, ${plural(machine.processors, "processor")}, ${machine.memory_gib} GiB; ` +
        `${machine.system}, ${machine.kernel} |`,
      `| Compiler | ${versions.compiler}, \`${versions.flags}\` |`,
      `| socketio | ${versions.socketio} (${versions.commit}); Asio ${versions.asio}, RapidJSON ${versions.rapidjson}` +
        `${versions.websocketpp ? `, WebSocket++ ${versions.websocketpp}` : ""} |`,
      `| Node.js | ${versions.node}; socket.io ${versions["socket.io"]}, ws ${versions.ws} |`,
      `| Bun | ${versions.bun}; @socket.io/bun-engine ${versions["@socket.io/bun-engine"]} |`,
      ...servers
        .filter(({ also }) => also)
        .map(
          ({ label, command, no_polling }) =>
            `| ${escaped(label)} | built elsewhere: \`${escaped(command)}\`` +
            `${no_polling ? `; no long-polling: ${escaped(no_polling)}` : ""} |`,
        ),
    ].join("\n"),
  ];
}

const spread_legend = "Median of the rounds, with the least and the most in brackets";
const ratio_legend = (label) => `× is the ratio to ${label}, the median of the ratios within each round`;
const dagger =
  "† The load program took more than 80 % of a processor: rates and latencies are less reliable, the server's CPU time is valid.";

function dagger_of(table, workloads) {
  const bound = table.results.cells.some(
    ({ workload, result }) => result?.load_bound && workloads.some(({ id }) => id === workload),
  );
  return bound ? [dagger] : [];
}

/// The meaning of the marks in the cells of these workloads.
function legend_of(table, workloads) {
  const base = table.base();
  return [`${spread_legend}${base ? `; ${ratio_legend(base.label)}` : ""}.`, ...dagger_of(table, workloads)];
}

function messages(table, group, title, image) {
  const workloads = table.workloads_of(group);
  if (workloads.length === 0) return [];
  const latency = (workload, server) => {
    const values = ["p50_us", "p99_us", "p999_us"].map((name) =>
      table.value(workload, server, (result) => result[name]),
    );
    if (values[0] === undefined) return "";
    if (values[0].failed !== undefined) return "failed";
    return values.map((value) => time(value.spread?.median)).join(" / ");
  };
  return [
    `## Messages over ${title}`,
    `### Server CPU per message received by a client, in µs`,
    ...image(`${group}.svg`, `Server CPU per message over ${title}`),
    markdown(table, workloads, (workload, server) =>
      cell(table.value(workload, server, (result) => result.server_us_per_message)),
    ),
    ...legend_of(table, workloads),
    `### Latency from the emit to the arrival: p50 / p99 / p99.9`,
    "In the workloads that send the next event as soon as the answer has arrived, every server works at its limit, and " +
      "the latency is mostly the time in its queue.",
    markdown(table, workloads, latency),
    `### Messages per second`,
    markdown(table, workloads, (workload, server) => {
      const value = table.value(workload, server, (result) => result.per_second);
      return cell(value && { ...value, ratio: undefined });
    }),
  ];
}

function connections(table, image) {
  const workloads = table.workloads_of("connections");
  const storms = workloads.filter(({ id }) => id.includes("/connect-"));
  const idle = workloads.filter(({ id }) => id.includes("/idle-"));
  const rows = (chosen, pick, write) =>
    markdown(table, chosen, (workload, server) => cell(table.value(workload, server, pick), write));
  const parts = [];
  if (storms.length !== 0)
    parts.push(
      "### Connections per second of server CPU",
      rows(storms, (result) => result.connections_per_cpu_second),
      "### Time from the first request to the joined namespace, p50, in ms",
      rows(storms, (result) => result.p50_us / 1000),
    );
  if (idle.length !== 0)
    parts.push(
      "### Resident memory per idle connection, in bytes",
      "Growth of the server's resident memory from before the first client to after the last. It excludes the kernel's memory " +
        "for the sockets.",
      rows(idle, (result) => result.memory_bytes_per_connection),
    );
  if (parts.length === 0) return [];
  return [
    "## Connections",
    ...image("connections.svg", "Connections and memory"),
    ...parts,
    ...legend_of(table, workloads),
  ];
}

function typing(table, image) {
  const workload = table.results.workloads.find(({ group }) => group === "typing");
  if (!workload) return [];
  const servers = table.servers_of([workload]);
  const lines = servers.map((server) => {
    const cells = table.cells(workload, server);
    const runs = cells.filter(({ round }) => round === 1);
    const { clients, at_least } = carried(runs, workload.limit_ms);
    const best = best_runs(runs).find((run) => run.clients === clients)?.result;
    const first_failure = runs.find(({ failed }) => failed)?.failed;
    const bound = runs.some(({ result }) => result?.load_bound);
    const columns = [
      escaped(server.label),
      `${at_least ? "at least " : ""}${clients.toLocaleString("en-US")}${bound ? " †" : ""}`,
      number(best?.per_second),
      time(best?.p50_us),
      time(best?.p95_us),
      number(best?.server_us_per_message),
      first_failure ? `failed: ${escaped(first_failure)}` : "",
    ];
    return `| ${columns.join(" | ")} |`;
  });
  return [
    "## The typing game",
    "Rooms of 6; everyone sends 5 events per second to the room, and so receives 30. How many clients fit until the 95th " +
      `percentile of the latency passes ${workload.limit_ms} ms?`,
    ...image("typing.svg", "Latency against clients"),
    [
      "| | clients | messages per second | p50 | p95 | server CPU per message, µs | |",
      "|---|---:|---:|---:|---:|---:|---|",
      ...lines,
    ].join("\n"),
    ...(lines.some((line) => line.includes("at least"))
      ? [
          '"At least": the latency was still below this with the largest number of clients that was tried, which the ' +
            "descriptors of one process limit.",
        ]
      : []),
    ...(lines.some((line) => line.includes("†")) ? [dagger] : []),
  ];
}

const families = {
  clients: ["Number of clients", "clients", true],
  "rooms-per-client": ["Rooms that each client is in", "rooms per client", true],
  rooms: ["Rooms in all", "rooms", true],
  bytes: ["Size of a message", "bytes", false],
};

function scaling(table, image) {
  const workloads = table.workloads_of("scaling");
  if (workloads.length === 0) return [];
  const parts = [
    "## How the cost grows",
    ...image("scaling.svg", "Server CPU per message against clients, rooms and bytes"),
  ];
  for (const [family, [title, column, memory]] of Object.entries(families)) {
    const chosen = workloads.filter((workload) => workload.family === family);
    if (chosen.length === 0) continue;
    const servers = table.servers_of(chosen);
    const columns = servers.flatMap(({ label }) => [
      `${label}: µs`,
      ...(memory ? [`${label}: bytes per connection`] : []),
    ]);
    const values = (workload, server) => [
      cell(without_ratio(table.value(workload, server, (result) => result.server_us_per_message))),
      ...(memory
        ? [cell(without_ratio(table.value(workload, server, (result) => result.memory_bytes_per_connection)))]
        : []),
    ];
    const cells = (workload) => servers.flatMap((server) => values(workload, server)).join(" | ");
    const lines = chosen.map((workload) => `| ${workload.x.toLocaleString("en-US")} | ${cells(workload)} |`);
    parts.push(
      `### ${title}`,
      `${chosen[0].title.replace(/^./, (c) => c.toUpperCase())}, and so on. CPU time of the server per message in µs` +
        `${memory ? ", resident memory per connection in bytes" : ""}.`,
      [
        `| ${column} | ${columns.map(escaped).join(" | ")} |`,
        `|---:|${columns.map(() => "---:").join("|")}|`,
        ...lines,
      ].join("\n"),
    );
  }
  return [...parts, ...dagger_of(table, workloads)];
}

const without_ratio = (value) => value && { ...value, ratio: undefined };

function how({ settings, servers }) {
  const described = {
    ours: "this library with its own transport (`benchmarks/bench_server.cpp`)",
    "ours-threads": "the same with two threads",
    "ours-websocketpp": "this library with WebSocket++ for the WebSockets",
    node: "the reference implementation, on Node.js and `ws`",
    bun: "the reference implementation on the engine made for Bun",
    websocketpp:
      "a C++ program on WebSocket++ and its Asio transport alone, which returns the text of events without parsing it",
  };
  const lines = servers.map(
    ({ name, label, also }) =>
      `- **${label}**: ${also ? "built elsewhere; see the table at the top" : described[name]}.`,
  );
  return [
    "## Method",
    lines.join("\n"),
    "Each has the same five handlers: `echo` and `ack` answer, `bcast` emits to everyone, `join` joins a room, " +
      "`room` emits to one. Events carry 32 bytes of text unless the workload says otherwise. The clients are `bench_load`: " +
      "one thread, WebSockets or keep-alive HTTP, which checks every answer.",
    "Each measurement starts the server anew. For each workload the servers take turns (A B C A B C), in " +
      `${plural(settings.rounds, "round")}, so that a slow minute of the machine affects all of them; long ` +
      "workloads run a third as often. Ratios are taken within a round. CPU time is " +
      "the time of all threads of the server, the kernel's work for them included (`/proc/PID/task/*/schedstat`), " +
      "divided by the number of messages that clients received. For the latency, the emitting client stamps the " +
      "event and the receiving client, in the same process, reads the stamp. If a server refuses, ends or answers " +
      "wrongly, the cell has the reason instead of a number.",
  ];
}

function caveats({ machine, servers }) {
  const bare = servers.some(({ name, also }) => name === "websocketpp" || also);
  return [
    "## Caveats",
    [
      "- Server and load share one machine and its loopback network: no wire, no loss, no distance. A send on " +
        "loopback does the receiver's work in the kernel too.",
      `- ${plural(machine.processors, "processor")}: the load takes most of one when it is busy; the rest is for ` +
        "the server and its other threads, which Node.js and Bun have.",
      "- No TLS and no compression: the clients ask for neither.",
      "- The clients mask with zeros and send few HTTP headers; browsers send more.",
      ...(bare
        ? [
            "- A bare server parses no JSON, sends no pings, and has neither namespaces nor acknowledgements beyond " +
              "these five handlers. The difference is the cost of the rest.",
          ]
        : []),
      "- Memory is resident memory: runtimes with a garbage collector take more than they use.",
    ].join("\n"),
  ];
}

function again({ servers, settings }) {
  const also = servers.filter((server) => server.also).map(({ name, command }) => ` --also "${name}=${command}"`);
  const options = [
    settings.quick ? " --quick" : "",
    settings.only ? ` --only '${settings.only}'` : "",
    settings.servers ? ` --servers ${settings.servers}` : "",
    settings.quick ? "" : ` --rounds ${settings.rounds} --seconds ${settings.seconds}`,
    ...also,
  ].join("");
  return [
    "## Running it again",
    `\`\`\`sh\n./scripts/bench${options}\n\`\`\``,
    "`./scripts/bench --help` lists the options. Run nothing else on the machine.",
  ];
}
