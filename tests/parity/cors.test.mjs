// SPDX-License-Identifier: MIT
// Cross-origin headers, for plain requests and for preflights.

import { suite } from "./support.mjs";

const polling = "EIO=4&transport=polling";

const from = (origin, more) => ({ origin, ...more });

const preflight = (origin, more) =>
  from(origin, { "access-control-request-method": "POST", "access-control-request-headers": "content-type, x-own", ...more });

suite("cors", (it) => {
  it("without the option there are no headers, and OPTIONS is an unknown method", async (stage) => {
    await stage.http("get", "GET", polling, { headers: from("http://one.example") });
    await stage.http("options", "OPTIONS", polling, { headers: preflight("http://one.example") });
    await stage.logged("refused");
  });

  it("every origin is allowed with a star", async (stage) => {
    await stage.http("with origin", "GET", polling, { variant: "cors any", headers: from("http://one.example") });
    await stage.http("without", "GET", polling, { variant: "cors any" });
  });

  it("a preflight for every origin", async (stage) => {
    await stage.http("preflight", "OPTIONS", polling, { variant: "cors any", headers: preflight("http://one.example") });
  });

  it("a preflight that names no headers", async (stage) => {
    const headers = from("http://one.example", { "access-control-request-method": "POST" });
    await stage.http("preflight", "OPTIONS", polling, { variant: "cors any", headers });
  });

  it("any OPTIONS request counts as a preflight", async (stage) => {
    await stage.http("bare", "OPTIONS", null, { variant: "cors any" });
    await stage.http("unknown transport", "OPTIONS", "EIO=4&transport=pigeon", { variant: "cors any" });
  });

  it("a fixed origin is always named, with every option", async (stage) => {
    const variant = "cors fixed";
    await stage.http("allowed", "GET", polling, { variant, headers: from("http://one.example") });
    await stage.http("other", "GET", polling, { variant, headers: from("http://else.example") });
    await stage.http("none", "GET", polling, { variant });
  });

  it("a preflight with every option", async (stage) => {
    const variant = "cors fixed";
    await stage.http("allowed", "OPTIONS", polling, { variant, headers: preflight("http://one.example") });
    await stage.http("other", "OPTIONS", polling, { variant, headers: preflight("http://else.example") });
  });

  it("a list names the origins that are in it", async (stage) => {
    const variant = "cors list";
    await stage.http("text", "GET", polling, { variant, headers: from("http://one.example") });
    await stage.http("pattern", "GET", polling, { variant, headers: from("https://deep.two.example") });
    await stage.http("other", "GET", polling, { variant, headers: from("http://three.example") });
    await stage.http("longer", "GET", polling, { variant, headers: from("http://one.example.evil") });
    await stage.http("none", "GET", polling, { variant });
  });

  it("a preflight for a list", async (stage) => {
    const variant = "cors list";
    await stage.http("allowed", "OPTIONS", polling, { variant, headers: preflight("https://a.two.example") });
    await stage.http("other", "OPTIONS", polling, { variant, headers: preflight("http://three.example") });
  });

  it("true reflects the origin", async (stage) => {
    const variant = "cors reflect";
    await stage.http("one", "GET", polling, { variant, headers: from("http://one.example") });
    await stage.http("null", "GET", polling, { variant, headers: from("null") });
    await stage.http("none", "GET", polling, { variant });
    await stage.http("preflight", "OPTIONS", polling, { variant, headers: preflight("http://one.example") });
  });

  it("false turns the headers off", async (stage) => {
    const variant = "cors off";
    await stage.http("get", "GET", polling, { variant, headers: from("http://one.example") });
    await stage.http("preflight", "OPTIONS", polling, { variant, headers: preflight("http://one.example") });
  });

  it("a preflight may be left to what comes next", async (stage) => {
    const variant = "cors continue";
    await stage.http("preflight", "OPTIONS", polling, { variant, headers: preflight("http://one.example") });
    await stage.logged("refused");
  });

  it("refusals have the headers too", async (stage) => {
    const headers = from("http://one.example");
    for (const variant of ["cors any", "cors list"]) {
      await stage.http(`${variant}: transport`, "GET", "EIO=4&transport=pigeon", { variant, headers });
      await stage.http(`${variant}: session`, "GET", `${polling}&sid=unknown`, { variant, headers });
    }
  });

  it("posts and polls of a session have the headers", async (stage) => {
    const options = { variant: "cors fixed", headers: from("http://one.example") };
    const { body } = await stage.http("open", "GET", polling, options);
    const { sid } = JSON.parse(body.slice(1));
    await stage.http("post", "POST", `${polling}&sid=${sid}`, { ...options, body: "40" });
    await stage.http("poll", "GET", `${polling}&sid=${sid}`, options);
  });

  it("a WebSocket from another origin connects", async (stage) => {
    const client = await stage.joined("client", { variant: "cors fixed", headers: from("http://else.example") });
    await client.do(["handshake"]);
  });

  it("a path that is not Socket.IO's has no headers", async (stage) => {
    await stage.http("get", "GET", null, { variant: "cors any", path: "/elsewhere", headers: from("http://one.example") });
  });

  it("an origin that is no text for a header", async (stage) => {
    await stage.http("get", "GET", polling, { variant: "cors list", headers: from("http://\u00e9.example") });
  });
});
