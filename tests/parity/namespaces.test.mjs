// SPDX-License-Identifier: MIT
// Namespaces: those that are there, those that clients bring into being, and those that do not exist.

import { suite } from "./support.mjs";

suite("namespaces", (it) => {
  it("an unknown namespace is refused and the connection kept", async (stage) => {
    const client = await stage.wire("client").open();
    client.send("40/unknown,");
    await client.until("44/unknown,");
    await client.join("/static");
    await client.do(["emit", "still here"]);
  });

  it("an unknown namespace may be asked for again", async (stage) => {
    const client = await stage.wire("client").open();
    client.send("40/unknown,", '40/unknown,{"token":1}');
    await client.until("44/unknown,");
    await client.until("44/unknown,");
  });

  it("the real client is told of an unknown namespace", async (stage) => {
    await stage.connect("client", { nsp: "/unknown" });
  });

  it("a static namespace has ids of its own", async (stage) => {
    const client = await stage.joined("client");
    await client.join("/static");
    await client.do(["rooms"], ["namespace"]);
  });

  it("a namespace without the main one", async (stage) => {
    const client = await stage.joined("client", { nsp: "/static" });
    await client.do(["namespace"], ["emit", "hello"]);
  });

  it("a namespace with a query", async (stage) => {
    const client = await stage.wire("client").open();
    client.send("40/static?token=abc,");
    await client.until("40", "44");
  });

  it("the real client may put a query behind the namespace", async (stage) => {
    const client = await stage.connect("client", { nsp: `/static?x=1&story=${stage.story}` });
    await client.do(["handshake"], ["namespace"]);
  });

  it("a namespace whose name has no slash", async (stage) => {
    const client = await stage.wire("client").open();
    client.send("40static,");
    await client.closed();
  });

  it("upper and lower case are different", async (stage) => {
    const client = await stage.wire("client").open();
    client.send("40/STATIC,");
    await client.until("44");
  });

  it("a namespace with a name beyond ASCII", async (stage) => {
    const client = await stage.wire("client").open();
    client.send(`40${stage.nsp}/käse,`);
    await client.until("40", "44");
  });

  it("a regular expression brings a namespace into being, once", async (stage) => {
    const one = await stage.connect("one", { nsp: stage.nsp, connect: [["namespace"], ["count"]] });
    const two = await stage.connect("two", { nsp: stage.nsp, connect: [["namespace"], ["count"]] });
    await one.do(["broadcast", {}, "news"]);
    await two.do(["emit", "end"]);
  });

  it("a new namespace is announced before its middleware runs", async (stage) => {
    await stage.connect("client", { nsp: stage.nsp, use: [[["log", "middleware"], ["next"]]] });
  });

  it("a new namespace stays after a refusal", async (stage) => {
    await stage.connect("refused", { nsp: stage.nsp, use: [[["refuse", "no"]]] });
    await stage.connect("accepted", { nsp: stage.nsp });
  });

  it("two children of one parent are apart", async (stage) => {
    const one = await stage.connect("one", { nsp: `${stage.nsp}/one` });
    const two = stage.sibling("two", one, `${stage.nsp}/two`);
    await two.until("connect");
    await one.do(["broadcast", {}, "news"], ["count"]);
    await two.do(["emit", "end"]);
  });

  it("a function accepts a namespace", async (stage) => {
    await stage.connect("client", { nsp: `/asked-${stage.story}`, auth: { accept: "first" }, connect: [["namespace"]] });
  });

  it("the second function is asked when the first refuses", async (stage) => {
    await stage.connect("client", { nsp: `/asked-${stage.story}`, auth: { accept: "second" }, connect: [["namespace"]] });
  });

  it("a namespace that no function accepts is refused", async (stage) => {
    await stage.connect("client", { nsp: `/asked-${stage.story}`, auth: { accept: "neither" } });
  });

  it("functions are asked again until one has accepted, and then no more", async (stage) => {
    const nsp = `/asked-${stage.story}`;
    await stage.connect("first", { nsp, auth: { accept: "neither" } });
    await stage.connect("second", { nsp, auth: { accept: "first" } });
    await stage.connect("third", { nsp, auth: { accept: "neither" } });
  });

  it("two CONNECTs for new namespaces in one body", async (stage) => {
    const client = await stage.poller("client");
    await client.post(`40${stage.nsp}/a,`, `40${stage.nsp}/b,`);
    await client.until(`40${stage.nsp}/b,`);
  });

  it("an empty child is removed where that is configured", async (stage) => {
    const variant = "cleanup";
    const client = await stage.connect("client", { variant, nsp: stage.nsp });
    client.socket.disconnect();
    await stage.logged("disconnect");
    await stage.connect("again", { variant, nsp: stage.nsp });
  });

  it("a child is not removed while someone is in it", async (stage) => {
    const variant = "cleanup";
    const stays = await stage.connect("stays", { variant, nsp: stage.nsp });
    const goes = await stage.connect("goes", { variant, nsp: stage.nsp });
    goes.socket.disconnect();
    await stage.logged("disconnect");
    await stage.connect("again", { variant, nsp: stage.nsp });
    await stays.do(["count"]);
  });

  it("a child whose only client was refused is removed where that is configured", async (stage) => {
    const variant = "cleanup";
    await stage.connect("refused", { variant, nsp: stage.nsp, use: [[["refuse", "no"]]] });
    await stage.connect("again", { variant, nsp: stage.nsp });
  });

  it("a child is kept where its removal is not configured", async (stage) => {
    const client = await stage.connect("client", { nsp: stage.nsp });
    client.socket.disconnect();
    await stage.logged("disconnect");
    await stage.connect("again", { nsp: stage.nsp });
  });
});
