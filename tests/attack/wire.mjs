// SPDX-License-Identifier: MIT
// Connections of an attacker: bytes on TCP or TLS, and the little of HTTP, WebSocket, Engine.IO and Socket.IO that attacks need.

import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";

const handshake = "/socket.io/?EIO=4&transport=";

/** A value as MessagePack: numbers below 2^31, strings, objects and arrays. */
export function msgpack(value) {
  const parts = [];
  const head = (...bytes) => parts.push(Buffer.from(bytes));
  const write = (each) => {
    if (typeof each === "number") return head(0xd2, each >>> 24, each >>> 16, each >>> 8, each);
    if (typeof each === "string") {
      const text = Buffer.from(each);
      head(0xdb, text.length >>> 24, text.length >>> 16, text.length >>> 8, text.length);
      return parts.push(text);
    }
    if (Buffer.isBuffer(each)) {
      head(0xc6, each.length >>> 24, each.length >>> 16, each.length >>> 8, each.length);
      return parts.push(each);
    }
    if (Array.isArray(each)) {
      head(0xdd, each.length >>> 24, each.length >>> 16, each.length >>> 8, each.length);
      return each.forEach(write);
    }
    const members = Object.entries(each);
    head(0xde, members.length >>> 8, members.length);
    for (const member of members) member.forEach(write);
  };
  write(value);
  return Buffer.concat(parts);
}

/** The packets of a Socket.IO client: text for the JSON parser, a Buffer for the msgpack parser. */
export const codecs = {
  json: {
    connect: (nsp = "/") => (nsp === "/" ? "0" : `0${nsp},`),
    event: (items, { nsp = "/", id } = {}) => `2${nsp === "/" ? "" : `${nsp},`}${id ?? ""}${JSON.stringify(items)}`,
  },
  msgpack: {
    connect: (nsp = "/") => msgpack({ type: 0, data: {}, nsp }),
    event: (items, { nsp = "/", id } = {}) => msgpack({ type: 2, data: items, nsp, ...(id === undefined ? {} : { id }) }),
  },
};

/** A frame of a client; the mask is zero, so that the payload stays as it is. */
export function frame(message, { fin = true, opcode } = {}) {
  const payload = Buffer.from(message);
  const code = opcode ?? (Buffer.isBuffer(message) ? 2 : 1);
  let head;
  if (payload.length < 126) {
    head = Buffer.from([0, 0x80 | payload.length, 0, 0, 0, 0]);
  } else if (payload.length < 65536) {
    head = Buffer.from([0, 0xfe, payload.length >> 8, payload.length, 0, 0, 0, 0]);
  } else {
    head = Buffer.alloc(14);
    head[1] = 0xff;
    head.writeUInt32BE(payload.length, 6);
  }
  head[0] = (fin ? 0x80 : 0) | code;
  return Buffer.concat([head, payload]);
}

/** A connection that throws away what it receives, unless somebody waits for it. */
export class Wire {
  /** @param server  { port, secure } */
  static async open(server, { reads = true } = {}) {
    const wire = new Wire();
    wire.input = Buffer.alloc(0);
    wire.ended = false;
    wire.socket = server.secure
      ? tls.connect({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false })
      : net.connect({ port: server.port, host: "127.0.0.1" });
    wire.closed = new Promise((resolve) => wire.socket.once("close", resolve));
    wire.socket.on("error", () => {});
    for (const event of ["end", "close"])
      wire.socket.once(event, () => {
        wire.ended = true;
        wire.wake?.();
      });
    await Promise.race([once(wire.socket, server.secure ? "secureConnect" : "connect"), wire.closed]);
    if (wire.ended) throw new Error("the server refused a connection");
    wire.socket.setNoDelay(true);
    if (reads) wire.listen();
    return wire;
  }

  listen() {
    this.socket.on("data", (bytes) => {
      if (!this.wake) return;
      this.input = this.input.length ? Buffer.concat([this.input, bytes]) : bytes;
      this.wake();
    });
  }

  /** Writes, and waits while the server does not read. @return whether the connection is still there */
  async write(bytes) {
    if (this.ended || this.socket.destroyed) return false;
    if (!this.socket.write(bytes)) await Promise.race([once(this.socket, "drain").catch(() => {}), this.closed]);
    await new Promise(setImmediate); // lets this process see what the server answers
    return !this.ended;
  }

