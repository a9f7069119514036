/** Where a value stands in a specification: keys and list positions from the root. */
export type Path = readonly (string | number)[];

/** What is wrong with one value, without its place. */
export interface Fault {
  /** What is wrong, a clause that begins in lower case unless it begins with the value. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** One thing that is wrong with a specification or with the host it is for. */
export interface Problem extends Fault {
  readonly path: Path;
}

/** The result of reading a text: a value, or what is wrong with the text. */
export type Parsed<T> =
  { readonly value: T; readonly fault?: undefined } | { readonly value?: undefined; readonly fault: Fault };

/** The value of a text that was found to be right before. Throws RangeError if it was not. */
export function valueOf<T>(parsed: Parsed<T>): T {
  if (parsed.fault) throw new RangeError(parsed.fault.message);
  return parsed.value;
}

/** `appliances.adguard.files["etc/unbound.conf"]`: the way a person would write the place. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(key)) return `${text}[${JSON.stringify(key)}]`;
    return text === "" ? key : `${text}.${key}`;
  }, "");
}

/** `path: what; remedy`. */
export function formatProblem(problem: Problem): string {
  const place = formatPath(problem.path);
  return `${place === "" ? "" : `${place}: `}${problem.message}${problem.remedy === "" ? "" : `; ${problem.remedy}`}`;
}

/** The same problems, with their paths below `prefix`. */
export function below(prefix: Path, problems: readonly Problem[]): Problem[] {
  return problems.map((problem) => ({ ...problem, path: [...prefix, ...problem.path] }));
}

/**
 * A specification, or the host that it is for, cannot be used as it is. The message has every problem, one a line.
 */
export class SpecError extends Error {
  readonly problems: readonly Problem[];
  /** The mark by which Pulumi's Node runtime (pulumi.RunError.isInstance) prints the message alone, without a stack trace. */
  readonly __pulumiRunError = true;

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join("\n"));
    this.name = "SpecError";
    this.problems = problems;
  }
}

/** Throws one SpecError with all of `problems` if there are any. */
export function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new SpecError(problems);
}

/** The candidate that `word` was most likely meant to be: at most a third of its letters wrong. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3));
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(previous[j]! + 1, current[j - 1]! + 1, substitution));
    }
    previous = current;
  }
  return previous[b.length]!;
}
