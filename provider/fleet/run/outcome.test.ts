import { expect, it } from "vitest";
import { exitCode, Outcome, Status, tally } from "./outcome";

const of = (...all: Status[]): Outcome[] =>
  all.map((status, i) => ({ host: `h${i}`, status, seconds: 1, faults: [], notes: [], done: 0 }));

it.each<[Status[], boolean, number]>([
  [[], false, 0],
  [["unchanged", "changes", "done"], false, 0],
  [["unchanged"], true, 0],
  [["unchanged", "changes"], true, 3],
  [["changes", "failed"], true, 1],
  [["done", "refused"], false, 1],
  [["done", "interrupted"], false, 1],
  [["done", "left"], false, 1],
])("%j, no changes expected: %s → %i", (statuses, expectNoChanges, code) =>
  expect(exitCode(of(...statuses), expectNoChanges)).toBe(code),
);

it("counts what matters most first", () =>
  expect(tally(of("done", "left", "done", "failed"))).toEqual([
    ["failed", 1],
    ["left", 1],
    ["done", 2],
  ]));
