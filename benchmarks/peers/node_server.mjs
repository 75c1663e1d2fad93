// SPDX-License-Identifier: MIT
// bench_server on Node's socket.io: the reference.

import { Server } from "socket.io";

const at = process.argv.indexOf("--port");
const port = at < 0 ? 3000 : Number(process.argv[at + 1]);
const io = new Server(port);

io.on("connection", (socket) => {
  socket.on("echo", (x) => socket.emit("echo", x));
  socket.on("ack", (x, acknowledge) => acknowledge(x));
  socket.on("bcast", (x) => io.emit("bcast", x));
  socket.on("join", (room, joined) => {
    socket.join(room);
    joined();
  });
  socket.on("room", (room, x) => io.to(room).emit("room", x));
});

console.log(`listening on ${port}`);
