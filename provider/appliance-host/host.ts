import type { ApplianceArgs, Pin } from "../appliance";
import { linkProbes, NetworkDriver, probedOn, ResolvedInterface } from "../host-interface";
import type { ResolvedNetwork } from "../macvlan-network";
import type { Probe } from "../observe";
import type { SshArgs } from "../ssh";
import { lanOf, ResolvedLan } from "./lans";
import type { ApplianceHostArgs } from "./spec";

/** An appliance's identity, and the LAN that it has it on. */
export interface LanPin extends Pin {
  /** Name of the LAN. */
  readonly lan: string;
}

/** A host's specification, read and consistent. */
export interface ResolvedHost {
  readonly ssh: SshArgs;
  readonly failClosed: boolean;
  /** Rules to pass over. */
  readonly overrides: readonly string[];
  /** The LANs in the order of the specification; there is at least the first one. */
  readonly lans: readonly ResolvedLan[];
  /** The link of the first LAN. */
  readonly link: ResolvedInterface;
  /** The network of the first LAN. */
  readonly network: ResolvedNetwork;
  /** In the order of the specification. */
  readonly pins: readonly LanPin[];
}

/** The arguments with which one appliance of the host is made. */
export function placeAppliance(args: ApplianceHostArgs, host: ResolvedHost, name: string): ApplianceArgs {
  const { lan, ...spec } = args.appliances[name]!;
  const { link, network } = lanOf(host.lans, lan)!;
  return {
    ssh: host.ssh,
    name,
    network: {
      ...{ name: network.name, parent: link.name, subnet: network.subnet, gateway: network.gateway },
      ...(network.driver === NetworkDriver.Macvlan ? {} : { driver: network.driver }),
      ...(network.ipv6 === undefined ? {} : { subnet6: network.ipv6.subnet, gateway6: network.ipv6.gateway }),
    },
    ...spec,
  };
}

/** The addresses to ask the LAN for, each on its own one; those of IPv6 after all others. */
export function probesOf({ lans, pins }: ResolvedHost): Probe[] {
  const on = ({ lan }: LanPin) => probedOn(lanOf(lans, lan)!.link);
  const all = [
    ...pins.map((pin) => ({ ip: pin.ip, on: on(pin) })),
    ...lans.flatMap(({ link }) => linkProbes(link)),
    ...pins.flatMap((pin) => (pin.ip6 === undefined ? [] : [{ ip: pin.ip6, on: on(pin) }])),
  ];
  const isIpv6 = ({ ip }: Probe) => ip.includes(":");
  return [...all.filter((probe) => !isIpv6(probe)), ...all.filter(isIpv6)];
}
