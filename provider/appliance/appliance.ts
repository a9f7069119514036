import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { addressesOf } from "../address";
import { commandArgs, commandOptions, readArgs, repair, typeToken } from "../component";
import { enforce, factsOf, findAll } from "../observe";
import { deleteCommand, remoteCommand } from "../ssh";
import { group } from "../validate";
import { applianceDrift } from "./drift";
import { pinRules } from "./preflight";
import { renderFiles, renderSecrets } from "./render";
import { resolveAppliance, withSecret } from "./resolve";
import { applianceSchema } from "./schema";
import type { ApplianceArgs } from "./spec";

/**
 * Stage 3: one Compose project with one service on the LAN, its MAC and IP pinned and read back from the running container.
 * Needs a BootShim, a HostInterface and a MacvlanNetwork on the host. One resource: a Command over ssh. An update that fails
 * goes back to the version that ran; removing the appliance keeps its volumes unless `deleteVolumes` says otherwise.
 */
export class Appliance extends pulumi.ComponentResource {
  /** IPv4 address on the LAN. */
  public readonly ip: pulumi.Output<string>;
  /** IPv6 address on the LAN; undefined on a network of IPv4 alone. */
  public readonly ip6: pulumi.Output<string | undefined>;
  /** MAC on the LAN, lower case; undefined on a network of driver ipvlan, where it is that of the NIC. */
  public readonly mac: pulumi.Output<string | undefined>;
  /** Name of the appliance on the host. */
  public readonly name: pulumi.Output<string>;

  constructor(name: string, args: ApplianceArgs, opts?: pulumi.ComponentResourceOptions) {
    readArgs(name, applianceSchema, args);
    const appliance = resolveAppliance(args);
    const { ssh, overrides } = args;
    const { ip6 } = appliance;
    const facts = factsOf(
      ssh,
      [name],
      addressesOf(appliance).map((ip) => ({ ip, on: { link: appliance.parent } })),
    );
    const pin = { path: [], name: appliance.name, ip: appliance.ip, ip6, mac: appliance.mac, slaac: appliance.slaac };
    if (facts) enforce(findAll(pinRules, facts, [pin]), [name], { facts, overrides, parent: opts?.parent });
    const wrapped = withSecret(args);
    super(typeToken("Appliance"), name, wrapped, opts);
    const drift = repair(facts, (seen) => applianceDrift(seen, appliance));
    new local.Command(
      `${name}-appliance`,
      {
        ...commandArgs(ssh.destination),
        create: remoteCommand(ssh, ["appliance", "apply", appliance.name]),
        delete: deleteCommand(ssh, ["appliance", "down", appliance.name]),
        environment: { FILES: renderFiles(appliance), ...drift.environment },
        stdin: wrapped.secrets && pulumi.secret(pulumi.all(wrapped.secrets).apply(renderSecrets)),
        // A network that is replaced takes its appliances down first. Another name is another appliance.
        triggers: [ssh.destination, appliance.name, ...(args.networkId === undefined ? [] : [args.networkId])],
      },
      { ...commandOptions(this, opts), ...drift.options },
    );
    this.ip = pulumi.output(appliance.ip);
    this.ip6 = pulumi.output(ip6);
    this.mac = pulumi.output(appliance.mac);
    this.name = pulumi.output(appliance.name);
    const { definition } = appliance;
    this.registerOutputs({
      ip: this.ip,
      ...(ip6 === undefined ? {} : { ip6: this.ip6 }),
      mac: this.mac,
      name: this.name,
      network: appliance.network,
      image: group(group(definition.file["services"])[definition.lanService])["image"],
    });
  }
}
