import { expect, it } from "vitest";
import { faultOf } from "./faults";

// What the engine printed (3.259.0).
it.each([
  [
    "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with `pulumi cancel`.\n  file:///s/.pulumi/locks/organization/p/gw1/9.json: created by me@desk (pid 4711) at 2026-11-21T06:00:00Z",
    "the stack is locked by me@desk, process 4711, since 2026-11-21T06:00:00Z",
    false,
  ],
  ["error: [409] Conflict: Another update is currently in progress.", "the stack is locked by another run", false],
  [
    "error: constructing secrets manager: passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE environment variables",
    "the passphrase of the state's secrets is not set",
    true,
  ],
  [
    "error: getting secrets manager: incorrect passphrase",
    "the passphrase is not the one that the state's secrets were encrypted with",
    false,
  ],
  [
    "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions",
    "nobody is logged in to a state backend",
    true,
  ],
])("%s", (said, message, everywhere) => {
  expect(faultOf(said)).toMatchObject({ message, everywhere });
  expect(faultOf(said)!.remedy).not.toBe("");
});

it("other words are nobody's", () => expect(faultOf("error: no space left on device")).toBeUndefined());
