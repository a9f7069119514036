// The commands that run Pulumi for the hosts of an inventory: what was asked for, done in its order.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline/promises";
import type { Fault } from "../errors";
import { formatPositioned, Inventory, InventoryHost, PositionedProblem, readRecorded } from "../fleet/inventory";
import {
  EngineError,
  exitCode,
  Fleet,
  FleetError,
  missingSecrets,
  Outcome,
  parsePlan,
  Plan,
  planOf,
  select,
  shards,
  Stacks,
  waves,
} from "../fleet/run";
import { codeQuality, githubAnnotations, sarif } from "../report/findings";
import { HostReport, renderReport } from "../report/pull-request";
import type { Printed } from "./fleet";
import { interruptible } from "./interrupt";
import { Live } from "./live";
import { addressTable, HostOutputs, summaryText } from "./provision-text";
import { Exit, SCHEMA_VERSION } from "./report";
import { run as verifyHosts } from "./run";
import { styleOf } from "./style";

export interface FleetArguments {
  readonly inventory: string[];
  readonly tag?: string[];
  readonly shard?: string;
  readonly parallel?: number;
  readonly continue?: boolean;
  readonly json?: boolean;
  readonly fleet?: string;
  readonly backend?: string;
  readonly offline?: boolean;
}

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

export interface UpArguments extends FleetArguments {
  readonly yes?: boolean;
  readonly plan?: string;
  readonly canary?: boolean | string;
  readonly waves?: string[];
  readonly diff?: boolean;
}

export interface DestroyArguments extends FleetArguments {
  readonly yes?: boolean;
}

export interface ShardArguments extends Pick<FleetArguments, "inventory" | "tag" | "json"> {
  readonly of: number;
}

type Problems = readonly (PositionedProblem | FleetError["problems"][number])[];

