import { driftOf, preflight } from "../appliance-host";
import { Inventory, InventoryHost, withoutSecretValues } from "../fleet/inventory";
import { HostFacts, Severity } from "../observe";
import { Comparison, PlacedFinding } from "./report";

/** The host against what the inventory says of it: nothing is changed, and nothing is said of secrets. */
export function compare(
  facts: HostFacts,
  { args, resolved, path }: InventoryHost,
  { positionOf }: Pick<Inventory, "positionOf">,
): Comparison {
  const findings = preflight(facts, resolved).map(({ id, severity, ...problem }): PlacedFinding => {
    const { message, remedy } = problem;
    const at = [...path, ...problem.path];
    const overridden = resolved.overrides.includes(id);
    return { id, severity: overridden ? "overridden" : severity, path: at, message, remedy, position: positionOf(at) };
  });
  const drift = driftOf(facts, withoutSecretValues(args), resolved);
  const refused = findings.some(({ severity }) => severity === Severity.Refuse);
  return { inSync: !refused && drift.length === 0, drift, preflight: findings };
}
