// SPDX-License-Identifier: MIT
// People chat with each other in real pages through the chat example.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";

import { Browser, Example, assertFitsWidth, phone, screenshot } from "./support.mjs";

let browser;
let chat;

before(async () => {
  browser = await Browser.launch();
});

after(() => browser?.close());

/** Opens the page, gives the nickname and waits until the page is in. */
async function enter(nick, options) {
  const page = await browser.open(chat.url, options);
  await page.getByLabel("Nickname").fill(nick);
  await page.getByLabel("Nickname").press("Enter");
  await page.getByText(`You are ${nick}`).waitFor({ state: "attached" });
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  return page;
}

async function write(page, text) {
  await page.getByLabel("Message", { exact: true }).pressSequentially(text);
  await page.keyboard.press("Enter");
}

const message = (page, from, text) => page.locator("article", { hasText: from }).filter({ hasText: text });
const own = (page, text) => page.locator("article.own", { hasText: text });
const received = (bubble) => bubble.getByLabel("received by the server").waitFor();

describe("chat", () => {
  before(async () => {
    chat = await Example.start("chat");
  });

  after(() => chat?.stop());

  afterEach(async () => {
    assert.deepEqual(await browser.closePages(), [], "no page logged an error");
  });

  it("shows a message to everyone, and a tick to its author", async () => {
    const ada = await enter("Ada");
    const grace = await enter("Grace");
    await ada.getByText("Grace joined").waitFor();
    await ada.getByRole("heading", { name: "2 here" }).waitFor();
    await grace.getByRole("heading", { name: "2 here" }).waitFor();

    await write(ada, "Is the engine running?");
    await message(grace, "Ada", "Is the engine running?").waitFor();
    await received(own(ada, "Is the engine running?"));

    await grace.getByLabel("Message", { exact: true }).fill("Since this morning.");
    await grace.getByRole("button", { name: "Send" }).click();
    await message(ada, "Grace", "Since this morning.").waitFor();
    await received(own(grace, "Since this morning."));
    assert.equal(await own(ada, "Is the engine running?").count(), 1, "one's own message is shown once");
    await chat.printed(/^a user connected$/);
  });

  it("tells everyone but the typist who is typing", async () => {
    const ada = await enter("Ada");
    const grace = await enter("Grace");
    await ada.getByText("Grace joined").waitFor();
    await ada.getByLabel("Message", { exact: true }).pressSequentially("Well");
    await grace.getByText("Ada is typing…").waitFor();
    assert.equal(await ada.getByText("is typing").count(), 0);
    await ada.keyboard.press("Enter");
    await message(grace, "Ada", "Well").waitFor();
    await grace.getByText("is typing").waitFor({ state: "detached" });
  });

  it("carries a direct message to one person only", async () => {
    const ada = await enter("Ada");
    const grace = await enter("Grace");
    const linus = await enter("Linus");
    await ada.getByRole("button", { name: "Grace" }).click();
    await ada.getByText("Only Grace will see this").waitFor();
    await write(ada, "Lunch at noon?");
    await message(grace, "Ada", "Lunch at noon?").getByText("only to you").waitFor();
    await received(own(ada, "Lunch at noon?"));

    await ada.keyboard.press("Escape");
    await write(ada, "Back to work.");
    await message(linus, "Ada", "Back to work.").waitFor();
    assert.equal(await linus.getByText("Lunch at noon?").count(), 0);
  });

  it("shows a direct message to nobody else when its receiver has left", async () => {
    const ada = await enter("Ada");
    const grace = await enter("Grace");
    const linus = await enter("Linus");
    await ada.getByRole("button", { name: "Grace" }).click();
    await grace.close();
    await ada.getByText("Grace is not here at the moment").waitFor();
    await write(ada, "Do not tell Linus.");
    await own(ada, "Do not tell Linus.").getByText("Grace is not here any more.").waitFor();
    await ada.getByRole("button", { name: "Write to everyone" }).click();
    await write(ada, "Hello, Linus.");
    await message(linus, "Ada", "Hello, Linus.").waitFor();
    assert.equal(await linus.getByText("Do not tell Linus.").count(), 0);
  });

  it("refuses a nickname that is taken, and takes the next one", async () => {
    await enter("Ada");
    const page = await browser.open(chat.url);
    await page.getByLabel("Nickname").fill("Ada");
    await page.getByRole("button", { name: "Join the chat" }).click();
    await page.getByText("Ada is taken").waitFor();
    await page.getByLabel("Nickname").fill("Ada the second");
    await page.getByRole("button", { name: "Join the chat" }).click();
    await page.getByText("You are Ada the second").waitFor();
  });

  it("tells who left, and the server logs why", async () => {
    const ada = await enter("Ada");
    const grace = await enter("Grace");
    await ada.getByRole("heading", { name: "2 here" }).waitFor();
    await grace.close();
    await ada.getByText("Grace left").waitFor();
    await ada.getByRole("heading", { name: "1 here" }).waitFor();
    await chat.printed(/^Grace left: transport close$/);
  });

  it("remembers the nickname when the page is reloaded", async () => {
    const ada = await enter("Ada");
    await ada.reload();
    await ada.getByText("You are Ada").waitFor();
    await ada.getByRole("dialog").waitFor({ state: "hidden" });
  });

  it("shows markup as text", async () => {
    const eve = await enter("<b>Eve</b>");
    const ada = await enter("Ada");
    await write(eve, "<img src=x onerror=alert(1)>");
    await message(ada, "<b>Eve</b>", "<img src=x onerror=alert(1)>").waitFor();
    assert.equal(await ada.locator("#log img, #log .from b, #people .nick b").count(), 0);
  });

  it("fits a phone, where the list of people opens on demand", async () => {
    const ada = await enter("Ada", { viewport: phone });
    const grace = await enter("Grace", { viewport: phone, colorScheme: "dark" });
    await write(grace, "A long word must not widen the page: " + "supercalifragilistic".repeat(6));
    await message(ada, "Grace", "A long word").waitFor();
    await write(ada, "It does not.");
    await message(grace, "Ada", "It does not.").waitFor();
    await assertFitsWidth(ada);
    await assertFitsWidth(grace);
    await screenshot(ada, "chat-phone-light");
    await screenshot(grace, "chat-phone-dark");
    await ada.getByRole("button", { name: "2 here" }).click();
    await ada.getByRole("button", { name: "Grace" }).waitFor();
    await assertFitsWidth(ada);
    await screenshot(ada, "chat-phone-people");
    await ada.getByRole("button", { name: "Grace" }).click();
    await write(ada, "Just us.");
    await message(grace, "Ada", "Just us.").getByText("only to you").waitFor();
  });
});

