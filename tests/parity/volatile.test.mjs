// SPDX-License-Identifier: MIT
// Events that are dropped when they would have to wait.

import { suite } from "./support.mjs";

suite("volatile", (it) => {
  it("a volatile event arrives over an idle WebSocket", async (stage) => {
    const client = await stage.connect("client");
    await client.do(["volatile emit", "now", 1]);
  });

  it("a volatile event behind another one in the same turn", async (stage) => {
    const client = await stage.joined("client");
    client.send('42["do",[["emit","first"],["volatile emit","second"]]]');
    await client.until('42["first"]');
    client.send('42["do",[["emit","end"]]]');
    await client.until('42["end"]');
  });

  it("two volatile events in one turn", async (stage) => {
    const client = await stage.joined("client");
    client.send('42["do",[["volatile emit","first"],["volatile emit","second"]]]');
    await client.until('42["first"]');
    client.send('42["do",[["emit","end"]]]');
    await client.until('42["end"]');
  });

  it("a volatile event for a poller that does not poll is dropped", async (stage) => {
    const client = await stage.poller("client");
    await client.join();
    await client.post('42["do",[["volatile emit","dropped"],["emit","kept"]]]');
    await client.until('42["kept"]');
  });

  it("a volatile event for a poller that polls arrives", async (stage) => {
    const client = await stage.poller("client");
    await client.join();
    const poll = await stage.begin("GET", client.query);
    await client.post('42["do",[["volatile emit","in time"]]]');
    stage.show("poll", await poll.answered);
  });

  it("a volatile broadcast reaches those who are ready", async (stage) => {
    const ready = await stage.connect("ready", { nsp: stage.nsp });
    const busy = await stage.poller("busy");
    await busy.join(stage.nsp);
    await ready.do(["broadcast", { volatile: true }, "news"]);
    await ready.do(["broadcast", {}, "kept"]);
    await busy.until(`42${stage.nsp},["kept"]`);
  });

  it("a volatile broadcast but the sender", async (stage) => {
    const a = await stage.connect("a", { nsp: stage.nsp });
    const b = await stage.connect("b", { nsp: stage.nsp });
    await a.do(["broadcast", { from: "socket", volatile: true }, "news"]);
    await b.do(["emit", "end"]);
  });

  it("a volatile event to a disconnected socket", async (stage) => {
    const client = await stage.joined("client");
    client.send('42["do",[["disconnect"],["volatile emit","too late"]]]');
    await client.until("41");
    await client.join("/", {});
    await client.do(["emit", "back"]);
  });
});
