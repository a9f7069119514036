// Provisions the hosts of an inventory, wave after wave.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Fault } from "../../errors";
import type { Inventory, InventoryHost } from "../../fleet/inventory";
import { exitCode, Fleet, missingSecrets, Outcome, parsePlan, Plan, waves } from "../../fleet/run";
import type { Printed } from "../fleet";
import type { Live } from "../live";
import { Exit } from "../report";
import { run as verifyHosts } from "../run";
import { styleOf } from "../style";
import { asked, bad, choose, confirmable, FleetArguments, NOTHING, result, watched, withStacks } from "./session";
import { summaryText } from "./text";

export interface UpArguments extends FleetArguments {
  readonly yes?: boolean;
  readonly plan?: string;
  readonly canary?: boolean | string;
  readonly waves?: string[];
  readonly diff?: boolean;
}

/** Provisions the hosts. */
export async function up(names: string[], args: UpArguments): Promise<Printed> {
  const { inventory, hosts, ...read } = choose(names, args);
  const ordered = waves(hosts, args);
  const secrets = inventory === undefined ? [] : missingSecrets(inventory, hosts);
  const problems = [...read.problems, ...ordered.problems, ...secrets];
  if (problems.length > 0 || inventory === undefined) return bad("up", args, problems);
  const unasked = confirmable(args, "up");
  if (unasked) return bad("up", args, [unasked]);
  return withStacks("up", args, async (stacks) => {
    const run = { inventory, stacks, hosts: hosts.length };
    if (!args.yes) {
      const planned = await watched({ ...run, detailed: false, keepGoing: true }, args, (fleet) =>
        fleet.preview(hosts),
      );
      process.stdout.write(summaryText(planned, styleOf(process.stdout), args));
      if (planned.every(({ status }) => status === "unchanged")) return { exitCode: Exit.Fine };
      if (!planned.some(({ status }) => status === "changes")) return { exitCode: exitCode(planned) };
      if (!(await asked("Do this? "))) return NOTHING;
    }
    const outcomes = await watched({ ...run, detailed: true, keepGoing: args.continue ?? false }, args, (fleet, live) =>
      inWaves(ordered.waves, args, inventory, fleet, live),
    );
    return result("up", args, outcomes, exitCode(outcomes));
  });
}

/** One wave after the other, as long as each goes well and `verify` has nothing to say of its hosts. */
async function inWaves(
  all: readonly InventoryHost[][],
  args: UpArguments,
  inventory: Inventory,
  fleet: Fleet,
  live: Live,
): Promise<Outcome[]> {
  const plans = args.plan === undefined ? undefined : savedPlans(args.plan);
  const outcomes: Outcome[] = [];
  let stopped = false;
  for (const [i, wave] of all.entries()) {
    if (stopped) {
      outcomes.push(...wave.map(({ name }) => leftOver(name)));
      continue;
    }
    if (all.length > 1) live.say(`wave ${i + 1} of ${all.length}: ${wave.map(({ name }) => name).join(", ")}`);
    const done = await fleet.up(wave, plans);
    outcomes.push(...done);
    if (i === all.length - 1) break;
    const failed = exitCode(done) !== 0;
    const wrong = failed || args.offline === true ? [] : await verified(wave, inventory);
    if (wrong.length > 0)
      live.say(`stopped after wave ${i + 1}: macvlan verify has something to say of ${wrong.join(", ")}`);
    stopped = failed || wrong.length > 0;
  }
  return outcomes;
}

async function verified(hosts: readonly InventoryHost[], inventory: Inventory): Promise<string[]> {
  const targets = hosts.map((host) => ({ name: host.name, ssh: host.resolved.ssh, spec: { host, inventory } }));
  const report = await verifyHosts("verify", targets);
  return report.hosts.filter(({ status }) => status !== "ok").map(({ host }) => host);
}

function leftOver(host: string): Outcome {
  return { host, status: "left", seconds: 0, faults: [], notes: [], done: 0 };
}

function savedPlans(folder: string): (host: string) => Plan | Fault {
  return (host) => {
    const file = join(folder, `${host}.json`);
    const remedy = `run macvlan preview --save-plan, and have that reviewed`;
    if (!existsSync(file)) return { message: `there is no reviewed plan ${file}`, remedy };
    return parsePlan(readFileSync(file, "utf8")) ?? { message: `${file} is no plan of this version`, remedy };
  };
}
