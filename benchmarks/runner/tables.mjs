// SPDX-License-Identifier: MIT
// The results by workload and server, and the format of numbers.

import { paired_ratio, spread } from "./statistics.mjs";

/// Three significant digits, with separators of thousands.
export function number(value) {
  if (value === undefined || value === null || !Number.isFinite(value)) return "–";
  const rounded = Number(value.toPrecision(3));
  return rounded.toLocaleString("en-US", { maximumFractionDigits: 6 });
}

/// Microseconds, or milliseconds if that is shorter.
export const time = (us) =>
  us === undefined || us === null ? "–" : us < 1000 ? `${number(us)} µs` : `${number(us / 1000)} ms`;

export const escaped = (text) => text.replaceAll("|", "\\|").replaceAll("\n", " ").replaceAll("<", "&lt;");

export class Table {
  constructor(results) {
    this.results = results;
  }

  cells(workload, server) {
    return this.results.cells.filter((cell) => cell.workload === workload.id && cell.server === server.name);
  }

  /// The servers with a cell in one of the workloads.
  servers_of(workloads) {
    return this.results.servers.filter((server) =>
      workloads.some((workload) => this.cells(workload, server).length !== 0),
    );
  }

  /// The server that ratios refer to: the first of ours, if there is one.
  base() {
    return this.results.servers.find(({ ours }) => ours);
  }

  workloads_of(group) {
    return this.results.workloads.filter((workload) => workload.group === group);
  }

  /// { spread, ratio, load_bound, failed } of one value; `failed` as soon as one of the rounds has failed.
  value(workload, server, pick) {
    const cells = this.cells(workload, server);
    const failed = cells.find((cell) => cell.failed !== undefined)?.failed;
    if (failed !== undefined) return { failed };
    if (cells.length === 0) return undefined;
    const base = this.base();
    const by_round = (of) =>
      new Map(
        this.cells(workload, of)
          .filter(({ result }) => result)
          .map((cell) => [cell.round, pick(cell.result)]),
      );
    return {
      spread: spread(cells.map(({ result }) => pick(result))),
      ratio: base && base.name !== server.name ? paired_ratio(by_round(server), by_round(base)) : undefined,
      load_bound: cells.some(({ result }) => result.load_bound),
    };
  }
}

/// A Markdown table with a line per workload and a column per server.
export function markdown(table, workloads, write) {
  const servers = table.servers_of(workloads);
  const lines = [
    `| | ${servers.map(({ label }) => escaped(label)).join(" | ")} |`,
    `|---|${servers.map(() => "---:").join("|")}|`,
  ];
  for (const workload of workloads)
    lines.push(`| ${escaped(workload.title)} | ${servers.map((server) => write(workload, server)).join(" | ")} |`);
  return lines.join("\n");
}

/// One cell: the median, the spread of several rounds, the ratio to ours, and a mark if the load was at its limit.
export function cell(value, write = number) {
  if (value === undefined) return "";
  if (value.failed !== undefined) return `failed: ${escaped(value.failed)}`;
  if (value.spread === undefined) return "–";
  const { median, least, most, count } = value.spread;
  const range = count > 1 ? ` (${write(least)} to ${write(most)})` : "";
  const ratio = value.ratio === undefined ? "" : `, ×${number(value.ratio)}`;
  return `**${write(median)}**${range}${ratio}${value.load_bound ? " †" : ""}`;
}
