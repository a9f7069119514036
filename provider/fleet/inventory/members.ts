import { formatIpv4, Ipv4Range, parseIpv4, parseIpv6, parseMac, rangeOf } from "../../address";
import { Path } from "../../errors";
import { macOf } from "../../appliance";
import { interfaceSchema, NetworkDriver, ResolvedInterface, resolveInterface } from "../../host-interface";
import { ipv6Of, networkSchema, NetworkSpec, ResolvedNetwork, resolveNetwork } from "../../macvlan-network";
import { sshSchema } from "../../ssh";
import { Draft } from "./assemble";
import { Entry, Group, Node, Place, placeOfEntry, plain, trail } from "./tree";

/** A host on one of its LANs, as it is compared with the others there: all that can be read of it, whatever else is wrong with it. */
export interface Member {
  readonly draft: Draft;
  readonly node: Group;
  /** Where its link and its network stand in the host: nothing for the first LAN, lans.NAME for others. */
  readonly part: Path;
  /** Name of the LAN that the inventory describes. */
  readonly described?: string;
  /** The subnet as it is written. */
  readonly subnet: string;
  /** How ssh reaches it. */
  readonly destination?: string;
  readonly link?: ResolvedInterface;
  readonly spec?: NetworkSpec;
  readonly network?: ResolvedNetwork;
  readonly pins: readonly MemberPin[];
}

export interface MemberPin {
  readonly name: string;
  /** Which of the host's further LANs it is on. */
  readonly lan?: string;
  readonly ip: number;
  /** As it is written, if it can be read. */
  readonly given6?: string;
  /** On a network with IPv6. */
  readonly ip6?: string;
  readonly mac?: string;
}

/** Reads what can be read of a host: first as it is on its first LAN. `pins` are those of its appliances. */
export function membersOf(draft: Draft, node: Group, pins: readonly MemberPin[]): [Member, ...Member[]] {
  const args = plain(node) as Record<string, unknown>;
  const ssh = sshSchema.safeParse(args["ssh"]).data;
  const destination = ssh && JSON.stringify([ssh.destination, ssh.options ?? []]);
  const read = (given: unknown, name?: string): Member => {
    const { interface: ofLink, network } = Object(given) as Record<string, unknown>;
    const link = interfaceSchema.safeParse(ofLink).data;
    const spec = networkSchema.safeParse(network).data;
    const named = link && { ...link, name: link.name ?? (name === undefined ? "lan0" : `${name}0`) };
    const described = name === undefined ? draft.lan : draft.lans.get(name)?.described ? name : undefined;
    return {
      ...{ draft, node, destination, spec, described },
      part: name === undefined ? [] : ["lans", name],
      subnet: String(spec?.subnet ?? ""),
      link: named && resolveInterface(named, ssh?.destination ?? "", spec),
      network: spec && resolveNetwork(spec, "lan0").network,
      pins: pins.filter(({ lan }) => lan === name),
    };
  };
  const further = Object(args["lans"]) as Record<string, unknown>;
  return [read(args), ...[...draft.lans.keys()].map((name) => read(further[name], name))];
}

/** The same host once its appliances are known; `node` differs in these alone. */
export function withAppliances(
  [first, ...further]: readonly [Member, ...Member[]],
  node: Group,
): [Member, ...Member[]] {
  const pins = pinsOf(node, first.draft);
  const known = (member: Member): Member => {
    const there = pins.filter(({ lan }) => lan === member.part[1]);
    const { network } = member;
    const named = network?.driver === NetworkDriver.Ipvlan ? there.map((pin) => ({ ...pin, mac: undefined })) : there;
    return { ...member, node, pins: network?.ipv6 === undefined ? named : named.map(withIpv6(network)) };
  };
  return [known(first), ...further.map(known)];
}

function withIpv6(network: ResolvedNetwork) {
  return (pin: MemberPin): MemberPin => ({ ...pin, ip6: ipv6Of(network, formatIpv4(pin.ip), pin.given6) });
}

/** The appliances whose addresses can be read. */
function pinsOf(node: Group, draft: Draft): MemberPin[] {
  const { appliances } = plain(node) as Record<string, unknown>;
  return Object.entries(Object(appliances) as Record<string, unknown>).flatMap(([name, appliance]) => {
    const { ip, ip6, mac, lan } = Object(appliance) as Record<string, unknown>;
    const address = typeof ip === "string" ? parseIpv4(ip).value : undefined;
    if (address === undefined) return [];
    const given = typeof mac === "string" ? parseMac(mac).value : undefined;
    return [
      {
        name,
        ...(typeof lan === "string" && draft.lans.has(lan) ? { lan } : {}),
        ip: address,
        ...(typeof ip6 === "string" && parseIpv6(ip6).value !== undefined ? { given6: ip6 } : {}),
        mac: mac === undefined ? macOf({ ip: ip as string }) : given,
      },
    ];
  });
}

/** Addresses of the host's network by what they are. Of the gateway and the pool all hosts of a LAN know. */
export function ownRanges({ spec, network, link, draft }: Member): { path: Path; range: Ipv4Range; is: string }[] {
  if (spec === undefined || network === undefined) return [];
  const host = `host ${draft.name}`;
  const ranges = network.claims.flatMap(({ path, range }) => {
    if (path[0] === "dhcpPool")
      return [{ path: ["network", "dhcpPool"], range, is: `is in the DHCP pool that ${host} names` }];
    if (path[0] === "ipRange") return [{ path: ["network", "ipRange"], range, is: `is in the ipRange of ${host}` }];
    return [];
  });
  return [
    ...(spec.hostAddress === undefined
      ? []
      : [{ path: ["network", "hostAddress"], range: rangeOf(spec.hostAddress), is: `is the address of ${host}` }]),
    ...(link?.address === undefined
      ? []
      : [
          { path: ["interface", "address"], range: rangeOf(link.address), is: `is the address of the link of ${host}` },
        ]),
    ...Object.entries(spec.auxAddresses ?? {}).map(([key, ip]) => {
      return { path: ["network", "auxAddresses", key], range: rangeOf(ip), is: `is reserved for ${key} by ${host}` };
    }),
    ...ranges,
  ];
}

/** The path of a field of the host's part on this LAN; of anything else as it is. */
export function pathOn({ part }: Pick<Member, "part">, path: Path): Path {
  return path[0] === "interface" || path[0] === "network" ? [...part, ...path] : path;
}

/** Where a person changes a value: where it is written, also in a template or in the defaults. */
export function placeIn({ node, draft }: Pick<Member, "node" | "draft">, path: Path, key = false): Place {
  const met = trail(node, path);
  const last = met.at(-1);
  if (last === undefined) return draft.key;
  if (met.length < path.length) return lastOwn(draft.own, met) ?? last.key;
  return key ? last.key : placeOfEntry(last);
}

/** Where a person makes this host differ from another: the innermost place on the way that is written for this host alone. */
export function ownPlace({ node, draft }: Pick<Member, "node" | "draft">, path: Path): Place {
  return lastOwn(draft.own, trail(node, path)) ?? draft.key;
}

function lastOwn(own: Node, met: readonly Entry[]): Place | undefined {
  const places = new Set<Place>();
  const gather = (node: Node): void => {
    places.add(node.at);
    if (node.kind === "list") node.items.forEach(gather);
    else if (node.kind === "group")
      for (const entry of node.entries.values()) {
        places.add(entry.key);
        gather(entry.node);
      }
  };
  gather(own);
  const last = [...met].reverse().find(({ key }) => places.has(key));
  if (last === undefined) return undefined;
  return places.has(last.node.at) ? placeOfEntry(last) : last.key;
}
