// SPDX-License-Identifier: MIT
// Middleware of connections and of events.

import { suite } from "./support.mjs";

const pass = (...actions) => [...actions, ["next"]];

suite("middleware", (it) => {
  it("runs in the order of registration, then the connection handler", async (stage) => {
    const use = [pass(["log", "one"]), pass(["log", "two"]), pass(["log", "three"])];
    await stage.connect("client", { use, connect: [["log", "handler"]] });
  });

  it("refuses with a message", async (stage) => {
    await stage.connect("client", { use: [[["refuse", "not you"]]] });
  });

  it("refuses with a message and data", async (stage) => {
    await stage.connect("client", { use: [[["refuse", "not you", { code: 401, hints: ["a", null] }]]] });
  });

  it("refuses with data that are a string, a number, false or an empty object", async (stage) => {
    for (const data of ["text", 0, false, {}]) {
      const name = JSON.stringify(data);
      const client = await stage.wire(name).open();
      client.send(`40${JSON.stringify({ use: [[["refuse", "no", data]]] })}`);
      await client.until("44");
    }
  });

  it("refuses with data that are null", async (stage) => {
    const client = await stage.wire("client").open();
    client.send('40{"use":[[["refuse","no",null]]]}');
    await client.until("44");
  });

  it("refuses with an empty message", async (stage) => {
    const client = await stage.wire("client").open();
    client.send('40{"use":[[["refuse",""]]]}');
    await client.until("44");
  });

  it("a refusal ends the chain", async (stage) => {
    await stage.connect("client", { use: [pass(["log", "one"]), [["log", "two"], ["refuse", "no"]], pass(["log", "three"])] });
  });

  it("a refused client may try again on the same connection", async (stage) => {
    const client = await stage.wire("client").open();
    client.send('40{"use":[[["refuse","not yet"]]]}');
    await client.until("44");
    await client.join("/", {});
    await client.do(["emit", "hello"]);
  });

  it("a refusal in one namespace leaves the others", async (stage) => {
    const client = await stage.joined("client");
    await client.join("/static", { use: [[["refuse", "not here"]]] });
    await client.do(["emit", "still here"]);
  });

  it("the main namespace's middleware is not for other namespaces", async (stage) => {
    const client = await stage.wire("client").open();
    await client.join("/static", {});
    await client.join("/", { use: [[["refuse", "not here"]]] });
  });

  it("may go on in a later turn", async (stage) => {
    await stage.connect("client", { use: [[["log", "one"], ["later", [["log", "later"], ["next"]]]], pass(["log", "two"])] });
  });

  it("may refuse in a later turn", async (stage) => {
    await stage.connect("client", { use: [[["later", [["refuse", "after a while"]]]], pass(["log", "two"])] });
  });

  it("a client that disconnects while a middleware waits is never connected", async (stage) => {
    const other = await stage.connect("other");
    const client = await stage.joined("client");
    client.send('40/static,{"use":[[["log","waits"],["hold","gate",[["log","goes on"],["next"]]]]],"connect":[["log","connected"]]}');
    await stage.logged("waits");
    client.cut();
    await stage.logged("disconnect");
    await other.do(["release", "gate"]);
    await other.do(["log", "end"]);
  });

  it("what a middleware puts into the data is there for the handler", async (stage) => {
    await stage.connect("client", { use: [pass(["set data", "a", 1]), pass(["set data", "b", [2]])], connect: [["data"]] });
    await stage.logged("data");
  });

  it("rooms that a middleware joins count from the connection on", async (stage) => {
    const use = [pass(["join", "early"], ["rooms"])];
    const client = await stage.connect("client", { nsp: stage.nsp, use, connect: [["rooms"]] });
    await client.do(["broadcast", { to: ["early"] }, "news"]);
  });

  it("a socket is not connected in a middleware", async (stage) => {
    await stage.connect("client", { nsp: stage.nsp, use: [pass(["connected"], ["count"])], connect: [["connected"], ["count"]] });
    await stage.logged("count", 2);
  });

  it("a broadcast from a middleware does not reach the socket itself", async (stage) => {
    const other = await stage.connect("other", { nsp: stage.nsp });
    const client = await stage.connect("client", { nsp: stage.nsp, use: [pass(["broadcast", {}, "someone comes"])] });
    await client.do(["emit", "end"]);
    await other.do(["emit", "end"]);
  });

  it("an event that a middleware emits and then refuses", async (stage) => {
    const client = await stage.wire("client").open();
    client.send('40{"use":[[["emit","sorry"],["refuse","no"]]]}');
    await client.until("44");
  });

  it("disconnect in a middleware does nothing", async (stage) => {
    const client = await stage.connect("client", { use: [pass(["disconnect"])] });
    await client.do(["emit", "still here"]);
  });

  it("ending the connection in a middleware", async (stage) => {
    const client = await stage.wire("client").open();
    client.send('40{"use":[[["close connection"],["next"]]]}');
    await client.closed();
  });

  it("a child namespace has the middleware of its parent", async (stage) => {
    await stage.connect("in", { nsp: stage.nsp, use: [pass(["log", "one"], ["namespace"])] });
    await stage.connect("out", { nsp: stage.nsp, use: [[["refuse", "not in this child"]]] });
  });

  it("the handshake is there in a middleware", async (stage) => {
    await stage.connect("client", { query: { token: "t" }, use: [pass(["handshake"])] });
  });

  it("a middleware waits over polling", async (stage) => {
    const client = await stage.poller("client");
    await client.join("/", { use: [[["later", [["next"]]]]], connect: [["emit", "hello"]] });
    await client.until("42");
  });

  it("two clients wait at once and are let in one by one", async (stage) => {
    const one = stage.client("one", { use: [[["log", "one waits"], ["hold", "one", [["next"]]]]] });
    await stage.logged("one waits");
    const two = stage.client("two", { use: [[["log", "two waits"], ["hold", "two", [["next"]]]]] });
    await stage.logged("two waits");
    const other = await stage.connect("other");
    await other.do(["release", "two"]);
    await two.until("connect");
    await other.do(["release", "one"]);
    await one.until("connect");
  });

  it("a second CONNECT while the middleware of the first still waits", async (stage) => {
    const client = await stage.joined("client");
    client.send('40/static,{"use":[[["log","waits"],["hold","gate",[["next"]]]]]}');
    await stage.logged("waits");
    client.send("40/static,");
    await client.until("40/static", "44/static");
    await client.do(["emit", "still here"]);
  });

  it("a second CONNECT while the first waits, for the real client", async (stage) => {
    const client = await stage.connect("client");
    const chat = stage.sibling("chat", client, "/static", { use: [[["log", "waits"], ["hold", "gate", [["next"]]]]] });
    await stage.logged("waits");
    chat.socket.disconnect();
    chat.socket.auth = {};
    chat.socket.connect();
    await chat.until("connect");
    await client.do(["emit", "still here"]);
  });

  it("an event passes the middleware of its socket in their order", async (stage) => {
    const client = await stage.joined("client");
    await client.do(
      ["on", "event", [["log args", "handler"]]],
      ["use", pass(["log args", "one"])],
      ["use", pass(["log args", "two"])],
    );
    client.send('42["event",1,"two"]');
    await stage.logged("handler");
  });

  it("an event that is refused reaches the error handler and no other", async (stage) => {
    const client = await stage.joined("client");
    await client.do(
      ["on", "event", [["log", "handler"]]],
      ["use", [["refuse", "not this one", { code: 1 }]]],
      ["use", pass(["log", "never"])],
    );
    client.send('42["event",1]');
    await stage.logged("error");
  });

  it("a refused event that wants an acknowledgement gets none", async (stage) => {
    const client = await stage.joined("client");
    await client.do(["use", [["refuse", "no"]]]);
    client.send('421["event"]');
    await stage.logged("error");
    client.send("41");
    await stage.logged("disconnect");
  });

  it("an event middleware may change the event", async (stage) => {
    const client = await stage.joined("client");
    await client.do(
      ["on", "new", [["log args", "handler"]]],
      ["use", pass(["set event", "new", 2, "changed"])],
    );
    client.send('42["old",1]');
    await stage.logged("handler");
  });

  it("an event middleware may go on in a later turn, and be overtaken", async (stage) => {
    const client = await stage.joined("client");
    await client.do(
      ["on", "event", [["log args", "handler"]]],
      ["use", [["hold", "gate", [["next"]]]]],
    );
    client.send('42["event",1]', '42["event",2]');
    const other = await stage.connect("other");
    await other.do(["release", "gate"]);
    await stage.logged("handler");
  });

  it("an event that is let through after the disconnection is not handled", async (stage) => {
    const other = await stage.connect("other");
    const client = await stage.joined("client");
    await client.do(["on", "event", [["log", "handler"]]], ["use", [["log", "waits"], ["hold", "gate", [["next"]]]]]);
    client.send('42["event",1]');
    await stage.logged("waits");
    client.send("41");
    await stage.logged("disconnect");
    await other.do(["release", "gate"]);
    await other.do(["log", "end"]);
  });

  it("an event middleware sees binary data", async (stage) => {
    const client = await stage.connect("client");
    await client.do(["on", "event", [["log args", "handler"]]], ["use", pass(["log args", "middleware"])]);
    client.emit("event", Buffer.from([1, 2, 3]), { deep: [Buffer.from([4])] });
    await stage.logged("handler");
  });
});
