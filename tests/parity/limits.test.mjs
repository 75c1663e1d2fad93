// SPDX-License-Identifier: MIT
// What is too large, too late or too much.

import { suite } from "./support.mjs";

/** An event whose packet is of that many bytes: 4, 2, the list, and an "x" for each byte that is left. */
const packetOf = (bytes) => `42["e","${"x".repeat(bytes - '42["e",""]'.length)}"]`;

const echo = { connect: [["on", "e", [["log", "got it"]]]] };

suite("limits", (it) => {
  it("a WebSocket message of just the allowed size", async (stage) => {
    const client = await stage.joined("client", { variant: "small", auth: echo });
    client.send(packetOf(1000));
    await stage.logged("got it");
    await client.do(["emit", "still here"]);
  });

  it("a WebSocket message of one byte more", async (stage) => {
    const client = await stage.joined("client", { variant: "small", auth: echo });
    client.send(packetOf(1001));
    await client.closed();
    await stage.logged("disconnect");
  });

  it("a binary WebSocket message of one byte more", async (stage) => {
    const client = await stage.joined("client", { variant: "small", auth: echo });
    client.send('451-["e",{"_placeholder":true,"num":0}]', Buffer.alloc(1001));
    await client.closed();
    await stage.logged("disconnect");
  });

  it("a body of just the allowed size", async (stage) => {
    const client = await stage.poller("client", { variant: "small" });
    await client.join("/", echo);
    await client.post(packetOf(1000));
    await stage.logged("got it");
  });

  it("a body of one byte more", async (stage) => {
    const client = await stage.poller("client", { variant: "small" });
    await client.join("/", echo);
    await client.post(packetOf(1001));
    await client.post('42["do",[["emit","still here"]]]');
    await client.until('42["still here"]');
  });

  it("several packets in one body that are too large together", async (stage) => {
    const client = await stage.poller("client", { variant: "small" });
    await client.join("/", echo);
    await client.post(packetOf(600), packetOf(600));
    await client.post('42["do",[["emit","still here"]]]');
    await client.until('42["still here"]');
  });

  it("messages to the client may be larger than those from it", async (stage) => {
    const client = await stage.joined("client", { variant: "small" });
    client.send('42["do",[["on","e",[["emit args","e"],["emit args","e"]]]]]', packetOf(900));
    await client.until('42["e"');
    await client.until('42["e"');
  });

  it("a connection that joins no namespace is closed", async (stage) => {
    const client = await stage.wire("client", { variant: "impatient" }).open();
    await client.closed();
  });

  it("a connection over polling that joins no namespace is closed", async (stage) => {
    const client = await stage.poller("client", { variant: "impatient" });
    await client.until("1");
  });

  it("a connection that is refused by its only namespace is closed", async (stage) => {
    const client = await stage.wire("client", { variant: "impatient" }).open();
    client.send("40/unknown,");
    await client.closed();
  });

  it("a connection that has joined another namespace than the main one stays", async (stage) => {
    const client = await stage.joined("client", { variant: "impatient", nsp: "/static" });
    const witness = await stage.wire("witness", { variant: "impatient" }).open();
    await witness.closed();
    await client.do(["emit", "still here"]);
  });

  it("ten attachments of one event", async (stage) => {
    const client = await stage.joined("client");
    await client.do(["on", "e", [["log args", "got"]]]);
    const places = Array.from({ length: 10 }, (_, num) => ({ _placeholder: true, num }));
    client.send(`4510-${JSON.stringify(["e", ...places])}`, ...places.map(({ num }) => Buffer.from([num])));
    await stage.logged("got");
  });

  it("more than ten attachments of one event", async (stage) => {
    const client = await stage.joined("client");
    client.send(`4511-${JSON.stringify(["e", ...Array.from({ length: 11 }, (_, num) => ({ _placeholder: true, num }))])}`);
    await client.closed();
    await stage.logged("disconnect");
  });

  it("ten packets in one body are handled in order", async (stage) => {
    const client = await stage.poller("client");
    await client.join();
    await client.post(...Array.from({ length: 10 }, (_, n) => `42["do",[["emit","n",${n}]]]`));
    await client.until('42["n",9]');
  });

  it("a long event name and a long room name", async (stage) => {
    const name = "n".repeat(5000);
    const client = await stage.joined("client", { nsp: stage.nsp });
    await client.do(["join", name], ["broadcast", { to: [name] }, name, 1]);
  });

  it("deep nesting comes back", async (stage) => {
    const client = await stage.joined("client");
    await client.do(["on", "deep", [["emit args", "deep"]]]);
    client.send(`42["deep",${"[".repeat(400)}${"]".repeat(400)}]`);
    await client.until('42["deep"');
  });

  it("very deep nesting", async (stage) => {
    const client = await stage.joined("client");
    await client.do(["on", "deep", [["log", "got it"]]]);
    client.send(`42["deep",${"[".repeat(1000)}${"]".repeat(1000)}]`);
    await client.do(["emit", "still here"]);
  });
});
