// How far a change reaches: the few words that a reviewer looks for first.
import { HostChange } from "./change";
import { code } from "./markdown";

/** Appliances of one host whose containers are touched, by name. */
export interface Impact {
  readonly starts: readonly string[];
  readonly restarts: readonly string[];
  readonly mayRestart: readonly string[];
  readonly stops: readonly string[];
  /** Taken down and brought back. */
  readonly replaced: readonly string[];
  readonly networks: readonly string[];
}

export function impactOf({ changes }: HostChange): Impact {
  const those = (downtime: string): string[] =>
    changes.flatMap((change) => (change.downtime === downtime ? [change.name] : []));
  return {
    starts: those("starts"),
    restarts: those("restarts"),
    mayRestart: those("may restart"),
    stops: those("stops"),
    replaced: those("replaced"),
    networks: changes.flatMap(({ stage, kind, name }) => (stage === "network" && kind === "replace" ? [name] : [])),
  };
}

/** How much somebody notices; for an order. */
export function weight(change: HostChange): number {
  const { starts, restarts, mayRestart, stops, replaced } = impactOf(change);
  if (change.dockerd) return 1000 + change.appliances;
  return 10 * (restarts.length + stops.length + replaced.length) + mayRestart.length + starts.length;
}

/** What becomes of containers, the worst first: of one, of several. */
export const WORDS = [
  ["stops", "stops for good", "stop for good"],
  ["replaced", "is down while its network is replaced", "are down while their network is replaced"],
  ["restarts", "restarts", "restart"],
  ["mayRestart", "may restart", "may restart"],
  ["starts", "starts", "start"],
] as const satisfies readonly (readonly [keyof Impact, string, string])[];

/** `2 restart`, `1 starts`. */
export function inWords(impact: Impact): string[] {
  return WORDS.flatMap(([key, one, many]) => {
    const number = impact[key].length;
    return number === 0 ? [] : [`${number} ${number === 1 ? one : many}`];
  });
}

/** Names as code, the first few of many. */
export function some(names: readonly string[], most = 6): string {
  const shown = names.slice(0, most).map(code).join(", ");
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}
