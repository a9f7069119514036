import * as pulumi from "@pulumi/pulumi";
import { Appliance, withSecrets } from "../appliance";
import { BootShim } from "../boot-shim";
import { typeToken } from "../component";
import { below, refuse } from "../errors";
import { HostInterface, interfaceOf } from "../host-interface";
import { MacvlanNetwork } from "../macvlan-network";
import { enforce, factsOf, judgesItsParts } from "../observe";
import { lanes } from "./order";
import { preflight } from "./preflight";
import { placeAppliance, probesOf } from "./host";
import { resolveHost } from "./resolve";
import type { ApplianceHostArgs } from "./spec";

/** Where an appliance is on the LAN. */
export interface ApplianceAddress {
  /** IPv4 address. */
  ip: string;
  /** IPv6 address, on a network with IPv6. */
  ip6?: string;
  /** MAC, lower case; absent on a network of driver ipvlan, where it is that of the NIC. */
  mac?: string;
}

/** A further LAN of a host. */
export interface LanLink {
  /** Docker's id of the network. */
  networkId: string;
  /** MAC of the parent link; absent with the driver ipvlan, where it is that of the NIC. */
  mac?: string;
}

/**
 * A whole host: boot shim, parent link, network and appliances, made in the order in which the host boots and taken away in
 * the opposite order. The specification is checked as a whole, and the host is looked at, before anything is registered.
 */
export class ApplianceHost extends pulumi.ComponentResource {
  /** Docker's id of the network. */
  public readonly networkId: pulumi.Output<string>;
  /** MAC of the parent link; undefined with the driver ipvlan, where it is that of the NIC. */
  public readonly mac: pulumi.Output<string | undefined>;
  /** Networks and links of the further LANs by name. */
  public readonly lans: pulumi.Output<Record<string, LanLink>>;
  /** The appliances' addresses by name. */
  public readonly appliances: pulumi.Output<Record<string, ApplianceAddress>>;

  constructor(name: string, args: ApplianceHostArgs, opts?: pulumi.ComponentResourceOptions) {
    const { host, problems } = resolveHost(args);
    refuse(below([name], problems));
    const { ssh, lans, pins, overrides } = host!;
    const facts = factsOf(ssh, [name], probesOf(host!));
    if (facts) enforce(preflight(facts, host!), [name], { facts, overrides });
    const wrapped = withSecrets(args.appliances);
    super(typeToken("ApplianceHost"), name, { ...args, appliances: wrapped }, opts);
    judgesItsParts(this);

    const shim = new BootShim(`${name}-boot`, { ssh, failClosed: host!.failClosed }, { parent: this });
    const made: Record<string, { parent: HostInterface; network: MacvlanNetwork }> = {};
    // One link after the other: the way back of each has the host as it was before this link alone.
    let last: pulumi.Resource = shim;
    for (const { name: lan, link, network, spec } of lans) {
      const parent = new HostInterface(
        `${name}-${link.name}`,
        { ssh, ...interfaceOf(link) },
        { parent: this, dependsOn: [last] },
      );
      const macvlan = new MacvlanNetwork(
        `${name}-${network.name}`,
        { ssh, ...spec, name: network.name, parent: link.name },
        { parent: this, dependsOn: [parent] },
      );
      made[lan] = { parent, network: macvlan };
      last = parent;
    }
    const [first, ...further] = lans.map((lan) => lan.name);
    const appliances = new Map<string, Appliance>();
    const waits = lanes(Object.fromEntries(pins.map((pin) => [pin.name, args.appliances[pin.name]!.startAfter ?? []])));
    for (const [appliance, before] of waits) {
      const { network } = made[pins.find((pin) => pin.name === appliance)!.lan]!;
      const component = new Appliance(
        `${name}-${appliance}`,
        { ...placeAppliance({ ...args, appliances: wrapped }, host!, appliance), networkId: network.networkId },
        { parent: this, dependsOn: [network, ...before.map((other) => appliances.get(other)!)] },
      );
      appliances.set(appliance, component);
    }
    this.networkId = made[first!]!.network.networkId;
    this.mac = made[first!]!.parent.mac;
    this.lans = pulumi.output(
      Object.fromEntries(
        further.map((lan) => [lan, { networkId: made[lan]!.network.networkId, mac: made[lan]!.parent.mac }]),
      ),
    );
    this.appliances = pulumi.output(
      Object.fromEntries(
        pins.map(({ name: appliance, ip, ip6, mac }): [string, ApplianceAddress] => [
          appliance,
          { ip, ...(ip6 === undefined ? {} : { ip6 }), ...(mac === undefined ? {} : { mac }) },
        ]),
      ),
    );
    const { networkId, mac, appliances: addresses } = this;
    this.registerOutputs({
      networkId,
      mac,
      appliances: addresses,
      ...(further.length === 0 ? {} : { lans: this.lans }),
    });
  }
}
