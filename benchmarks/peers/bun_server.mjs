// SPDX-License-Identifier: MIT
// bench_server on socket.io over the engine for Bun. Run by Bun.

import { Server as Engine } from "@socket.io/bun-engine";
import { Server } from "socket.io";

import { listen_to, port } from "./handlers.mjs";

const io = new Server();
const engine = new Engine({ path: "/socket.io/" });
io.bind(engine);
listen_to(io);

// Bun ends connections that are silent for 10 seconds; the server pings every 25.
const server = Bun.serve({ port, idleTimeout: 60, ...engine.handler() });
console.log(`listening on ${server.port}`);
