import { createHash } from "node:crypto";
import { derivedMac, parseMac } from "../address";
import { valueOf } from "../errors";
import type { Probe } from "../observe";
import { NetworkDriver } from "./driver";
import { HostInterfaceArgs, InterfaceSpec, NicArgs, Reach } from "./spec";

/** The VLAN sub-interface of the NIC that a link is put on. */
export interface Vlan {
  /** 1 to 4094. */
  readonly id: number;
  /** What it is called if we make it; one that is there already keeps its name. */
  readonly device: string;
}

/** The parent link with every default filled in. */
export interface ResolvedInterface {
  readonly name: string;
  readonly nic: NicArgs;
  readonly vlan?: Vlan;
  readonly driver: NetworkDriver;
  /** Absent with ipvlan: the link has the NIC's. */
  readonly mac?: string;
  readonly mtu?: number;
  readonly bcqueuelen?: number;
  readonly reach: Reach;
  /** What reach: range is for; absent otherwise. */
  readonly ipRange?: string;
  readonly address?: string;
  readonly address6?: string;
  /** False where connections to the host are kept out; absent otherwise. */
  readonly inbound?: false;
  readonly routes?: string[];
  readonly waitForNic: number;
}

/**
 * Fills in the defaults. `destination` is that of the host, for a MAC that no other host derives; `ipRange` and `driver` are those
 * of the link's network.
 */
export function resolveInterface(
  spec: InterfaceSpec,
  destination: string,
  { ipRange, driver = NetworkDriver.Macvlan }: Pick<HostInterfaceArgs, "ipRange" | "driver"> = {},
): ResolvedInterface {
  const name = spec.name ?? "lan0";
  const nicMac = spec.nic.mac === undefined ? undefined : valueOf(parseMac(spec.nic.mac));
  const nic = nicMac === undefined ? spec.nic : { mac: nicMac };
  const mac = spec.mac === undefined ? derivedMac(`${nicMac ?? destination} ${name}`) : valueOf(parseMac(spec.mac));
  return {
    name,
    nic,
    ...(spec.vlan === undefined ? {} : { vlan: { id: spec.vlan, device: vlanDevice(nic, spec.vlan) } }),
    ...(spec.mtu === undefined ? {} : { mtu: spec.mtu }),
    ...(spec.bcqueuelen === undefined ? {} : { bcqueuelen: spec.bcqueuelen }),
    driver,
    ...(driver === NetworkDriver.Ipvlan ? {} : { mac }),
    reach: spec.reach ?? Reach.None,
    ...(spec.reach === Reach.Range && ipRange !== undefined ? { ipRange } : {}),
    ...(spec.address === undefined ? {} : { address: spec.address }),
    ...(spec.address6 === undefined ? {} : { address6: spec.address6 }),
    ...(spec.inbound === false ? { inbound: false } : {}),
    ...(spec.routes === undefined || spec.routes.length === 0 ? {} : { routes: spec.routes }),
    waitForNic: spec.waitForNic ?? 30,
  };
}

/** Whether a service on the host keeps the routes: there are some, and containers that come and go or another address of the host change them. */
export function isWatched({ reach, address }: ResolvedInterface): boolean {
  return reach === Reach.Watch || (reach !== Reach.None && address === undefined);
}

/** Where the LAN of a link is asked for addresses: on what the link is put on. */
export function probedOn({ nic, vlan }: ResolvedInterface): Probe["on"] {
  return vlan === undefined ? nic : { ...nic, vlan: vlan.id };
}

/** The link's own addresses, of which the LAN is asked whether somebody else has them. */
export function linkProbes(link: ResolvedInterface): Probe[] {
  return [link.address, link.address6].flatMap((ip) => (ip === undefined ? [] : [{ ip, on: probedOn(link) }]));
}

/** The arguments that say every default. */
export function interfaceOf({
  vlan,
  driver,
  ...link
}: ResolvedInterface): Omit<HostInterfaceArgs, "ssh" | "overrides"> {
  return {
    ...link,
    ...(vlan === undefined ? {} : { vlan: vlan.id }),
    ...(driver === NetworkDriver.Macvlan ? {} : { driver }),
  };
}

/**
 * The name of a VLAN that we make, at most 15 characters: from the id and from what selects the NIC, whose own name is not
 * known here and may change. No dot: Docker and ifupdown take `eth0.20` for one that is theirs to make and to remove.
 */
function vlanDevice(nic: NicArgs, id: number): string {
  const digest = createHash("sha256").update(Object.entries(nic).flat().join(" ")).digest("hex");
  return `vlan${id}_${digest.slice(0, 6)}`;
}
