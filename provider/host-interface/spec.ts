import { createHash } from "node:crypto";
import { z } from "zod";
import {
  derivedMac,
  interfaceNameFault,
  linkNameFault,
  macFault,
  parseCidr,
  parseIpv4,
  parseIpv6,
  parseMac,
} from "../address";
import { Fault, valueOf } from "../errors";
import { overridesSchema, Probe } from "../observe";
import { SshArgs, sshSchema } from "../ssh";
import { text } from "../validate";
import { driverProblems, NetworkDriver } from "./driver";
import { hostInterfaceRules } from "./preflight";

/** Which of the host's own interfaces is plugged into the LAN: exactly one field. */
export interface NicArgs {
  /** Its name, such as enp3s0; also that of a bond, a bridge or a VLAN. */
  name?: string;
  /** Its permanent MAC, such as 52:54:00:00:02:01. */
  mac?: string;
  /** Where it is plugged in, as udev names it: ID_PATH, such as pci-0000:03:00.0. */
  path?: string;
}

/** Whether the host and its appliances reach each other; the kernel keeps a NIC and the macvlans on it apart. */
export const Reach = {
  /** Only the rest of the LAN reaches the appliances. */
  None: "none",
  /** One route per pinned address, through the parent link. */
  Pinned: "pinned",
  /** The same, and one route for the network's ipRange: for containers that Docker gives an address. */
  Range: "range",
  /** One route per pinned address and per running container on the link's Docker networks, kept by a service on the host. */
  Watch: "watch",
} as const;
export type Reach = (typeof Reach)[keyof typeof Reach];

/** The parent link as a part of a host. */
export interface InterfaceSpec {
  /** Name of the link on the host, at most 15 characters, no dot. Default lan0. */
  name?: string;
  /** The NIC that it is put on. */
  nic: NicArgs;
  /**
   * Id of the VLAN (802.1Q) that the link is put on, 1 to 4094: on that sub-interface of the NIC, which is made if there is
   * none, and then removed with the last link on it. Default: none, the NIC itself.
   */
  vlan?: number;
  /**
   * MAC of the link, locally administered. Default: derived from the NIC's MAC or the host, always the same. Not with the driver
   * ipvlan, whose links have the NIC's.
   */
  mac?: string;
  /**
   * MTU of the link in bytes, 68 to 65535 and not above that of what it is on. A VLAN made for it gets it too, and so do the
   * appliances; those on the NIC itself have the NIC's. Default: left as the kernel sets it, that of the device beneath.
   */
  mtu?: number;
  /**
   * How many frames of broadcast and multicast wait, at most, to be copied to the containers on what the link is on, 1000 to 100000:
   * what comes while the queue is full is lost. The longest that any link there asks for counts. For multicast that comes in bursts, as
   * streams do. Not with the driver ipvlan. Default: the kernel's, 1000.
   */
  bcqueuelen?: number;
  /** Whether the host and its appliances reach each other: none, pinned, range or watch. Default none. */
  reach?: Reach;
  /**
   * An address of the LAN for the link itself, from which the host then speaks to its appliances. Default: none, the host has
   * its own on the NIC. Outside dhcpPool and ipRange, and no appliance's. With the driver ipvlan there is no reach without it.
   */
  address?: string;
  /**
   * An IPv6 address of the LAN for the link, from which the host then speaks to its appliances' IPv6 addresses; with `reach`
   * there is no other way to these. On a network with `subnet6`. Default: none, the link has no IPv6.
   */
  address6?: string;
  /**
   * Whether what is on the link's networks may open connections to the host over the link. False: answers to what the host began come
   * through, and nothing else. Not with reach: none, where nothing does. Default true.
   */
  inbound?: boolean;
  /** Further addresses, or subnets in canonical form, that the host reaches over the link, such as a VIP. Not with reach: none. */
  routes?: string[];
  /** Seconds that the start of Docker waits at boot for a NIC that is not there yet. Default 30. */
  waitForNic?: number;
}

/** The link of the host that is Docker's parent. */
export interface HostInterfaceArgs extends InterfaceSpec {
  /** The host. */
  ssh: SshArgs;
  /** ipRange of the network on the link, for reach: range. An ApplianceHost takes it from its network. */
  ipRange?: string;
  /** Driver of the network on the link: macvlan or ipvlan. An ApplianceHost takes it from its network. Default macvlan. */
  driver?: NetworkDriver;
  /** Ids of rules (docs/rules.md) whose findings on this host are told and do not stop the run. */
  overrides?: string[];
}