/** What merging or applying the inventory would do. */
export async function preview(names: string[], args: PreviewArguments, version: string): Promise<Printed> {
  const read = choose(names, args);
  const base = args.against === undefined ? undefined : readRecorded([args.against]);
  const problems = [...read.problems, ...(base?.problems ?? []), ...contradictions(args)];
  let outcomes: Outcome[] = [];
  if (problems.length === 0) {
    const fleet = await opened(args, base !== undefined);
    if (!("stacks" in fleet)) return bad("preview", args, fleet.problems);
    try {
      outcomes = await watched(read.hosts.length, false, (live, interrupt) => {
        const offline = args.offline === true || base !== undefined;
        const runner = runnerOf({ ...args, offline }, read, fleet.stacks, live, interrupt, true);
        return base ? runner.between(read.hosts, base.inventory!.hosts) : runner.preview(read.hosts);
      });
      savePlans(args.savePlan, outcomes);
      if (read.whole) outcomes.push(...removedHosts(read.inventory!, base?.inventory, fleet.stacks));
    } finally {
      fleet.stacks.close();
    }
  }
  const reports = outcomes.flatMap(({ report }) => report ?? []);
  const refusals = [...problems, ...reports.flatMap((each) => each.refusals)];
  const warnings = reports.flatMap((each) => each.warnings);
  if (args.sarif !== undefined) writeFileSync(args.sarif, sarif({ refusals, warnings }, version));
  if (args.codeQuality !== undefined) writeFileSync(args.codeQuality, codeQuality(refusals));
  const annotations =
    args.annotations === "github" ? githubAnnotations(refusals) + githubAnnotations(warnings, "warning") : "";
  const markdown = args.report === "md" ? reportOf(args, outcomes, problems) : undefined;
  if (markdown !== undefined && args.out !== undefined) writeFileSync(args.out, markdown);
  const toStdout = markdown !== undefined && args.out === undefined ? markdown : undefined;
  if (problems.length > 0) {
    const refused = bad("preview", args, problems);
    return { ...refused, out: annotations + (toStdout ?? refused.out ?? "") };
  }
  const printed = result("preview", args, outcomes, exitCode(outcomes, args.expectNoChanges));
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

/** Provisions the hosts. */
export async function up(names: string[], args: UpArguments): Promise<Printed> {
  const read = choose(names, args);
  const ordered = waves(read.hosts, args);
  const problems = [...read.problems, ...ordered.problems, ...secretProblems(read)];
  if (problems.length > 0) return bad("up", args, problems);
  const unasked = confirmable(args, "up");
  if (unasked) return bad("up", args, [unasked]);
  const fleet = await opened(args, false);
  if (!("stacks" in fleet)) return bad("up", args, fleet.problems);
  try {
    if (!args.yes) {
      const planned = await watched(read.hosts.length, false, (live, interrupt) =>
        runnerOf(args, read, fleet.stacks, live, interrupt, true).preview(read.hosts),
      );
      process.stdout.write(summaryText(planned, styleOf(process.stdout), args));
      if (planned.every(({ status }) => status === "unchanged")) return { exitCode: Exit.Fine };
      if (!planned.some(({ status }) => status === "changes")) return { exitCode: exitCode(planned) };
      if (!(await asked("Do this? "))) return NOTHING;
    }
    const plans = args.plan === undefined ? undefined : savedPlans(args.plan);
    const outcomes = await watched(read.hosts.length, true, async (live, interrupt) => {
      const runner = runnerOf(args, read, fleet.stacks, live, interrupt, args.continue ?? false);
      const all: Outcome[] = [];
      let stopped = false;
      for (const [i, wave] of ordered.waves.entries()) {
        if (stopped) {
          all.push(...wave.map(({ name }) => leftOver(name)));
          continue;
        }
        if (ordered.waves.length > 1)
          live.say(`wave ${i + 1} of ${ordered.waves.length}: ${wave.map(({ name }) => name).join(", ")}`);
        const done = await runner.up(wave, plans);
        all.push(...done);
        const isLast = i === ordered.waves.length - 1;
        if (exitCode(done) !== 0 && !(isLast || (args.continue === true && ordered.waves.length === 1))) stopped = true;
        else if (!isLast) {
          const wrong = args.offline === true ? [] : await verified(wave, read.inventory!);
          if (wrong.length > 0) {
            live.say(`stopped after wave ${i + 1}: macvlan verify has something to say of ${wrong.join(", ")}`);
            stopped = true;
          }
        }
      }
      return all;
    });
    return result("up", args, outcomes, exitCode(outcomes));
  } finally {
    fleet.stacks.close();
  }
}

async function verified(hosts: readonly InventoryHost[], inventory: Inventory): Promise<string[]> {
  const targets = hosts.map((host) => ({ name: host.name, ssh: host.resolved.ssh, spec: { host, inventory } }));
  const report = await verifyHosts("verify", targets);
  return report.hosts.filter(({ status }) => status !== "ok").map(({ host }) => host);
}

/** Takes away what was made on the hosts; of a host that is in the inventory no longer, the stack as well. */
export async function destroy(names: string[], args: DestroyArguments): Promise<Printed> {
  const { inventory, problems } = readRecorded(args.inventory);
  if (inventory === undefined) return bad("destroy", args, problems);
  const unasked = confirmable(args, "destroy");
  if (unasked) return bad("destroy", args, [unasked]);
  const fleet = await opened(args, false);
  if (!("stacks" in fleet)) return bad("destroy", args, fleet.problems);
  const { stacks } = fleet;
  try {
    const inside = new Set(inventory.hosts.map(({ name }) => name));
    const outside = names.filter((name) => !inside.has(name) && stacks.has(name));
    const rest = names.filter((name) => !outside.includes(name));
    const selection = { hosts: rest, tags: args.tag, shard: args.shard };
    const all = names.length === outside.length && outside.length > 0 && args.tag === undefined;
    const { selected, problems: unknown } = all ? { selected: [], problems: [] } : select(inventory.hosts, selection);
    if (unknown.length > 0) return bad("destroy", args, unknown);
    const chosen = [...selected.map(({ name }) => name), ...outside].filter((name) => stacks.has(name));
    if (!args.yes) {
      process.stdout.write(`What was made on these hosts is taken away: ${chosen.join(", ") || "none"}\n`);
      if (chosen.length > 0 && !(await asked("Do this? "))) return NOTHING;
    }
    const outcomes = await watched(chosen.length, true, (live, interrupt) =>
      runnerOf(args, { inventory }, stacks, live, interrupt, args.continue ?? false).destroy(
        chosen,
        (name) => !inside.has(name),
      ),
    );
    return result("destroy", args, outcomes, exitCode(outcomes));
  } finally {
    stacks.close();
  }
}

const NOTHING: Printed = { error: "nothing was done\n", exitCode: Exit.CouldNotLook };

/** What the stacks have as outputs: addresses of the appliances. */
export async function outputs(names: string[], args: FleetArguments): Promise<Printed> {
  return withStacks("outputs", names, args, async (stacks, hosts) => {
    const all: Record<string, HostOutputs | null> = {};
    for (const { name } of hosts) all[name] = stacks.has(name) ? ((await stacks.outputs(name)) as HostOutputs) : null;
    if (args.json) return { out: asJson({ command: "outputs", exitCode: Exit.Fine, hosts: all }), exitCode: Exit.Fine };
    return { out: `${addressTable(all).join("\n")}\n`, exitCode: Exit.Fine };
  });
}

/** Removes locks, whoever has them. */
export async function unlock(names: string[], args: FleetArguments): Promise<Printed> {
  if (names.length === 0) {
    const problem = { path: [], message: "no host is named", remedy: "macvlan unlock HOST -i FILE" };
    return bad("unlock", args, [problem]);
  }
  return withStacks("unlock", names, args, async (stacks, hosts) => {
    for (const { name } of hosts) await stacks.pulumi(["cancel", "--yes", "--stack", name]);
    return { out: `unlocked: ${hosts.map(({ name }) => name).join(", ")}\n`, exitCode: Exit.Fine };
  });
}

async function withStacks(
  command: string,
  names: string[],
  args: FleetArguments,
  work: (stacks: Stacks, hosts: readonly InventoryHost[]) => Promise<Printed>,
): Promise<Printed> {
  const { hosts, problems } = choose(names, args);
  if (problems.length > 0) return bad(command, args, problems);
  const fleet = await opened(args, false);
  if (!("stacks" in fleet)) return bad(command, args, fleet.problems);
  try {
    return await work(fleet.stacks, hosts);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { error: `${error.message}\n`, exitCode: Exit.CouldNotLook };
  } finally {
    fleet.stacks.close();
  }
}

/** Whether there is nobody to ask. */
function confirmable(
  { yes = false, json = false }: { yes?: boolean; json?: boolean },
  what: string,
): (Fault & { path: [] }) | undefined {
  if (yes || (process.stdin.isTTY && process.stdout.isTTY && !json)) return undefined;
  return {
    path: [],
    message: `${what} asks before it changes anything, and nobody can answer here`,
    remedy: "give --yes, after macvlan preview",
  };
}

async function asked(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question}[y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

interface Chosen {
  readonly inventory?: Inventory;
  readonly hosts: InventoryHost[];
  readonly problems: Problems;
  /** All hosts were chosen. */
  readonly whole: boolean;
}

function choose(
  names: string[],
  { inventory: files, tag, shard }: Pick<FleetArguments, "inventory" | "tag" | "shard">,
): Chosen {
  const { inventory, problems } = readRecorded(files);
  if (inventory === undefined) return { hosts: [], problems, whole: false };
  const { selected, problems: unknown } = select(inventory.hosts, { hosts: names, tags: tag, shard });
  return { inventory, hosts: selected, problems: unknown, whole: selected.length === inventory.hosts.length };
}

function secretProblems({ inventory, hosts }: Chosen): PositionedProblem[] {
  return inventory === undefined ? [] : missingSecrets(inventory, hosts);
}

async function opened(
  args: FleetArguments,
  withoutState: boolean,
): Promise<{ stacks: Stacks } | { problems: Problems }> {
  const options = { fleet: args.fleet, backend: args.backend, folder: dirname(args.inventory[0]!) };
  try {
    return { stacks: withoutState ? Stacks.withoutState(options) : await Stacks.open(options) };
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    return { problems: error.problems };
  }
}

function runnerOf(
  args: FleetArguments & { plan?: string; savePlan?: string },
  { inventory }: Pick<Chosen, "inventory">,
  stacks: Stacks,
  watcher: Live,
  interrupt: ReturnType<typeof interruptible>["interrupt"],
  keepGoing: boolean,
): Fleet {
  const { parallel = 4, offline = false, plan, savePlan } = args;
  const exact = plan !== undefined || savePlan !== undefined;
  return new Fleet(inventory!, stacks, { parallel, keepGoing, offline, exact, interrupt, watcher });
}

async function watched<T>(
  hosts: number,
  detailed: boolean,
  work: (live: Live, interrupt: ReturnType<typeof interruptible>["interrupt"]) => Promise<T>,
): Promise<T> {
  const live = new Live(hosts, detailed);
  const { interrupt, dispose } = interruptible((line) => live.say(line));
  try {
    return await work(live, interrupt);
  } finally {
    live.stop();
    dispose();
  }
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

function leftOver(host: string): Outcome {
  return { host, status: "left", seconds: 0, faults: [], notes: [], done: 0 };
}

function savePlans(folder: string | undefined, outcomes: readonly Outcome[]): void {
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  for (const { host, status, report } of outcomes)
    if ((status === "changes" || status === "unchanged") && report?.preview)
      writeFileSync(join(folder, `${host}.json`), `${JSON.stringify(planOf(host, report.preview), null, 2)}\n`);
}

function savedPlans(folder: string): (host: string) => Plan | Fault {
  return (host) => {
    const file = join(folder, `${host}.json`);
    const remedy = `run macvlan preview --save-plan, and have that reviewed`;
    if (!existsSync(file)) return { message: `there is no reviewed plan ${file}`, remedy };
    return parsePlan(readFileSync(file, "utf8")) ?? { message: `${file} is no plan of this version`, remedy };
  };
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

function bad(command: string, { json }: { json?: boolean }, problems: Problems): Printed {
  const exitCode = Exit.BadInput;
  if (json) return { out: asJson({ command, exitCode, problems, hosts: [] }), exitCode };
  return { error: problems.map((problem) => `${formatPositioned(problem)}\n`).join(""), exitCode };
}

function result(
  command: string,
  args: FleetArguments & { diff?: boolean },
  outcomes: readonly Outcome[],
  exitCode: number,
): Printed {
  if (args.json) {
    const hosts = outcomes.map(({ report, ...outcome }) => ({
      ...outcome,
      contact: report?.contact,
      steps: report?.preview
        ? planOf(outcome.host, report.preview).steps.map(({ kind, type, name }) => ({ kind, type, name }))
        : [],
      warnings: report?.warnings ?? [],
    }));
    return { out: asJson({ command, exitCode, problems: [], hosts }), exitCode };
  }
  return { out: summaryText(outcomes, styleOf(process.stdout), args), exitCode };
}

function asJson(value: object): string {
  return `${JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...value }, null, 2)}\n`;
}

/** The parts of the fleet, for a matrix of jobs. */
export function shardsOf(names: string[], args: ShardArguments): Printed {
  const { hosts, problems } = choose(names, args);
  if (problems.length > 0) return bad("shards", args, problems);
  const parts = shards(hosts, args.of);
  if (!args.json) return { out: `${JSON.stringify(parts.map(({ shard }) => shard))}\n`, exitCode: Exit.Fine };
  const named = parts.map(({ shard, hosts: of }) => ({ shard, hosts: of.map(({ name }) => name) }));
  return { out: `${JSON.stringify(named)}\n`, exitCode: Exit.Fine };
}
