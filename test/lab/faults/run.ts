import { containers, type Site } from "../site";
import type { LabStack, RunResult, Step } from "../../../lab/pulumi";
import type { Host } from "../../../lab/vm/host";
import type { Box, Deed, Fault } from "./fault";
import type { Round } from "./rounds";
import type { Crowd } from "./site";

/** A fault of a round, and the appliance that it befalls. */
export interface Placed {
  fault: Fault;
  box: Box;
}

/** What was seen of a fault; each test of the matrix looks at one. */
export interface Seen {
  placed: Placed;
  /** Whether it was there after it was made, and after `up`. */
  made: boolean;
  repaired: boolean;
  /** What the preview said on the fault's resource. */
  said: string;
  /** Container of its appliance before the fault, and after `up`. */
  before?: string;
  after?: string;
}

export interface SeenAtBoot {
  placed: Placed;
  /** Whether it was still there. */
  held: boolean;
  macs: string[];
}

export interface RoundSeen {
  seen: Seen[];
  /** What the preview said, by resource. */
  said: Record<string, string>;
  /** What the preview said after `up`. */
  left: Record<string, string>;
  /** The MACs that answer for each appliance after `up`. */
  macs: Record<string, string[]>;
  up: RunResult;
}

const HOST = "gw1";

/** The resource of the plan that a fault belongs to. */
export const resourceOf = ({ fault, box }: Placed): string =>
  ({
    boot: `${HOST}-boot-install`,
    link: `${HOST}-lan0-link`,
    network: `${HOST}-lan-network`,
    appliance: `${HOST}-${box.name}-appliance`,
  })[fault.where];

/** Gives each fault of an appliance a box of its own; for the others, any appliance that no fault befalls tells how it goes. */
export function place(faults: Fault[], { all, boxes }: Crowd): Placed[] {
  const free = [...boxes];
  const unharmed = all.find((each) => !boxes.includes(each));
  return faults.map((fault) => {
    const box = fault.where === "appliance" ? free.shift() : unharmed;
    if (!box) throw new Error(`no appliance is left for ${fault.id}`);
    return { fault, box };
  });
}

const shell = ({ name, ip, ip6 = "", mac }: Box, script: string) =>
  `export NAME=${name} IP=${ip} IP6=${ip6} MAC=${mac}; ${script}`;

/** Makes one fault. */
export async function make(site: Site, deed: Deed, box: Box): Promise<void> {
  if (typeof deed === "string") await site.host.shell(shell(box, deed), { timeout: 120_000 });
  else await deed({ ...site, box });
}

export async function inject(site: Site, placed: Placed[]): Promise<void> {
  for (const { fault, box } of placed) await make(site, fault.inject, box);
}

/** Waits until the host has nothing more to do for the link and the appliances. */
export async function settle(host: Host): Promise<void> {
  // What udev and systemd have been told of may not be a job yet.
  await host.tryShell(
    "sleep 5; timeout 240 sh -c 'while systemctl list-jobs | grep -qE \"macvlan|docker\"; do sleep 2; done'",
  );
}

/** Whether each fault is there. */
export async function holding(site: Site, placed: Placed[]): Promise<boolean[]> {
  const checks = placed.map(({ fault, box }) => `( ${shell(box, fault.holds)} ) >/dev/null 2>&1; echo $?`);
  const codes = await site.host.shell(checks.join("\n"), { timeout: 180_000 });
  return codes
    .trim()
    .split("\n")
    .map((code) => code === "0");
}

/** What a plan says of each resource that it changes: the reasons, or where it gives none what it does. */
export function saidBy(steps: Step[]): Record<string, string> {
  const changed = steps.filter(({ type }) => /^(command|docker):/.test(type));
  return Object.fromEntries(
    changed.map(({ name }) => {
      const its = changed.filter((step) => step.name === name);
      const reasons = its.flatMap((step) => reasonOf(step) ?? []);
      return [name, [...new Set(reasons)].join("; ") || its.map(({ op }) => op).join(", ")];
    }),
  );
}

function reasonOf({ new: inputs }: Step): string | undefined {
  const { environment, labels } = (inputs ?? {}) as {
    environment?: { REPAIR?: string };
    labels?: { label: string; value: string }[];
  };
  return environment?.REPAIR ?? labels?.find((each) => each.label === "pulumi-macvlan.repair")?.value;
}

