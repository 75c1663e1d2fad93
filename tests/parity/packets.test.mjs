// SPDX-License-Identifier: MIT
// Packets of Socket.IO as clients may send them: binary ones, unusual ones, and those that break the rules.

import { suite } from "./support.mjs";

const echo = { connect: [["on", "e", [["log args", "got"], ["emit args", "e"]]]] };

/** A joined client that echoes, to which messages are sent; ends with the connection, or with an event that shows that it goes on. */
const story = (...messages) => async (stage) => {
  const client = await stage.joined("client", { auth: echo });
  client.send(...messages, '42["do",[["emit","still here"]]]');
  await client.until('42["still here"]');
  if (client.ws.readyState !== 1) await stage.logged("disconnect");
};

suite("packets", (it) => {
  it("values of every kind", story('42["e",null,true,false,0,-1,1.5,1e21,"text",[],{},[[1],{"a":{"b":[]}}]]'));

  it("numbers at the limits", story('42["e",9007199254740991,-9007199254740991,1e308,5e-324,1e-7,123456789012345680000]'));

  it("a number beyond the range of doubles", story('42["e",1e400]'));

  it("integers beyond the range of doubles", story('42["e",9007199254740993]'));

  it("minus zero", story('42["e",-0]'));

  it("escapes and characters beyond ASCII", story('42["e","\\u00e9\\n\\"\\\\","€","\\ud83d\\ude00","😀"]'));

  it("a lone surrogate", story('42["e","\\ud800"]'));

  it("control characters and U+2028", story('42["e","\\u0000\\u001f\\u007f\\u2028"]'));

  it("spaces between the values", story('42 [ "e" , 1 ]'));

  it("an object with a member twice", story('42["e",{"a":1,"a":2}]'));

  it("a member called __proto__", story('42["e",{"__proto__":{"x":1}}]'));

  it("an empty event name", story('42["",1]'));

  it("an event whose name is a number", story('42[7,1]'));

  it("an event whose name is an object", story('42[{"a":1}]'));

  it("an event without a name", story("42[]"));

  it("an event whose payload is an object", story('42{"e":1}'));

  it("an event without a payload", story("42"));

  it("an event whose payload is no JSON", story('42["e",'));

  it("an event with something behind the payload", story('42["e"]x'));

  it("reserved event names", async (stage) => {
    for (const name of ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]) {
      const client = await stage.joined(name);
      client.send(`42${JSON.stringify([name])}`, '42["do",[["emit","still here"]]]');
      await client.until("42");
    }
  });

  it("an event called error", async (stage) => {
    const client = await stage.joined("client");
    client.send('42["error","from the client"]');
    await client.do(["emit", "still here"]);
  });

  it("an unknown packet type", story("47"));

  it("no packet type", story("4"));

  it("an event before any CONNECT", async (stage) => {
    const client = await stage.wire("client").open();
    client.send('42["e"]');
    await client.closed();
  });

  it("an event for a namespace that was not joined", story('42/static,["e"]'));

  it("a DISCONNECT from a namespace that was not joined", story("41/static,"));

  it("a DISCONNECT with a payload", async (stage) => {
    const client = await stage.joined("client");
    client.send('41{"a":1}');
    await client.join("/static", {});
  });

  it("a second CONNECT to the same namespace", async (stage) => {
    const client = await stage.joined("client");
    client.send("40");
    await client.until("40");
    await stage.logged("disconnect");
    if (client.ws.readyState === 1) await client.do(["emit", "still here"]);
  });

  it("a CONNECT_ERROR from the client", story('44{"message":"no"}'));

  it("a CONNECT whose credentials are a text", async (stage) => {
    const client = await stage.wire("client").open();
    client.send('40"token"');
    await client.until("40", "44");
  });

  it("a CONNECT whose credentials are a list", async (stage) => {
    const client = await stage.wire("client").open();
    client.send("40[1]");
    await client.until("40", "44");
  });

  it("a CONNECT whose credentials are no JSON", async (stage) => {
    const client = await stage.wire("client").open();
    client.send("40{");
    await client.until("40", "44");
  });

  it("an acknowledgement whose payload is an object", story("431{}"));

  it("an acknowledgement without a payload", story("431"));

  it("an acknowledgement without an id", story("43[1]"));

  it("an id with leading zeros and one that is too large", story('4200007["do",[]]', '4299999999999999999999["do",[]]'));

  it("one attachment", story('451-["e",{"_placeholder":true,"num":0}]', Buffer.from([1, 2, 3])));

  it("an empty attachment", story('451-["e",{"_placeholder":true,"num":0}]', Buffer.alloc(0)));

  it("two attachments, the second first", story('452-["e",{"_placeholder":true,"num":1},[{"a":{"_placeholder":true,"num":0}}]]', Buffer.from([1]), Buffer.from([2])));

  it("an attachment that is used twice", story('451-["e",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]', Buffer.from([1])));

  it("an attachment that is not used", story('451-["e",1]', Buffer.from([1])));

  it("no attachments in a binary event", story('450-["e",1]'));

  it("a placeholder of an attachment that does not exist", story('451-["e",{"_placeholder":true,"num":5}]', Buffer.from([1])));

  it("a placeholder with a negative number", story('451-["e",{"_placeholder":true,"num":-1}]', Buffer.from([1])));

  it("a placeholder in an event that is not binary", story('42["e",{"_placeholder":true,"num":0}]'));

  it("a placeholder with more members", story('451-["e",{"_placeholder":true,"num":0,"more":1}]', Buffer.from([1])));

  it("text where an attachment is awaited", story('451-["e",{"_placeholder":true,"num":0}]', '42["e"]'));

  it("the number of attachments is missing", story('45["e",{"_placeholder":true,"num":0}]'));

  it("the number of attachments is no number", story('45x-["e",{"_placeholder":true,"num":0}]'));

  it("a binary event for a namespace", async (stage) => {
    const client = await stage.joined("client", { nsp: stage.nsp, auth: echo });
    client.send(`451-${stage.nsp},["e",{"_placeholder":true,"num":0}]`, Buffer.from([1, 2, 3]));
    await client.until("<");
  });

  it("the real client sends and receives binary data of every kind", async (stage) => {
    const client = await stage.connect("client", { connect: [["on", "e", [["emit args", "echo"]]]] });
    client.emit("e", Buffer.from([1]), new Uint8Array([2]), new ArrayBuffer(3), { a: [Buffer.from([4])] });
    await client.until("echo");
  });

  it("the real client sends and receives binary data over polling", async (stage) => {
    const client = await stage.connect("client", { transports: ["polling"], connect: [["on", "e", [["emit args", "echo"]]]] });
    client.emit("e", Buffer.from([1, 2, 3]), "between", Buffer.from([4]));
    await client.until("echo");
  });

  it("send is an event called message, both ways", async (stage) => {
    const client = await stage.connect("client", { connect: [["on", "message", [["log args", "message"]]], ["send", "hello", 1]] });
    client.socket.send("hi", 2);
    await stage.logged("message");
    await client.do();
  });

  it("dates, undefined and NaN from the real client", async (stage) => {
    const client = await stage.connect("client", { connect: [["on", "e", [["log args", "got"], ["emit args", "echo"]]]] });
    client.emit("e", new Date(0), undefined, NaN, { a: undefined, b: Infinity });
    await client.until("echo");
  });
});
