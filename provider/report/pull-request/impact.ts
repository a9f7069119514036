// How far a change reaches: the few words that a reviewer looks for first.
import { HostChange } from "./change";
import { code, count } from "./markdown";

/** Appliances whose containers are touched, by name; of several hosts, their numbers alone mean something. */
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

export function sum(impacts: readonly Impact[]): Impact {
  const all = (key: keyof Impact): string[] => impacts.flatMap((impact) => impact[key]);
  return {
    ...{ starts: all("starts"), restarts: all("restarts"), mayRestart: all("mayRestart") },
    ...{ stops: all("stops"), replaced: all("replaced"), networks: all("networks") },
  };
}

/** How much somebody notices; for an order. */
export function weight(change: HostChange): number {
  const { starts, restarts, mayRestart, stops, replaced } = impactOf(change);
  if (change.dockerd) return 1000 + change.appliances;
  return 10 * (restarts.length + stops.length + replaced.length) + mayRestart.length + starts.length;
}

/** `2 restart, 1 starts`: of one host, or of all. */
export function inWords({ starts, restarts, mayRestart, stops, replaced }: Impact, noun = ""): string[] {
  const say = (names: readonly string[], one: string, many: string): string[] => {
    if (names.length === 0) return [];
    const number = noun === "" ? String(names.length) : count(names.length, noun);
    return [`${number} ${names.length === 1 ? one : many}`];
  };
  return [
    ...say(stops, "stops for good", "stop for good"),
    ...say(replaced, "is down while its network is replaced", "are down while their network is replaced"),
    ...say(restarts, "restarts", "restart"),
    ...say(mayRestart, "may restart", "may restart"),
    ...say(starts, "starts", "start"),
  ];
}

/** Names as code, the first few of many. */
export function some(names: readonly string[], most = 6): string {
  const shown = names.slice(0, most).map(code).join(", ");
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}
