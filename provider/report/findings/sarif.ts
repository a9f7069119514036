import { createHash } from "node:crypto";
import { formatPath } from "../../errors";
import { LocatedProblem, sentence } from "../located";

/** A finding, and the rule that found it if there is one. */
export interface RuledProblem extends LocatedProblem {
  readonly id?: string;
}

/** SARIF 2.1.0, for GitHub's code scanning and for editors. `version` is that of this package. */
export function sarif(
  { refusals, warnings = [] }: { refusals: readonly RuledProblem[]; warnings?: readonly RuledProblem[] },
  version: string,
): string {
  const levels = [
    ...refusals.map((problem) => ({ problem, level: "error" })),
    ...warnings.map((problem) => ({ problem, level: "warning" })),
  ];
  const rules = [...new Set(levels.map(({ problem }) => ruleOf(problem)))].sort();
  const results = levels.map(({ problem, level }) => ({
    ruleId: ruleOf(problem),
    ruleIndex: rules.indexOf(ruleOf(problem)),
    level,
    message: { text: `${formatPath(problem.path)}: ${sentence(problem)}` },
    locations: problem.position === undefined ? [] : [locationOf(problem)],
    // Without the line, so that a finding stays the same when lines are added above it.
    partialFingerprints: { "macvlan/v1": digest([problem.position?.file, problem.path, problem.message]) },
  }));
  const driver = { name: "macvlan", version, rules: rules.map((id) => ({ id })) };
  return `${JSON.stringify(
    {
      $schema: "https://json.schemastore.org/sarif-2.1.0.json",
      version: "2.1.0",
      runs: [{ tool: { driver }, results }],
    },
    null,
    2,
  )}\n`;
}

function ruleOf({ id }: RuledProblem): string {
  return id ?? "inventory";
}

function locationOf({ position }: LocatedProblem): object {
  const { file, line, column } = position!;
  return {
    physicalLocation: {
      artifactLocation: { uri: file.split("/").map(encodeURIComponent).join("/") },
      region: { startLine: line, startColumn: column },
    },
  };
}

function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}
