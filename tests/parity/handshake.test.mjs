// SPDX-License-Identifier: MIT
// What a client and a server tell each other first.

import { suite } from "./support.mjs";

const polling = "EIO=4&transport=polling";

suite("handshake", (it) => {
  it("a polling handshake names the session, the upgrade and the limits", async (stage) => {
    await stage.http("answer", "GET", polling);
  });

  it("a WebSocket handshake offers no upgrade", async (stage) => {
    await stage.wire("client").open();
  });

  it("a server without upgrades offers none", async (stage) => {
    await stage.http("answer", "GET", polling, { variant: "no upgrade" });
  });

  it("a server with polling only offers no upgrade", async (stage) => {
    await stage.http("answer", "GET", polling, { variant: "polling only" });
  });

  it("a server with WebSocket only accepts a WebSocket", async (stage) => {
    const client = await stage.joined("client", { variant: "websocket only" });
    await client.do(["emit", "hello"]);
  });

  it("the open packet tells the configured limits", async (stage) => {
    await stage.http("small", "GET", polling, { variant: "small" });
    await stage.http("pings", "GET", polling, { variant: "pings" });
  });

  it("the parameters may come in any order, with unknown ones among them", async (stage) => {
    await stage.http("answer", "GET", "x=1&transport=polling&y&EIO=4&b64=1");
  });

  it("a CONNECT without credentials is answered with an id", async (stage) => {
    await stage.joined("client");
  });

  it("the credentials of a CONNECT reach the handshake", async (stage) => {
    await stage.joined("client", { auth: { token: "abc", nested: { list: [1, null, true] }, connect: [["auth"]] } });
    await stage.logged("auth");
  });

  it("a CONNECT without credentials gives an empty object", async (stage) => {
    const client = await stage.joined("client");
    await client.do(["auth"]);
  });

  it("each namespace has the credentials that were sent for it", async (stage) => {
    const client = await stage.joined("client", { auth: { for: "main", connect: [["auth"]] } });
    await client.join("/static", { for: "static", connect: [["auth"]] });
    await stage.logged("auth", 2);
  });

  it("the handshake has the address, the path and what was asked", async (stage) => {
    const client = await stage.connect("client", { query: { room: "a b" }, extraHeaders: { "x-custom": "value" } });
    await client.do(["handshake"]);
  });

  it("the query is decoded", async (stage) => {
    const client = await stage.joined("client", { more: "&q=a%20b+c%26d&empty=&bare&%C3%A9t%C3%A9=%E2%82%AC" });
    await client.do(["handshake"]);
  });

  it("a page of another origin is recognised", async (stage) => {
    const client = await stage.joined("client", { headers: { origin: "http://else.example" } });
    await client.do(["handshake"]);
  });

  it("two headers of one name are joined", async (stage) => {
    const client = await stage.joined("client", { headers: { "x-twice": ["a", "b"], cookie: "k=v; l=w" } });
    await client.do(["handshake"]);
  });

  it("the handshake over polling is that of the first request", async (stage) => {
    const client = await stage.poller("client", { headers: { "x-custom": "same" } });
    await client.join("/", { connect: [["handshake"], ["transport"]] });
    await stage.logged("transport");
  });

  it("an initial packet follows the open packet over WebSocket", async (stage) => {
    const client = await stage.wire("client", { variant: "initial packet" }).open();
    await client.until("4welcome");
  });

  it("an initial packet comes with the open packet over polling", async (stage) => {
    await stage.http("answer", "GET", polling, { variant: "initial packet" });
  });

  it("a cookie carries the session id once", async (stage) => {
    const { body } = await stage.http("first", "GET", polling, { variant: "hooks", path: "/custom/" });
    const { sid } = JSON.parse(body.slice(1));
    const post = { variant: "hooks", path: "/custom/", body: "40" };
    await stage.http("post", "POST", `${polling}&sid=${sid}`, post);
    await stage.http("poll", "GET", `${polling}&sid=${sid}`, { variant: "hooks", path: "/custom/" });
  });

  it("another path is not Socket.IO's", async (stage) => {
    await stage.http("root", "GET", polling, { path: "/" });
    await stage.http("elsewhere", "GET", polling, { path: "/elsewhere" });
    await stage.http("beside", "GET", polling, { path: "/socket.iox/" });
    await stage.http("default", "GET", polling, { variant: "hooks" });
  });

  it("the path must end with a slash", async (stage) => {
    await stage.http("with", "GET", polling, { path: "/socket.io/" });
    await stage.http("without", "GET", polling, { path: "/socket.io" });
    await stage.http("below", "GET", polling, { path: "/socket.io/below" });
  });

  it("a path without the trailing slash takes what begins with it", async (stage) => {
    await stage.http("without", "GET", polling, { variant: "no slash", path: "/socket.io" });
    await stage.http("below", "GET", polling, { variant: "no slash", path: "/socket.io/below" });
  });

  it("the JavaScript client is not served unless it is configured", async (stage) => {
    await stage.http("script", "GET", null, { path: "/socket.io/socket.io.js" });
  });

  it("a client of revision 3 is let in where it is allowed", async (stage) => {
    const client = stage.wire("client", { variant: "old clients", query: "EIO=3&transport=websocket" });
    await client.open();
    await client.until("40");
    client.send('42["do",[["emit","hello",1],["transport"]]]');
    await client.until("42");
    client.send("2");
    await client.until("3");
  });
});
