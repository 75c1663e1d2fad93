// SPDX-License-Identifier: MIT
// A TCP connection that speaks HTTP/1.1 by hand, so that a test decides which byte is sent when.

import { once } from "node:events";
import { connect } from "node:net";

export class RawHttp {
  static async open(port) {
    const http = new RawHttp();
    http.socket = connect(port, "127.0.0.1");
    http.socket.setNoDelay(true);
    http.received = Buffer.alloc(0);
    http.wake = () => {};
    http.closed = false;
    http.socket.on("data", (data) => {
      http.received = Buffer.concat([http.received, data]);
      http.wake();
    });
    http.socket.on("error", () => {});
    http.socket.on("close", () => {
      http.closed = true;
      http.wake();
    });
    await once(http.socket, "connect");
    return http;
  }

  /** Writes bytes; resolves when the kernel has them. */
  write(bytes) {
    return new Promise((resolve) => this.socket.write(bytes, resolve));
  }

  /** Sends a request; resolves when the kernel has it, not when it is answered. */
  send(method, target, { headers = {}, body = "" } = {}) {
    const bytes = Buffer.from(body);
    const lines = [`${method} ${target} HTTP/1.1`, "Host: localhost"];
    if (bytes.length || method === "POST") lines.push(`Content-Length: ${bytes.length}`);
    for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
    return this.write(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), bytes]));
  }

  /** The next response: {status, headers, body}; null if the connection ended before one. */
  async response() {
    for (;;) {
      const end = this.received.indexOf("\r\n\r\n");
      if (end >= 0) {
        const [first, ...fields] = this.received.subarray(0, end).toString("latin1").split("\r\n");
        const headers = {};
        for (const field of fields) {
          const colon = field.indexOf(":");
          headers[field.slice(0, colon).toLowerCase()] = field.slice(colon + 1).trim();
        }
        const length = Number(headers["content-length"] ?? 0);
        if (this.received.length >= end + 4 + length) {
          const body = this.received.subarray(end + 4, end + 4 + length).toString();
          this.received = this.received.subarray(end + 4 + length);
          return { status: Number(first.split(" ")[1]), headers, body };
        }
      }
      if (this.closed) return null;
      await new Promise((resolve) => (this.wake = resolve));
    }
  }

  async request(method, target, options) {
    await this.send(method, target, options);
    return this.response();
  }

  /** Resolves when the connection has ended. */
  async end() {
    while (!this.closed) await new Promise((resolve) => (this.wake = resolve));
  }

  close() {
    this.socket.destroy();
  }
}
