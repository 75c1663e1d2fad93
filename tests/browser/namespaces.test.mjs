// SPDX-License-Identifier: MIT
// People use several namespaces of the namespaces example over one connection each, in real pages.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";

import { Browser, Example, assertFitsWidth, phone, screenshot } from "./support.mjs";

const token = "correct horse";

let browser;
let namespaces;

before(async () => {
  browser = await Browser.launch();
});

after(() => browser?.close());

async function enter(options) {
  const page = await browser.open(namespaces.url, options);
  await page.getByText("Online").waitFor();
  return page;
}

const card = (page, name) => page.getByRole("region", { name, exact: true });

async function unlock(page, secret) {
  await card(page, "Admin").getByLabel("Token").fill(secret);
  await card(page, "Admin").getByLabel("Token").press("Enter");
}

async function enterTenant(page, tenant, name) {
  await card(page, tenant).getByLabel(`Your name at ${tenant}`).fill(name);
  await card(page, tenant).getByRole("button", { name: `Enter ${tenant}` }).click();
  await card(page, tenant).getByText(/^At sales: /).waitFor();
}

async function say(page, name, label, text) {
  const field = card(page, name).getByLabel(label, { exact: true });
  await field.fill(text);
  await field.press("Enter");
}

const feed = (page, name) => card(page, name).getByRole("log");

describe("namespaces", () => {
  before(async () => {
    namespaces = await Example.start("namespaces", { args: ["--token", token] });
  });

  after(() => namespaces?.stop());

  afterEach(async () => {
    assert.deepEqual(await browser.closePages(), [], "no page logged an error");
  });

  it("let everyone speak in the public one", async () => {
    const ada = await enter();
    const grace = await enter();
    await card(ada, "Public").getByText("2 visitors").waitFor();
    await say(ada, "Public", "Public message", "Good morning, all.");
    await feed(grace, "Public").getByText("Good morning, all.").waitFor();
    await grace.close();
    await card(ada, "Public").getByText("1 visitor", { exact: true }).waitFor();
  });

  it("refuse clients without the token in /admin, and say why", async () => {
    const ada = await enter();
    await unlock(ada, "a guess");
    await card(ada, "Admin").getByRole("alert").getByText("Wrong token").waitFor();
    await card(ada, "Admin").getByLabel("Clients in each namespace").waitFor({ state: "hidden" });
    await ada.getByLabel("/admin, not connected").waitFor();
    await screenshot(ada, "namespaces-refused");
    await unlock(ada, token);
    await card(ada, "Admin").getByLabel("Clients in each namespace").waitFor();
    await ada.getByLabel("/admin, connected").waitFor();
    await card(ada, "Admin").getByRole("button", { name: "Leave" }).click();
    await card(ada, "Admin").getByLabel("Token").waitFor();
    await ada.getByLabel("/admin, not connected").waitFor();
  });

  it("let the administrator announce to those who listen, mute the public and watch arrivals", async () => {
    const root = await enter();
    await unlock(root, token);
    await card(root, "Admin").getByLabel("Watch arrivals").check();
    const ada = await enter();
    const grace = await enter();
    await feed(root, "Admin").getByText("someone came to /").first().waitFor();
    await card(ada, "Public").getByLabel("Get announcements").check();

    // Ada's own message comes back after the server has handled her subscription.
    await say(ada, "Public", "Public message", "Ready.");
    await feed(ada, "Public").getByText("Ready.").waitFor();
    await say(root, "Admin", "Announcement", "Maintenance at six.");
    await feed(ada, "Public").getByText("Maintenance at six.").waitFor();

    await card(root, "Admin").getByLabel("Mute the public").check();
    await card(root, "Admin").getByText("muted", { exact: true }).waitFor({ state: "attached" });
    await say(grace, "Public", "Public message", "Can you hear me?");
    await card(grace, "Public").getByRole("alert").getByText("muted").waitFor();
    await card(root, "Admin").getByLabel("Mute the public").uncheck();
    await card(root, "Admin").getByText("not muted", { exact: true }).waitFor({ state: "attached" });
    await say(grace, "Public", "Public message", "And now?");
    await feed(ada, "Public").getByText("And now?").waitFor();
    assert.equal(await feed(ada, "Public").getByText("Can you hear me?").count(), 0);
    assert.equal(await feed(grace, "Public").getByText("Maintenance at six.").count(), 0);
  });

  it("isolate the tenants, and the desks within each", async () => {
    const ada = await enter();
    const grace = await enter();
    const linus = await enter();
    await enterTenant(ada, "Acme", "Ada");
    await enterTenant(grace, "Acme", "Grace");
    await enterTenant(linus, "Globex", "Linus");
    await card(ada, "Acme").getByText("At sales: Ada, Grace").waitFor();
    await card(linus, "Globex").getByText("At sales: Linus", { exact: true }).waitFor();

    await say(ada, "Acme", "Message at Acme", "The contract is signed.");
    await feed(grace, "Acme").getByText("The contract is signed.").waitFor();
    await say(linus, "Globex", "Message at Globex", "Did we lose it?");
    await feed(linus, "Globex").getByText("Did we lose it?").waitFor();
    assert.equal(await linus.getByText("The contract is signed.").count(), 0);
    assert.equal(await ada.getByText("Did we lose it?").count(), 0);

    await card(grace, "Acme").getByText("support", { exact: true }).click();
    await card(grace, "Acme").getByText("At support: Grace").waitFor();
    await card(ada, "Acme").getByText("At sales: Ada", { exact: true }).waitFor();
    await say(grace, "Acme", "Message at Acme", "The printer is fine.");
    await feed(grace, "Acme").getByText("The printer is fine.").waitFor();
    assert.equal(await ada.getByText("The printer is fine.").count(), 0);
  });

  it("share one connection", async () => {
    const page = await browser.open("about:blank");
    let webSockets = 0;
    page.on("websocket", () => ++webSockets);
    await page.goto(namespaces.url);
    await unlock(page, token);
    await card(page, "Admin").getByLabel("Clients in each namespace").waitFor();
    await enterTenant(page, "Acme", "Ada");
    await enterTenant(page, "Globex", "Spy");
    await page.getByText("One websocket connection carries 4 of 4 namespaces").waitFor();
    assert.equal(webSockets, 1);
  });

  it("fit a phone and a dark room", async () => {
    const small = await enter({ viewport: phone });
    const dark = await enter({ colorScheme: "dark", viewport: { width: 1100, height: 1040 } });
    const light = await enter({ viewport: { width: 1100, height: 1040 } });
    for (const page of [small, dark, light]) {
      await card(page, "Public").getByLabel("Get announcements").check();
      await unlock(page, token);
      await card(page, "Admin").getByLabel("Watch arrivals").check();
    }
    await enterTenant(light, "Acme", "Grace");
    await enterTenant(dark, "Acme", "Ada");
    await enterTenant(small, "Acme", "Linus");
    await say(light, "Acme", "Message at Acme", "The quote for the harbour is out.");
    await say(dark, "Acme", "Message at Acme", "supercalifragilistic".repeat(6));
    await say(small, "Public", "Public message", "Good morning from a small screen.");
    await feed(light, "Public").getByText("small screen").waitFor();
    await say(light, "Admin", "Announcement", "Maintenance at six. Please save your work.");
    await feed(dark, "Public").getByText("Maintenance").waitFor();
    await feed(small, "Public").getByText("Maintenance").waitFor();
    await feed(light, "Acme").getByText("supercali").waitFor();
    await assertFitsWidth(small);
    for (const [page, name] of [[small, "phone"], [dark, "dark"], [light, "light"]]) await screenshot(page, `namespaces-${name}`);
  });
});

