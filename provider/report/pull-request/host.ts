// What is known of one host when a report is written.
import { Path } from "../../errors";
import { LocatedProblem, Position } from "../located";
import { Preview } from "./preview";

/** Whether a host was looked at. */
export type Contact =
  | "observed"
  /** Hosts were not to be contacted: the plan is the specification's own. */
  | "offline"
  | "unreachable";

/** One host of a report. */
export interface HostReport {
  readonly name: string;
  readonly contact: Contact;
  /** Undefined where there was none: the inventory was refused before, or the host is in it no longer. */
  readonly preview?: Preview;
  /** What stops the run. */
  readonly refusals: readonly LocatedProblem[];
  readonly warnings: readonly LocatedProblem[];
  /** Findings that `overrides` passes over. */
  readonly passedOver: readonly LocatedProblem[];
  /** Why there is no preview, other than by refusals. */
  readonly failure?: string;
  /** Why it was not looked at; of a host that is unreachable. */
  readonly unreached?: string;
  /** It has a stack and is in the inventory no longer. */
  readonly removed?: boolean;
}

/** Where a path, from the name of the host on, is written in the inventory. */
export type Locate = (path: Path) => Position | undefined;

/** A host by its preview: findings are what the program told in `path: what; what to do` below the host's name. */
export function hostReport(
  name: string,
  contact: Contact,
  preview: Preview,
  locate: Locate = () => undefined,
): HostReport {
  const said = preview.diagnostics.flatMap(({ severity, message }) =>
    message.split("\n").map((line) => ({ severity, line, problem: problemIn(name, line, locate) })),
  );
  const told = (severity: string): LocatedProblem[] =>
    said.flatMap((each) => (each.severity === severity && each.problem ? [each.problem] : []));
  // Plugins that are stopped at the end complain, also after a preview that went well.
  const refusals = preview.failed ? told("error") : [];
  const others = said.filter(({ severity, problem }) => severity === "error" && !problem).map(({ line }) => line);
  return {
    ...{ name, contact, preview, refusals },
    warnings: told("warning"),
    passedOver: told("info").flatMap((problem) => {
      const [, id, rest] = /^passed over \(([\w-]+)\): (.*)$/.exec(problem.message) ?? [];
      return id === undefined ? [] : [{ ...problem, message: `${rest!} (${id})` }];
    }),
    ...(preview.failed && refusals.length === 0
      ? { failure: others.join("\n").trim() || "the engine gave no reason" }
      : {}),
  };
}

function problemIn(name: string, line: string, locate: Locate): LocatedProblem | undefined {
  const [, place, message] =
    /^((?:[\w-]+|\["(?:[^"\\]|\\.)*"\])(?:\.[\w-]+|\[\d+\]|\["(?:[^"\\]|\\.)*"\])*): (.+)$/.exec(line) ?? [];
  if (place === undefined || message === undefined) return undefined;
  const path = pathOf(place);
  if (path[0] !== name) return undefined;
  const position = locate(path);
  return { path, message, remedy: "", ...(position === undefined ? {} : { position }) };
}

/** What formatPath wrote. */
export function pathOf(text: string): Path {
  return [...text.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([\w-]+)/g)].map(([, index, quoted, name]) => {
    if (index !== undefined) return Number(index);
    return quoted === undefined ? name! : (JSON.parse(quoted) as string);
  });
}
