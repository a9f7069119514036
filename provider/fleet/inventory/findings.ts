import { formatProblem, Path, Problem } from "../../errors";
import { Place } from "./tree";

/** A place in a file; line and column count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A problem with the place at which a person is to change something. */
export interface PositionedProblem extends Problem {
  /** Undefined for what a program gave as an object. */
  readonly position?: Position;
  /** The hosts that have it; several where they take the same text from a template, their LAN or the defaults. */
  readonly hosts: readonly string[];
}

/** `fleet.yaml:14:11 hosts.gw1.network.subnet: what; what to do`. */
export function formatPositioned(problem: Problem & Partial<PositionedProblem>): string {
  const { position, hosts = [] } = problem;
  const where = position === undefined ? "" : `${position.file}:${position.line}:${position.column} `;
  const names = hosts.length > 3 ? `${hosts.slice(0, 3).join(", ")}, …` : hosts.join(", ");
  const who = hosts.length < 2 ? "" : ` (on ${hosts.length} hosts: ${names})`;
  return `${where}${formatProblem(problem)}${who}`;
}

export function positionOf(place: Place): Position | undefined {
  const { file } = place.source;
  return file === undefined ? undefined : { file, ...place.source.lineAt(place.offset) };
}

/** `fleet.yaml:14`, as a part of a sentence; "" for what is not in a file. */
export function shortPlace(place: Place): string {
  const position = positionOf(place);
  return position === undefined ? "" : `${position.file}:${position.line}`;
}

interface Found extends Problem {
  readonly place: Place;
}

/** Gathers problems while an inventory is read. */
export class Findings {
  private readonly found = new Map<string, { problem: Found; hosts: Set<string> }>();
  private readonly told = new Set<string>();
  private readonly doubts = new Set<string>();

  add(place: Place, path: Path, message: string, remedy: string): void {
    // An object of a program has one place for all: there the path tells problems apart.
    const key = JSON.stringify([positionOf(place) ?? path, message, remedy]);
    const entry = this.found.get(key) ?? { problem: { place, path, message, remedy }, hosts: new Set<string>() };
    this.found.set(key, entry);
    if (path[0] === "hosts" && path.length > 1) entry.hosts.add(String(path[1]));
    this.told.add(JSON.stringify(path));
  }

  /** What else is wrong at a path follows from what is told already. */
  settle(path: Path): void {
    this.told.add(JSON.stringify(path));
  }

  /** A part could not be put together: what is wrong below `path` may follow from that. */
  doubt(path: Path): void {
    this.doubts.add(JSON.stringify(path));
  }

  isDoubted(path: Path): boolean {
    return this.doubts.size > 0 && path.some((_, i) => this.doubts.has(JSON.stringify(path.slice(0, i + 1))));
  }

  /** Whether what is wrong at exactly this path is told. */
  has(path: Path): boolean {
    return this.told.size > 0 && this.told.has(JSON.stringify(path));
  }

  get empty(): boolean {
    return this.found.size === 0;
  }

  /** Each once, in the order of the files. */
  all(): PositionedProblem[] {
    return [...this.found.values()]
      .sort((a, b) => comparePlaces(a.problem.place, b.problem.place))
      .map(({ problem: { place, path, message, remedy }, hosts }) => {
        return { path, message, remedy, position: positionOf(place), hosts: [...hosts] };
      });
  }
}

/** The order of the files, and in a file from top to bottom. */
export function comparePlaces(a: Place, b: Place): number {
  return a.source.order - b.source.order || a.offset - b.offset;
}
