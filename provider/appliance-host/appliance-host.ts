import * as pulumi from "@pulumi/pulumi";
import { Appliance, withSecrets } from "../appliance";
import { BootShim, bootShimRules } from "../boot-shim";
import { typeToken } from "../component";
import { below, refuse } from "../errors";
import { HostInterface, hostInterfaceRules } from "../host-interface";
import { MacvlanNetwork, macvlanNetworkRules } from "../macvlan-network";
import { enforce, factsOf, findAll, Finding, HostFacts } from "../observe";
import { lanes } from "./order";
import { pinRules } from "./preflight";
import { ApplianceHostArgs, ResolvedHost, resolveHost } from "./spec";

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
    const { ssh, link, network, pins } = host!;
    const facts = factsOf(ssh, [name]);
    if (facts) enforce(preflight(facts, host!), [name]);
    const wrapped = withSecrets(args.appliances);
    super(typeToken("ApplianceHost"), name, { ...args, appliances: wrapped }, opts);

    const shim = new BootShim(`${name}-boot`, { ssh, failClosed: host!.failClosed }, { parent: this });
    const parent = new HostInterface(`${name}-${link.name}`, { ssh, ...link }, { parent: this, dependsOn: [shim] });
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
        {
          ssh,
          name: appliance,
          network: { name: network.name, parent: link.name, subnet: network.subnet, gateway: network.gateway },
          networkId: lan.networkId,
          ...wrapped[appliance]!,
        },
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

/** Everything about the host that speaks against the specification, in boot order; what several stages need is told once. */
export function preflight(facts: HostFacts, host: ResolvedHost): Finding[] {
  const place = (key: string, findings: Finding[]) =>
    findings.map((finding) => (finding.path[0] === "ssh" ? finding : { ...finding, path: [key, ...finding.path] }));
  return [
    ...findAll(bootShimRules, facts, host),
    ...place("interface", findAll(hostInterfaceRules, facts, host.link)),
    ...place("network", findAll(macvlanNetworkRules, facts, host.network)),
    ...findAll(pinRules, facts, host.pins),
  ];
}
