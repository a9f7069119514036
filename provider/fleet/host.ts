import * as pulumi from "@pulumi/pulumi";
import { ApplianceHost } from "../appliance-host";
import { below, nearest, refuse } from "../errors";
import { formatPositioned, readRecorded, secretSource, withSecretValues } from "./inventory";
import { configSecret } from "./run/program";

/**
 * The host of an inventory that the stack is named after, so that one project with a stack per host provisions a fleet.
 *
 * @param inventory Path of the inventory, from the folder that the program runs in; several are read as one.
 * @param name Name of the host. Default: that of the stack.
 * @throws pulumi.RunError with everything that is wrong with the inventory, also with its other hosts, and if it has no such
 *   host; SpecError for secrets that are missing. Nothing is registered then.
 */
export function fleetHost(
  inventory: string | readonly string[],
  name: string = pulumi.getStack(),
  opts?: pulumi.ComponentResourceOptions,
): ApplianceHost {
  const files = typeof inventory === "string" ? [inventory] : inventory;
  const { inventory: fleet, problems } = readRecorded(files);
  if (fleet === undefined) throw new pulumi.RunError(problems.map(formatPositioned).join("\n"));
  const host = fleet.hosts.find((each) => each.name === name);
  if (host === undefined) {
    const names = fleet.hosts.map((each) => each.name);
    const near = nearest(name, names);
    const known = names.length > 10 ? `${names.slice(0, 10).join(", ")}, …` : names.join(", ");
    const remedy = near === undefined ? `a stack is called like its host: ${known}` : `did you mean ${near}?`;
    throw new pulumi.RunError(`${files.join(", ")} has no host ${JSON.stringify(name)}; ${remedy}`);
  }
  const { args, problems: missing } = withSecretValues(host.args, secretSource(process.env, configSecret));
  refuse(below([name], missing));
  return new ApplianceHost(name, args!, opts);
}
