import { expect } from "vitest";
import * as macvlan from "../../provider";
import { differences, stateOf } from "./host-state";
import { acts, stackOf, type Site } from "./site";

interface Refusal {
  args: macvlan.ApplianceHostArgs;
  /** What the refusal must say. */
  reasons: RegExp[];
  /** Makes the host, or the way to it, unfit; returns how to undo that. */
  spoil?: () => (() => void) | Promise<() => void>;
}

/** Runs a preview and an up that must both be refused before anything was done. */
export async function refuses({ args, reasons, spoil }: Refusal): Promise<void> {
  const stack = await stackOf(() => args);
  const undo = await spoil?.();
  try {
    for (const what of ["preview", "up"] as const) {
      const { ok, output, ended } = await stack[what]({ mayFail: true });
      expect(ok).toBe(false);
      expect(acts(ended)).toEqual([]);
      for (const reason of reasons) expect(output).toMatch(reason);
      // A refusal is written for a person: no stack trace of ours.
      expect(output).not.toMatch(/\n\s+at .*\.ts:\d+/);
    }
  } finally {
    undo?.();
  }
}

/** The same, and shows that the host is as it was. */
export async function expectRefused({ host }: Site, refusal: Refusal): Promise<void> {
  const before = await stateOf(host);
  await refuses(refusal);
  expect(differences(before, await stateOf(host))).toEqual([]);
}
