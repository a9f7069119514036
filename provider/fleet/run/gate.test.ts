import { expect, test } from "vitest";
import { Gate } from "./gate";

function gate(): { gate: Gate; over: () => void; abort: AbortController } {
  const abort = new AbortController();
  let isOver = false;
  return { gate: new Gate({ isOver: () => isOver, signal: abort.signal }), over: () => (isOver = true), abort };
}

test("nothing is stopped while nobody asks for it", () => {
  const { gate: open } = gate();
  expect([open.pass("link"), open.pass("network")]).toEqual([true, true]);
  open.ended("link");
  open.ended("network");
  expect(open.signal.aborted).toBe(false);
});

test("what has begun ends first, then the engine is stopped", () => {
  const { gate: closing, over } = gate();
  closing.pass("link");
  over();
  expect(closing.pass("network")).toBe(false);
  expect(closing.signal.aborted).toBe(false);
  closing.ended("link");
  expect(closing.signal.aborted).toBe(true);
});

test("where nothing has begun it is stopped at the first refusal, and not before", () => {
  const { gate: closing, over } = gate();
  closing.pass("link");
  closing.ended("link");
  over();
  expect(closing.signal.aborted).toBe(false);
  expect(closing.pass("network")).toBe(false);
  expect(closing.signal.aborted).toBe(true);
});

test("a second Ctrl-C stops at once", () => {
  const { gate: closing, abort } = gate();
  closing.pass("link");
  abort.abort();
  expect(closing.signal.aborted).toBe(true);
});
