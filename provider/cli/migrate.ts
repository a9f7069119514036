// Reads one file, prints another; no host is contacted.
import { readFileSync } from "node:fs";
import { formatProblem } from "../errors";
import { migrateMacvlanRouter } from "../migrate";
import type { Printed } from "./fleet";
import { Exit } from "./report";

/** The compose file of macvlan-router (`-`: standard input) as an inventory of one host. */
export function migrate(file: string): Printed {
  const shown = file === "-" ? "standard input" : file;
  let text: string;
  try {
    text = readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    return { error: `${shown} cannot be read: ${(error as Error).message}\n`, exitCode: Exit.BadInput };
  }
  const { yaml, problems } = migrateMacvlanRouter(text);
  if (yaml !== undefined) return { out: yaml, exitCode: Exit.Fine };
  return {
    error: problems.map((problem) => `${shown}: ${formatProblem(problem)}\n`).join(""),
    exitCode: Exit.BadInput,
  };
}