const anyMac = text((value) => parseMac(value).fault);
const ourMac = text((value) => {
  const parsed = parseMac(value);
  return parsed.fault ?? macFault(parsed.value);
});

const nicSchema = z
  .strictObject({
    name: text(interfaceNameFault).optional(),
    mac: anyMac.optional(),
    path: text((value) =>
      /^[\w.:+@-]+$/.test(value)
        ? undefined
        : { message: `${JSON.stringify(value)} is not an ID_PATH of udev`, remedy: "such as pci-0000:03:00.0" },
    ).optional(),
  })
  .superRefine((nic, context) => {
    const given = Object.values(nic).filter((value) => value !== undefined).length;
    if (given !== 1)
      context.addIssue({
        code: "custom",
        message: given === 0 ? "names no interface" : "names the interface in several ways",
        params: { remedy: "give exactly one of name, mac and path" },
      });
  });

/** What the kernel takes where nothing is said. Docker's containers ask for it, so that less has no effect. */
export const BCQUEUELEN = 1000;

const fields = {
  name: text(linkNameFault).optional(),
  nic: nicSchema,
  vlan: z.number().int().min(1).max(4094).optional(),
  mac: ourMac.optional(),
  mtu: z.number().int().min(68).max(65535).optional(),
  bcqueuelen: z.number().int().min(BCQUEUELEN).max(100_000).optional(),
  reach: z.enum(Reach).optional(),
  address: text((value) => parseIpv4(value).fault).optional(),
  address6: text((value) => parseIpv6(value).fault).optional(),
  inbound: z.boolean().optional(),
  routes: z.array(text(destinationFault)).optional(),
  waitForNic: z.number().int().min(0).max(600).optional(),
};

export const interfaceSchema = z.strictObject(fields).superRefine(checkReach);
export const hostInterfaceSchema = z
  .strictObject({
    ssh: sshSchema,
    overrides: overridesSchema(hostInterfaceRules),
    ipRange: text((value) => parseCidr(value).fault).optional(),
    driver: z.enum(NetworkDriver).optional(),
    ...fields,
  })
  .superRefine((spec, context) => {
    checkReach(spec, context);
    if (spec.reach === Reach.Range && spec.ipRange === undefined)
      context.addIssue({
        code: "custom",
        path: ["reach"],
        message: "range is the route to ipRange, which is not given",
        params: { remedy: "give the network's ipRange, or set reach: pinned" },
      });
    for (const { path, message, remedy } of driverProblems(spec, spec.driver ?? NetworkDriver.Macvlan))
      context.addIssue({ code: "custom", path: [...path], message, params: { remedy } });
  });

/** An address, or a subnet that leaves the way to everything else alone. */
function destinationFault(value: string): Fault | undefined {
  if (!value.includes("/")) return parseIpv4(value).fault;
  const cidr = parseCidr(value);
  if (cidr.fault) return cidr.fault;
  if (cidr.value.prefix === 32)
    return { message: `${value} is one address`, remedy: `write it alone: ${value.split("/")[0]}` };
  return cidr.value.prefix < 8
    ? { message: `${value} is no subnet behind one link`, remedy: "use a prefix length of 8 or more" }
    : undefined;
}

function checkReach(
  { reach = Reach.None, routes = [], inbound }: Pick<InterfaceSpec, "reach" | "routes" | "inbound">,
  context: z.RefinementCtx,
): void {
  if (routes.length > 0 && reach === Reach.None)
    context.addIssue({
      code: "custom",
      path: ["routes"],
      message: "with reach: none the host reaches nothing over the link",
      params: { remedy: "set reach: pinned, or leave routes out" },
    });
  if (inbound !== undefined && reach === Reach.None)
    context.addIssue({
      code: "custom",
      path: ["inbound"],
      message: "with reach: none nothing comes to the host over the link",
      params: { remedy: "set reach: pinned, or leave inbound out" },
    });
  const twice = routes.findIndex((route, i) => routes.indexOf(route) < i);
  if (twice >= 0)
    context.addIssue({
      code: "custom",
      path: ["routes", twice],
      message: `${routes[twice]} is there twice`,
      params: { remedy: "take one of them away" },
    });
}

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
