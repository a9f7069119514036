import { contains, formatIpv4, formatRange, Ipv4Range, parseIpv4 } from "../../address";
import { nearest, valueOf } from "../../errors";
import { allocate, Wish } from "./allocate";
import { ApplianceDraft, Draft } from "./assemble";
import { Segment } from "./conflicts";
import { Findings } from "./findings";
import { LanModel } from "./lans";
import { Lock, Recorded } from "./lock";
import { automatic } from "./spec";
import { Node, textOf } from "./tree";

/** An appliance whose address is to be given. */
interface Asking extends Wish {
  readonly draft: Draft;
  readonly appliance: ApplianceDraft;
  readonly at: Node;
  readonly lan: LanModel;
}

/** Given addresses by host and appliance, and what the lock file is to say. */
export interface Given {
  /** By host, then by appliance. */
  readonly addresses: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly recorded: Recorded;
  /** HOST/APPLIANCE that the lock file did not have. */
  readonly added: readonly string[];
  /** LAN and HOST/APPLIANCE that it has and nobody asks for. Their addresses are not given to others. */
  readonly unused: readonly { lan: string; key: string }[];
}

/** An appliance with its address as it is written. */
export interface Addressed {
  readonly draft: Draft;
  readonly appliance: ApplianceDraft;
  readonly ip?: Node;
}

/** Gives addresses to those who ask for `auto`: the recorded one, else one that nobody has. */
export function giveAddresses(
  all: readonly Addressed[],
  lans: ReadonlyMap<string, LanModel>,
  segments: ReadonlyMap<string, Segment>,
  lock: Lock,
  findings: Findings,
): Given {
  const asking = all.flatMap((each) => askingOf(each, lans, findings));
  const addresses = new Map<string, Map<string, string>>();
  const recorded: Record<string, Record<string, string>> = Object.fromEntries(
    Object.entries(lock.recorded).map(([lan, entries]) => [lan, { ...entries }]),
  );
  const added: string[] = [];
  const byLan = new Map<string, Asking[]>();
  for (const each of asking) {
    const others = byLan.get(each.lan.name) ?? [];
    byLan.set(each.lan.name, others);
    others.push(each);
  }
  for (const [lan, wishes] of byLan) {
    const before = lock.recorded[lan] ?? {};
    const give = ({ draft, appliance }: Asking, address: string): void => {
      const host = addresses.get(draft.name) ?? new Map<string, string>();
      addresses.set(draft.name, host.set(appliance.name, address));
    };
    const owners = new Map<string, string>();
    for (const wish of wishes) {
      const address = before[wish.key];
      if (address === undefined) continue;
      give(wish, address);
      checkRecorded(wish, address, owners, lock, findings);
    }
    const taken = [
      ...(segments.get(lan)?.taken() ?? []),
      ...Object.values(before).map((address) => one(valueOf(parseIpv4(address)))),
    ];
    const record = (recorded[lan] ??= {});
    const fresh = wishes.filter(({ key }) => before[key] === undefined);
    const { given, without } = allocate(fresh, taken);
    for (const wish of fresh) {
      const address = given.get(wish.key);
      if (address === undefined) continue;
      give(wish, formatIpv4(address));
      added.push(wish.key);
      record[wish.key] = formatIpv4(address);
    }
    for (const wish of without as Asking[]) tellFull(wish, before, wishes, findings);
  }
  const wanted = new Set(asking.map(({ lan, key }) => `${lan.name} ${key}`));
  const unused = Object.entries(lock.recorded).flatMap(([lan, entries]) =>
    Object.keys(entries).flatMap((key) => (wanted.has(`${lan} ${key}`) ? [] : [{ lan, key }])),
  );
  return { addresses, recorded, added, unused };
}

function askingOf(
  { draft, appliance, ip }: Addressed,
  lans: ReadonlyMap<string, LanModel>,
  findings: Findings,
): Asking[] {
  const name = automatic(textOf(ip) ?? "");
  if (ip === undefined || name === undefined) return [];
  const path = [...appliance.path, "ip"];
  const named = appliance.lan ?? draft.lan;
  const lan = named === undefined ? undefined : lans.get(named);
  if (appliance.lan !== undefined && lan === undefined)
    findings.add(
      ip.at,
      path,
      `auto takes an address from a range of the LAN, and the inventory describes no LAN ${appliance.lan}`,
      "describe it under lans, or give the appliance an address",
    );
  if (named === undefined)
    findings.add(
      ip.at,
      path,
      "auto takes an address from a range of the host's LAN, and the host is on none",
      "give the host a lan, or the appliance an address",
    );
  if (lan === undefined) return [];
  const names = [...lan.ranges.keys()];
  const only = name === "" ? (names.length === 1 ? names[0]! : undefined) : name;
  const range = only === undefined ? undefined : lan.ranges.get(only);
  if (range !== undefined) return [{ key: `${draft.name}/${appliance.name}`, range, draft, appliance, at: ip, lan }];
  if (names.length === 0)
    findings.add(ip.at, path, `${lan.title} has no range to give an address from`, `add one: lans.${lan.name}.ranges`);
  else if (only === undefined)
    findings.add(
      ip.at,
      path,
      `${lan.title} has several ranges`,
      `write ${names.map((each) => `auto:${each}`).join(" or ")}`,
    );
  else {
    const near = nearest(only, names);
    const remedy = near === undefined ? `known: ${names.join(", ")}` : `did you mean auto:${near}?`;
    findings.add(ip.at, path, `${lan.title} has no range ${JSON.stringify(only)}`, remedy);
  }
  return [];
}

/** An address never moves by itself: where the recorded one does not fit any more, a person decides. */
function checkRecorded(
  wish: Asking,
  address: string,
  owners: Map<string, string>,
  lock: Lock,
  findings: Findings,
): void {
  const { key, lan, range } = wish;
  const place = lock.placeOf(lan.name, key);
  const path = ["addresses", lan.name, key];
  const again = "remove this line, and another address is given";
  const owner = owners.get(address);
  if (owner !== undefined) findings.add(place, path, `${address} is recorded for ${owner} too`, again);
  else if (!contains(range, valueOf(parseIpv4(address))))
    findings.add(
      place,
      path,
      `${address} is not in ${formatRange(range)}, the range that ${key} asks for`,
      `${again}, or write ip: ${address}`,
    );
  else return void owners.set(address, key);
  findings.settle([...wish.appliance.path, "ip"]);
}

function tellFull(
  wish: Asking,
  before: Readonly<Record<string, string>>,
  wishes: readonly Asking[],
  findings: Findings,
): void {
  const { lan, range, appliance, at } = wish;
  const asked = new Set(wishes.map(({ key }) => key));
  const unused = Object.entries(before).filter(
    ([key, address]) => !asked.has(key) && contains(range, valueOf(parseIpv4(address))),
  );
  const remedy =
    unused.length === 0
      ? "make the range larger"
      : `make the range larger, or remove from macvlan.lock.json what is not used: ${unused.map(([key]) => key).join(", ")}`;
  findings.add(
    at.at,
    [...appliance.path, "ip"],
    `the range ${formatRange(range)} of ${lan.title} has no free address`,
    remedy,
  );
}

function one(address: number): Ipv4Range {
  return { first: address, last: address };
}
