// What was changed on a host since the last run, as a step tells it: pure.
import { isDeepStrictEqual } from "node:util";
import { filesOf } from "./files";
import { Inputs, Step } from "./preview";

const REPAIR = "environment.REPAIR";
const LABEL = "pulumi-macvlan.repair";

/**
 * Reasons that compare the host with the specification's own contents. When the specification goes on they are true of every
 * host, and nothing has happened there.
 */
const OF_CONTENTS =
  /^this host has another version of |^\/.* (other content than|missing on this host$|left over$)|^the route to | is on \S+ instead of | has the (MAC|MTU|bcqueuelen) \S+ instead of | is not an? \S+ but an? | is to be on, is missing$/;

/** Reasons that a Command carries in REPAIR and a network in a label, without the time, which differs from run to run. */
export function driftOf({ kind, old, new: after }: Pick<Step, "kind" | "old" | "new">): string[] {
  // On a first run everything is missing, which is no news.
  if (kind === "create") return [];
  const [before, now] = [repairIn(old), repairIn(after)];
  if (now === undefined || now === before) return [];
  const reasons = now.replace(/, seen \d{4}-\d\d-\d\d.*$/, "").split("; ");
  const goesOn = !isDeepStrictEqual(filesOf(old), filesOf(after));
  return goesOn ? reasons.filter((reason) => !OF_CONTENTS.test(reason)) : reasons;
}

/** A step without these reasons: what is left is the same whether the host was looked at or not. */
export function withoutDrift(step: Step): Step {
  return {
    ...step,
    old: step.old && withoutReasons(step.old),
    new: step.new && withoutReasons(step.new),
    paths: step.paths.filter((path) => path !== REPAIR),
  };
}

function repairIn(inputs: Inputs | undefined): string | undefined {
  const { REPAIR: text } = (inputs?.["environment"] ?? {}) as { REPAIR?: unknown };
  const found = text ?? labelsOf(inputs).find(({ label }) => label === LABEL)?.value;
  return typeof found === "string" && found !== "" ? found : undefined;
}

function withoutReasons(inputs: Inputs): Inputs {
  const { environment, labels } = inputs;
  return {
    ...inputs,
    ...(environment === undefined ? {} : { environment: { ...environment, REPAIR: undefined } }),
    ...(labels === undefined ? {} : { labels: labelsOf(inputs).filter(({ label }) => label !== LABEL) }),
  };
}

function labelsOf(inputs: Inputs | undefined): { label?: unknown; value?: unknown }[] {
  return Array.isArray(inputs?.["labels"]) ? (inputs["labels"] as { label?: unknown; value?: unknown }[]) : [];
}
