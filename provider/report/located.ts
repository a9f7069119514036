import { Problem } from "../errors";
import type { Position } from "../fleet/inventory";

export type { Position };

/** A problem, and where in the inventory it is to be settled. What the fleet's inventory finds has this shape. */
export interface LocatedProblem extends Problem {
  readonly position?: Position;
  /** The hosts that have it; several where they take the same text from a template, their LAN or the defaults. */
  readonly hosts?: readonly string[];
}

/** `fleet.yaml:14:11`. */
export function formatPosition({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`;
}

/** `what; what to do`. */
export function sentence({ message, remedy, hosts = [] }: LocatedProblem): string {
  const also = Math.max(hosts.length - 1, 0);
  const more = also === 0 ? "" : ` (and in ${also} more ${also === 1 ? "place" : "places"} that take this from here)`;
  return `${message}${remedy === "" ? "" : `; ${remedy}`}${more}`;
}
