// SPDX-License-Identifier: MIT
// Rooms, and who receives what.

import { suite } from "./support.mjs";

/** Clients in the story's namespace, each in the rooms that are named: {a: ["r"], b: []}. */
async function inRooms(stage, rooms, options = {}) {
  const clients = {};
  for (const [name, names] of Object.entries(rooms))
    clients[name] = await stage.connect(name, { nsp: stage.nsp, connect: [["set data", "name", name], ["join", ...names]], ...options });
  return clients;
}

/** Resolves when everyone has received what was sent before. */
async function settled(clients) {
  for (const client of Object.values(clients)) await client.do(["emit", "end"]);
}

/** One client sends; what each receives is the story. */
const story = (rooms, how, from = "a") => async (stage) => {
  const clients = await inRooms(stage, rooms);
  await clients[from].do(["broadcast", how, "news", 1]);
  await settled(clients);
};

suite("rooms", (it) => {
  it("everyone in the namespace", story({ a: [], b: ["r"], c: [] }, {}));

  it("everyone but the sender", story({ a: ["r"], b: ["r"], c: [] }, { from: "socket" }));

  it("one room", story({ a: ["r"], b: ["r"], c: ["s"] }, { to: ["r"] }));

  it("one room but the sender", story({ a: ["r"], b: ["r"], c: ["s"] }, { from: "socket", to: ["r"] }));

  it("a room that the sender is not in", story({ a: [], b: ["r"], c: ["r"] }, { from: "socket", to: ["r"] }));

  it("several rooms, each member once", story({ a: ["r"], b: ["r", "s"], c: ["s"], d: [] }, { to: ["r", "s"] }));

  it("everyone except a room", story({ a: [], b: ["r"], c: ["s"] }, { except: ["r"] }));

  it("a room except another one", story({ a: ["r"], b: ["r", "s"], c: ["s"] }, { to: ["r"], except: ["s"] }));

  it("a room that nobody is in", story({ a: [], b: [] }, { to: ["nobody"] }));

  it("everyone except a room that nobody is in", story({ a: [], b: [] }, { except: ["nobody"] }));

  it("a room on this server", story({ a: ["r"], b: ["r"] }, { to: ["r"], local: true }));

  it("a room, uncompressed", story({ a: ["r"], b: ["r"] }, { to: ["r"], compress: false }));

  it("a room with an empty name", story({ a: [""], b: [] }, { to: [""] }));

  it("a room is left", async (stage) => {
    const clients = await inRooms(stage, { a: ["r"], b: ["r"] });
    await clients.a.do(["leave", "r"], ["broadcast", { to: ["r"] }, "news"], ["rooms"]);
    await settled(clients);
  });

  it("a room is joined twice and left once", async (stage) => {
    const clients = await inRooms(stage, { a: ["r"] });
    await clients.a.do(["join", "r", "r"], ["rooms"], ["leave", "r"], ["rooms"], ["leave", "r"], ["broadcast", { to: ["r"] }, "news"]);
  });

  it("rooms are listed in the order of joining, the own one first", async (stage) => {
    const client = await stage.connect("client", { nsp: stage.nsp });
    await client.do(["join", "z"], ["join", "a", "m"], ["rooms"], ["leave", "a"], ["join", "a"], ["rooms"]);
  });

  it("a socket leaves the room of its own id", async (stage) => {
    const client = await stage.connect("client", { nsp: stage.nsp });
    await client.do(["leave own room"], ["rooms"], ["broadcast", { to: [client.id] }, "to the id"], ["emit", "directly"]);
    client.socket.disconnect();
    await stage.logged("disconnect");
  });

  it("the id of a socket is a room", async (stage) => {
    const clients = await inRooms(stage, { a: [], b: [] });
    await clients.a.do(["broadcast", { to: [clients.b.id] }, "private"]);
    await settled(clients);
  });

  it("everyone except one id", async (stage) => {
    const clients = await inRooms(stage, { a: [], b: [], c: [] });
    await clients.a.do(["broadcast", { except: [clients.b.id] }, "not for b"]);
    await settled(clients);
  });

  it("a socket joins the room of another one's id", async (stage) => {
    const clients = await inRooms(stage, { a: [], b: [] });
    await clients.a.do(["join", clients.b.id], ["broadcast", { to: [clients.b.id] }, "for both"]);
    await settled(clients);
  });

  it("rooms of two namespaces have nothing to do with each other", async (stage) => {
    const one = await stage.connect("one", { nsp: stage.nsp, connect: [["join", "r"]] });
    const other = stage.sibling("other", one, `${stage.nsp}/other`, { connect: [["join", "r"]] });
    await other.until("connect");
    await one.do(["broadcast", { to: ["r"] }, "news"]);
    await other.do(["emit", "end"]);
  });

  it("sockets are put into a room", async (stage) => {
    const clients = await inRooms(stage, { a: ["r"], b: ["r"], c: [] });
    await clients.c.do(["sockets join", { to: ["r"] }, "s"], ["broadcast", { to: ["s"] }, "news"]);
    await settled(clients);
  });

  it("everyone is put into a room", async (stage) => {
    const clients = await inRooms(stage, { a: [], b: [] });
    await clients.a.do(["sockets join", {}, "s"], ["broadcast", { to: ["s"] }, "news"], ["rooms"]);
    await settled(clients);
  });

  it("sockets are taken out of a room", async (stage) => {
    const clients = await inRooms(stage, { a: ["r", "s"], b: ["s"] });
    await clients.b.do(["sockets leave", { to: ["r"] }, "s"], ["broadcast", { to: ["s"] }, "news"]);
    await settled(clients);
  });

  it("the sockets of a room are found", async (stage) => {
    const clients = await inRooms(stage, { a: ["r"], b: ["r"], c: [] });
    await clients.c.do(["fetch", { to: ["r"] }]);
    await clients.c.do(["fetch", { from: "socket" }]);
    await clients.c.do(["fetch", { except: ["r"] }]);
    await stage.logged("found", 3);
  });

  it("a socket that has left is in no selection", async (stage) => {
    const clients = await inRooms(stage, { a: ["r"], b: ["r"] });
    clients.a.socket.disconnect();
    await stage.logged("disconnect");
    await clients.b.do(["broadcast", { to: ["r"] }, "news"], ["count"], ["fetch", { to: ["r"] }]);
    await stage.logged("found");
  });

  it("listeners hear of rooms that come and go", async (stage) => {
    const nsp = `${stage.nsp}/rooms`;
    const client = await stage.connect("client", { nsp, connect: [["join", "a", "b"]] });
    const other = await stage.connect("other", { nsp, connect: [["join", "a"]] });
    await client.do(["leave", "a"], ["join", "b"], ["leave", "nowhere"]);
    await other.do(["leave", "a"]);
    client.socket.disconnect();
    await stage.logged("disconnect");
  });

  it("listeners hear of rooms that a middleware joins", async (stage) => {
    const nsp = `${stage.nsp}/rooms`;
    await stage.connect("in", { nsp, use: [[["join", "early"], ["next"]]] });
    await stage.connect("out", { nsp, use: [[["join", "in vain"], ["refuse", "no"]]] });
  });

  it("listeners hear of rooms in bulk", async (stage) => {
    const nsp = `${stage.nsp}/rooms`;
    const client = await stage.connect("client", { nsp });
    client.tell(["sockets join", {}, "all"], ["sockets leave", {}, "all"], ["disconnect sockets", {}, false]);
    await stage.logged("disconnect");
  });

  it("one broadcast reaches polling and WebSocket", async (stage) => {
    const clients = {
      polling: await stage.connect("polling", { nsp: stage.nsp, transports: ["polling"] }),
      websocket: await stage.connect("websocket", { nsp: stage.nsp }),
    };
    await clients.websocket.do(["broadcast", {}, "news", { a: [1, "é"] }]);
    await settled(clients);
  });

  it("a broadcast with binary data reaches polling and WebSocket", async (stage) => {
    const connect = [["on", "bytes", [["broadcast args", {}, "bytes"]]]];
    const clients = {
      polling: await stage.connect("polling", { nsp: stage.nsp, transports: ["polling"] }),
      websocket: await stage.connect("websocket", { nsp: stage.nsp, connect }),
    };
    clients.websocket.emit("bytes", Buffer.from([1, 2, 3]), { deep: [Buffer.from([])] });
    await settled(clients);
  });

  it("a refused socket receives no broadcast", async (stage) => {
    const inside = await stage.connect("inside", { nsp: stage.nsp });
    const refused = await stage.joined("refused", { nsp: stage.nsp, auth: { use: [[["join", "r"], ["refuse", "no"]]] } });
    await inside.do(["broadcast", { to: ["r"] }, "news"], ["broadcast", {}, "news"]);
    await refused.join("/static");
  });
});
