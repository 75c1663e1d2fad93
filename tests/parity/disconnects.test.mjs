// SPDX-License-Identifier: MIT
// How connections end, and the reasons that each side is told.

import { suite } from "./support.mjs";

const afterwards = [["connected"], ["rooms"], ["emit", "too late"], ["join", "r"], ["rooms"]];

suite("disconnects", (it) => {
  it("a client leaves its namespace", async (stage) => {
    const client = await stage.connect("client");
    client.socket.disconnect();
    await stage.logged("disconnect");
  });

  it("a client leaves one of two namespaces", async (stage) => {
    const client = await stage.connect("client");
    const other = stage.sibling("other", client, "/static");
    await other.until("connect");
    client.socket.disconnect();
    await stage.logged("disconnect");
    await other.do(["emit", "still here"]);
  });

  it("a client closes its connection", async (stage) => {
    const client = await stage.connect("client");
    client.socket.io.engine.close();
    await stage.logged("disconnect");
  });

  it("a client over polling closes its connection", async (stage) => {
    const client = await stage.connect("client", { transports: ["polling"] });
    client.socket.io.engine.close();
    await stage.logged("disconnect");
  });

  it("a poller sends a close packet while no poll waits", async (stage) => {
    const client = await stage.poller("client");
    await client.join();
    await client.post("1");
    await stage.logged("disconnect");
    await client.until("1");
  });

  it("a poller sends a close packet while a poll waits", async (stage) => {
    const client = await stage.poller("client");
    await client.join();
    const poll = await stage.begin("GET", client.query);
    await client.post("1");
    stage.show("poll", await poll.answered);
    await stage.logged("disconnect");
  });

  it("a WebSocket sends a close packet", async (stage) => {
    const client = await stage.joined("client");
    client.send("1", '42["do",[["close connection"]]]');
    await client.closed();
    await stage.logged("disconnect");
  });

  it("a WebSocket sends a close frame", async (stage) => {
    const client = await stage.joined("client");
    client.ws.close(1000, "bye");
    await client.closed();
    await stage.logged("disconnect");
  });

  it("a WebSocket is cut", async (stage) => {
    const client = await stage.joined("client");
    client.cut();
    await stage.logged("disconnect");
  });

  it("a frame that breaks the rules of WebSocket", async (stage) => {
    const client = await stage.joined("client");
    client.ws._socket.write(Buffer.from([0xff, 0xff, 0xff]));
    await stage.logged("disconnect");
    await client.closed();
  });

  it("text that is not UTF-8", async (stage) => {
    const client = await stage.joined("client");
    client.ws.send(Buffer.from([0x34, 0x32, 0xff]), { binary: false });
    await stage.logged("disconnect");
    await client.closed();
  });

  it("the server disconnects a socket", async (stage) => {
    const client = await stage.connect("client");
    client.tell(["disconnect"]);
    await client.until("disconnect");
    await stage.logged("disconnect");
  });

  it("the server disconnects one of two namespaces", async (stage) => {
    const client = await stage.connect("client");
    const other = stage.sibling("other", client, "/static");
    await other.until("connect");
    client.tell(["disconnect"]);
    await client.until("disconnect");
    await other.do(["emit", "still here"]);
  });

  it("the server disconnects a socket and ends its connection", async (stage) => {
    const client = await stage.connect("client");
    const other = stage.sibling("other", client, "/static");
    await other.until("connect");
    client.tell(["disconnect", true]);
    await client.until("disconnect");
    await other.until("disconnect");
    await stage.logged("disconnect", 2);
  });

  it("the frames of a disconnection with the end of the connection", async (stage) => {
    const client = await stage.joined("client");
    await client.join("/static");
    client.send('42["do",[["disconnect",true]]]');
    await client.closed();
  });

  it("the packets of a disconnection over polling", async (stage) => {
    const client = await stage.poller("client");
    await client.join();
    await client.post('42["do",[["emit","last"],["disconnect",true]]]');
    await client.until("1");
    await client.until("1");
  });

  it("the server closes the connection below", async (stage) => {
    const client = await stage.connect("client");
    client.tell(["close connection"]);
    await client.until("disconnect");
    await stage.logged("disconnect");
  });

  it("the server closes the connection below, over polling", async (stage) => {
    const client = await stage.poller("client");
    await client.join();
    await client.post('42["do",[["emit","last"],["close connection"]]]');
    await client.until("1");
    await stage.logged("disconnect");
  });

  it("a connection handler disconnects its socket", async (stage) => {
    const client = await stage.connect("client", { connect: [["emit", "no"], ["disconnect"]] });
    await client.until("disconnect");
    await stage.logged("disconnect");
  });

  it("a connection handler ends the connection", async (stage) => {
    const client = await stage.joined("client", { auth: { connect: [["emit", "no"], ["disconnect", true]] } });
    await client.closed();
    await stage.logged("disconnect");
  });

  it("a socket is disconnected twice", async (stage) => {
    const client = await stage.joined("client");
    client.send('42["do",[["disconnect"],["disconnect"],["disconnect",true]]]');
    await client.until("41");
    await client.join("/", {});
    await client.do(["emit", "back"]);
  });

  it("a disconnect handler finds the socket gone", async (stage) => {
    const client = await stage.connect("client", { nsp: stage.nsp });
    await client.do(["on", "disconnect", [...afterwards, ["count"]]]);
    client.socket.disconnect();
    await stage.logged("count");
  });

  it("a disconnecting handler finds the socket still there", async (stage) => {
    const client = await stage.connect("client", { nsp: stage.nsp });
    await client.do(["join", "r"], ["on", "disconnecting", [["connected"], ["rooms"], ["count"]]]);
    client.socket.disconnect();
    await stage.logged("disconnect");
  });

  it("what a disconnecting handler emits to its own socket when the server disconnects it", async (stage) => {
    const client = await stage.joined("client");
    await client.do(["on", "disconnecting", [["emit", "farewell"]]]);
    client.send('42["do",[["disconnect"]]]');
    await client.until("41");
    await client.join("/", {});
  });

  it("an answer that comes after the disconnection is still sent", async (stage) => {
    const other = await stage.connect("other");
    const client = await stage.joined("client");
    await client.do(["on", "question", [["log", "asked"], ["hold", "answer", [["ack", 1]]]]]);
    client.send('421["question"]');
    await stage.logged("asked");
    client.send("41");
    await stage.logged("disconnect");
    await other.do(["release", "answer"]);
    await client.join("/", {});
    await client.do(["emit", "back"]);
  });

  it("a question that is open when the client leaves is not answered", async (stage) => {
    const client = await stage.joined("client");
    await client.do(["ask", "question"]);
    client.send("41");
    await stage.logged("disconnect");
  });

  it("sockets are disconnected by room", async (stage) => {
    const a = await stage.connect("a", { nsp: stage.nsp, connect: [["join", "r"]] });
    const b = await stage.connect("b", { nsp: stage.nsp, connect: [["join", "r"]] });
    const c = await stage.connect("c", { nsp: stage.nsp });
    await c.do(["disconnect sockets", { to: ["r"] }, false]);
    await a.until("disconnect");
    await b.until("disconnect");
    await c.do(["count"]);
  });

  it("sockets are disconnected by room, with their connections", async (stage) => {
    const a = await stage.joined("a", { nsp: stage.nsp, auth: { connect: [["join", "r"]] } });
    const b = await stage.connect("b", { nsp: stage.nsp });
    await b.do(["disconnect sockets", { to: ["r"] }, true]);
    await a.closed();
    await b.do(["count"]);
  });

  it("a client that is disconnected may come back with a new id", async (stage) => {
    const client = await stage.joined("client");
    client.send("41");
    await stage.logged("disconnect");
    await client.join("/", {});
    await client.do(["rooms"]);
  });

  it("a ping that is not answered, over WebSocket", async (stage) => {
    const client = await stage.joined("client", { variant: "unanswered" });
    await client.pinged();
    await client.closed();
    await stage.logged("disconnect");
  });

  it("a ping that is not answered, over polling", async (stage) => {
    const client = await stage.poller("client", { variant: "unanswered" });
    await client.post("40");
    await stage.logged("disconnect", "ping timeout");
  });

  it("the server shuts down, for clients over WebSocket", async (stage) => {
    const client = await stage.joined("client", { variant: "closing 1" });
    await client.join("/static");
    client.send('42["do",[["emit","last"],["close server"]]]');
    await client.closed();
    await stage.logged("disconnect", 2);
  });

  it("the server shuts down, for clients over polling", async (stage) => {
    const client = await stage.poller("client", { variant: "closing 2" });
    await client.join();
    const poll = await stage.begin("GET", client.query, { variant: "closing 2" });
    await client.post('42["do",[["close server"]]]').catch(() => {});
    stage.show("poll", await poll.answered);
    await stage.logged("disconnect");
  });

  it("the server shuts down, for the real client", async (stage) => {
    const client = await stage.connect("client", { variant: "closing 3" });
    client.tell(["close server"]);
    await client.until("disconnect");
    await stage.logged("disconnect");
  });
});
