// Takes away what was made on hosts.
import { readRecorded } from "../../fleet/inventory";
import { exitCode, select } from "../../fleet/run";
import type { Printed } from "../fleet";
import { asked, bad, confirmable, FleetArguments, NOTHING, result, watched, withStacks } from "./session";

export interface DestroyArguments extends FleetArguments {
  readonly yes?: boolean;
}

/** Takes away what was made on the hosts; of a host that is in the inventory no longer, the stack as well. */
export async function destroy(names: string[], args: DestroyArguments): Promise<Printed> {
  const { inventory, problems } = readRecorded(args.inventory);
  if (inventory === undefined) return bad("destroy", args, problems);
  const unasked = confirmable(args, "destroy");
  if (unasked) return bad("destroy", args, [unasked]);
  return withStacks("destroy", args, async (stacks) => {
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
    const run = { inventory, stacks, hosts: chosen.length, detailed: true, keepGoing: args.continue ?? false };
    const outcomes = await watched(run, args, (fleet) => fleet.destroy(chosen, (name) => !inside.has(name)));
    return result("destroy", args, outcomes, exitCode(outcomes));
  });
}
