// SPDX-License-Identifier: MIT
// HTTP requests that a server does not serve: what the client is told, and what "connection_error" is told.

import { suite } from "./support.mjs";

const polling = "EIO=4&transport=polling";
const websocket = "EIO=4&transport=websocket";

/** Opens a session over polling and returns the query of its requests. */
async function session(stage, name = "opened", options) {
  const { body } = await stage.http(name, "GET", polling, options);
  return `${polling}&sid=${JSON.parse(body.slice(1)).sid}`;
}

suite("refusals", (it) => {
  it("an unknown transport", async (stage) => {
    await stage.http("answer", "GET", "EIO=4&transport=pigeon");
    await stage.logged("refused");
  });

  it("a transport with the name of a member of every object", async (stage) => {
    await stage.http("constructor", "GET", "EIO=4&transport=constructor");
    await stage.http("proto", "GET", "EIO=4&transport=__proto__");
    await stage.logged("refused", 2);
  });

  it("no transport", async (stage) => {
    await stage.http("answer", "GET", "EIO=4");
    await stage.logged("refused");
  });

  it("no query at all", async (stage) => {
    await stage.http("answer", "GET", null);
  });

  it("polling where only WebSocket is offered", async (stage) => {
    await stage.http("answer", "GET", polling, { variant: "websocket only" });
    await stage.logged("refused");
  });

  it("WebSocket where only polling is offered", async (stage) => {
    await stage.wire("client", { variant: "polling only" }).closed();
  });

  it("revision 3, an unknown one and none", async (stage) => {
    await stage.http("three", "GET", "EIO=3&transport=polling");
    await stage.http("five", "GET", "EIO=5&transport=polling");
    await stage.http("none", "GET", "transport=polling");
    await stage.logged("refused", 3);
  });

  it("a WebSocket of revision 3", async (stage) => {
    await stage.wire("client", { query: "EIO=3&transport=websocket" }).closed();
    await stage.logged("refused");
  });

  it("an unknown session", async (stage) => {
    await stage.http("poll", "GET", `${polling}&sid=unknown`);
    await stage.http("post", "POST", `${polling}&sid=unknown`, { body: "40" });
    await stage.logged("refused", 2);
  });

  it("a WebSocket for an unknown session", async (stage) => {
    await stage.wire("client", { more: "&sid=unknown" }).closed();
    await stage.logged("refused");
  });

  it("a WebSocket of an unknown transport", async (stage) => {
    await stage.wire("client", { query: "EIO=4&transport=pigeon" }).closed();
    await stage.logged("refused");
  });

  it("a WebSocket request that says polling", async (stage) => {
    await stage.wire("client", { query: polling }).closed();
  });

  it("a handshake by POST", async (stage) => {
    await stage.http("answer", "POST", polling, { body: "40" });
    await stage.logged("refused");
  });

  it("a handshake by PUT and DELETE", async (stage) => {
    for (const method of ["PUT", "DELETE"]) await stage.http(method, method, polling);
    await stage.logged("refused", 2);
  });

  it("a handshake for WebSocket without an upgrade", async (stage) => {
    await stage.http("answer", "GET", websocket);
    await stage.logged("refused");
  });

  it("a poll for a session under the name of another transport", async (stage) => {
    const query = await session(stage);
    await stage.http("answer", "GET", query.replace("polling", "websocket"));
    await stage.logged("refused");
  });

  it("a poll for a session with another revision", async (stage) => {
    const query = await session(stage);
    await stage.http("answer", "GET", query.replace("EIO=4", "EIO=3"));
    await stage.logged("refused");
  });

  it("a request by PUT or DELETE for a session", async (stage) => {
    const query = await session(stage);
    await stage.http("put", "PUT", query, { body: "40" });
    await stage.http("delete", "DELETE", query);
  });

  it("a client that the program does not let in", async (stage) => {
    await stage.http("answer", "GET", polling, { variant: "hooks", path: "/custom/", headers: { "x-unwanted": "1" } });
    await stage.logged("refused");
  });

  it("a WebSocket that the program does not let in", async (stage) => {
    await stage.wire("client", { variant: "hooks", path: "/custom/", headers: { "x-unwanted": "1" } }).closed();
    await stage.logged("refused");
  });

  it("a real client that the program does not let in", async (stage) => {
    const options = { variant: "hooks", path: "/custom/", extraHeaders: { "x-unwanted": "1" }, transports: ["polling"] };
    const client = stage.client("client", options);
    await client.until("connect");
    await stage.logged("refused");
  });

  it("a request that a middleware answers itself", async (stage) => {
    await stage.http("answer", "GET", polling, { variant: "hooks", path: "/custom/", headers: { "x-stop": "1" } });
  });

  it("a WebSocket that a middleware answers itself", async (stage) => {
    await stage.wire("client", { variant: "hooks", path: "/custom/", headers: { "x-stop": "1" } }).closed();
  });

  it("a second poll beside the one that waits", async (stage) => {
    const query = await session(stage);
    const first = await stage.begin("GET", query);
    await stage.http("second", "GET", query);
    stage.show("first", await first.answered);
    await stage.http("gone", "GET", query);
    await stage.logged("refused");
  });

  it("a POST of bytes that are no packets", async (stage) => {
    const query = await session(stage);
    await stage.http("post", "POST", query, { body: "abc" });
    await stage.http("gone", "GET", query);
    await stage.logged("refused");
  });

  it("a POST without a body", async (stage) => {
    const query = await session(stage);
    await stage.http("post", "POST", query);
    await stage.http("gone", "GET", query);
    await stage.logged("refused");
  });

  it("a POST of binary content", async (stage) => {
    const query = await session(stage);
    await stage.http("post", "POST", query, { body: "40", headers: { "content-type": "application/octet-stream" } });
    await stage.http("gone", "GET", query);
    await stage.logged("refused");
  });

  it("a session that has been closed", async (stage) => {
    const client = await stage.poller("client");
    await client.post("1");
    await client.post("40");
    await stage.logged("refused");
  });
});
