// A preview without a state: two previews that would make everything, of the inventory before and after, compared.
import { isDeepStrictEqual } from "node:util";
import { Inputs, Preview, Step, UNKNOWN } from "./preview";

/**
 * What would be done to a host that is as `base` would make it, to be as `head` would. Both are previews with an empty state,
 * which take neither secrets nor access. Values of secrets look the same in both.
 */
export function previewBetween(base: Preview | undefined, head: Preview): Preview {
  const before = new Map(base?.steps.map((step) => [step.urn, step]));
  const after = new Map(head.steps.map((step) => [step.urn, step]));
  const compared = [...new Set([...before.keys(), ...after.keys()])].map((urn) =>
    compare(before.get(urn), after.get(urn)),
  );
  const replaced = compared.some(({ kind, type }) => kind === "replace" && type === NETWORK);
  const steps = compared.map((step) =>
    replaced && standsOnNetwork(step) ? { ...step, kind: "replace" as const } : step,
  );
  return { ...head, steps };
}

const NETWORK = "docker:index/network:Network";

function compare(before: Step | undefined, after: Step | undefined): Step {
  if (after === undefined) return { ...before!, kind: "delete", old: before!.new, new: undefined, paths: [] };
  if (before === undefined) return { ...after, kind: "create" };
  const keys = [...new Set([...Object.keys(before.new ?? {}), ...Object.keys(after.new ?? {})])];
  const paths = keys.filter((key) => !isDeepStrictEqual(before.new?.[key], after.new?.[key]));
  const kind = paths.length === 0 ? "same" : forces(after.type, paths) ? "replace" : "update";
  return { ...after, kind, old: before.new, paths };
}

/** Docker changes nothing of a network that is there but its labels, and no more do we; a Command says itself what replaces it. */
function forces(type: string, paths: readonly string[]): boolean {
  return paths.some((path) => (type === NETWORK ? path !== "labels" : path === "triggers"));
}

/** The id of its network, which only the run knows, is one of its triggers. */
function standsOnNetwork({ kind, new: inputs }: Step): boolean {
  return (kind === "same" || kind === "update") && triggers(inputs).includes(UNKNOWN);
}

function triggers(inputs: Inputs | undefined): readonly unknown[] {
  const given = inputs?.["triggers"];
  return Array.isArray(given) ? (given as unknown[]) : [];
}
