// What merging or applying an inventory would do, told to people, pull requests and programs.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Inventory, readRecorded } from "../../fleet/inventory";
import { exitCode, FleetError, Outcome, planOf, Stacks } from "../../fleet/run";
import { codeQuality, githubAnnotations, sarif } from "../../report/findings";
import { HostReport, renderReport } from "../../report/pull-request";
import type { Printed } from "../fleet";
import { bad, choose, FleetArguments, Problems, result, watched, withStacks } from "./session";

export interface PreviewArguments extends FleetArguments {
  readonly against?: string;
  readonly report?: string;
  readonly out?: string;
  readonly diff?: boolean;
  readonly savePlan?: string;
  readonly annotations?: string;
  readonly sarif?: string;
  readonly codeQuality?: string;
  readonly expectNoChanges?: boolean;
}

/** What merging or applying the inventory would do. */
export async function preview(names: string[], args: PreviewArguments, version: string): Promise<Printed> {
  const { inventory, hosts, whole, ...read } = choose(names, args);
  const base = args.against === undefined ? undefined : readRecorded([args.against]);
  const problems = [...read.problems, ...(base?.problems ?? []), ...contradictions(args)];
  if (problems.length > 0 || inventory === undefined) return told(args, version, [], problems);
  const look = async (stacks: Stacks): Promise<Printed> => {
    const offline = args.offline === true || base !== undefined;
    const run = { inventory, stacks, hosts: hosts.length, detailed: false, keepGoing: true };
    const outcomes = await watched(run, { ...args, offline }, (fleet) =>
      base ? fleet.between(hosts, base.inventory!.hosts) : fleet.preview(hosts),
    );
    savePlans(args.savePlan, outcomes);
    if (whole) outcomes.push(...removedHosts(inventory, base?.inventory, stacks));
    return told(args, version, outcomes, []);
  };
  return withStacks("preview", args, look, { withoutState: base !== undefined });
}

/** In every form that is asked for. */
function told(args: PreviewArguments, version: string, outcomes: readonly Outcome[], problems: Problems): Printed {
  const reports = outcomes.flatMap(({ report }) => report ?? []);
  const refusals = [...problems, ...reports.flatMap((each) => each.refusals)];
  const warnings = reports.flatMap((each) => each.warnings);
  if (args.sarif !== undefined) writeFileSync(args.sarif, sarif({ refusals, warnings }, version));
  if (args.codeQuality !== undefined) writeFileSync(args.codeQuality, codeQuality(refusals));
  const annotations =
    args.annotations === "github" ? githubAnnotations(refusals) + githubAnnotations(warnings, "warning") : "";
  const markdown = args.report === "md" ? reportOf(args, outcomes, problems) : undefined;
  if (markdown !== undefined && args.out !== undefined) writeFileSync(args.out, markdown);
  const toStdout = args.out === undefined ? markdown : undefined;
  const printed =
    problems.length > 0
      ? bad("preview", args, problems)
      : result("preview", args, outcomes, exitCode(outcomes, args.expectNoChanges));
  return { ...printed, out: annotations + (toStdout ?? printed.out ?? "") };
}

function contradictions({
  against,
  savePlan,
  report,
  annotations,
}: PreviewArguments): FleetError["problems"][number][] {
  const problem = (message: string, remedy: string) => ({ path: [], message, remedy });
  return [
    ...(against !== undefined && savePlan !== undefined
      ? [problem("a plan against another inventory is none for any host", "leave out --save-plan or --against")]
      : []),
    ...(report !== undefined && report !== "md" ? [problem(`there is no report ${report}`, "known: md")] : []),
    ...(annotations !== undefined && annotations !== "github"
      ? [problem(`there are no annotations for ${annotations}`, "known: github")]
      : []),
  ];
}

/** Hosts that are in the state, or in the other inventory, and in this one no longer. */
function removedHosts(inventory: Inventory, base: Inventory | undefined, stacks: Stacks): Outcome[] {
  const known = new Set(inventory.hosts.map(({ name }) => name));
  const before = base?.hosts.map(({ name }) => name) ?? stacks.names;
  return before
    .filter((name) => !known.has(name))
    .map((name) => {
      const report: HostReport = {
        name,
        contact: "offline",
        refusals: [],
        warnings: [],
        passedOver: [],
        removed: true,
      };
      return { host: name, status: "unchanged", seconds: 0, faults: [], notes: [GONE], done: 0, report };
    });
}

const GONE = "is in the inventory no longer; `macvlan destroy` with its name takes away what is on it";

function savePlans(folder: string | undefined, outcomes: readonly Outcome[]): void {
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  for (const { host, status, report } of outcomes)
    if ((status === "changes" || status === "unchanged") && report?.preview)
      writeFileSync(join(folder, `${host}.json`), `${JSON.stringify(planOf(host, report.preview), null, 2)}\n`);
}

function reportOf(args: PreviewArguments, outcomes: readonly Outcome[], problems: Problems): string {
  const hosts = outcomes.map(({ host, report, faults, status }): HostReport => {
    if (report) return report;
    const failure = faults.map(({ message, remedy }) => `${message}${remedy && `; ${remedy}`}`).join("\n");
    const failed = status === "failed" ? { failure: failure || "the engine gave no reason" } : {};
    return { name: host, contact: "offline", refusals: [], warnings: [], passedOver: [], ...failed };
  });
  return renderReport({
    hosts,
    problems,
    fleet: args.fleet,
    ...(args.against === undefined ? {} : { against: `the inventory ${args.against}` }),
  });
}
