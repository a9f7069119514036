import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatProblem } from "../errors";
import { checkOrder, LANES, lanes, startOrder } from "./order";

/** Appliances that start only after some with a lower number: never a circle. */
const acyclic = fc
  .array(fc.array(fc.nat()))
  .map((lists) =>
    Object.fromEntries(
      lists.map(
        (list, i) => [`a${i}`, i === 0 ? [] : [...new Set(list.map((n) => `a${n % i}`))]] as [string, string[]],
      ),
    ),
  );

describe("order", () => {
  it("has each appliance once, after everything that it starts after", () => {
    fc.assert(
      fc.property(acyclic, (startAfter) => {
        expect(checkOrder(startAfter)).toEqual([]);
        const order = startOrder(startAfter);
        expect([...order].sort()).toEqual(Object.keys(startAfter).sort());
        for (const [name, others] of Object.entries(startAfter))
          for (const other of others) expect(order.indexOf(other)).toBeLessThan(order.indexOf(name));
      }),
    );
  });

  it("never lets more run at once than a connection has sessions for", () => {
    fc.assert(
      fc.property(acyclic, (startAfter) => {
        const waits = lanes(startAfter);
        const order = [...waits.keys()];
        const finished = new Set<string>();
        while (finished.size < order.length) {
          const running = order.filter(
            (name) => !finished.has(name) && waits.get(name)!.every((other) => finished.has(other)),
          );
          expect(running.length).toBeGreaterThan(0);
          expect(running.length).toBeLessThanOrEqual(LANES);
          finished.add(running[0]!);
        }
      }),
    );
  });
});

it("says what is unknown and what goes round in a circle", () => {
  expect(checkOrder({ dns: ["web"], web: ["db"], db: ["dns"], ntp: ["dnss", "ntp"] }).map(formatProblem)).toEqual([
    'ntp.startAfter[0]: there is no appliance "dnss"; did you mean dns?',
    "dns.startAfter: the appliances wait for each other in a circle: dns after web after db after dns; take one of these out of startAfter",
  ]);
});
