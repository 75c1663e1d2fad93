// SPDX-License-Identifier: MIT
// The workloads: each is a command line of bench_load.

const usual = [
  { id: "echo-1", title: "echo, 50 clients, one event in flight each", args: ["--workload", "echo"], quick: true },
  {
    id: "echo-32",
    title: "echo, 50 clients, 32 in flight each",
    args: ["--workload", "echo", "--in-flight", "32"],
    quick: true,
  },
  {
    id: "ack",
    title: "acknowledgement, 50 clients, one in flight each",
    args: ["--workload", "ack"],
    websocket_only: true,
  },
  {
    id: "bcast-1",
    title: "broadcast to 500, one at a time",
    args: ["--workload", "bcast", "--clients", "500", "--senders", "1"],
    quick: true,
  },
  {
    id: "bcast-16",
    title: "broadcast to 500, 16 in flight",
    args: ["--workload", "bcast", "--clients", "500", "--senders", "1", "--in-flight", "16"],
    websocket_only: true,
  },
  {
    id: "room",
    title: "rooms of 6, 600 clients, 5 events per second each",
    args: ["--workload", "room", "--clients", "600", "--rate", "5"],
  },
  {
    id: "binary",
    title: "binary echo, 64 KiB, 10 clients",
    args: ["--workload", "binary", "--clients", "10", "--payload", "65536"],
  },
];

const over = (transport) =>
  usual
    .filter(({ websocket_only }) => !websocket_only || transport === "websocket")
    .map(({ websocket_only, ...workload }) => ({
      ...workload,
      id: `${transport}/${workload.id}`,
      group: transport,
      transport,
      args: [...workload.args, "--transport", transport],
    }));

const with_transport = (transport) => ["--transport", transport];

/// `descriptors`: how many one process may open; the largest workloads stay below that.
export function workloads(descriptors) {
  // The files that a runtime opens for itself leave fewer descriptors for clients.
  const most_clients = (wanted, per_client = 1) => Math.min(wanted, Math.floor((descriptors - 200) / per_client));
  const of_number = (number) => number.toLocaleString("en-US");

  const connections = [
    ["websocket", 10_000, 1],
    ["polling", 5_000, 2],
  ].flatMap(([transport, wanted, per_client]) => {
    const clients = most_clients(wanted, per_client);
    return [
      {
        id: `connections/connect-${transport}`,
        title: `connect, join the namespace, disconnect; 100 at a time; ${transport}`,
        args: ["--workload", "connect", "--clients", "100", ...with_transport(transport)],
        quick: transport === "websocket",
      },
      {
        id: `connections/idle-${transport}`,
        title: `${of_number(clients)} clients that do nothing; ${transport}`,
        args: ["--workload", "idle", "--clients", String(clients), ...with_transport(transport)],
        once: true,
      },
    ].map((workload) => ({ ...workload, group: "connections", transport }));
  });

  // One variable each; everything else is constant. The rate of events is fixed, so that more clients do not batch
  // more.
  const scaling = [];
  const scale = (family, x, title, args, quick) =>
    scaling.push({
      id: `scaling/${family}-${x}`,
      group: "scaling",
      transport: "websocket",
      family,
      x,
      title,
      args,
      quick,
      once: true,
      ours_only: true,
    });
  const events_per_second = 10_000;
  const client_counts = [100, 300, 1_000, 3_000, 10_000, 20_000].map((count) => most_clients(count));
  for (const clients of [...new Set(client_counts)])
    scale(
      "clients",
      clients,
      `echo, ${of_number(clients)} clients, ${of_number(events_per_second)} events per second in all`,
      ["--workload", "echo", "--clients", String(clients), "--rate", String(events_per_second / clients)],
      clients === 1_000,
    );
  for (const rooms of [1, 4, 16, 64])
    scale(
      "rooms-per-client",
      rooms,
      `rooms of 6, 600 clients, each in ${rooms} of them, 2 events per second each`,
      ["--workload", "room", "--clients", "600", "--rooms", String(rooms * 100), "--rate", "2"],
      rooms === 16,
    );
  for (const rooms of [1, 10, 100, 1_000, 10_000])
    scale(
      "rooms",
      rooms,
      `${of_number(rooms)} room${rooms === 1 ? "" : "s"} of 6 in all, 1,200 clients, 1,200 events per second in all`,
      // With fewer than 200 rooms some clients are in no room; the others send more often.
      [
        "--workload",
        "room",
        "--clients",
        "1200",
        "--rooms",
        String(rooms),
        "--rate",
        String(1200 / Math.min(1200, rooms * 6)),
      ],
      rooms === 1_000,
    );
  for (const bytes of [32, 256, 1_024, 4_096, 16_384, 65_536])
    scale(
      "bytes",
      bytes,
      `echo of ${of_number(bytes)} bytes of text, 20 clients, one in flight each`,
      ["--workload", "echo", "--clients", "20", "--payload", String(bytes)],
      bytes === 4_096,
    );

  const typing = {
    id: "typing",
    group: "typing",
    transport: "websocket",
    title: "typing game: rooms of 6, everyone sends 5 events per second to the room",
    first: 600,
    most: most_clients(20_000),
    limit_ms: 50,
    args_for: (clients) => ["--workload", "room", "--clients", String(clients), "--room-size", "6", "--rate", "5"],
    once: true,
  };

  return [...over("websocket"), ...over("polling"), ...connections, typing, ...scaling];
}
