// SPDX-License-Identifier: MIT
// What a hostile client does to a server, one attack after the other. Each gets a Stage (stage.mjs) and a size: how much it sends,
// or how many connections it opens.

import { Wire, Polling, frame, handshake, join } from "./wire.mjs";

/** Calls `work(0)` to `work(count - 1)`, so many at a time. */
async function each(count, atATime, work) {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atATime, count) }, worker));
}

/** Sends a WebSocket message again and again, many frames in one write. */
async function flood(wire, message, count, perWrite = 2000) {
  const one = frame(Buffer.isBuffer(message) ? message : `4${message}`);
  for (let sent = 0; sent < count; sent += perWrite)
    if (!(await wire.write(Buffer.concat(Array(Math.min(perWrite, count - sent)).fill(one))))) return;
}

/** Sends different WebSocket messages, many frames in one write. */
async function sendAll(wire, count, make, perWrite = 500) {
  for (let sent = 0; sent < count; ) {
    const frames = [];
    for (; frames.length < perWrite && sent < count; ++sent) {
      const message = make(sent);
      frames.push(frame(Buffer.isBuffer(message) ? message : `4${message}`));
    }
    if (!(await wire.write(Buffer.concat(frames)))) return;
  }
}

/** The states in which a connection of the churn is left. */
export const halfOpen = {
  "TCP only": async (wire) => wire.reset(),
  "part of a TLS hello": async (wire) => {
    await wire.write(Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]));
    await wire.reset();
  },
  "part of a head": async (wire) => {
    await wire.write("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHo");
    await wire.reset();
  },
  "a session without CONNECT": async (wire) => {
    await wire.request("GET", `${handshake}polling`);
    await wire.reset();
  },
  "a request for a WebSocket, not awaited": async (wire) => {
    await wire.write(
      `GET ${handshake}websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    await wire.reset();
  },
  "a WebSocket for a session, without a probe": async (wire, server) => {
    const { body } = await wire.request("GET", `${handshake}polling`);
    const second = await Wire.open(server);
    await second.upgrade(`&sid=${JSON.parse(body.slice(1)).sid}`);
    await Promise.all([second.reset(), wire.reset()]);
  },
  "a probe without the upgrade": async (wire, server) => {
    const { body } = await wire.request("GET", `${handshake}polling`);
    const second = await Wire.open(server);
    await second.upgrade(`&sid=${JSON.parse(body.slice(1)).sid}`);
    const answered = second.message(/3probe/);
    await second.write(frame("2probe"));
    await answered;
    await Promise.all([second.reset(), wire.reset()]);
  },
  "joined, then reset": async (wire, server) => {
    await wire.upgrade();
    const joined = wire.message(/sid/);
    await wire.send(server.codec.connect());
    await joined;
    await wire.reset();
  },
  "part of a POST": async (wire) => {
    const { body } = await wire.request("GET", `${handshake}polling`);
    const target = `${handshake}polling&sid=${JSON.parse(body.slice(1)).sid}`;
    await wire.write(`POST ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n40`);
    await wire.reset();
  },
};

/**
 * name      of the attack
 * does      what it does, for people
 * size      how much of it: the default, and what is enough for a test
 * holds     megabytes: the most that the server may hold in the end, beyond what it had before; with the size above and its default limits
 * server    options of the server program
 * readers   how many readers the bystander has, instead of one client with echoes
 * run       the attack itself
 */
export const attacks = [
  {
    name: "polling-memory",
    does: "POSTs of 80,000 events that want answers, which it never fetches",
    size: { full: 35, test: 1 },
    holds: 24,
    async run({ server }, posts) {
      const session = await Polling.open(server);
      await session.post(session.payload(server.codec.connect()));
      const packet = server.codec.event(["echo"], { id: 0 });
      const most = Math.floor(999_000 / (session.payload(packet).length + 1)); // with its separator
      for (let i = 0; i < posts; ++i) {
        const { status } = await session.post(session.payload(packet, Math.min(80_000, most)));
        if (status !== 200) break;
      }
      return () => session.wire.end();
    },
  },
  {
    name: "namespaces",
    does: "joins 40,000 dynamic namespaces over one connection",
    size: { full: 40_000, test: 500 },
    holds: 8,
    async run({ server }, count) {
      const wire = await join(server);
      await sendAll(wire, count, (i) => server.codec.connect(`/dyn-${i}`));
      await wire.message(new RegExp(`/dyn-${count - 1}\\b`));
      return () => wire.end();
    },
  },
  {
    name: "rooms",
    does: "puts one socket into 150,000 rooms",
    size: { full: 150_000, test: 1000 },
    holds: 8,
    async run({ server }, count) {
      const wire = await join(server);
      await sendAll(wire, count, (i) => server.codec.event(["join", `room ${i}`]));
      await this.echoed(wire, server);
      return () => wire.end();
    },
  },
  {
    name: "long-rooms",
    does: "puts one socket into 200 rooms with names of 900 KB",
    size: { full: 200, test: 3 },
    holds: 8,
    async run({ server }, count) {
      const wire = await join(server);
      for (let i = 0; i < count; ++i) await wire.send(server.codec.event(["join", `${i}`.padEnd(900_000, "r")]));
      await this.echoed(wire, server);
      return () => wire.end();
    },
  },
  {
    name: "handlers",
    does: "starts 200,000 handlers that wait",
    size: { full: 200_000, test: 1000 },
    holds: 48,
    async run({ server }, count) {
      const wire = await join(server);
      await flood(wire, server.codec.event(["wait", "x"]), count);
      await this.echoed(wire, server);
      return () => wire.end();
    },
  },
  {
    name: "recovery-log",
    does: "sends 64 MB of broadcasts in each of 20 dynamic namespaces of a server with recovery",
    size: { full: 20, test: 1 },
    holds: 160,
    server: { recovery: 1 },
    async run({ server, small }, namespaces) {
      const names = Array.from({ length: namespaces }, (_, i) => `/dyn-${i}`);
      const wire = await join(server, { namespaces: names });
      const text = "x".repeat(900_000);
      for (const nsp of names)
        for (let i = 0; i < (small ? 2 : 75); ++i) {
          const said = wire.message(/said/);
          await wire.send(server.codec.event(["say", text], { nsp }));
          if ((await said) === undefined) return () => {};
        }
      return () => wire.end();
    },
  },
  {
    name: "recovery-sessions",
    does: "2,000 clients with 1,000 rooms each break their connections on a server with recovery",
    size: { full: 2000, test: 5 },
    server: { recovery: 1 },
    async run({ server }, clients) {
      await each(clients, 20, async () => {
        const wire = await join(server);
        await sendAll(wire, 1000, (i) => server.codec.event(["join", `room ${i}`]));
        await this.echoed(wire, server);
        await wire.reset();
      });
      return () => {};
    },
  },
  {
    name: "unjoined-attachments",
    does: "100 clients that have joined nothing send 9 of 10 attachments of 990 KB; with msgpack half of such a message",
    size: { full: 100, test: 2 },
    holds: 8,
    async run({ server }, clients) {
      const wires = [];
      const attachment = Buffer.alloc(990_000, 1);
      await each(clients, 10, async () => {
        const wire = await Wire.open(server);
        await wire.upgrade();
        wires.push(wire);
        if (server.parser === "msgpack") return wire.write(frame(attachment).subarray(0, 900_000));
        const places = Array.from({ length: 10 }, (_, num) => ({ _placeholder: true, num }));
        await wire.send(`510-${JSON.stringify(["x", ...places])}`);
        for (let i = 0; i < 9; ++i) await wire.send(attachment);
      });
      await this.settled();
      return () => Promise.all(wires.map((wire) => wire.end()));
    },
  },
  {
    name: "fairness",
    does: "one client sends 4,000,000 small events as fast as the server reads them",
    size: { full: 4_000_000, test: 20_000 },
    holds: 8,
    async run({ server }, count) {
      const wire = await join(server);
      await flood(wire, server.codec.event(["echo", 1]), count, 8000);
      await this.echoed(wire, server);
      return () => wire.end();
    },
  },
  ...[200, 20_000].map((bytes) => ({
    name: `stalled-readers-${bytes}`,
    does: `ten clients that do not read what is broadcast (${bytes} bytes), beside 500 that do`,
    size: { full: 10, test: 2 },
    server: { news: bytes },
    readers: { full: 500, test: 5 },
    async run({ server, small }, count) {
      const wires = [];
      for (let i = 0; i < count; ++i) {
        const wire = await join(server);
        await wire.send(server.codec.event(["join", "stalled"]));
        await this.echoed(wire, server);
        wire.socket.pause();
        wires.push(wire);
      }
      // Until the server has given them up: 16 MiB each.
      if (!small) await this.until(async () => (await this.sessions()) <= this.start.sessions, 30_000);
      return () => Promise.all(wires.map((wire) => wire.end()));
    },
  })),
  {
    name: "churn",
    does: "connections that are left in every half-open state",
    size: { full: 20_000, test: 90 },
    server: { connect_timeout: 1000, head_timeout: 1000 },
    async run({ server }, count) {
      const states = Object.values(halfOpen);
      // Bytes that are no TLS hello, and nothing at all, do not pass through TLS.
      const plain = { ...server, secure: false };
      await each(count, 100, async (i) => {
        const state = i % states.length;
        const wire = await Wire.open(state < 2 ? plain : server);
        try {
          await states[state](wire, server);
        } catch {
          await wire.end();
        }
      });
      return () => {};
    },
  },
  {
    name: "endless-heads",
    does: "1,000 clients whose request heads do not end, one field after the other",
    size: { full: 1000, test: 5 },
    async run({ server }, clients) {
      await each(clients, 200, async () => {
        const wire = await Wire.open(server);
        await wire.write("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\n");
        while (await wire.write(`X-Field: ${"x".repeat(1000)}\r\n`));
        await wire.end();
      });
      return () => {};
    },
  },
  {
    name: "endless-chunks",
    does: "200 clients whose POST bodies do not end: chunks of one byte with an extension of 100",
    size: { full: 200, test: 2 },
    async run({ server }, clients) {
      const chunks = `1;${"e".repeat(100)}\r\nx\r\n`.repeat(200);
      await each(clients, 50, async () => {
        const session = await Polling.open(server);
        await session.wire.write(`POST ${session.target} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`);
        while (await session.wire.write(chunks));
        await session.wire.end();
      });
      return () => {};
    },
  },
  {
    name: "slowloris",
    does: "2,000 clients that send a byte of their request heads each second",
    size: { full: 2000, test: 5 },
    server: { head_timeout: 5000 },
    async run({ server, small }, clients) {
      const wires = [];
      await each(clients, 100, async () => wires.push(await Wire.open(server)));
      for (let second = 0; second < (small ? 1 : 8) && wires.some((wire) => !wire.ended); ++second) {
        for (const wire of wires) if (!wire.ended) wire.socket.write("G");
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
      return () => Promise.all(wires.map((wire) => wire.end()));
    },
  },
  {
    name: "one-byte-fragments",
    does: "100 clients that send a message in 131,000 fragments of one byte",
    size: { full: 100, test: 2 },
    async run({ server }, clients) {
      const opcode = 1;
      const first = frame("4", { fin: false, opcode });
      const rest = Buffer.concat(Array(1000).fill(frame("2", { fin: false, opcode: 0 })));
      await each(clients, 20, async () => {
        const wire = await Wire.open(server);
        await wire.upgrade();
        await wire.write(first);
        for (let sent = 0; sent < 131 && (await wire.write(rest)); ++sent);
        await wire.end();
      });
      return () => {};
    },
  },
];
