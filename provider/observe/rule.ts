import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { below, formatProblem, nearest, Path, Problem, refuse } from "../errors";
import { text } from "../validate";
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
  /** For the manual: what is looked for, and why it matters. A few sentences of Markdown. */
  readonly about: string;
  /** A refusal that somebody who knows better may pass with `overrides`. Default false: the run would fail all the same. */
  readonly overridable?: boolean;
  /** Nothing that was not looked at is a finding: a host that an older version observed has less to say. */
  find(facts: HostFacts, spec: S): readonly Problem[];
}

/** Any rule, whatever part of the specification it needs. */
export type AnyRule = Rule<never>;

/** A problem that a rule found. */
export interface Finding extends Problem {
  readonly id: string;
  readonly severity: Severity;
  readonly overridable: boolean;
}

/** Everything that the rules find, in their order. */
export function findAll<S>(rules: readonly Rule<S>[], facts: HostFacts, spec: S): Finding[] {
  return rules.flatMap((rule) =>
    rule.find(facts, spec).map((problem) => ({
      ...problem,
      id: rule.id,
      severity: rule.severity,
      overridable: isOverridable(rule),
    })),
  );
}

/** A warning stops nothing, so that it may always be passed over. */
export function isOverridable({ severity, overridable }: AnyRule): boolean {
  return severity === Severity.Warn || overridable === true;
}

/** Ids of rules to pass over; only of those that can be. */
export function overridesSchema(rules: readonly AnyRule[]): z.ZodOptional<z.ZodArray<z.ZodType<string, string>>> {
  const possible = rules.filter(isOverridable).map(({ id }) => id);
  const id = text((value) => {
    if (possible.includes(value)) return undefined;
    if (rules.some((rule) => rule.id === value))
      return {
        message: `the rule ${value} is not one to pass over`,
        remedy: "do what it says (docs/rules.md)",
      };
    const near = nearest(value, possible);
    return {
      message: `there is no rule ${JSON.stringify(value)} here`,
      remedy: near === undefined ? `those that can be passed over: ${possible.join(", ")}` : `did you mean ${near}?`,
    };
  });
  return z.array(id).optional();
}

/** What a component says about its findings beside where they are. */
export interface Enforcement {
  /** Of the host that was looked at. */
  readonly facts: HostFacts;
  /** Ids of rules whose findings are told and no more. */
  readonly overrides?: readonly string[];
  /** The parent of the component. */
  readonly parent?: pulumi.Resource;
}

/** Components that judged a host for all their parts. */
const whole = new WeakSet<pulumi.Resource>();

/**
 * The parts of this component are judged by it as a whole. A part alone would find less, or what is none: appliances that
 * swap their addresses each see the other's taken.
 */
export function judgesItsParts(component: pulumi.Resource): void {
  whole.add(component);
}

/** What was told of a host in this run: two links of one host need not both tell what holds for the host. */
const told = new WeakMap<HostFacts, Set<string>>();

/**
 * Tells once a run what is to be warned of and what is passed over, and throws one SpecError with all that is to be refused.
 */
export function enforce(findings: readonly Finding[], prefix: Path, { facts, overrides, parent }: Enforcement): void {
  if (parent !== undefined && whole.has(parent)) return;
  const refused: Problem[] = [];
  for (const finding of findings) {
    const once = (problem: Problem, log: (text: string) => unknown) => {
      if (isNews(facts, finding)) below(prefix, [problem]).forEach((placed) => void log(formatProblem(placed)));
    };
    if (overrides?.includes(finding.id)) once(passedOver(finding), pulumi.log.info);
    else if (finding.severity === Severity.Warn) once(linked(finding), pulumi.log.warn);
    else refused.push(linked(finding));
  }
  refuse(below(prefix, refused));
}

function isNews(facts: HostFacts, { id, message }: Finding): boolean {
  const known = told.get(facts) ?? new Set<string>();
  told.set(facts, known);
  const key = `${id} ${message}`;
  if (known.has(key)) return false;
  known.add(key);
  return true;
}

/** What says it all has no link; what somebody may pass over is to be read about first. */
function linked({ path, message, remedy, id, severity, overridable }: Finding): Problem {
  if (!overridable) return { path, message, remedy };
  const way =
    severity === Severity.Refuse ? `${remedy === "" ? "" : "; "}or pass it over with overrides: ["${id}"]` : "";
  return { path, message, remedy: `${remedy}${way} (docs/rules.md#${id})` };
}

function passedOver({ path, message, id }: Finding): Problem {
  return { path, message: `passed over (${id}): ${message}`, remedy: "" };
}
