// SPDX-License-Identifier: MIT
// bench_server on Node's socket.io: the reference.

import { Server } from "socket.io";

import { listen_to, port } from "./handlers.mjs";

const io = new Server();
listen_to(io);
io.listen(port);
io.httpServer.on("listening", () => console.log(`listening on ${io.httpServer.address().port}`));
