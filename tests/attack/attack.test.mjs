// SPDX-License-Identifier: MIT
// Every attack, in small: the server survives, the bystander keeps its connection, and nothing of the attacker stays.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { attacks } from "./attacks.mjs";
import { Stage } from "./stage.mjs";

const { ATTACK_SERVER: program, ATTACK_TRANSPORT: name, ATTACK_PARSER: parser } = process.env;
const secure = name.endsWith("_tls");

describe(`a server over ${name} with ${parser}`, () => {
  for (const attack of attacks)
    it(`survives a client that ${attack.name}`, async () => {
      const stage = await Stage.open({
        program,
        transport: name.replace("_tls", ""),
        secure,
        parser,
        threads: 1,
        small: true,
        extra: attack.server,
        readers: attack.readers?.test,
      });
      try {
        const { attacked, back, sessions, descriptors } = await stage.measure(attack, attack.size.test);
        assert.equal(attacked.lost, 0, "the bystander keeps its connection");
        assert.ok(attacked.count > 0, "the bystander is served during the attack");
        assert.ok(back, `nothing of the attacker is left: sessions ${sessions}, descriptors ${descriptors}`);
        await stage.close();
      } catch (error) {
        await stage.kill();
        throw error;
      }
    });
});
