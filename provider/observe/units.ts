import { HostFacts } from "./facts";

/** Why a unit of ours would not run when it is its turn. */
export function unitReasons({ units }: HostFacts, name: string): string[] {
  const unit = units.get(name);
  if (unit?.loadState === "masked") return [`${name} is masked`];
  if (unit?.loadState !== "loaded") return [];
  const { UnitFileState: enabled, NeedDaemonReload: stale } = unit.properties;
  return [
    ...(enabled === "disabled" ? [`${name} is disabled`] : []),
    ...(stale === "yes" ? [`systemd has not read the files of ${name} again`] : []),
  ];
}
