// SPDX-License-Identifier: MIT
// People meet in the rooms of the rooms example, in real pages.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";

import { Browser, Example, assertFitsWidth, phone, screenshot } from "./support.mjs";

let browser;
let rooms;

before(async () => {
  browser = await Browser.launch();
});

after(() => browser?.close());

/** Opens the page under a name and joins rooms. */
async function enter(name, roomNames = [], options = {}) {
  const page = await browser.open(rooms.url, options);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Name").press("Enter");
  await page.getByText(`You are ${name}`).waitFor({ state: "attached" });
  for (const room of roomNames) await join(page, room);
  return page;
}

async function join(page, room) {
  await page.getByLabel("Open or join a room").fill(room);
  await page.getByLabel("Open or join a room").press("Enter");
  await mine(page, room).waitFor();
}

async function write(page, text) {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.keyboard.press("Enter");
  await page.locator("article.own", { hasText: text }).waitFor();
}

/** Ticks exactly these rooms in the composer. */
async function choose(page, mode, names) {
  await page.getByText(mode, { exact: true }).click();
  for (const box of await page.locator("#chips input").all()) {
    const wanted = names.includes((await box.inputValue()).slice(1));
    if ((await box.isChecked()) !== wanted) await box.locator("xpath=..").click();
  }
}

const mine = (page, room) => page.getByRole("region", { name: "Your rooms" }).locator("li", { hasText: `#${room}` });
const others = (page, room) => page.getByRole("region", { name: "Other rooms" }).locator("li", { hasText: `#${room}` });
const message = (page, from, text) => page.locator("article", { hasText: from }).filter({ hasText: text });

