// What the commands that run Pulumi for the hosts of an inventory share: which hosts, their stacks, who is asked, how a run is watched.
import { dirname } from "node:path";
import { createInterface } from "node:readline/promises";
import type { Fault } from "../../errors";
import { formatPositioned, Inventory, InventoryHost, PositionedProblem, readRecorded } from "../../fleet/inventory";
import { Fleet, FleetError, Outcome, planOf, select, Stacks } from "../../fleet/run";
import type { Printed } from "../fleet";
import { interruptible } from "../interrupt";
import { Live } from "../live";
import { Exit, SCHEMA_VERSION } from "../report";
import { styleOf } from "../style";
import { summaryText } from "./text";

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

export type Problems = readonly (PositionedProblem | FleetError["problems"][number])[];

/** After a question that was answered with no. */
export const NOTHING: Printed = { error: "nothing was done\n", exitCode: Exit.CouldNotLook };

/** Whether there is nobody to ask. */
export function confirmable(
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

export async function asked(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question}[y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

export interface Chosen {
  readonly inventory?: Inventory;
  readonly hosts: InventoryHost[];
  readonly problems: Problems;
  /** All hosts were chosen. */
  readonly whole: boolean;
}

export function choose(
  names: string[],
  { inventory: files, tag, shard }: Pick<FleetArguments, "inventory" | "tag" | "shard">,
): Chosen {
  const { inventory, problems } = readRecorded(files);
  if (inventory === undefined) return { hosts: [], problems, whole: false };
  const { selected, problems: unknown } = select(inventory.hosts, { hosts: names, tags: tag, shard });
  return { inventory, hosts: selected, problems: unknown, whole: selected.length === inventory.hosts.length };
}

/** Opens the stacks for as long as `work` takes. */
export async function withStacks(
  command: string,
  args: FleetArguments,
  work: (stacks: Stacks) => Promise<Printed>,
  { withoutState = false } = {},
): Promise<Printed> {
  const options = { fleet: args.fleet, backend: args.backend, folder: dirname(args.inventory[0]!) };
  let stacks: Stacks;
  try {
    stacks = withoutState ? Stacks.withoutState(options) : await Stacks.open(options);
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    return bad(command, args, error.problems);
  }
  try {
    return await work(stacks);
  } finally {
    stacks.close();
  }
}

interface Run {
  readonly inventory: Inventory;
  readonly stacks: Stacks;
  /** How many hosts there are. */
  readonly hosts: number;
  /** Whether the terminal shows what is done to each. */
  readonly detailed: boolean;
  /** Whether further hosts are begun after one failed. */
  readonly keepGoing: boolean;
}

/** A run over hosts, with its progress on the terminal, which ends as somebody asks by a signal. */
export async function watched<T>(
  { inventory, stacks, hosts, detailed, keepGoing }: Run,
  { parallel = 4, offline = false, plan, savePlan }: FleetArguments & { plan?: string; savePlan?: string },
  work: (fleet: Fleet, live: Live) => Promise<T>,
): Promise<T> {
  const live = new Live(hosts, detailed);
  const { interrupt, dispose } = interruptible((line) => live.say(line));
  const exact = plan !== undefined || savePlan !== undefined;
  try {
    return await work(
      new Fleet(inventory, stacks, { parallel, keepGoing, offline, exact, interrupt, watcher: live }),
      live,
    );
  } finally {
    live.stop();
    dispose();
  }
}

/** Of a run that was not begun. */
export function bad(command: string, { json }: { json?: boolean }, problems: Problems): Printed {
  const exitCode = Exit.BadInput;
  if (json) return { out: asJson({ command, exitCode, problems, hosts: [] }), exitCode };
  return { error: problems.map((problem) => `${formatPositioned(problem)}\n`).join(""), exitCode };
}

/** Of a run over hosts. */
export function result(
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

export function asJson(value: object): string {
  return `${JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...value }, null, 2)}\n`;
}
