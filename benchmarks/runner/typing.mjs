// SPDX-License-Identifier: MIT
// The typing game with a rising number of clients: how many a server carries before it becomes slow.

const is_quick = ({ result }, limit_ms) => result !== undefined && result.p95_us <= limit_ms * 1000;

/// Doubles the clients until the 95th percentile of the latency passes the limit or a run fails, then narrows the
/// number down in two further steps. A step that fails is tried once more, in case the machine paused.
///
/// @param run     measures with a command line of bench_load
/// @param record  called for every run: (clients, the result of `run`)
export async function climb(workload, run, record) {
  const whole_rooms = (clients) => Math.floor(clients / 6) * 6;
  const passes = async (clients) => {
    for (let attempt = 0; attempt < 2; ++attempt) {
      const measured = await run(workload.args_for(clients));
      record(clients, measured);
      if (is_quick(measured, workload.limit_ms)) return true;
    }
    return false;
  };
  const most = whole_rooms(workload.most);
  let good = 0;
  let bad;
  for (let clients = whole_rooms(workload.first); bad === undefined; clients = Math.min(2 * clients, most)) {
    if (!(await passes(clients))) bad = clients;
    else good = clients;
    if (clients === most) break;
  }
  if (bad === undefined || good === 0) return;
  for (let i = 0; i < 2; ++i) {
    const middle = whole_rooms(Math.sqrt(good * bad));
    if (middle === good || middle === bad) return;
    if (await passes(middle)) good = middle;
    else bad = middle;
  }
}

/// The result of one server in one round: { clients, at_least } by the runs that `climb` recorded. `at_least` says that
/// no run passed the limit.
export function carried(cells, limit_ms) {
  const passed = new Set(cells.filter((cell) => is_quick(cell, limit_ms)).map(({ clients }) => clients));
  const slow = cells.map(({ clients }) => clients).filter((clients) => !passed.has(clients));
  const quick = [...passed].filter((clients) => clients < Math.min(...slow));
  if (quick.length === 0) return { clients: 0, at_least: false };
  return { clients: Math.max(...quick), at_least: slow.length === 0 };
}

/// The fastest run for each number of clients, in rising order.
export function best_runs(cells) {
  const best = new Map();
  for (const cell of cells) {
    const known = best.get(cell.clients);
    if (cell.result && (!known || cell.result.p95_us < known.result.p95_us)) best.set(cell.clients, cell);
  }
  return [...best.values()].sort((a, b) => a.clients - b.clients);
}