describe("namespaces, restarted", () => {
  it("are all joined again over the new connection", async () => {
    namespaces = await Example.start("namespaces", { args: ["--token", token] });
    const { port } = namespaces;
    const ada = await enter();
    const grace = await enter();
    await enterTenant(ada, "Acme", "Ada");
    await card(ada, "Acme").getByText("support", { exact: true }).click();
    await card(ada, "Acme").getByText("At support: Ada").waitFor();
    await enterTenant(grace, "Acme", "Grace");
    await namespaces.stop();
    await ada.getByText("Reconnecting…").waitFor();
    namespaces = await Example.start("namespaces", { port, args: ["--token", token] });
    await ada.getByText("2 of 4 namespaces").waitFor();
    await grace.getByText("2 of 4 namespaces").waitFor();
    await card(grace, "Acme").getByText("support", { exact: true }).click();
    await card(grace, "Acme").getByText(/At support: (Ada, Grace|Grace, Ada)/).waitFor();
    await say(grace, "Acme", "Message at Acme", "Welcome back.");
    await feed(ada, "Acme").getByText("Welcome back.").waitFor();
    const complaints = await browser.closePages();
    assert.ok(complaints.every((text) => text.includes("ERR_CONNECTION_REFUSED")), complaints.join("\n"));
    await namespaces.stop();
  });
});
