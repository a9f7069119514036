import fc from "fast-check";
import { expect, it } from "vitest";
import { Ipv4Range } from "../../address";
import { allocate, Wish } from "./allocate";

const BASE = 0x0a000000;
const range = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 40 }))
  .map(([a, b]): Ipv4Range => ({ first: BASE + Math.min(a, b), last: BASE + Math.max(a, b) }));
const wishes = fc.uniqueArray(fc.record({ key: fc.string({ minLength: 1, maxLength: 6 }), range }), {
  selector: ({ key }) => key,
  maxLength: 30,
});
const taken = fc.array(range, { maxLength: 4 });
const holds = (address: number, { first, last }: Ipv4Range) => address >= first && address <= last;
const sizeOf = (all: readonly Ipv4Range[]) => {
  const addresses = new Set<number>();
  for (const { first, last } of all) for (let at = first; at <= last; at++) addresses.add(at);
  return addresses;
};

it("gives each an address of its range that nobody has", () => {
  fc.assert(
    fc.property(wishes, taken, (all, others) => {
      const { given, without } = allocate(all, others);
      expect(new Set(given.values()).size).toBe(given.size);
      expect(given.size + without.length).toBe(all.length);
      for (const [key, address] of given) {
        expect(holds(address, all.find((wish) => wish.key === key)!.range)).toBe(true);
        expect(others.some((each) => holds(address, each))).toBe(false);
      }
    }),
  );
});

it("leaves nobody without one while there is one", () => {
  fc.assert(
    fc.property(wishes, taken, (all, others) => {
      const { given, without } = allocate(all, others);
      const used = new Set([...given.values(), ...sizeOf(others)]);
      for (const wish of without) expect([...sizeOf([wish.range])].every((address) => used.has(address))).toBe(true);
    }),
  );
});

it("does not depend on the order in which they are asked for", () => {
  fc.assert(
    fc.property(
      wishes.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
      taken,
      ([all, shuffled], others) => {
        expect(sorted(allocate(shuffled, others).given)).toEqual(sorted(allocate(all, others).given));
      },
    ),
  );
});

it("moves no recorded address, whoever comes and goes", () => {
  fc.assert(
    fc.property(wishes, wishes, taken, (before, after, others) => {
      const recorded = allocate(before, others).given;
      const fresh = after.filter(({ key }) => !recorded.has(key));
      const { given } = allocate(fresh, [...others, ...[...recorded.values()].map((at) => ({ first: at, last: at }))]);
      expect([...given.values()].filter((address) => [...recorded.values()].includes(address))).toEqual([]);
    }),
  );
});

it("fills a range to the last address in a time that grows with the number of wishes", () => {
  const all: Wish[] = Array.from({ length: 20_000 }, (_, i) => ({
    key: `host${i}/app`,
    range: { first: BASE, last: BASE + 19_999 },
  }));
  const { given, without } = allocate(all, []);
  expect([given.size, without.length]).toEqual([20_000, 0]);
}, 10_000);

function sorted(given: ReadonlyMap<string, number>): [string, number][] {
  return [...given].sort(([a], [b]) => (a < b ? -1 : 1));
}
