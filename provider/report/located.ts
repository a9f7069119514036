import { Problem } from "../errors";

/** A place in a file; line and column count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A problem, and where in the inventory it is to be settled. What the fleet's inventory finds has this shape. */
export interface LocatedProblem extends Problem {
  readonly position?: Position;
  /** In how many further places the same text causes the same problem. */
  readonly also?: number;
}

/** `fleet.yaml:14:11`. */
export function formatPosition({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`;
}

/** `what; what to do`. */
export function sentence({ message, remedy, also = 0 }: LocatedProblem): string {
  const more = also === 0 ? "" : ` (and in ${also} more ${also === 1 ? "place" : "places"} that take this from here)`;
  return `${message}${remedy === "" ? "" : `; ${remedy}`}${more}`;
}
