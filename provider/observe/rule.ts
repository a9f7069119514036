import * as pulumi from "@pulumi/pulumi";
import { below, formatProblem, Path, Problem, refuse } from "../errors";
import { HostFacts } from "./facts";

/** What a finding means for the run. */
export const Severity = {
  /** Nothing is changed until it is settled. */
  Refuse: "refuse",
  /** The run goes on; the person should know. */
  Warn: "warn",
} as const;
export type Severity = (typeof Severity)[keyof typeof Severity];

/** One thing to look for on a host before anything is changed there. `S` is the part of the specification that it needs. */
export interface Rule<S> {
  /** Stable name, for tests, documentation and `overrides`. */
  readonly id: string;
  readonly severity: Severity;
  /** For the manual: what is looked for, and why it matters. One or two sentences. */
  readonly about?: string;
  /** A refusal that somebody who knows better may pass with `overrides`. Default false: the run would fail all the same. */
  readonly overridable?: boolean;
  find(facts: HostFacts, spec: S): readonly Problem[];
}

/** A problem that a rule found. */
export interface Finding extends Problem {
  readonly id: string;
  readonly severity: Severity;
}

/** Everything that the rules find, in their order. */
export function findAll<S>(rules: readonly Rule<S>[], facts: HostFacts, spec: S): Finding[] {
  return rules.flatMap((rule) =>
    rule.find(facts, spec).map((problem) => ({ ...problem, id: rule.id, severity: rule.severity })),
  );
}

/** Warns of what is to be warned of, and throws one SpecError with all that is to be refused. */
export function enforce(findings: readonly Finding[], prefix: Path): void {
  for (const warning of below(
    prefix,
    findings.filter(({ severity }) => severity === Severity.Warn),
  ))
    void pulumi.log.warn(formatProblem(warning));
  refuse(
    below(
      prefix,
      findings.filter(({ severity }) => severity === Severity.Refuse),
    ),
  );
}