  /** The bytes up to `end`; undefined if the connection ends first. */
  async until(end) {
    for (;;) {
      const at = this.input.indexOf(end);
      if (at !== -1) {
        const text = this.input.subarray(0, at + end.length).toString("latin1");
        this.input = this.input.subarray(at + end.length);
        return text;
      }
      if (this.ended) return undefined;
      await new Promise((resolve) => (this.wake = resolve));
    }
  }

  async request(method, target, body) {
    const head = `${method} ${target} HTTP/1.1\r\nHost: localhost\r\n`;
    const size = body === undefined ? "" : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    this.wake = () => {};
    await this.write(`${head}${size}\r\n`);
    if (body !== undefined) await this.write(body);
    const fields = await this.until("\r\n\r\n");
    if (fields === undefined) return { status: 0, body: "" };
    const length = Number(/content-length: (\d+)/i.exec(fields)?.[1] ?? 0);
    while (this.input.length < length && !this.ended) await new Promise((resolve) => (this.wake = resolve));
    const text = this.input.subarray(0, length).toString();
    this.input = this.input.subarray(length);
    this.wake = undefined;
    return { status: Number(fields.slice(9, 12)), body: text };
  }

  /** Makes a WebSocket of this connection. */
  async upgrade(query = "") {
    this.wake = () => {};
    await this.write(
      `GET ${handshake}websocket${query} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    const head = await this.until("\r\n\r\n");
    this.wake = undefined;
    this.input = Buffer.alloc(0);
    if (!head?.startsWith("HTTP/1.1 101")) throw new Error(`no WebSocket: ${head}`);
    return this;
  }

  /** Sends an Engine.IO message over a WebSocket: text after its type, binary data as it is. */
  send(message) {
    return this.write(frame(Buffer.isBuffer(message) ? message : `4${message}`));
  }

  /** The next message of the WebSocket that matches, as text; undefined if the connection ends. */
  async message(pattern) {
    this.wake = () => {};
    for (;;) {
      for (let next; (next = this.takeFrame()) !== undefined; )
        if (pattern.test(next)) {
          this.wake = undefined;
          return next;
        }
      if (this.ended) return undefined;
      await new Promise((resolve) => (this.wake = resolve));
    }
  }

  takeFrame() {
    if (this.input.length < 2) return undefined;
    let size = this.input[1] & 0x7f;
    let at = 2;
    if (size === 126) {
      if (this.input.length < 4) return undefined;
      size = this.input.readUInt16BE(2);
      at = 4;
    } else if (size === 127) {
      if (this.input.length < 10) return undefined;
      size = this.input.readUInt32BE(6);
      at = 10;
    }
    if (this.input.length < at + size) return undefined;
    const text = this.input.subarray(at, at + size).toString("latin1");
    this.input = this.input.subarray(at + size);
    return text;
  }

  end() {
    this.socket.destroy();
    return this.closed;
  }

  /** Ends the connection with RST. */
  reset() {
    if (this.socket.resetAndDestroy && !this.socket.encrypted) this.socket.resetAndDestroy();
    else this.socket.destroy();
    return this.closed;
  }
}

/** A WebSocket session that has joined namespaces, with its codec. */
export async function join(server, { namespaces = ["/"], reads = true } = {}) {
  const wire = await Wire.open(server);
  await wire.upgrade();
  for (const nsp of namespaces) {
    const joined = wire.message(/sid/);
    await wire.send(server.codec.connect(nsp));
    if ((await joined) === undefined) throw new Error("the server refused a client");
  }
  if (!reads) wire.socket.pause();
  return wire;
}

/** A polling session: `post` sends packets, `poll` fetches what there is. */
export class Polling {
  static async open(server) {
    const session = new Polling();
    session.server = server;
    session.wire = await Wire.open(server);
    const { body } = await session.wire.request("GET", `${handshake}polling`);
    session.sid = JSON.parse(body.slice(1)).sid;
    session.target = `${handshake}polling&sid=${session.sid}`;
    return session;
  }

  /** A payload of one packet, repeated. */
  payload(packet, times = 1) {
    const text = Buffer.isBuffer(packet) ? `b${packet.toString("base64")}` : `4${packet}`;
    return Array(times).fill(text).join("\x1e");
  }

  post(body) {
    return this.wire.request("POST", this.target, body);
  }
  poll() {
    return this.wire.request("GET", this.target);
  }
}

export { handshake };
