// SPDX-License-Identifier: MIT
// People log in with a form in real pages of the login example, and their sockets know who they are.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";

import { Browser, Example, assertFitsWidth, phone, screenshot } from "./support.mjs";

let browser;
let login;

before(async () => {
  browser = await Browser.launch();
});

after(() => browser?.close());

/** Opens the page and waits until the server has refused its socket. */
async function openAsStranger(options) {
  const page = await browser.open(login.url, options);
  await page.getByText("Please log in.").waitFor();
  await page.getByText("Not logged in").waitFor();
  return page;
}

async function logIn(page, name, password = "open-sesame") {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

async function isIn(page, name) {
  await page.getByText("Online").waitFor();
  await page.locator("#me").getByText(name, { exact: true }).waitFor({ state: "attached" });
  await page.getByRole("dialog").waitFor({ state: "hidden" });
}

/** Opens the page and logs in. */
async function enter(name, options) {
  const page = await openAsStranger(options);
  await logIn(page, name);
  await isIn(page, name);
  return page;
}

async function write(page, text) {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.keyboard.press("Enter");
}

const message = (page, from, text) => page.locator("article", { hasText: from }).filter({ hasText: text });

/** The header that sets the cookie of a login, and the cookie itself. */
async function cookieOfLogin(name) {
  const response = await fetch(`${login.url}/login`, {
    method: "POST",
    body: new URLSearchParams({ name, password: "open-sesame" }),
    redirect: "manual",
  });
  assert.equal(response.status, 303);
  const header = response.headers.get("set-cookie");
  return { header, cookie: header.split(";")[0] };
}

/** Opens a session over polling, and joins the main namespace. @return the server's answer to the latter */
async function connect(headers) {
  const url = `${login.url}/socket.io/?EIO=4&transport=polling`;
  const { sid } = JSON.parse((await (await fetch(url, { headers })).text()).slice(1));
  await fetch(`${url}&sid=${sid}`, { method: "POST", body: "40" });
  return (await fetch(`${url}&sid=${sid}`)).text();
}

// A client that is refused sends its last poll and the end of its session at the same time, on two connections. If the
// end arrives first, the poll is for a session that is unknown by then.
const isLatePoll = (complaint) => complaint.includes("400 (Bad Request)");

async function assertNoComplaints() {
  const complaints = await browser.closePages();
  assert.deepEqual(
    complaints.filter((complaint) => !isLatePoll(complaint)),
    [],
    "no page logged an error",
  );
}

describe("login", () => {
  before(async () => {
    login = await Example.start("login");
  });

  after(() => login?.stop());

  afterEach(assertNoComplaints);

  it("refuses a socket without a login, and the page says so", async () => {
    const stranger = await openAsStranger();
    await stranger.getByRole("dialog").waitFor();
    assert.equal(await stranger.locator("#me").isVisible(), false);
    assert.match(await connect({}), /^44\{"message":"Please log in\."/);
    assert.match(await connect({ Cookie: "session=guessed" }), /^44/);
    assert.match(await connect({ Cookie: "session=" }), /^44/);
  });

  it("knows the names of two people, and puts them on their messages", async () => {
    const ada = await enter("Ada");
    const grace = await enter("Grace");
    await ada.getByText("Here: Ada, Grace").waitFor();
    await write(ada, "Is the engine running?");
    await message(grace, "Ada", "Is the engine running?").waitFor();
    await write(grace, "Since this morning.");
    await message(ada, "Grace", "Since this morning.").waitFor();
    await grace.close();
    await ada.getByText("Here: Ada", { exact: true }).waitFor();
  });

  it("refuses a wrong password, and lets the person try again", async () => {
    const page = await openAsStranger();
    await logIn(page, "Ada", "wrong");
    await page.getByText("The name or the password is wrong.").waitFor();
    await page.getByText("Please log in.").waitFor();
    await logIn(page, "Ada");
    await isIn(page, "Ada");
    assert.equal(await page.getByText("The name or the password is wrong.").isVisible(), false);
  });

  it("gives a cookie that scripts cannot read and nobody can guess", async () => {
    const page = await enter("Ada");
    assert.equal(await page.evaluate(() => document.cookie), "");
    const [cookie] = await page.context().cookies();
    assert.equal(cookie.httpOnly, true);
    assert.equal(cookie.sameSite, "Lax");
    const [one, other] = [await cookieOfLogin("Ada"), await cookieOfLogin("Ada")];
    assert.match(one.header, /^session=[\w-]{20}; Path=\/; HttpOnly; SameSite=Lax$/);
    assert.notEqual(one.cookie, other.cookie);
    assert.match(await connect({ Cookie: `theme=dark; ${one.cookie}` }), /^40/);
  });

  it("remembers the login when the page is reloaded", async () => {
    const page = await enter("Ada");
    await page.reload();
    await isIn(page, "Ada");
  });

  it("ends all sockets of a person who logs out, and none of anybody else", async () => {
    const grace = await enter("Grace");
    const ada = await enter("Ada");
    const second = await ada.context().newPage();
    await second.goto(login.url);
    await isIn(second, "Ada");
    const elsewhere = await enter("Ada");
    const { cookie } = await cookieOfLogin("Ada");

    await ada.getByRole("button", { name: "Log out" }).click();
    for (const page of [ada, second, elsewhere]) {
      await page.getByText("Please log in.").waitFor();
      await page.getByText("Not logged in").waitFor();
    }
    await second.getByText("You were logged out.").waitFor({ state: "attached" });
    await elsewhere.getByText("You were logged out.").waitFor({ state: "attached" });
    assert.deepEqual(await ada.context().cookies(), [], "the cookie is deleted");
    assert.match(await connect({ Cookie: cookie }), /^44/, "an old cookie is worth nothing");

    await grace.getByText("Here: Grace", { exact: true }).waitFor();
    await write(grace, "Still here.");
    await message(grace, "Grace", "Still here.").waitFor();
    await logIn(second, "Ada");
    await isIn(second, "Ada");
    await write(second, "Back again.");
    await message(grace, "Ada", "Back again.").waitFor();
    await login.printed(/^Ada logged out$/);
  });

  it("refuses a form that is too large, and a name with control characters", async () => {
    const post = (body) => fetch(`${login.url}/login`, { method: "POST", body, redirect: "manual" });
    assert.equal((await post("name=" + "a".repeat(3000))).status, 413);
    const refused = await post("name=a%0Ab&password=open-sesame");
    assert.equal(refused.status, 303);
    assert.equal(refused.headers.get("location"), "/?refused");
    assert.equal(refused.headers.get("set-cookie"), null);
  });

  it("shows markup as text", async () => {
    const eve = await enter("<b>Eve</b>");
    await write(eve, "<img src=x onerror=alert(1)>");
    await message(eve, "<b>Eve</b>", "<img src=x onerror=alert(1)>").waitFor();
    assert.equal(await eve.locator("#log img, #log .from b").count(), 0);
  });

  it("fits a phone", async () => {
    const stranger = await openAsStranger({ viewport: phone });
    await assertFitsWidth(stranger);
    await screenshot(stranger, "login-phone-stranger");
    const ada = await enter("Ada", { viewport: phone, colorScheme: "dark" });
    await write(ada, "A long word must not widen the page: " + "supercalifragilistic".repeat(6));
    await message(ada, "Ada", "A long word").waitFor();
    await assertFitsWidth(ada);
    await screenshot(ada, "login-phone-dark");
  });
});

describe("login, restarted", () => {
  it("asks for the password again, since the server has forgotten its sessions", async () => {
    login = await Example.start("login");
    const { port } = login;
    const ada = await enter("Ada");
    await login.stop();
    await ada.getByText("Reconnecting…").waitFor();
    login = await Example.start("login", { port });
    await ada.getByText("Please log in.").waitFor();
    await logIn(ada, "Ada");
    await isIn(ada, "Ada");
    const complaints = await browser.closePages();
    const isExpected = (text) => text.includes("ERR_CONNECTION_REFUSED") || isLatePoll(text);
    assert.ok(complaints.every(isExpected), complaints.join("\n"));
    await login.stop();
  });
});

describe("login, in pictures", () => {
  for (const colorScheme of ["light", "dark"]) {
    it(`is photographed in ${colorScheme}`, async () => {
      login = await Example.start("login");
      const stranger = await openAsStranger({ colorScheme });
      await screenshot(stranger, `login-stranger-${colorScheme}`);
      await logIn(stranger, "Eve", "guessed");
      await stranger.getByText("The name or the password is wrong.").waitFor();
      await stranger.getByText("Please log in.").waitFor();
      await screenshot(stranger, `login-refused-${colorScheme}`);
      const ada = await enter("Ada", { colorScheme });
      const grace = await enter("Grace", { colorScheme });
      await write(ada, "Who let you in?");
      await message(grace, "Ada", "Who let you in?").waitFor();
      await write(grace, "The cookie did.");
      await message(ada, "Grace", "The cookie did.").waitFor();
      await screenshot(ada, `login-${colorScheme}`);
      await assertNoComplaints();
      await login.stop();
    });
  }
});