/** Whether one of the reasons in a text is this one, in which … stands for what varies. */
export const says = (text: string, fault: string, box: Box): boolean =>
  reasonsIn(text).some((reason) => pattern(fault, box).test(reason));

function pattern(says: string, { name, ip, ip6 = "", mac }: Box): RegExp {
  const text = says.replaceAll("$NAME", name).replaceAll("$IP6", ip6).replaceAll("$IP", ip).replaceAll("$MAC", mac);
  const parts = text.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}

/** What a plan says beyond these faults: nothing where they are all that is wrong. */
export function unexplained(said: Record<string, string>, placed: Placed[]): string[] {
  return Object.entries(said).flatMap(([resource, text]) => {
    const known = placed.flatMap((each) => [
      ...(resourceOf(each) === resource ? [pattern(each.fault.says, each.box)] : []),
      ...(each.fault.also ?? []).map((reason) => pattern(reason, each.box)),
    ]);
    const rest = reasonsIn(text).filter((reason) => !known.some((each) => each.test(reason)));
    return rest.map((reason) => `${resource}: ${reason}`);
  });
}

/** The reasons of a resource; one of them goes on with what is to be done about it. */
const reasonsIn = (text: string): string[] => text.replace(/, seen [-0-9: ]+Z$/, "").split(/; (?!dockerd is)/);

/** The MACs that answer for an appliance's addresses on the LAN. */
export async function macsOf({ lab }: Site, { all, on }: Crowd): Promise<Record<string, string[]>> {
  const answers = await lab.lan.probe(
    all.map(({ ip }) => ip),
    undefined,
    on,
  );
  const six = all.flatMap(({ ip6 }) => ip6 ?? []);
  const answers6 = six.length === 0 ? {} : await lab.lan.probe6(six, undefined, on && { vlan: on.vlan, ip: on.ip6 });
  return Object.fromEntries(
    all.map(({ name, ip, ip6 }) => {
      const [macs, macs6] = [answers[ip] ?? [], ip6 === undefined ? undefined : (answers6[ip6] ?? [])].map((each) =>
        each?.map(({ mac }) => mac),
      );
      // Both kinds or none: an appliance that has lost one of its addresses has not one MAC but two words for it.
      const differs = macs6 !== undefined && (macs6.length === 0) !== (macs!.length === 0);
      return [name, [...new Set([...macs!, ...(macs6 ?? []), ...(differs ? ["one kind alone"] : [])])]];
    }),
  );
}

/** Faults are made, told and repaired. */
export async function runRound(site: Site, stack: LabStack, round: Round, crowd: Crowd): Promise<RoundSeen> {
  const placed = place(round.faults, crowd);
  const before = await containers(site.host);
  await inject(site, placed);
  const made = await holding(site, placed);
  const said = saidBy((await stack.preview()).started);
  const up = await stack.up({ mayFail: true });
  const held = await holding(site, placed);
  const after = await containers(site.host);
  const macs = await macsOf(site, crowd);
  const left = saidBy((await stack.preview()).started);
  const lines = (texts: Record<string, string>) => Object.entries(texts).map((line) => `  ${line.join(": ")}`);
  console.log(
    [
      `up ${Math.round(up.seconds)} s; the preview said:`,
      ...lines(said),
      ...lines(left).map((line) => `LEFT${line}`),
    ].join("\n"),
  );
  const seen = placed.map((each, at) => ({
    placed: each,
    made: made[at] as boolean,
    repaired: !held[at],
    said: said[resourceOf(each)] ?? "",
    before: before[each.box.name],
    after: after[each.box.name],
  }));
  return { seen, said, left, macs, up };
}

/** Faults are made, and the host is booted with them. */
export async function bootWith(site: Site, faults: Fault[], crowd: Crowd): Promise<SeenAtBoot[]> {
  const placed = place(faults, crowd);
  await inject(site, placed);
  await site.host.reboot();
  await settle(site.host);
  const held = await holding(site, placed);
  const macs = await macsOf(site, crowd);
  return placed.map((each, at) => ({ placed: each, held: held[at] as boolean, macs: macs[each.box.name] ?? [] }));
}
