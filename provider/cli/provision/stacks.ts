// What is done with the stacks of hosts, and with the list of these, that contacts no host.
import type { InventoryHost } from "../../fleet/inventory";
import { EngineError, shards, Stacks } from "../../fleet/run";
import type { Printed } from "../fleet";
import { Exit } from "../report";
import { asJson, bad, choose, FleetArguments, withStacks } from "./session";
import { addressTable, HostOutputs } from "./text";

export interface ShardArguments extends Pick<FleetArguments, "inventory" | "tag" | "json"> {
  readonly of: number;
}

/** What the stacks have as outputs: addresses of the appliances. */
export async function outputs(names: string[], args: FleetArguments): Promise<Printed> {
  return ofStacks("outputs", names, args, async (stacks, hosts) => {
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
  return ofStacks("unlock", names, args, async (stacks, hosts) => {
    for (const { name } of hosts) await stacks.pulumi(["cancel", "--yes", "--stack", name]);
    return { out: `unlocked: ${hosts.map(({ name }) => name).join(", ")}\n`, exitCode: Exit.Fine };
  });
}

async function ofStacks(
  command: string,
  names: string[],
  args: FleetArguments,
  work: (stacks: Stacks, hosts: readonly InventoryHost[]) => Promise<Printed>,
): Promise<Printed> {
  const { hosts, problems } = choose(names, args);
  if (problems.length > 0) return bad(command, args, problems);
  try {
    return await withStacks(command, args, (stacks) => work(stacks, hosts));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { error: `${error.message}\n`, exitCode: Exit.CouldNotLook };
  }
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
