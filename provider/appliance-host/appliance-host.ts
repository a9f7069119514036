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
import { ApplianceHostArgs, placeAppliance, resolveHost } from "./spec";

/** Where an appliance is on the LAN. */
export interface ApplianceAddress {
  /** IPv4 address. */
  ip: string;
  /** MAC, lower case. */
  mac: string;
}

/**
 * A whole host: boot shim, parent link, network and appliances, made in the order in which the host boots and taken away in
 * the opposite order. The specification is checked as a whole, and the host is looked at, before anything is registered.
 */
export class ApplianceHost extends pulumi.ComponentResource {
  /** Docker's id of the network. */
  public readonly networkId: pulumi.Output<string>;
  /** MAC of the parent link. */
  public readonly mac: pulumi.Output<string>;
  /** The appliances' addresses by name. */
  public readonly appliances: pulumi.Output<Record<string, ApplianceAddress>>;

  constructor(name: string, args: ApplianceHostArgs, opts?: pulumi.ComponentResourceOptions) {
    const { host, problems } = resolveHost(args);
    refuse(below([name], problems));
    const { ssh, link, network, pins, overrides } = host!;
    const facts = factsOf(
      ssh,
      [name],
      pins.map(({ ip }) => ({ ip, on: link.nic })),
    );
    if (facts) enforce(preflight(facts, host!), [name], { facts, overrides });
    const wrapped = withSecrets(args.appliances);
    super(typeToken("ApplianceHost"), name, { ...args, appliances: wrapped }, opts);
    judgesItsParts(this);

    const shim = new BootShim(`${name}-boot`, { ssh, failClosed: host!.failClosed }, { parent: this });
    const parent = new HostInterface(
      `${name}-${link.name}`,
      { ssh, ...interfaceOf(link) },
      { parent: this, dependsOn: [shim] },
    );
    const lan = new MacvlanNetwork(
      `${name}-${network.name}`,
      { ssh, ...args.network, name: network.name, parent: link.name },
      { parent: this, dependsOn: [parent] },
    );
    const made = new Map<string, Appliance>();
    const waits = lanes(Object.fromEntries(pins.map((pin) => [pin.name, args.appliances[pin.name]!.startAfter ?? []])));
    for (const [appliance, before] of waits) {
      const component = new Appliance(
        `${name}-${appliance}`,
        { ...placeAppliance({ ...args, appliances: wrapped }, host!, appliance), networkId: lan.networkId },
        { parent: this, dependsOn: [lan, ...before.map((other) => made.get(other)!)] },
      );
      made.set(appliance, component);
    }
    this.networkId = lan.networkId;
    this.mac = parent.mac;
    this.appliances = pulumi.output(Object.fromEntries(pins.map((pin) => [pin.name, { ip: pin.ip, mac: pin.mac }])));
    this.registerOutputs({ networkId: this.networkId, mac: this.mac, appliances: this.appliances });
  }
}
