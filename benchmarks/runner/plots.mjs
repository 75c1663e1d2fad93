// SPDX-License-Identifier: MIT
// The plots, as SVG, with Vega-Lite and without a browser.

import { writeFileSync } from "node:fs";
import path from "node:path";

import * as vega from "vega";
import { compile } from "vega-lite";

import { Table, number } from "./tables.mjs";
import { best_runs } from "./typing.mjs";

/// Writes the plots for which the results have data.
///
/// @return the names of the files
export async function write_plots(results, directory) {
  const table = new Table(results);
  const wanted = {
    "websocket.svg": cpu_bars(table, "websocket"),
    "polling.svg": cpu_bars(table, "polling"),
    "connections.svg": connection_bars(table),
    "typing.svg": typing_lines(table),
    "scaling.svg": scaling_lines(table),
  };
  const written = [];
  for (const [name, spec] of Object.entries(wanted)) {
    if (spec === undefined) continue;
    writeFileSync(path.join(directory, name), await to_svg(spec));
    written.push(name);
  }
  return written;
}

async function to_svg(spec) {
  const config = {
    background: "white",
    padding: 12,
    font: "sans-serif",
    view: { stroke: null },
    axis: {
      labelFontSize: 11,
      titleFontSize: 11,
      titleFontWeight: "normal",
      gridColor: "#e5e5e5",
      domain: false,
      tickColor: "#bbb",
    },
    header: { labelFontSize: 12, labelFontWeight: "bold", title: null },
    legend: { labelFontSize: 12, title: null, labelLimit: 300 },
    title: { fontSize: 14, anchor: "start", offset: 12 },
  };
  const { spec: compiled } = compile({ ...spec, config }, { logger: vega.logger(vega.Error) });
  const view = new vega.View(vega.parse(compiled), { renderer: "none", logLevel: vega.Error });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg}\n`;
}

// One colour per server in all plots: ours warm, the others cool. They come from the palette of Okabe and Ito, which is
// safe for colour-blind readers.
const colours = ["#D55E00", "#E69F00", "#CC79A7", "#0072B2", "#56B4E9", "#009E73", "#444444", "#999999"];

/// The colour scale for the servers in the data.
function colour_scale_of(table, data) {
  const { domain, range } = colour_scale(table);
  const present = domain
    .map((label, i) => [label, range[i]])
    .filter(([label]) => data.some(({ server }) => server === label));
  return { domain: present.map(([label]) => label), range: present.map(([, colour]) => colour) };
}

function colour_scale({ results }) {
  const ours = results.servers.filter((server) => server.ours);
  const others = results.servers.filter((server) => !server.ours);
  return {
    domain: [...ours, ...others].map(({ label }) => label),
    range: [...colours.slice(0, ours.length), ...colours.slice(3, 3 + others.length)],
  };
}

/// A bar per server for each facet, with the least and the most of the rounds.
function bars(table, data, title) {
  if (data.length === 0) return undefined;
  const scale = colour_scale_of(table, data);
  const facets = [...new Set(data.map(({ facet }) => facet))];
  return {
    title,
    data: { values: data },
    facet: { field: "facet", type: "nominal", sort: facets, header: { labelAnchor: "start" } },
    columns: 2,
    spec: {
      width: 300,
      height: { step: 20 },
      encoding: {
        y: {
          field: "server",
          type: "nominal",
          sort: scale.domain,
          title: null,
          axis: { ticks: false, labelLimit: 300 },
        },
      },
      layer: [
        {
          mark: { type: "bar", height: 14 },
          encoding: {
            x: { field: "median", type: "quantitative", title: null, axis: { tickCount: 5 } },
            color: { field: "server", type: "nominal", scale, legend: null },
          },
        },
        {
          mark: { type: "rule", color: "#222" },
          encoding: { x: { field: "least", type: "quantitative" }, x2: { field: "most" } },
        },
        {
          mark: { type: "text", align: "left", dx: 5, fontSize: 10, color: "#222" },
          encoding: { x: { field: "most", type: "quantitative" }, text: { field: "label", type: "nominal" } },
        },
      ],
    },
    resolve: { scale: { x: "independent" } },
  };
}

function rows(table, workloads, pick, facet = ({ title }) => title) {
  const data = [];
  for (const workload of workloads) {
    for (const server of table.results.servers) {
      const found = table.value(workload, server, pick)?.spread;
      if (found) data.push({ facet: facet(workload), server: server.label, label: number(found.median), ...found });
    }
  }
  return data;
}

function cpu_bars(table, group) {
  const data = rows(table, table.workloads_of(group), (result) => result.server_us_per_message);
  return bars(
    table,
    data,
    `Server CPU per message, in µs: less is better (${group === "polling" ? "long-polling" : "WebSocket"})`,
  );
}

function connection_bars(table) {
  const of = (kind) => table.workloads_of("connections").filter(({ id }) => id.includes(`/${kind}-`));
  const data = [
    ...rows(
      table,
      of("idle"),
      (result) => result.memory_bytes_per_connection,
      ({ transport }) => `bytes per idle connection, ${transport}`,
    ),
    ...rows(
      table,
      of("connect"),
      (result) => result.connections_per_cpu_second,
      ({ transport }) => `connections per CPU second, ${transport}`,
    ),
  ];
  return bars(
    table,
    data,
    "Memory of a connection: less is better. Connections per second of server CPU: more is better",
  );
}

function typing_lines(table) {
  const workload = table.results.workloads.find(({ group }) => group === "typing");
  if (!workload) return undefined;
  const data = table.results.servers.flatMap((server) =>
    best_runs(table.cells(workload, server).filter(({ round }) => round === 1)).map(({ clients, result }) => ({
      server: server.label,
      clients,
      ms: result.p95_us / 1000,
    })),
  );
  if (data.length === 0) return undefined;
  return {
    title: "The typing game: 95th percentile of the latency against clients",
    width: 560,
    height: 320,
    layer: [
      {
        data: { values: data },
        mark: { type: "line", point: { size: 40 }, strokeWidth: 2 },
        encoding: {
          x: {
            field: "clients",
            type: "quantitative",
            scale: { type: "log", nice: false },
            axis: { title: "clients, in rooms of 6, 5 events per second each", format: ",", tickCount: 6 },
          },
          y: {
            field: "ms",
            type: "quantitative",
            scale: { type: "log" },
            axis: { title: "p95, ms", tickCount: 6, format: "~g" },
          },
          color: { field: "server", type: "nominal", scale: colour_scale_of(table, data), legend: { orient: "right" } },
        },
      },
      {
        data: { values: [{ ms: workload.limit_ms }] },
        mark: { type: "rule", strokeDash: [4, 4] },
        encoding: { y: { field: "ms", type: "quantitative" } },
      },
    ],
  };
}

function scaling_lines(table) {
  const from_zero = { zero: true };
  const families = [
    ["clients", "clients", from_zero],
    ["rooms-per-client", "rooms per client", from_zero],
    ["rooms", "rooms in all", from_zero],
    ["bytes", "bytes per message", { type: "log" }],
  ];
  const plots = [];
  for (const [family, title, scale] of families) {
    const data = [];
    for (const workload of table.workloads_of("scaling").filter((each) => each.family === family))
      for (const server of table.results.servers) {
        const found = table.value(workload, server, (result) => result.server_us_per_message)?.spread;
        if (found) data.push({ x: workload.x, server: server.label, us: found.median });
      }
    if (data.length === 0) continue;
    plots.push({
      width: 300,
      height: 180,
      data: { values: data },
      mark: { type: "line", point: { size: 40 }, strokeWidth: 2 },
      encoding: {
        x: {
          field: "x",
          type: "quantitative",
          scale: { type: "log", nice: false },
          axis: { title, format: ",", values: [...new Set(data.map(({ x }) => x))], labelFlush: false },
        },
        y: { field: "us", type: "quantitative", scale, axis: { title: "µs per message", tickCount: 5, format: "~f" } },
        color: { field: "server", type: "nominal", scale: colour_scale_of(table, data), legend: { orient: "right" } },
      },
    });
  }
  if (plots.length === 0) return undefined;
  return { title: "Server CPU per message as one thing grows", concat: plots, columns: 2, spacing: 30 };
}
