import { defaultMac, formatIpv4, Ipv4Range, parseIpv4, parseMac, rangeOf } from "../../address";
import { Path } from "../../errors";
import { interfaceSchema, ResolvedInterface, resolveInterface } from "../../host-interface";
import { networkSchema, NetworkSpec, ResolvedNetwork, resolveNetwork } from "../../macvlan-network";
import { sshSchema } from "../../ssh";
import { Draft } from "./assemble";
import { Entry, Group, Node, Place, placeOfEntry, plain, trail } from "./tree";

/** A host as it is compared with the others: all that can be read of it, whatever else is wrong with it. */
export interface Member {
  readonly draft: Draft;
  readonly node: Group;
  readonly lan: string;
  /** How ssh reaches it. */
  readonly destination?: string;
  readonly link?: ResolvedInterface;
  readonly spec?: NetworkSpec;
  readonly network?: ResolvedNetwork;
  readonly pins: readonly MemberPin[];
}

export interface MemberPin {
  readonly name: string;
  readonly ip: number;
  readonly mac?: string;
}

/** Reads what can be read of a host. */
export function memberOf(draft: Draft, node: Group): Member {
  const args = plain(node) as Record<string, unknown>;
  const ssh = sshSchema.safeParse(args["ssh"]).data;
  const link = interfaceSchema.safeParse(args["interface"]).data;
  const spec = networkSchema.safeParse(args["network"]).data;
  return {
    draft,
    node,
    lan: draft.lan ?? String(spec?.subnet ?? ""),
    destination: ssh && JSON.stringify([ssh.destination, ssh.options ?? []]),
    link: link && resolveInterface(link, ssh?.destination ?? ""),
    spec,
    network: spec && resolveNetwork(spec, "lan0").network,
    pins: pinsOf(args["appliances"]),
  };
}

/** The same member once its appliances are known; `node` differs in these alone. */
export function withAppliances(member: Member, node: Group): Member {
  return { ...member, node, pins: pinsOf((plain(node) as Record<string, unknown>)["appliances"]) };
}

function pinsOf(appliances: unknown): MemberPin[] {
  return Object.entries(Object(appliances) as Record<string, unknown>).flatMap(([name, appliance]) => {
    const { ip, mac } = Object(appliance) as { ip?: unknown; mac?: unknown };
    const address = typeof ip === "string" ? parseIpv4(ip).value : undefined;
    if (address === undefined) return [];
    const given = typeof mac === "string" ? parseMac(mac).value : undefined;
    return [{ name, ip: address, mac: mac === undefined ? defaultMac(formatIpv4(address)) : given }];
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
