// Drift and repair, over and over on one host: faults at random, `up`, in sync, nothing lost. ROUNDS=50 for many, SEED=… for the same
// ones again.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { LabStack } from "../../lab/pulumi";
import { generator, type Random } from "./faults/random";
import { faults } from "./faults/rounds";
import { holding, inject, saidBy, type Placed } from "./faults/run";
import { belongingsOf, crowded, few, specificationOf } from "./faults/site";
import { acts, containers, expectIdentities, site, stackOf } from "./site";

const here = site();
const { host } = here;

const count = Number(process.env.ROUNDS ?? 4);
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

/**
 * One to three faults in different places: of two in one place the second often could not be made. The network's are made last, since
 * they stop containers, which those of an appliance need.
 */
function choose(random: Random): Placed[] {
  const places = [...few.boxes, "boot", "link", "network"] as const;
  const kinds = (where: string) => faults.filter((fault) => fault.where === where);
  const chosen = random.some(places, 1 + random.below(3)).sort((a, b) => places.indexOf(a) - places.indexOf(b));
  return chosen.map((at) => {
    const where = typeof at === "string" ? at : "appliance";
    return { fault: random.one(kinds(where)), box: typeof at === "string" ? few.boxes[0]! : at };
  });
}

describe(`${count} rounds of faults at random, seed ${seed}`, () => {
  const random = generator(seed);
  const rounds = Array.from({ length: count }, () => choose(random));
  let stack: LabStack;
  let belongings: string;

  beforeAll(async () => {
    stack = await crowded(here, few);
    belongings = await belongingsOf(host, few);
  });

  test.each(rounds.map((placed) => [placed.map(({ fault, box }) => `${fault.id} ${box.name}`).join(", "), placed]))(
    "%s",
    async (_, given) => {
      const placed = given;
      await inject(here, placed);
      await stack.up();
      expect(await holding(here, placed)).toEqual(placed.map(() => false));
      expect(saidBy((await stack.preview()).started)).toEqual({});
      await expectIdentities(here, few.all);
      expect(await belongingsOf(host, few)).toBe(belongings);
    },
  );
});

describe("a fault", () => {
  test("that comes twice is repaired twice", async () => {
    const stack = await crowded(here, few);
    const before = await containers(host);
    for (let time = 1; time <= 2; time++) {
      await host.shell("docker stop box0 && ip link set lan0 down");
      const { ended } = await stack.up();
      expect(acts(ended).sort()).toEqual(["update gw1-box0-appliance", "update gw1-lan0-link"]);
      expect(saidBy((await stack.preview()).started)).toEqual({});
    }
    await expectIdentities(here, few.all);
    expect(await containers(host)).toEqual(before);
  });

  test("that one person repairs is nothing to do for another, on another machine with the same state", async () => {
    const one = await crowded(here, few);
    await host.shell("docker stop box0");
    await one.up();
    const home = mkdtempSync(join(tmpdir(), "macvlan-home-"));
    const before = process.env.HOME;
    onTestFinished(() => {
      process.env.HOME = before;
      rmSync(home, { recursive: true, force: true });
    });
    process.env.HOME = home;
    const other = await stackOf(() => specificationOf(host, few), { from: one.dir, env: { HOME: home } });
    expect(saidBy((await other.preview()).started)).toEqual({});
    process.env.HOME = before;
    expect(saidBy((await one.preview()).started)).toEqual({});
  });
});
