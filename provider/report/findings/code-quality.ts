import { createHash } from "node:crypto";
import { formatPath } from "../../errors";
import { LocatedProblem, sentence } from "../located";

/** GitLab's code quality report (the subset of Code Climate's format that it reads). What has no place in a file is left out. */
export function codeQuality(problems: readonly LocatedProblem[], severity: "blocker" | "minor" = "blocker"): string {
  const known = new Map<string, number>();
  const issues = problems.flatMap((problem) => {
    const { position, path } = problem;
    if (position === undefined) return [];
    // Without the line: a problem that only moves is no new one.
    const identity = JSON.stringify([position.file, path, problem.message]);
    const nth = known.get(identity) ?? 0;
    known.set(identity, nth + 1);
    return [
      {
        description: `${formatPath(path)}: ${sentence(problem)}`,
        check_name: "macvlan",
        fingerprint: createHash("sha256").update(`${identity} ${nth}`).digest("hex"),
        severity,
        location: { path: position.file, lines: { begin: position.line } },
      },
    ];
  });
  return `${JSON.stringify(issues, null, 2)}\n`;
}
