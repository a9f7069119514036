import { HostFacts } from "./facts";

/** Why a unit of ours would not run when it is its turn. */
export function unitReasons({ units }: HostFacts, name: string): string[] {
  const unit = units.get(name);
  if (unit?.loadState === "masked") return [`${name} is masked`];
  if (unit?.loadState !== "loaded") return [];
  return unit.properties.UnitFileState === "disabled" ? [`${name} is disabled`] : [];
}
