import { formatPath } from "../../errors";
import { LocatedProblem, sentence } from "../located";

/**
 * Lines that GitHub Actions turns into remarks on the lines of a pull request. It shows ten of each kind in a step; the rest
 * is in the report.
 */
export function githubAnnotations(problems: readonly LocatedProblem[], kind: "error" | "warning" = "error"): string {
  return problems
    .map((problem) => {
      const { position, path } = problem;
      const place = position && { file: position.file, line: position.line, col: position.column };
      const properties = Object.entries({ ...place, title: formatPath(path) }).filter(([, value]) => value !== "");
      const list = properties.map(([key, value]) => `${key}=${property(String(value))}`).join(",");
      return `::${kind}${list === "" ? "" : ` ${list}`}::${message(sentence(problem))}\n`;
    })
    .join("");
}

/** As actions/toolkit escapes what follows `::`. */
function message(text: string): string {
  return text.replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A");
}

function property(text: string): string {
  return message(text).replace(/:/g, "%3A").replace(/,/g, "%2C");
}
