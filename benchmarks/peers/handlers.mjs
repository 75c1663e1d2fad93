// SPDX-License-Identifier: MIT
// The five handlers of bench_server, and its command line, for the servers in JavaScript.

const at = process.argv.indexOf("--port");

export const port = at < 0 ? 3000 : Number(process.argv[at + 1]);

export function listen_to(io) {
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
}
