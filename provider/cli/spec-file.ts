import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { ApplianceHostArgs, ResolvedHost, resolveHost } from "../appliance-host";
import { Path, Problem } from "../errors";
import { offsetOf } from "../positions";

/** One host of a file. */
export interface FileHost {
  /** Its key below `hosts`, or the destination of ssh. */
  readonly name: string;
  /** Where it stands in the file. */
  readonly path: Path;
  readonly args: ApplianceHostArgs;
  readonly host: ResolvedHost;
}

/** A problem with its place in the file; line and column count from 1. */
export interface PlacedProblem extends Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What a file says: hosts, or everything that is wrong with it. */
export interface SpecFile {
  readonly file: string;
  readonly hosts: readonly FileHost[];
  readonly problems: readonly PlacedProblem[];
  /** Puts a problem that was found later, such as on the host, where the file says so. */
  place(problem: Problem): PlacedProblem;
}

/** Reads a host's specification, or several below `hosts:`, from YAML or JSON. */
export function readSpecFile(file: string): SpecFile {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const message = code === "ENOENT" ? "there is no such file" : `cannot be read (${code})`;
    const place = (problem: Problem) => ({ ...problem, file, line: 1, column: 1 });
    return {
      file,
      hosts: [],
      problems: [place({ path: [], message, remedy: "give the path of a specification" })],
      place,
    };
  }
  return readSpecText(text, file);
}

export function readSpecText(text: string, file: string): SpecFile {
  const counter = new LineCounter();
  const document = parseDocument(text.replace(/^\uFEFF/, ""), {
    lineCounter: counter,
    merge: true,
    prettyErrors: false,
  });
  const at = (offset: number) => {
    const { line, col } = counter.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const place = (problem: Problem): PlacedProblem => ({ ...problem, ...at(offsetOf(document, problem.path)) });
  const refused = (problems: readonly PlacedProblem[]): SpecFile => ({ file, hosts: [], problems, place });
  if (document.errors.length > 0)
    return refused(
      document.errors.map(({ message, pos }) => ({ path: [], message, remedy: "correct the YAML", ...at(pos[0]) })),
    );
  let whole: unknown;
  try {
    whole = document.toJS();
  } catch (error) {
    // an alias without anchor, or so many that the text would unfold to something huge
    return refused([place({ path: [], message: (error as Error).message, remedy: "correct the YAML" })]);
  }
  const read = hostsOf(whole).map(([name, path, value]) => {
    const args = prepared(value, dirname(file));
    const { host, problems } = resolveHost(args);
    return { name: name ?? host?.ssh.destination ?? "", path, args: args as ApplianceHostArgs, host, problems };
  });
  const problems = read.flatMap(({ path, problems: own }) =>
    own.map((problem) => place({ ...problem, path: [...path, ...problem.path] })),
  );
  if (read.length === 0) problems.push(place({ path: ["hosts"], message: "names no host", remedy: "give one" }));
  if (problems.length > 0) return refused(problems.sort((a, b) => a.line - b.line || a.column - b.column));
  return { file, hosts: read.map(({ host, ...rest }) => ({ ...rest, host: host! })), problems: [], place };
}

/** The hosts with their names; the file of one host has none but that of its destination. */
function hostsOf(whole: unknown): [string | undefined, Path, unknown][] {
  const hosts = groupOf(whole)?.hosts;
  if (hosts === undefined) return [[undefined, [], whole]];
  return Object.entries(groupOf(hosts) ?? {}).map(([name, value]) => [name, ["hosts", name], value]);
}

/**
 * As the constructor of ApplianceHost would get it: paths are from the folder of the file, and secrets, of which names are enough
 * here (`ADMIN_PASSWORD:` with nothing after it), have some value.
 */
function prepared(value: unknown, folder: string): unknown {
  const spec = groupOf(value);
  const appliances = groupOf(spec?.appliances);
  if (spec === undefined || appliances === undefined) return value ?? {};
  return {
    ...spec,
    appliances: Object.fromEntries(
      Object.entries(appliances).map(([name, given]) => {
        const appliance = groupOf(given);
        if (appliance === undefined) return [name, given];
        const { compose } = appliance;
        const secrets = groupOf(appliance.secrets);
        return [
          name,
          {
            ...appliance,
            ...(typeof compose === "string" && compose !== "" && !isAbsolute(compose)
              ? { compose: join(folder, compose) }
              : {}),
            ...(secrets === undefined
              ? {}
              : { secrets: Object.fromEntries(Object.entries(secrets).map(([key, secret]) => [key, secret ?? ""])) }),
          },
        ];
      }),
    ),
  };
}

function groupOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
