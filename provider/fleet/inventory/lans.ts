import {
  Cidr,
  containsRange,
  formatIpv4,
  formatRange,
  hostRange,
  Ipv4Range,
  overlaps,
  parseCidr,
  rangeOf,
  parseRange,
} from "../../address";
import { below, Path, Problem, valueOf } from "../../errors";
import { ResolvedIpv6, resolveIpv6, resolveNetwork } from "../../macvlan-network";
import { Named } from "./assemble";
import { comparePlaces, Findings, shortPlace } from "./findings";
import { Owned, overlapping, Ranges } from "./ranges";
import { Lan, lanFieldsSchema } from "./spec";
import { child, Entry, placeOfEntry, plain, trail, without } from "./tree";

/** A LAN as hosts are compared on it. */
export interface LanModel {
  readonly name: string;
  /** "LAN home" */
  readonly title: string;
  readonly cidr: Cidr;
  readonly gateway: string;
  /** Absent on a LAN of IPv4 alone. */
  readonly ipv6?: ResolvedIpv6;
  readonly args: Lan;
  readonly entry: Entry;
  /** Who is on the LAN besides the hosts and their appliances, and what an address in the range is. */
  readonly others: readonly Owned<string>[];
  readonly ranges: ReadonlyMap<string, Ipv4Range>;
}

/** Reads the LANs and tells what is wrong with each by itself and with all of them together. */
export function readLans(lans: Named, findings: Findings): Map<string, LanModel> {
  const models = new Map<string, LanModel>();
  for (const [name, entry] of lans) {
    const defaults = child(entry.node, "defaults");
    if (defaults?.kind === "group" && defaults.entries.has("lan"))
      findings.add(
        defaults.entries.get("lan")!.key,
        ["lans", name, "defaults", "lan"],
        "the defaults of a LAN cannot name a LAN",
        "leave it out",
      );
    const fields = entry.node.kind === "group" ? plain(without(entry.node, "defaults")) : undefined;
    const args = lanFieldsSchema.safeParse(fields).data;
    // What a field gets wrong by itself was told when the file was read.
    if (args === undefined) continue;
    for (const { path, message, remedy } of checkLan(name, args)) {
      const last = trail(entry.node, path).at(-1);
      findings.add(last === undefined ? entry.key : placeOfEntry(last), ["lans", name, ...path], message, remedy);
    }
    models.set(name, modelOf(name, args, entry));
  }
  const routed = [...models.values()].filter(({ args }) => !args.separate);
  const tellOverlap = (a: LanModel, b: LanModel, field: "subnet" | "subnet6"): void => {
    const [before, after] = comparePlaces(a.entry.key, b.entry.key) < 0 ? [a, b] : [b, a];
    const subnet = trail(after.entry.node, [field]).at(-1);
    findings.add(
      subnet === undefined ? after.entry.key : placeOfEntry(subnet),
      ["lans", after.name, field],
      `${after.args[field]} overlaps ${before.args[field]}, the ${field} of LAN ${before.name}${inParentheses(shortPlace(before.entry.key))}`,
      `give each LAN its own ${field}, or say separate: true for one that is not routed to the others`,
    );
  };
  for (const [a, b] of overlapping(routed.map((owner) => ({ range: owner.cidr, owner }))))
    tellOverlap(a.owner, b.owner, "subnet");
  const routed6 = routed.flatMap((owner) => (owner.ipv6 === undefined ? [] : [{ range: owner.ipv6.cidr, owner }]));
  for (const [a, b] of overlapping(routed6)) tellOverlap(a.owner, b.owner, "subnet6");
  return models;
}

export function inParentheses(text: string): string {
  return text === "" ? "" : ` (${text})`;
}

function modelOf(name: string, args: Lan, entry: Entry): LanModel {
  const cidr = valueOf(parseCidr(args.subnet));
  const title = `LAN ${name}`;
  const ipv6 = resolveIpv6(args);
  return {
    name,
    title,
    cidr,
    gateway: args.gateway,
    ...(ipv6 === undefined ? {} : { ipv6 }),
    args,
    entry,
    others: othersOf(name, args).map(({ range, is }) => ({ range, owner: is })),
    ranges: new Map(Object.entries(args.ranges ?? {}).map(([key, range]) => [key, valueOf(parseRange(range))])),
  };
}

interface Other {
  readonly path: Path;
  readonly range: Ipv4Range;
  readonly is: string;
}

function othersOf(name: string, { reserved = {}, vips = {} }: Lan): Other[] {
  return [
    ...Object.entries(reserved).map(([key, text]) => {
      return { path: ["reserved", key], range: rangeOf(text), is: `is reserved for ${key} on LAN ${name}` };
    }),
    ...Object.entries(vips).map(([key, text]) => {
      return { path: ["vips", key], range: rangeOf(text), is: `is the virtual address ${key} of LAN ${name}` };
    }),
  ];
}

function checkLan(name: string, lan: Lan): Problem[] {
  const { subnet, gateway, dhcpPool, subnet6, gateway6 } = lan;
  const { network, problems } = resolveNetwork({ name, subnet, gateway, dhcpPool, subnet6, gateway6 }, "lan0");
  const all = [...below([], problems)];
  const others = othersOf(name, lan);
  const claims = network.claims.map(({ range, is }) => ({ range, owner: { path: [] as Path, is } }));
  const ranges = Object.entries(lan.ranges ?? {}).map(([key, text]) => ({
    path: ["ranges", key],
    range: valueOf(parseRange(text)),
    is: "",
  }));
  for (const { path, range } of [...others, ...ranges])
    if (!containsRange(network.cidr, range))
      all.push({
        path,
        message: `${formatRange(range)} is not inside the subnet ${lan.subnet}`,
        remedy: `choose it from ${formatRange(hostRange(network.cidr))}`,
      });
  // A machine in the DHCP pool may have its reservation there; what is no machine's own must be nobody else's.
  const points = new Ranges([
    ...claims.filter(({ range }) => range.first === range.last),
    ...others.map(({ range, ...owner }) => ({ range, owner })),
  ]);
  for (const { path, range } of others) {
    if (range.first !== range.last) continue;
    const other = points.at(range.first).find(({ owner }) => owner.path[0] !== path[0] || owner.path[1] !== path[1]);
    const index = others.findIndex((each) => each.path === path);
    const later = others.findIndex((each) => each.path === other?.owner.path);
    if (other !== undefined && later < index)
      all.push({ path, message: `${formatIpv4(range.first)} ${other.owner.is}`, remedy: "choose another address" });
  }
  const pool = lan.dhcpPool === undefined ? undefined : valueOf(parseRange(lan.dhcpPool));
  for (const { path, range } of ranges)
    if (pool !== undefined && overlaps(pool, range))
      all.push({
        path,
        message: `${formatRange(range)} overlaps dhcpPool: the DHCP server would give out the same addresses`,
        remedy: "choose ranges apart from each other",
      });
  return all;
}
