// SPDX-License-Identifier: MIT
// The typing game at rising numbers of clients: how many a server carries before it becomes slow.

/// Doubles the clients until the 95th percentile of the latency passes the limit or a run fails, then narrows the place
/// down by two further runs.
///
/// @param run     measures with a command line of bench_load
/// @param record  is told of every run: (clients, what `run` returned)
export async function climb(workload, run, record) {
  const whole_rooms = (clients) => Math.floor(clients / 6) * 6;
  const passes = async (clients) => {
    const measured = await run(workload.args_for(clients));
    record(clients, measured);
    return measured.result !== undefined && measured.result.p95_us <= workload.limit_ms * 1000;
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

/// What one server carried: { clients, at_least } by the runs that `climb` recorded, in one round. `at_least` says that the
/// limit was never passed.
export function carried(cells, limit_ms) {
  const slow = cells.filter(({ result }) => !result || result.p95_us > limit_ms * 1000).map(({ clients }) => clients);
  const first_slow = Math.min(...slow);
  const quick = cells.map(({ clients }) => clients).filter((clients) => clients < first_slow);
  if (quick.length === 0) return { clients: 0, at_least: false };
  return { clients: Math.max(...quick), at_least: slow.length === 0 };
}