describe("rooms", () => {
  before(async () => {
    rooms = await Example.start("rooms");
  });

  after(() => rooms?.stop());

  afterEach(async () => {
    assert.deepEqual(await browser.closePages(), [], "no page logged an error");
  });

  it("are opened by one person, joined by another, left again, and removed when empty", async () => {
    const ada = await enter("Ada");
    const grace = await enter("Grace");
    await join(ada, "kitchen");
    await mine(ada, "kitchen").getByText("Ada", { exact: true }).waitFor();
    await others(grace, "kitchen").getByText("Ada", { exact: true }).waitFor();

    await grace.getByRole("button", { name: "Join #kitchen" }).click();
    await mine(grace, "kitchen").getByText("Ada and Grace").waitFor();
    await mine(ada, "kitchen").getByText("Ada and Grace").waitFor();
    await ada.getByText("Grace joined #kitchen").waitFor();

    await ada.getByRole("button", { name: "Leave #kitchen" }).click();
    await grace.getByText("Ada left #kitchen").waitFor();
    await mine(grace, "kitchen").getByText("Grace", { exact: true }).waitFor();
    await others(ada, "kitchen").waitFor();
    await grace.getByRole("button", { name: "Leave #kitchen" }).click();
    await others(ada, "kitchen").waitFor({ state: "detached" });
    await grace.getByText("There are no other rooms.").waitFor();
  });

  it("get messages: one room, several at once, and everyone but a room", async () => {
    const ada = await enter("Ada", ["kitchen", "garden"]);
    const grace = await enter("Grace", ["kitchen"]);
    const linus = await enter("Linus", ["garden"]);
    const alan = await enter("Alan");
    await mine(ada, "garden").getByText("Ada and Linus").waitFor();

    await choose(ada, "To these rooms", ["kitchen"]);
    await ada.getByText("Goes to everyone in #kitchen, once.").waitFor();
    await write(ada, "The soup is ready.");
    await message(grace, "Ada", "The soup is ready.").getByText("#kitchen").waitFor();

    await choose(ada, "To these rooms", ["kitchen", "garden"]);
    await write(ada, "Dinner in ten minutes.");
    await message(grace, "Ada", "Dinner in ten minutes.").waitFor();
    await message(linus, "Ada", "Dinner in ten minutes.").getByText("#garden").waitFor();

    await choose(ada, "To all except", ["kitchen"]);
    await ada.getByText("Goes to everyone here except the members of #kitchen.").waitFor();
    await write(ada, "Do not tell the cook.");
    await message(linus, "Ada", "Do not tell the cook.").getByText("everyone except #kitchen").waitFor();
    await message(alan, "Ada", "Do not tell the cook.").waitFor();

    // One more message to each: everything sent to them before has arrived by then.
    await choose(ada, "To these rooms", ["kitchen", "garden"]);
    await write(ada, "That is all.");
    await message(grace, "Ada", "That is all.").waitFor();
    await message(linus, "Ada", "That is all.").waitFor();
    const texts = (page) => page.locator("article .bubble").allTextContents();
    assert.deepEqual(await texts(grace), ["The soup is ready.", "Dinner in ten minutes.", "That is all."]);
    assert.deepEqual(await texts(linus), ["Dinner in ten minutes.", "Do not tell the cook.", "That is all."]);
    assert.deepEqual(await texts(alan), ["Do not tell the cook."]);
    await screenshot(ada, "rooms-light");
  });

  it("are told when a member closes the page", async () => {
    const ada = await enter("Ada", ["kitchen", "garden"]);
    const grace = await enter("Grace", ["kitchen", "garden"]);
    await mine(ada, "garden").getByText("Ada and Grace").waitFor();
    await grace.close();
    await ada.getByText("Grace left #kitchen").waitFor();
    await ada.getByText("Grace left #garden").waitFor();
    await mine(ada, "kitchen").getByText("Ada", { exact: true }).waitFor();
  });

  it("must be chosen before something is sent to them", async () => {
    const ada = await enter("Ada", ["kitchen"]);
    await choose(ada, "To these rooms", []);
    await ada.getByLabel("Message", { exact: true }).fill("Hello?");
    await ada.keyboard.press("Enter");
    await ada.getByText("Choose at least one room.").waitFor();
    assert.equal(await ada.locator("article").count(), 0);
  });

  it("are joined again after a reload", async () => {
    const ada = await enter("Ada", ["kitchen"]);
    await ada.reload();
    await mine(ada, "kitchen").getByText("Ada", { exact: true }).waitFor();
  });

  it("fit a phone, in the dark too", async () => {
    const ada = await enter("Ada", [], { viewport: phone });
    await assertFitsWidth(ada);
    await ada.getByRole("button", { name: "Rooms (0)" }).click();
    for (const room of ["kitchen", "garden", "a room with longer name"]) await join(ada, room.slice(0, 20));
    await screenshot(ada, "rooms-phone-list");
    await assertFitsWidth(ada);
    const grace = await enter("Grace", ["kitchen"], { colorScheme: "dark" });
    await ada.getByRole("button", { name: "Rooms (3)" }).click();
    await write(grace, "Who left the garden gate open?");
    await message(ada, "Grace", "Who left").waitFor();
    await write(ada, "Guilty. " + "Sorry".repeat(30));
    await choose(ada, "To all except", ["garden"]);
    await write(ada, "Nobody in the garden reads this.");
    await message(grace, "Ada", "Nobody in the garden").waitFor();
    await screenshot(grace, "rooms-dark");
    await screenshot(ada, "rooms-phone");
    await assertFitsWidth(ada);
  });
});

describe("rooms, restarted", () => {
  it("are joined again automatically", async () => {
    rooms = await Example.start("rooms");
    const { port } = rooms;
    const ada = await enter("Ada", ["kitchen"]);
    const grace = await enter("Grace", ["kitchen"]);
    await rooms.stop();
    await ada.getByText("Reconnecting…").waitFor();
    await grace.getByText("Reconnecting…").waitFor();
    rooms = await Example.start("rooms", { port });
    await mine(ada, "kitchen").getByText(/^(Ada and Grace|Grace and Ada)$/).waitFor();
    await write(ada, "All back?");
    await message(grace, "Ada", "All back?").waitFor();
    const complaints = await browser.closePages();
    assert.ok(complaints.every((text) => text.includes("ERR_CONNECTION_REFUSED")), complaints.join("\n"));
    await rooms.stop();
  });
});
