// SPDX-License-Identifier: MIT
// Traces that do not agree are found: without these tests, a comparison that compares nothing would pass.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { compare } from "./support.mjs";

const trace = (...entries) => ({ client: entries, server: [["connection"]] });

describe("traces", () => {
  it("that are the same pass", () => {
    compare(trace("a", ["b", { c: 1 }]), trace("a", ["b", { c: 1 }]));
  });

  it("a difference that is not listed fails", () => {
    assert.throws(() => compare(trace("a", "b"), trace("a", "c")), /the servers differ/);
    assert.throws(() => compare(trace("a", "b"), trace("a")), /the servers differ/);
    assert.throws(() => compare(trace("a"), { ...trace("a"), more: [] }), /the servers differ/);
    assert.throws(() => compare(trace(1), trace("1")), /the servers differ/);
  });

  it("a difference that is listed passes", () => {
    compare(trace("a", ["b"]), trace("a", ["c"]), [{ at: "client[1][0]", node: "b", here: "c" }]);
    compare(trace("a", "b"), trace("a"), [{ at: "client[1..]", node: ["b"], here: [] }]);
    compare(trace({ headers: { x: "1" } }), trace({ headers: {} }), [{ at: "client[0].headers.x", node: "1", here: undefined }]);
  });

  it("a difference beside the listed one fails", () => {
    const listed = [{ at: "client[1]", node: "b", here: "c" }];
    assert.throws(() => compare(trace("a", "b", "d"), trace("a", "c", "e"), listed), /the servers differ/);
  });

  it("a difference that is gone fails", () => {
    const listed = [{ at: "client[1]", node: "b", here: "c" }];
    assert.throws(() => compare(trace("a", "b"), trace("a", "b"), listed), /no longer differ/);
    assert.throws(() => compare(trace("a"), trace("a"), [{ at: "client[1..]", node: ["b"], here: [] }]), /no longer differ/);
  });

  it("another difference than the listed one fails", () => {
    const listed = [{ at: "client[1]", node: "b", here: "c" }];
    assert.throws(() => compare(trace("a", "b"), trace("a", "d"), listed), /another one/);
    assert.throws(() => compare(trace("a", "d"), trace("a", "c"), listed), /another one/);
  });

  it("that show nothing fail", () => {
    assert.throws(() => compare({ client: [], server: [] }, { client: [], server: [] }), /shows nothing/);
  });

  it("of a story that failed fail, even on both servers", () => {
    const failed = { failed: "waited in vain", ...trace("a") };
    assert.throws(() => compare(failed, failed), /waited in vain/);
  });
});