describe("chat, restarted", () => {
  it("reconnects by itself, with the nickname and the messages written meanwhile", async () => {
    chat = await Example.start("chat");
    const { port } = chat;
    const ada = await enter("Ada");
    const grace = await enter("Grace");
    await chat.stop();
    await ada.getByText("Reconnecting…").waitFor();
    await grace.getByText("Reconnecting…").waitFor();
    await write(ada, "Anyone there?");
    await own(ada, "Anyone there?").getByLabel("on its way").waitFor();

    chat = await Example.start("chat", { port });
    await ada.getByRole("heading", { name: "2 here" }).waitFor();
    await grace.getByRole("heading", { name: "2 here" }).waitFor();
    await received(own(ada, "Anyone there?"));
    await write(grace, "Here again.");
    await message(ada, "Grace", "Here again.").waitFor();
    const complaints = await browser.closePages();
    assert.ok(complaints.every((text) => text.includes("ERR_CONNECTION_REFUSED")), complaints.join("\n"));
    await chat.stop();
  });
});

describe("chat, in pictures", () => {
  for (const colorScheme of ["light", "dark"]) {
    it(`is photographed in ${colorScheme}`, async () => {
      chat = await Example.start("chat");
      const ada = await enter("Ada", { colorScheme });
      const welcome = await browser.open(chat.url, { colorScheme });
      await welcome.getByText("1 person is here").waitFor();
      await screenshot(welcome, `chat-welcome-${colorScheme}`);
      const grace = await enter("Grace", { colorScheme });
      const linus = await enter("Linus", { colorScheme });
      await write(grace, "The prototype answers in 40 microseconds.");
      await message(ada, "Grace", "The prototype").waitFor();
      await write(ada, "On one core?");
      await message(grace, "Ada", "On one core?").waitFor();
      await write(grace, "On one core. And the pages noticed nothing.");
      await message(linus, "Grace", "noticed nothing").waitFor();
      await write(linus, "Then let us ship it.");
      await message(ada, "Linus", "ship it").waitFor();
      await grace.getByRole("button", { name: "Ada" }).click();
      await write(grace, "Will you tell the others, or shall I?");
      await message(ada, "Grace", "Will you tell").waitFor();
      await ada.getByRole("button", { name: "Grace" }).click();
      await write(ada, "You. It was your idea.");
      await received(own(ada, "your idea"));
      await linus.getByLabel("Message", { exact: true }).pressSequentially("By the");
      await ada.getByText("Linus is typing…").waitFor();
      await screenshot(ada, `chat-${colorScheme}`);
      assert.deepEqual(await browser.closePages(), [], "no page logged an error");
      await chat.stop();
    });
  }
});
