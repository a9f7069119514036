// The plan of a host as it was reviewed, to be compared with the plan of the moment: pure. Not Pulumi's own update plans, which
// are experimental and hold secrets: only names and digests of what would be done, in which every secret is a mark.
import { createHash } from "node:crypto";
import { z } from "zod";
import { driftOf, Preview, Step, withoutDrift } from "../../report/pull-request";
import { isOnHost } from "./run";

const planSchema = z.object({
  schemaVersion: z.literal(1),
  host: z.string(),
  digest: z.string(),
  steps: z.array(z.object({ kind: z.string(), type: z.string(), name: z.string(), digest: z.string() })),
});

/** What would be done to a host, without the values. */
export type Plan = z.infer<typeof planSchema>;

/** The plan in a preview of one host. The same inventory, state and host give the same plan, in whatever order steps came. */
export function planOf(host: string, { steps }: Pick<Preview, "steps">): Plan {
  const planned = steps
    .filter((step) => step.kind !== "same" && isOnHost(step))
    .map((step) => ({ kind: step.kind, type: step.type, name: step.name, digest: digestOf(step) }))
    .sort((a, b) => (key(a) < key(b) ? -1 : 1));
  return { schemaVersion: 1, host, digest: sha256(planned), steps: planned };
}

/** Reads a plan that was saved; undefined if the text is none. */
export function parsePlan(text: string): Plan | undefined {
  try {
    const { data } = planSchema.safeParse(JSON.parse(text));
    return data?.digest === sha256(data?.steps) ? data : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What the plan of now has that was not reviewed, a line each. What is in the plan no longer is done already, by a run that
 * was not finished: doing the rest does nothing that nobody has seen.
 */
export function notReviewed(reviewed: Plan, now: Plan): string[] {
  const before = new Map(reviewed.steps.map((step) => [key(step), step]));
  return now.steps.flatMap((step) => {
    const was = before.get(key(step));
    if (was === undefined) return [`${step.kind} ${step.name} was not in it`];
    if (was.kind !== step.kind) return [`${step.name}: ${was.kind} then, ${step.kind} now`];
    return was.digest === step.digest ? [] : [`${step.kind} ${step.name} is another one now`];
  });
}

function key({ type, name }: { type: string; name: string }): string {
  return `${type} ${name}`;
}

/**
 * What is done, with what is found on the host and put right by it. That a host is not as a specification says which changes or is new is
 * no part of it: a plan may be reviewed without the hosts, and be applied with them.
 */
function digestOf(step: Step): string {
  const { kind, old, new: after, paths } = withoutDrift(step);
  return sha256(sorted([kind, old ?? null, after ?? null, [...paths].sort(), driftOf(step)]));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, sorted(inner)]),
  );
}

function sha256(value: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(value) ?? "")
    .digest("hex");
}
