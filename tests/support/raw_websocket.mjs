// SPDX-License-Identifier: MIT
// A WebSocket whose messages the test takes one by one, in order, as raw packets.

import { WebSocket } from "ws";

export class RawWebSocket {
  /** Opens; resolves when the handshake is through. Rejects with the status of a refusal in `error.status`. */
  static open(url, options = {}) {
    const socket = new RawWebSocket();
    socket.messages = [];
    socket.wake = () => {};
    socket.ws = new WebSocket(url, options);
    socket.ws.on("message", (data, isBinary) => {
      socket.messages.push(isBinary ? Buffer.from(data) : data.toString());
      socket.wake();
    });
    socket.ws.on("close", (code) => {
      socket.closeCode = code;
      socket.wake();
    });
    return new Promise((resolve, reject) => {
      socket.ws.once("open", () => resolve(socket));
      socket.ws.once("unexpected-response", (request, response) => {
        let body = "";
        response.on("data", (data) => (body += data));
        response.on("end", () => {
          request.destroy();
          reject(Object.assign(new Error(`refused with ${response.statusCode}`), { status: response.statusCode, body }));
        });
      });
      socket.ws.on("error", reject);
    });
  }

  send(...messages) {
    for (const message of messages) this.ws.send(message);
  }

  /** The next message, a string or a Buffer; pings of the heartbeat are left out unless asked for. */
  async next({ pings = false } = {}) {
    for (;;) {
      while (this.messages.length) {
        const message = this.messages.shift();
        if (message !== "2" || pings) return message;
      }
      if (this.closeCode !== undefined) throw new Error(`closed with ${this.closeCode} instead of a message`);
      await new Promise((resolve) => (this.wake = resolve));
    }
  }

  /** Resolves with the close code when the server has closed the connection. */
  async closed() {
    while (this.closeCode === undefined) await new Promise((resolve) => (this.wake = resolve));
    return this.closeCode;
  }

  close() {
    this.ws.terminate();
  }
}
