// SPDX-License-Identifier: MIT
// Clients whose connection was cut for a moment, and get back what they had and what they missed.

import { suite } from "./support.mjs";

const variant = "recovery";

/** What a joined wire has been told: {sid, pid}. */
const identity = (wire, nsp) =>
  JSON.parse(wire.record.entries.find((entry) => entry.startsWith?.(`40${nsp},{`)).slice(`40${nsp},`.length));

/** Replaces the offset that ends an event, which depends on the clock; returns it. */
function offset(wire) {
  const { entries } = wire.record;
  const at = entries.length - 1;
  const [head] = /^[^[]*/.exec(entries[at]);
  const event = JSON.parse(entries[at].slice(head.length));
  const found = event.pop();
  entries[at] = `${head}${JSON.stringify([...event, `<an offset: ${typeof found}>`])}`;
  return found;
}

/** Hides the offsets of all events that were recorded: the last argument, if it is a text of that form. */
function hideOffsets(...places) {
  const hidden = (item, i, event) => (i > 0 && i === event.length - 1 && /^[\w.-]{5,}$/.test(item) ? "<an offset>" : item);
  for (const { record } of places)
    record.entries = record.entries.map((entry) => {
      if (!/^4[25]/.test(entry)) return entry;
      const start = entry.indexOf("[");
      return entry.slice(0, start) + JSON.stringify(JSON.parse(entry.slice(start)).map(hidden));
    });
}

/** A client in the story's namespace that has got one event; with what it must say to come back. */
async function withOneEvent(stage, name, actions = [], options = {}) {
  const wire = await stage.joined(name, { variant, nsp: stage.nsp, ...options });
  const { pid } = identity(wire, stage.nsp);
  wire.send(`42${stage.nsp},${JSON.stringify(["do", [...actions, ["emit", "seen"]]])}`);
  await wire.until(/"seen"/);
  return { wire, auth: { pid, offset: offset(wire) } };
}

suite("recovery", (it) => {
  it("the answer to CONNECT has a private id", async (stage) => {
    await stage.joined("client", { variant });
  });

  it("events have one argument more, an offset", async (stage) => {
    const { wire } = await withOneEvent(stage, "client");
    hideOffsets(wire);
  });

  it("events with an acknowledgement and volatile events have no offset", async (stage) => {
    const client = await stage.joined("client", { variant, nsp: stage.nsp });
    await client.do(["ask", "question"]);
    await client.do(["volatile emit", "volatile", 1]);
    await client.do(["broadcast", {}, "kept"], ["emit", "kept as well"]);
    hideOffsets(client);
  });

  it("a client comes back with its id, its rooms, its data and what it missed", async (stage) => {
    const other = await stage.joined("other", { variant, nsp: stage.nsp });
    const { wire, auth } = await withOneEvent(stage, "client", [["join", "r"], ["set data", "name", "Ann"]]);
    wire.cut();
    await stage.logged("disconnect");
    await other.do(["broadcast", {}, "to all", 1], ["broadcast", { to: ["r"] }, "to r", { n: 2 }], ["broadcast", { to: ["s"] }, "to s"]);
    const back = await stage.joined("back", { variant, nsp: stage.nsp, auth: { ...auth, connect: [["recovered"], ["rooms"], ["data"]] } });
    await back.do(["emit", "end"]);
    hideOffsets(other, back);
  });

  it("what is missed comes before the answer to CONNECT, in order", async (stage) => {
    const other = await stage.joined("other", { variant, nsp: stage.nsp });
    const { wire, auth } = await withOneEvent(stage, "client");
    wire.cut();
    await stage.logged("disconnect");
    for (const n of [1, 2, 3, 4]) await other.do(["broadcast", { from: "socket" }, "missed", n]);
    const back = await stage.joined("back", { variant, nsp: stage.nsp, auth: { ...auth, connect: [["emit", "after"]] } });
    await back.until(/"after"/);
    hideOffsets(back);
  });

  it("binary data is recovered", async (stage) => {
    const nsp = stage.nsp;
    const auth = { connect: [["on", "send", [["broadcast args", { from: "socket" }, "bytes"]]]] };
    const other = await stage.joined("other", { variant, nsp, auth });
    const { wire, auth: identity } = await withOneEvent(stage, "client");
    wire.cut();
    await stage.logged("disconnect");
    other.send(`451-${nsp},["send",{"_placeholder":true,"num":0}]`, Buffer.from([1, 2, 3]));
    await other.do();
    const back = await stage.joined("back", { variant, nsp, auth: identity });
    await back.do();
    hideOffsets(back);
  });

  it("volatile events are not recovered", async (stage) => {
    const other = await stage.joined("other", { variant, nsp: stage.nsp });
    const { wire, auth } = await withOneEvent(stage, "client");
    wire.cut();
    await stage.logged("disconnect");
    await other.do(["broadcast", { from: "socket", volatile: true }, "volatile"], ["broadcast", { from: "socket" }, "kept"]);
    const back = await stage.joined("back", { variant, nsp: stage.nsp, auth });
    await back.do();
    hideOffsets(back);
  });

  it("a broadcast that asks for answers is not recovered", async (stage) => {
    const other = await stage.joined("other", { variant, nsp: stage.nsp });
    const { wire, auth } = await withOneEvent(stage, "client");
    wire.cut();
    await stage.logged("disconnect");
    await other.do(["ask all", { from: "socket", timeout: 10 }, "question"], ["broadcast", { from: "socket" }, "kept"]);
    const back = await stage.joined("back", { variant, nsp: stage.nsp, auth });
    await back.do();
    hideOffsets(back);
    await stage.logged("answers");
  });

  it("a broadcast that excepts the client's room is not recovered", async (stage) => {
    const other = await stage.joined("other", { variant, nsp: stage.nsp });
    const { wire, auth } = await withOneEvent(stage, "client", [["join", "r"]]);
    wire.cut();
    await stage.logged("disconnect");
    await other.do(["broadcast", { from: "socket", except: ["r"] }, "not for r"], ["broadcast", { from: "socket" }, "kept"]);
    const back = await stage.joined("back", { variant, nsp: stage.nsp, auth });
    await back.do();
    hideOffsets(back);
  });

  it("a client that left by itself gets a new session", async (stage) => {
    const { wire, auth } = await withOneEvent(stage, "client");
    wire.send(`41${stage.nsp},`);
    await stage.logged("disconnect");
    await stage.joined("back", { variant, nsp: stage.nsp, auth: { ...auth, connect: [["recovered"]] } });
  });

  it("a client that the server disconnected gets a new session", async (stage) => {
    const { wire, auth } = await withOneEvent(stage, "client");
    wire.send(`42${stage.nsp},["do",[["disconnect"]]]`);
    await stage.logged("disconnect");
    await stage.joined("back", { variant, nsp: stage.nsp, auth: { ...auth, connect: [["recovered"]] } });
  });

  it("a client whose connection the server ended gets a new session", async (stage) => {
    const { wire, auth } = await withOneEvent(stage, "client");
    wire.send(`42${stage.nsp},["do",[["disconnect",true]]]`);
    await stage.logged("disconnect");
    await stage.joined("back", { variant, nsp: stage.nsp, auth: { ...auth, connect: [["recovered"]] } });
  });

  it("a client whose connection below was closed comes back", async (stage) => {
    const { wire, auth } = await withOneEvent(stage, "client");
    wire.send(`42${stage.nsp},["do",[["close connection"]]]`);
    await stage.logged("disconnect");
    await stage.joined("back", { variant, nsp: stage.nsp, auth: { ...auth, connect: [["recovered"]] } });
  });

  it("a client that sent nonsense", async (stage) => {
    const { wire, auth } = await withOneEvent(stage, "client");
    wire.send(`42${stage.nsp},{`);
    await stage.logged("disconnect");
    await stage.joined("back", { variant, nsp: stage.nsp, auth: { ...auth, connect: [["recovered"]] } });
  });

  it("a client that closed its WebSocket properly comes back", async (stage) => {
    const { wire, auth } = await withOneEvent(stage, "client");
    wire.ws.close(1000);
    await stage.logged("disconnect");
    await stage.joined("back", { variant, nsp: stage.nsp, auth: { ...auth, connect: [["recovered"]] } });
  });

  it("an unknown private id gets a new session", async (stage) => {
    const { wire, auth } = await withOneEvent(stage, "client");
    wire.cut();
    await stage.logged("disconnect");
    await stage.joined("back", { variant, nsp: stage.nsp, auth: { ...auth, pid: "unknown", connect: [["recovered"]] } });
  });

  it("an unknown offset gets a new session", async (stage) => {
    const { wire, auth } = await withOneEvent(stage, "client");
    wire.cut();
    await stage.logged("disconnect");
    await stage.joined("back", { variant, nsp: stage.nsp, auth: { ...auth, offset: "unknown", connect: [["recovered"]] } });
  });

  it("a private id without an offset gets a new session", async (stage) => {
    const { wire, auth } = await withOneEvent(stage, "client");
    wire.cut();
    await stage.logged("disconnect");
    await stage.joined("back", { variant, nsp: stage.nsp, auth: { pid: auth.pid, connect: [["recovered"]] } });
  });

  it("a private id and an offset that are no texts get a new session", async (stage) => {
    await stage.joined("client", { variant, nsp: stage.nsp, auth: { pid: 1, offset: [2], connect: [["recovered"]] } });
  });

  it("the private id of a client that is still there gets a new session", async (stage) => {
    const { auth } = await withOneEvent(stage, "client");
    await stage.joined("back", { variant, nsp: stage.nsp, auth: { ...auth, connect: [["recovered"]] } });
  });

  it("a session is recovered once", async (stage) => {
    const { wire, auth } = await withOneEvent(stage, "client");
    wire.cut();
    await stage.logged("disconnect");
    await stage.joined("back", { variant, nsp: stage.nsp, auth: { ...auth, connect: [["recovered"]] } });
    await stage.joined("third", { variant, nsp: stage.nsp, auth: { ...auth, connect: [["recovered"]] } });
  });

  it("a session is recovered again after it was cut again", async (stage) => {
    const { wire, auth } = await withOneEvent(stage, "client");
    wire.cut();
    await stage.logged("disconnect");
    const back = await stage.joined("back", { variant, nsp: stage.nsp, auth });
    back.cut();
    await stage.logged("disconnect");
    await stage.joined("again", { variant, nsp: stage.nsp, auth: { ...auth, connect: [["recovered"]] } });
  });

  it("a private id of another namespace gets a new session", async (stage) => {
    const { wire, auth } = await withOneEvent(stage, "client");
    wire.cut();
    await stage.logged("disconnect");
    await stage.joined("back", { variant, nsp: `${stage.nsp}/other`, auth: { ...auth, connect: [["recovered"]] } });
  });

  it("a client that comes back does not pass the middleware", async (stage) => {
    const { wire, auth } = await withOneEvent(stage, "client");
    wire.cut();
    await stage.logged("disconnect");
    const use = [[["log", "middleware"], ["refuse", "not again"]]];
    await stage.joined("back", { variant, nsp: stage.nsp, auth: { ...auth, use, connect: [["recovered"]] } });
  });

  it("a client that comes back passes the middleware if that is configured", async (stage) => {
    const strict = { variant: "recovery with middleware" };
    const { wire, auth } = await withOneEvent(stage, "client", [], strict);
    wire.cut();
    await stage.logged("disconnect");
    const use = [[["log", "middleware"], ["recovered"], ["next"]]];
    await stage.joined("back", { ...strict, nsp: stage.nsp, auth: { ...auth, use, connect: [["recovered"]] } });
  });

  it("handlers are not recovered", async (stage) => {
    const { wire, auth } = await withOneEvent(stage, "client", [["on", "event", [["log", "an old handler"]]]]);
    wire.cut();
    await stage.logged("disconnect");
    const back = await stage.joined("back", { variant, nsp: stage.nsp, auth });
    back.send(`42${stage.nsp},["event"]`);
    await back.do();
  });

  it("the real client is told whether it was recovered", async (stage) => {
    const client = await stage.connect("client", { variant, nsp: stage.nsp, transports: ["websocket"] });
    client.tell(["emit", "seen"]);
    await client.until("seen");
    client.record.entries.splice(-1, 1, ["seen", "<an offset>"]);
    const { id } = client;
    client.cut();
    await client.until("disconnect");
    await stage.logged("disconnect");
    client.socket.connect();
    await client.until("connect");
    client.record.add(["the same", client.socket.recovered, client.id === id]);
  });
});
