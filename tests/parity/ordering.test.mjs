// SPDX-License-Identifier: MIT
// In which order things happen, and what arrives in which order.

import { suite } from "./support.mjs";

suite("ordering", (it) => {
  it("the answer to CONNECT comes before what the connection handler emits", async (stage) => {
    const client = await stage.joined("client", { auth: { connect: [["emit", "a"], ["emit", "b"]] } });
    await client.until('42["b"]');
  });

  it("events, broadcasts and acknowledgements leave in the order of the calls", async (stage) => {
    const client = await stage.joined("client", { nsp: stage.nsp });
    await client.do(["join", "r"], ["emit", "a"], ["broadcast", { to: ["r"] }, "b"], ["ask", "c"], ["ack"], ["emit", "d"]);
    await client.until(`42${stage.nsp},["d"]`);
  });

  it("an acknowledgement that is given first arrives before later events", async (stage) => {
    const client = await stage.joined("client");
    client.send('421["do",[["ack",1],["emit","after"]]]');
    await client.until('42["after"]');
  });

  it("events are handled in the order in which they were sent", async (stage) => {
    const client = await stage.joined("client");
    for (const n of [1, 2, 3, 4, 5]) client.send(`42["do",[["log",${n}],["emit","n",${n}]]]`);
    await client.until('42["n",5]');
  });

  it("what is done in a later turn comes after what was sent meanwhile", async (stage) => {
    const client = await stage.joined("client");
    await client.do(["later", [["emit", "later"], ["log", "later"]]], ["emit", "now"], ["log", "now"]);
    await client.until('42["later"]');
  });

  it("two turns that were put off keep their order", async (stage) => {
    const client = await stage.joined("client");
    await client.do(["later", [["emit", "first"]]], ["later", [["emit", "second"]]]);
    await client.until('42["second"]');
  });

  it("the catch-all handlers come first, then the middleware, then the handlers", async (stage) => {
    const client = await stage.joined("client");
    await client.do(
      ["on", "event", [["log", "handler"]]],
      ["use", [["log args", "middleware"], ["next"]]],
      ["on any", [["log args", "any"]]],
    );
    client.send('42["event",1]');
    await stage.logged("handler");
  });

  it("handlers are called in the order of their registration, prepended ones first", async (stage) => {
    const client = await stage.joined("client");
    await client.do(
      ["on", "event", [["log", "on"]]],
      ["once", "event", [["log", "once"]]],
      ["prepend", "event", [["log", "prepended"]]],
      ["on", "event", [["log", "last"]]],
    );
    client.send('42["event"]', '42["event"]');
    await stage.logged("last", 2);
  });

  it("catch-all handlers are called in the order of their registration, prepended ones first", async (stage) => {
    const client = await stage.joined("client");
    await client.do(["on any", [["log", "one"]]], ["on any", [["log", "two"]]], ["prepend any", [["log", "zero"]]]);
    client.send('42["event"]');
    await stage.logged("two");
    await client.do(["off any"], ["emit", "quiet"]);
  });

  it("a handler that is registered while its event is handled waits for the next one", async (stage) => {
    const client = await stage.joined("client");
    await client.do(["on", "event", [["log", "outer"], ["on", "event", [["log", "inner"]]]]]);
    client.send('42["event"]', '42["event"]');
    await stage.logged("inner");
    await client.do();
  });

  it("a handler that is removed while its event is handled is still called", async (stage) => {
    const client = await stage.joined("client");
    await client.do(["on", "event", [["log", "first"], ["off", "event"]]], ["on", "event", [["log", "second"]]]);
    client.send('42["event"]', '42["event"]');
    await client.do(["emit", "end"]);
  });

  it("once means once even if the handler's event comes twice in one body", async (stage) => {
    const client = await stage.poller("client");
    await client.join("/", { connect: [["once", "event", [["log args", "once"]]]] });
    await client.post('42["event",1]', '42["event",2]', '42["do",[["emit","end"]]]');
    await client.until('42["end"]');
  });

  it("outgoing catch-all handlers see events and broadcasts", async (stage) => {
    const client = await stage.joined("client", { nsp: stage.nsp });
    await client.do(["on any outgoing", [["log args", "out"]]], ["emit", "a", 1], ["broadcast", {}, "b", 2]);
  });

  it("CONNECTs of two namespaces are answered in their order", async (stage) => {
    const client = await stage.wire("client").open();
    client.send("40/static,", "40");
    await client.until("40{");
  });

  it("a namespace whose middleware waits is overtaken by another one", async (stage) => {
    const client = await stage.wire("client").open();
    client.send('40/static,{"use":[[["hold","gate",[["next"]]]]]}', '40{"connect":[["release","gate"]]}');
    await client.until("40/static,{");
  });

  it("an event in the same body as its CONNECT closes the connection", async (stage) => {
    const client = await stage.poller("client");
    await client.post("40", '42["do",[["emit","hello"]]]');
    await client.until('42["hello"]', "1");
  });

  it("an event for a namespace whose middleware waits closes the connection", async (stage) => {
    const client = await stage.joined("client");
    client.send('40/static,{"use":[[["log","waits"],["hold","gate",[["next"]]]]]}');
    await stage.logged("waits");
    client.send('42/static,["do",[["emit","hello"]]]');
    await client.closed();
    await stage.logged("disconnect");
  });

  it("a middleware that emits does so before the answer to CONNECT", async (stage) => {
    const client = await stage.wire("client").open();
    client.send('40{"use":[[["emit","from the middleware"],["next"]]],"connect":[["emit","from the handler"]]}');
    await client.until('42["from the handler"]');
  });

  it("events before a disconnection arrive before it", async (stage) => {
    const client = await stage.joined("client");
    client.send('42["do",[["emit","a"],["emit","b"],["disconnect"],["emit","c"]]]');
    await client.until("41");
    client.send("40");
    await client.until("40");
  });

  it("events before the end of the connection arrive before it", async (stage) => {
    const client = await stage.joined("client");
    client.send('42["do",[["emit","a"],["emit","b"],["disconnect",true],["emit","c"]]]');
    await client.closed();
    await stage.logged("disconnect");
  });

  it("disconnecting comes before disconnect, and only the first has rooms", async (stage) => {
    const client = await stage.joined("client");
    await client.do(["join", "a", "b"], ["on", "disconnecting", [["rooms"]]], ["on", "disconnect", [["rooms"]]]);
    client.send("41");
    await stage.logged("rooms", 2);
  });

  it("what a disconnecting handler broadcasts reaches the rooms that are being left", async (stage) => {
    const stays = await stage.connect("stays", { nsp: stage.nsp, connect: [["join", "r"]] });
    const goes = await stage.connect("goes", {
      nsp: stage.nsp,
      connect: [["join", "r"], ["on", "disconnecting", [["broadcast", { from: "socket", to: ["r"] }, "going"]]]],
    });
    goes.socket.disconnect();
    await stays.until("going");
  });

  it("a broadcast from a connection handler reaches the new socket behind its CONNECT", async (stage) => {
    const client = await stage.joined("client", { nsp: stage.nsp, auth: { connect: [["broadcast", {}, "everyone"]] } });
    await client.until("42");
  });

  it("a broadcast while another socket's middleware waits does not reach that one", async (stage) => {
    const inside = await stage.connect("inside", { nsp: stage.nsp });
    const waiting = stage.client("waiting", { nsp: stage.nsp, use: [[["log", "waits"], ["hold", "gate", [["next"]]]]] });
    await stage.logged("waits");
    await inside.do(["broadcast", {}, "everyone"], ["release", "gate"]);
    await waiting.until("connect");
    await waiting.do(["emit", "end"]);
  });

  it("several namespaces are left in the order in which they were joined", async (stage) => {
    const client = await stage.joined("client");
    await client.join("/static");
    await client.join(stage.nsp);
    client.cut();
    await stage.logged("disconnect", 3);
  });

  it("an event behind a DISCONNECT in the same body", async (stage) => {
    const client = await stage.poller("client");
    await client.join();
    await client.join("/static");
    await client.post("41", '42["do",[["log","after"]]]', '42/static,["do",[["emit","end"]]]');
    await client.until("42/static", "1");
  });

  it("an event that crosses the server's disconnection", async (stage) => {
    const client = await stage.joined("client");
    await client.join("/static");
    client.send('42["do",[["disconnect"]]]');
    await client.until("41");
    client.send('42["late"]', '42/static,["do",[["emit","still here"]]]');
    await client.until("42/static");
  });
});
