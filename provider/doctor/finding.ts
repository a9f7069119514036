import { Problem } from "../errors";

/** How much a finding matters. */
export const Weight = {
  /** It does not work now. */
  Problem: "problem",
  /** It works now and stops at something that is going to happen: a reboot, an upgrade, another container. */
  Risk: "risk",
  /** Good to know; nothing to repair. */
  Note: "note",
} as const;
export type Weight = (typeof Weight)[keyof typeof Weight];

/** One thing that the doctor has to say about a host. */
export interface Finding {
  /** Stable name of the rule, for filters. */
  readonly id: string;
  readonly severity: Weight;
  /** What it is about: "network lan", "container dns", "host". */
  readonly where: string;
  /** What it means, one sentence for somebody who knows Docker and not macvlan. */
  readonly means: string;
  /** What to do about it, with the exact commands where there are any; empty if there is nothing to do. */
  readonly remedy: string;
}

/** What a rule says about one thing. */
export type Said = Pick<Finding, "where" | "means" | "remedy">;

/** One thing to look for on any host, whoever set it up. */
export interface DoctorRule<T> {
  readonly id: string;
  readonly severity: Weight;
  find(subject: T): readonly Said[];
}

/** Everything that the rules find, in their order. */
export function sayAll<T>(rules: readonly DoctorRule<T>[], subject: T): Finding[] {
  return rules.flatMap((rule) => rule.find(subject).map((said) => ({ id: rule.id, severity: rule.severity, ...said })));
}

/** A problem that a preflight rule found, as the doctor says it. */
export function fromProblem(where: string, { message, remedy }: Problem): Said {
  return { where, means: message, remedy };
}
