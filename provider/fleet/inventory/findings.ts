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
  /** In how many further places of the inventory the same text causes the same problem, such as in other hosts of a template. */
  readonly also: number;
}

/** `fleet.yaml:14:11 hosts.gw1.network.subnet: what; what to do`. */
export function formatPositioned(problem: PositionedProblem): string {
  const { position, also } = problem;
  const where = position === undefined ? "" : `${position.file}:${position.line}:${position.column} `;
  const more = also === 0 ? "" : ` (and in ${also} more place${also === 1 ? "" : "s"} that take this from here)`;
  return `${where}${formatProblem(problem)}${more}`;
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
  private readonly found = new Map<string, { problem: Found; also: number }>();
  private readonly paths = new Set<string>();
  private readonly sources = new Map<Place["source"], number>();

  add(place: Place, path: Path, message: string, remedy: string): void {
    const { source, offset } = place;
    const id = this.sources.get(source) ?? this.sources.size;
    this.sources.set(source, id);
    // An object of a program has one place for all: there the path tells problems apart.
    const where = source.file === undefined ? JSON.stringify(path) : `${id}:${offset}`;
    const key = `${where}\n${message}\n${remedy}`;
    const before = this.found.get(key);
    if (before === undefined) this.found.set(key, { problem: { place, path, message, remedy }, also: 0 });
    else if (JSON.stringify(before.problem.path) !== JSON.stringify(path)) before.also += 1;
    this.paths.add(JSON.stringify(path));
  }

  /** Whether anything was found at exactly this path. */
  has(path: Path): boolean {
    return this.paths.has(JSON.stringify(path));
  }

  get empty(): boolean {
    return this.found.size === 0;
  }

  /** Each once, in the order of the files. */
  all(): PositionedProblem[] {
    const order = ({ place }: Found): number => place.source.order;
    return [...this.found.values()]
      .sort((a, b) => order(a.problem) - order(b.problem) || a.problem.place.offset - b.problem.place.offset)
      .map(({ problem: { place, path, message, remedy }, also }) => {
        return { path, message, remedy, position: positionOf(place), also };
      });
  }
}
