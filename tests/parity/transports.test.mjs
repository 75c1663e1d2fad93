// SPDX-License-Identifier: MIT
// Polling, WebSocket, and the way from one to the other.

import { suite } from "./support.mjs";

/** A WebSocket that asks to take over the session of a poller. */
const upgradeOf = (stage, name, poller, options) =>
  stage.wire(name, { more: `&sid=${/sid=([^&]*)/.exec(poller.query)[1]}`, ...options });

suite("transports", (it) => {
  it("several packets come in one body and are handled in order", async (stage) => {
    const client = await stage.poller("client");
    await client.join();
    await client.post('42["do",[["emit","a"]]]', '42["do",[["emit","b"]]]', '42["do",[["emit","c"]]]');
    await client.until('42["c"]');
  });

  it("what is emitted in one turn leaves in one response", async (stage) => {
    const client = await stage.poller("client");
    await client.join();
    await client.post('42["do",[["emit","a",1],["emit","b",2],["emit","c",3]]]');
    await stage.http("poll", "GET", client.query);
  });

  it("a poll that waits is answered when there is something", async (stage) => {
    const client = await stage.poller("client");
    await client.join();
    const waiting = await stage.begin("GET", client.query);
    await client.post('42["do",[["emit","now"]]]');
    stage.show("poll", await waiting.answered);
  });

  it("binary data goes as base64 over polling, both ways", async (stage) => {
    const client = await stage.poller("client");
    await client.join("/", { connect: [["on", "bytes", [["emit args", "bytes"], ["log args", "got"]]]] });
    await client.post('451-["bytes",{"_placeholder":true,"num":0}]', "bAAECAw==");
    await client.until("b");
  });

  for (const [what, base64] of [
    ["with line breaks", "bAAEC\nAwQF\n"],
    ["without padding", "bAAECAw"],
    ["of the URL alphabet", "b-_-_"],
  ])
    it(`base64 ${what} is taken`, async (stage) => {
      const client = await stage.poller("client");
      await client.join("/", { connect: [["on", "bytes", [["log args", "got"]]]] });
      await client.post('451-["bytes",{"_placeholder":true,"num":0}]', base64, '42["do",[["emit","still here"]]]');
      await client.until('42["still here"]', "1");
    });

  it("a probe is answered, the poll released, and the session goes on over the WebSocket", async (stage) => {
    const client = await stage.poller("client");
    await client.join();
    const upgrade = upgradeOf(stage, "upgrade", client);
    const released = client.until("6");
    await upgrade.connected();
    upgrade.send("2probe");
    await upgrade.until("3probe");
    await released;
    upgrade.send("5");
    await upgrade.do(["transport"], ["emit", "over the WebSocket"]);
  });

  it("what is emitted during an upgrade comes once, in order", async (stage) => {
    const client = await stage.poller("client");
    await client.join();
    const upgrade = upgradeOf(stage, "upgrade", client);
    await upgrade.connected();
    const released = client.until("6");
    upgrade.send("2probe");
    await upgrade.until("3probe");
    await released;
    await client.post('42["do",[["emit","a"],["emit","b"]]]');
    upgrade.send("5");
    await upgrade.do(["emit", "c"]);
  });

  it("the real client upgrades and keeps its events in order", async (stage) => {
    const client = stage.client("client", { transports: ["polling", "websocket"], connect: [["emit", "first"]] });
    const upgraded = new Promise((resolve) => client.socket.io.once("open", () => client.socket.io.engine.once("upgrade", resolve)));
    await client.until("first");
    for (const n of [1, 2, 3]) client.tell(["emit", "count", n]);
    await upgraded;
    await client.do(["emit", "count", 4], ["transport"]);
  });

  it("a probe that is none closes the WebSocket and leaves the session", async (stage) => {
    const client = await stage.poller("client");
    await client.join();
    const upgrade = upgradeOf(stage, "upgrade", client);
    await upgrade.connected();
    upgrade.send("2porbe");
    await upgrade.closed();
    await client.post('42["do",[["emit","still here"]]]');
    await client.until("42");
  });

  it("a WebSocket that sends a message before the probe is closed", async (stage) => {
    const client = await stage.poller("client");
    await client.join();
    const upgrade = upgradeOf(stage, "upgrade", client);
    await upgrade.connected();
    upgrade.send('42["do",[["emit","too early"]]]');
    await upgrade.closed();
    await client.post('42["do",[["emit","still here"]]]');
    await client.until("42");
  });

  it("an upgrade that is not completed in time is closed", async (stage) => {
    const client = await stage.poller("client", { variant: "impatient" });
    await client.join();
    const upgrade = upgradeOf(stage, "upgrade", client, { variant: "impatient" });
    await upgrade.closed();
    await client.post('42["do",[["emit","still here"]]]');
    await client.until("42");
  });

  it("a second WebSocket during an upgrade is closed", async (stage) => {
    const client = await stage.poller("client");
    await client.join();
    const upgrade = upgradeOf(stage, "upgrade", client);
    await upgrade.connected();
    upgrade.send("2probe");
    await upgrade.until("3probe");
    await upgradeOf(stage, "second", client).closed();
    upgrade.send("5");
    await upgrade.do(["transport"]);
  });

  it("a WebSocket for an upgraded session is closed", async (stage) => {
    const client = await stage.poller("client");
    await client.join();
    const upgrade = upgradeOf(stage, "upgrade", client);
    await upgrade.connected();
    upgrade.send("2probe");
    await upgrade.until("3probe");
    upgrade.send("5");
    await upgrade.do(["transport"]);
    await upgradeOf(stage, "second", client).closed();
    await upgrade.do(["emit", "still here"]);
  });

  it("a poll for an upgraded session is refused", async (stage) => {
    const client = await stage.poller("client");
    await client.join();
    const upgrade = upgradeOf(stage, "upgrade", client);
    await upgrade.connected();
    upgrade.send("2probe");
    await upgrade.until("3probe");
    upgrade.send("5");
    await upgrade.do(["transport"]);
    await client.until("4");
    await upgrade.do(["emit", "still here"]);
  });

  it("a session over WebSocket takes no poll", async (stage) => {
    const client = await stage.joined("client");
    const sid = JSON.parse(client.record.entries[0].slice(1)).sid;
    await stage.http("poll", "GET", `EIO=4&transport=polling&sid=${sid}`);
    await client.do(["emit", "still here"]);
  });

  it("a server without upgrades still takes a WebSocket of its own", async (stage) => {
    const client = await stage.joined("client", { variant: "no upgrade" });
    await client.do(["transport"]);
  });

  it("a poll that a client gives up ends the session", async (stage) => {
    const client = await stage.poller("client");
    await client.join();
    const poll = await stage.begin("GET", client.query);
    await client.post('42["do",[["log","the poll waits"]]]');
    poll.request.destroy();
    await stage.logged("disconnect");
  });

  it("a pong that was not asked for is taken", async (stage) => {
    const client = await stage.joined("client");
    client.send("3");
    await client.do(["emit", "still here"]);
  });

  it("a noop from the client is taken", async (stage) => {
    const client = await stage.joined("client");
    client.send("6");
    await client.do(["emit", "still here"]);
  });

  it("a ping from a client of revision 4 closes the connection", async (stage) => {
    const client = await stage.joined("client");
    client.send("2");
    await client.closed();
    await stage.logged("disconnect");
  });

  it("a packet of an unknown type closes the connection", async (stage) => {
    const client = await stage.joined("client");
    client.send("9");
    await client.closed();
    await stage.logged("disconnect");
  });

  it("an empty WebSocket message closes the connection", async (stage) => {
    const client = await stage.joined("client");
    client.send("");
    await client.closed();
    await stage.logged("disconnect");
  });

  it("an open packet from the client is taken", async (stage) => {
    const client = await stage.joined("client");
    client.send("0");
    await client.do(["emit", "still here"]);
  });

  it("an upgrade packet without an upgrade is taken", async (stage) => {
    const client = await stage.joined("client");
    client.send("5");
    await client.do(["emit", "still here"]);
  });

  it("bytes that no event announced close the connection", async (stage) => {
    const client = await stage.joined("client");
    client.send(Buffer.from([1, 2, 3]));
    await client.closed();
    await stage.logged("disconnect");
  });

  it("a client answers pings and stays", async (stage) => {
    const client = await stage.joined("client", { variant: "pings" });
    for (const _ of [1, 2, 3]) {
      await client.pinged();
      client.send("3");
    }
    await client.do(["emit", "still here"]);
  });
});
