// SPDX-License-Identifier: MIT
// Acknowledgements, both ways.

import { suite } from "./support.mjs";

suite("acks", (it) => {
  it("the server answers an event", async (stage) => {
    const client = await stage.connect("client");
    await client.do(["on", "question", [["ack", 1, "two", null, { three: [3] }]]]);
    await client.ask("question");
  });

  it("an answer without arguments", async (stage) => {
    const client = await stage.joined("client");
    await client.do(["on", "question", [["ack"]]]);
    client.send('425["question"]');
    await client.until("435");
  });

  it("an answer has the id of the question, whatever that is", async (stage) => {
    const client = await stage.joined("client");
    await client.do(["on", "question", [["ack args"]]]);
    client.send('420["question",0]', '42999999999["question",1]', '4200012["question",2]');
    await client.until(/2\]$/);
  });

  it("only the first answer counts", async (stage) => {
    const client = await stage.joined("client");
    await client.do(["on", "question", [["ack", "first"], ["ack", "second"], ["emit", "end"]]]);
    client.send('421["question"]');
    await client.until('42["end"]');
  });

  it("two handlers answer one question", async (stage) => {
    const client = await stage.joined("client");
    await client.do(["on", "question", [["ack", "one"]]], ["on", "question", [["ack", "two"], ["emit", "end"]]]);
    client.send('421["question"]');
    await client.until('42["end"]');
  });

  it("an answer in a later turn", async (stage) => {
    const client = await stage.connect("client");
    await client.do(["on", "question", [["later", [["ack", "later"]]]]]);
    await client.ask("question");
  });

  it("questions are answered in another order than they were asked", async (stage) => {
    const client = await stage.joined("client");
    await client.do(["on", "one", [["hold", "one", [["ack", 1]]]]], ["on", "two", [["ack", 2]]]);
    client.send('421["one"]', '422["two"]');
    await client.until("432");
    await client.do(["release", "one"]);
  });

  it("an answer to an event that nobody handles does not come", async (stage) => {
    const client = await stage.joined("client");
    client.send('421["nobody"]');
    await client.do();
  });

  it("an event without a wish for an answer gets none", async (stage) => {
    const client = await stage.joined("client");
    await client.do(["on", "statement", [["ack", 1], ["emit", "end"]]]);
    client.send('42["statement"]');
    await client.until('42["end"]');
  });

  it("a binary answer", async (stage) => {
    const client = await stage.joined("client");
    await client.do(["on", "question", [["ack args"]]]);
    client.send('451-1["question",{"a":{"_placeholder":true,"num":0}}]', Buffer.from([1, 2]));
    await client.until("<");
  });

  it("the client answers the server", async (stage) => {
    const client = await stage.connect("client");
    client.answer("question", 1, "two", [3]);
    await client.do(["ask", "question", "?"]);
    await stage.logged("answer");
  });

  it("the client answers without arguments", async (stage) => {
    const client = await stage.connect("client");
    client.answer("question");
    await client.do(["ask", "question"]);
    await stage.logged("answer");
  });

  it("the client answers with binary data", async (stage) => {
    const client = await stage.connect("client");
    client.answer("question", Buffer.from([1, 2, 3]), { deep: Buffer.from([4]) });
    await client.do(["ask", "question"]);
    await stage.logged("answer");
  });

  it("the ids of the server's questions grow", async (stage) => {
    const client = await stage.joined("client", { nsp: stage.nsp });
    await client.do(["ask", "a"], ["ask", "b"], ["ask", "c"]);
  });

  it("the ids of the server's questions are those of the namespace", async (stage) => {
    const one = await stage.joined("one", { nsp: stage.nsp });
    const two = await stage.joined("two", { nsp: stage.nsp });
    await one.do(["ask", "a"]);
    await two.do(["ask", "b"]);
    await one.do(["ask", "c"]);
  });

  it("the client answers in another order than it was asked", async (stage) => {
    const client = await stage.joined("client", { nsp: stage.nsp });
    await client.do(["ask", "a"], ["ask", "b"]);
    client.send(`43${stage.nsp},1["to b"]`, `43${stage.nsp},0["to a"]`);
    await stage.logged("answer", 2);
  });

  it("an answer that nobody awaits", async (stage) => {
    const client = await stage.joined("client");
    client.send('4312345["what?"]');
    await client.do(["emit", "still here"]);
  });

  it("an answer that comes twice", async (stage) => {
    const client = await stage.joined("client", { nsp: stage.nsp });
    await client.do(["ask", "a"]);
    client.send(`43${stage.nsp},0["first"]`, `43${stage.nsp},0["second"]`);
    await client.do(["emit", "still here"]);
  });

  it("an answer to the question of another socket", async (stage) => {
    const one = await stage.joined("one", { nsp: stage.nsp });
    const two = await stage.joined("two", { nsp: stage.nsp });
    await one.do(["ask", "a"]);
    two.send(`43${stage.nsp},0["not yours"]`);
    await two.do(["emit", "still here"]);
    one.send(`43${stage.nsp},0["mine"]`);
    await stage.logged("answer");
  });

  it("an answer in time", async (stage) => {
    const client = await stage.connect("client");
    client.answer("question", "in time", 2);
    await client.do(["ask within", 10_000, "question"]);
    await stage.logged("answer");
  });

  it("no answer in time", async (stage) => {
    const client = await stage.connect("client");
    await client.do(["ask within", 20, "question", "?"]);
    await stage.logged("answer");
  });

  it("an answer that comes too late is dropped", async (stage) => {
    const client = await stage.joined("client", { nsp: stage.nsp });
    await client.do(["ask within", 20, "question"]);
    await stage.logged("answer");
    client.send(`43${stage.nsp},0["too late"]`);
    await client.do(["emit", "still here"]);
  });

  it("the first item of an answer is awaited", async (stage) => {
    const client = await stage.connect("client");
    client.answer("question", "first", "second");
    await client.do(["ask and wait", "question"]);
    await stage.logged("answer");
  });

  it("everyone answers a broadcast", async (stage) => {
    const a = await stage.connect("a", { nsp: stage.nsp });
    const b = await stage.connect("b", { nsp: stage.nsp });
    a.answer("question", 1);
    b.answer("question", 1);
    await a.do(["ask all", { timeout: 10_000 }, "question", "?"]);
    await stage.logged("answers");
  });

  it("one does not answer a broadcast in time", async (stage) => {
    const a = await stage.connect("a", { nsp: stage.nsp });
    const b = await stage.connect("b", { nsp: stage.nsp });
    a.answer("question", "a");
    await b.do(["ask all", { timeout: 3000 }, "question"]);
    await stage.logged("answers");
  });

  it("a broadcast with a question to an empty room", async (stage) => {
    const client = await stage.connect("client", { nsp: stage.nsp });
    await client.do(["ask all", { to: ["nobody"], timeout: 10_000 }, "question"]);
    await stage.logged("answers");
  });

  it("the others answer a broadcast of a socket", async (stage) => {
    const a = await stage.connect("a", { nsp: stage.nsp });
    const b = await stage.connect("b", { nsp: stage.nsp });
    a.answer("question", "a");
    b.answer("question", "b");
    await a.do(["ask all", { from: "socket", timeout: 10_000 }, "question"]);
    await stage.logged("answers");
  });

  it("several items, no item and binary data in the answers to a broadcast", async (stage) => {
    const a = await stage.connect("a", { nsp: stage.nsp, connect: [["join", "r"]] });
    a.answer("question", { bytes: Buffer.from([1]) }, "second");
    const b = await stage.connect("b", { nsp: stage.nsp });
    await b.do(["ask all", { to: ["r"], timeout: 10_000 }, "question"]);
    await stage.logged("answers");
  });

  it("someone leaves instead of answering a broadcast", async (stage) => {
    const a = await stage.connect("a", { nsp: stage.nsp, connect: [["join", "r"]] });
    const b = await stage.connect("b", { nsp: stage.nsp });
    await b.do(["ask all", { to: ["r"], timeout: 2000 }, "question"]);
    await a.until("question");
    a.socket.disconnect();
    await stage.logged("answers");
  });
});
