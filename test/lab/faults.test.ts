// Faults made on a lab host by their real means: what the preview says, what `up` does, and what the next boot makes of them without
// one. docs/faults.md is the table of it; FAULTS_DOC=1 writes it anew. FAULTS=TEXT runs only rounds in which that
// occurs, FAULTS_BOOT=0 leaves the boots out.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { beforeAll, describe, expect, test } from "vitest";
import type { LabStack } from "../../lab/pulumi";
import { page } from "./faults/page";
import { passing, refused } from "./faults/passing";
import { fewRounds, manyRounds, trunkRounds } from "./faults/rounds";
import {
  bootWith,
  macsOf,
  make,
  runRound,
  saidBy,
  says,
  settle,
  unexplained,
  type RoundSeen,
  type SeenAtBoot,
} from "./faults/run";
import { belongingsOf, crowded, few, many, trunk } from "./faults/site";
import { trunkPassing } from "./faults/trunk";
import { acts, containers, site } from "./site";

const here = site();
const { host } = here;

test("docs/faults.md is the table of these faults", async () => {
  const file = join(__dirname, "..", "..", "docs", "faults.md");
  const text = await format(page(), { parser: "markdown", printWidth: 120 });
  if (process.env.FAULTS_DOC) writeFileSync(file, text);
  expect(readFileSync(file, "utf8")).toBe(text);
});

const rounds = [
  ...manyRounds.map((round) => ({ ...round, crowd: many })),
  ...fewRounds.map((round) => ({ ...round, crowd: few })),
  ...trunkRounds.map((round) => ({ ...round, crowd: trunk })),
].filter(({ name, faults }) => `${name} ${faults.map(({ id }) => id).join(" ")}`.includes(process.env.FAULTS ?? ""));

describe.each(rounds)("$name", ({ crowd, ...round }) => {
  const boot = process.env.FAULTS_BOOT === "0" ? [] : (round.boot ?? round.faults);
  let stack: LabStack;
  let belongings: string;
  let result: RoundSeen;

  beforeAll(async () => {
    stack = await crowded(here, crowd);
    belongings = await belongingsOf(host, crowd);
    result = await runRound(here, stack, round, crowd);
  });

  test.each(round.faults)("$id", ({ id, container }) => {
    const { made, said, repaired, before, after, placed } = result.seen.find(({ placed }) => placed.fault.id === id)!;
    expect(made).toBe(true);
    expect.soft(says(said, placed.fault.says, placed.box), `${said} says ${placed.fault.says}`).toBe(true);
    expect.soft(repaired).toBe(true);
    if (container === "same") expect.soft(after).toBe(before);
    if (container === "new") expect.soft(after).not.toBe(before);
  });

  test("the preview says nothing else, and up ends in sync with nothing lost", async () => {
    const placed = result.seen.map((seen) => seen.placed);
    expect.soft(unexplained(result.said, placed)).toEqual([]);
    expect.soft(result.up.ok, result.up.output).toBe(true);
    expect.soft(result.left).toEqual({});
    expect.soft(result.macs).toEqual(Object.fromEntries(crowd.all.map(({ name, mac }) => [name, [mac]])));
    expect.soft(await belongingsOf(host, crowd)).toBe(belongings);
  });

  if (boot.length === 0) return;

  describe("at the next boot", () => {
    let seen: SeenAtBoot[];

    beforeAll(async () => void (seen = await bootWith(here, boot, crowd)));

    test.each(boot)("$id", ({ id, boot: expected }) => {
      const { held, macs, placed } = seen.find(({ placed }) => placed.fault.id === id)!;
      expect.soft({ healed: !held }).toEqual({ healed: expected.healed });
      expect.soft(macs).toEqual(expected.lost ? [] : [placed.box.mac]);
    });

    test("what is left is repaired by the next up", async () => {
      for (const { boot: expected } of boot) if (expected.first) await host.shell(expected.first);
      await stack.up();
      expect(saidBy((await stack.preview()).started)).toEqual({});
      expect(await belongingsOf(host, crowd)).toBe(belongings);
    });
  });
});

describe.each([
  { on: "a LAN", crowd: few, all: passing },
  { on: "a VLAN", crowd: trunk, all: trunkPassing },
])("what the host puts right by itself on $on", ({ crowd, all }) => {
  let stack: LabStack;
  let before: Record<string, string>;

  beforeAll(async () => {
    stack = await crowded(here, crowd);
    before = await containers(host);
  });

  test.each(all)("$id", async ({ inject }) => {
    await make(here, inject, crowd.boxes[0]!);
    await settle(host);
    expect(await macsOf(here, crowd)).toEqual(Object.fromEntries(crowd.all.map(({ name, mac }) => [name, [mac]])));
    expect(await containers(host)).toEqual(before);
    expect(saidBy((await stack.preview()).started)).toEqual({});
  });
});

describe("what nobody but you can put right is refused", () => {
  test.each(refused)("$id", async ({ inject, says }) => {
    const stack = await crowded(here, few);
    await make(here, inject, few.boxes[0]!);
    for (const what of ["preview", "up"] as const) {
      const { ok, output, ended } = await stack[what]({ mayFail: true });
      expect(ok).toBe(false);
      expect(acts(ended)).toEqual([]);
      expect(output).toContain(says);
    }
  });
});
