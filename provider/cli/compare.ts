import { driftOf, preflight } from "../appliance-host";
import { HostFacts, Severity } from "../observe";
import { Comparison, PlacedFinding } from "./report";
import { FileHost, SpecFile } from "./spec-file";

/** The host against what the file says of it: nothing is changed, and nothing is said of secrets. */
export function compare(facts: HostFacts, { args, host, path }: FileHost, file: SpecFile): Comparison {
  const findings = preflight(facts, host).map(({ id, severity, ...problem }): PlacedFinding => {
    const { message, remedy } = problem;
    const placed = file.place({ path: [...path, ...problem.path], message, remedy });
    return { id, severity: host.overrides.includes(id) ? "overridden" : severity, ...placed };
  });
  const drift = driftOf(facts, args, host);
  const refused = findings.some(({ severity }) => severity === Severity.Refuse);
  return { inSync: !refused && drift.length === 0, drift, preflight: findings };
}
