import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { commandArgs, commandOptions, readArgs, repair, typeToken } from "../component";
import { enforce, factsOf, findAll } from "../observe";
import { confirmedCommand, deleteCommand } from "../ssh";
import { linkDrift } from "./drift";
import { hostInterfaceRules } from "./preflight";
import { renderLink } from "./render";
import { linkProbes, resolveInterface } from "./resolve";
import { hostInterfaceSchema } from "./schema";
import type { HostInterfaceArgs } from "./spec";

/**
 * Stage 1: the host's link that is Docker's parent, and unless `reach` is none the host's way to its appliances.
 * Needs a BootShim on the host. One resource: a Command over ssh.
 */
export class HostInterface extends pulumi.ComponentResource {
  /** Name of the link on the host. */
  public readonly name: pulumi.Output<string>;
  /** MAC of the link; undefined with the driver ipvlan, where it is that of the NIC. */
  public readonly mac: pulumi.Output<string | undefined>;

  constructor(name: string, args: HostInterfaceArgs, opts?: pulumi.ComponentResourceOptions) {
    const { ssh, overrides, ipRange, driver, ...spec } = readArgs(name, hostInterfaceSchema, args);
    const link = resolveInterface(spec, ssh.destination, { ipRange, driver });
    const facts = factsOf(ssh, [name], linkProbes(link));
    if (facts) enforce(findAll(hostInterfaceRules, facts, link), [name], { facts, overrides, parent: opts?.parent });
    super(typeToken("HostInterface"), name, args, opts);
    const drift = repair(facts, (seen) => linkDrift(seen, link));
    new local.Command(
      `${name}-link`,
      {
        ...commandArgs(ssh.destination),
        create: confirmedCommand(ssh, ["link", "apply", link.name], ["link", "confirm", link.name]),
        delete: deleteCommand(ssh, ["link", "remove", link.name]),
        environment: { FILES: renderLink(link), ...drift.environment },
        // Another name is another link, which is made in place of the old one.
        triggers: [ssh.destination, link.name],
      },
      { ...commandOptions(this, opts), ...drift.options },
    );
    this.name = pulumi.output(link.name);
    this.mac = pulumi.output(link.mac);
    this.registerOutputs({ name: this.name, mac: this.mac });
  }
}
