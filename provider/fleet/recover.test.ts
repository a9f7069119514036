import { describe, expect, test } from "vitest";
import { judgeLock, parseLock, withoutPendingCreates, type LockContents, type Machine } from "./recover";

const lock: LockContents = { pid: 4711, username: "me", hostname: "desk", timestamp: "2026-11-21T06:00:00Z" };
const machine = (startedAt?: string): Machine => ({
  hostname: "desk",
  startedAt: (pid) => (pid === 4711 && startedAt ? new Date(startedAt) : undefined),
});

describe("a lock of a file backend", () => {
  test.each<[string, LockContents, Machine, boolean]>([
    ["of this machine, its process gone", lock, machine(), true],
    ["of this machine, its process running", lock, machine("2026-11-21T05:59:58Z"), false],
    ["of this machine, the clock a little off", lock, machine("2026-11-21T06:00:01Z"), false],
    ["of this machine, its id used anew", lock, machine("2026-11-21T06:10:00Z"), true],
    ["of another machine", { ...lock, hostname: "ci" }, machine(), false],
    ["with a time nobody understands", { ...lock, timestamp: "?" }, machine("2026-11-21T06:10:00Z"), false],
  ])("%s", (_, contents, here, stale) => {
    expect(judgeLock(contents, here).stale).toBe(stale);
  });

  test.each([
    [JSON.stringify(lock), lock],
    [`{"pid":1,"hostname":"a","timestamp":"t"}`, { pid: 1, hostname: "a", timestamp: "t", username: "" }],
    [`{"pid":"1","hostname":"a","timestamp":"t"}`, undefined],
    ["", undefined],
    ["null", undefined],
    ["{", undefined],
  ])("%s", (text, expected) => {
    expect(parseLock(text)).toEqual(expected);
  });
});

describe("pending creates", () => {
  const operation = (type: string, urn: string): { type: string; resource: { urn: string } } => ({
    type,
    resource: { urn },
  });

  test("are taken out, all else stays", () => {
    const stack = {
      version: 3,
      deployment: {
        resources: [{ urn: "r" }],
        pending_operations: [operation("creating", "a"), operation("updating", "b"), operation("creating", "c")],
      },
    };
    const { stack: clean, cleared } = withoutPendingCreates(stack);
    expect(cleared).toEqual(["a", "c"]);
    expect(clean).toEqual({
      version: 3,
      deployment: { resources: [{ urn: "r" }], pending_operations: [operation("updating", "b")] },
    });
    expect(withoutPendingCreates(clean)).toEqual({ stack: clean, cleared: [] });
  });

  test.each([
    [{ deployment: {} }],
    [{ deployment: { pending_operations: null } }],
    [{}],
    [{ deployment: { pending_operations: [operation("deleting", "d")] } }],
  ])("nothing to do: the very same object", (stack) => {
    expect(withoutPendingCreates(stack).stack).toBe(stack);
  });
});
