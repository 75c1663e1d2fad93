// SPDX-License-Identifier: MIT
// The examples look alike although each has a style sheet of its own.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";

const styleOf = (example) =>
  readFileSync(new URL(`../../examples/${example}/public/style.css`, import.meta.url), "utf8").split("/* This page. */");

it("the examples' style sheets begin with the same rules for look and controls", () => {
  const [chat, rooms, namespaces] = ["chat", "rooms", "namespaces"].map(styleOf);
  assert.ok(chat.length === 2 && rooms.length === 2 && namespaces.length === 2, "each says where its own part begins");
  assert.equal(rooms[0], chat[0]);
  assert.equal(namespaces[0], chat[0]);
});
