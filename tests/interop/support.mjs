// SPDX-License-Identifier: MIT
// A C++ server and clients of the real socket.io-client for it.

import { once } from "node:events";
import { after, afterEach, before } from "node:test";

import { io } from "socket.io-client";

import { Program } from "../support/program.mjs";

/** The ways a client can reach the server. */
export const ways = {
  polling: { transports: ["polling"] },
  websocket: { transports: ["websocket"] },
  upgrade: { transports: ["polling", "websocket"] },
};

/** Runs one server for the tests of a file; every client is closed after its test. */
export class Server {
  /** @param options  of every client, for example the parser that the program speaks */
  constructor(options = {}) {
    this.options = options;
    this.clients = [];
    before(() => this.start());
    afterEach(() => this.closeClients());
    after(() => this.program?.stop());
  }

  async start(port = 0) {
    this.program = await Program.start(process.env.INTEROP_SERVER, port);
  }

  /** A client that is connecting; to another port if `url` is among the options. */
  open(path = "/", { url = this.program.url, ...options } = {}) {
    const usual = { forceNew: true, reconnection: false, transports: ["websocket"], ...this.options };
    const client = io(url + path, { ...usual, ...options });
    this.clients.push(client);
    return client;
  }

  /** A client that has connected, and upgraded if it was to. */
  async connect(path = "/", options = {}) {
    const client = this.open(path, options);
    const upgraded = options.transports?.length === 2 && new Promise((resolve) => client.io.once("open", () => resolve(once(client.io.engine, "upgrade"))));
    await next(client, "connect");
    await upgraded;
    return client;
  }


  async closeClients() {
    const open = this.clients.splice(0);
    for (const client of open) client.io.reconnection(false);
    await Promise.all(
      open.map((client) => {
        const engine = client.io.engine;
        if (!engine || engine.readyState === "closed") return client.close();
        const closed = once(engine, "close");
        client.io._close();
        return closed;
      }),
    );
  }
}

/** The arguments of the next event of that name; one argument comes as itself. */
export function next(client, event) {
  return new Promise((resolve, reject) => {
    client.once(event, (...args) => resolve(args.length === 1 ? args[0] : args));
    if (event === "connect") client.once("connect_error", reject);
  });
}

/** The next `count` events of that name, in order. */
export function collect(client, event, count) {
  return new Promise((resolve) => {
    const seen = [];
    const take = (value) => {
      seen.push(value);
      if (seen.length < count) return;
      client.off(event, take);
      resolve(seen);
    };
    client.on(event, take);
  });
}
