// Which hosts of a fleet a command is for, and in which order: pure.
import { nearest, Problem } from "../../errors";

/** What is known of a host when it is chosen. */
export interface Selectable {
  readonly name: string;
  readonly tags: readonly string[];
}

/** What was given on the command line. */
export interface Selection {
  /** Names of hosts. */
  readonly hosts?: readonly string[];
  readonly tags?: readonly string[];
  /** `2/4`. */
  readonly shard?: string;
}

export interface Shard {
  /** From 1. */
  readonly part: number;
  readonly of: number;
}

/**
 * The hosts that are named or have one of the tags, all where neither is given, and of these the part of the shard; in the
 * order of the inventory.
 */
export function select<H extends Selectable>(
  all: readonly H[],
  { hosts = [], tags = [], shard }: Selection,
): { selected: H[]; problems: Problem[] } {
  const names = all.map(({ name }) => name);
  const known = [...new Set(all.flatMap((host) => host.tags))];
  const problems = [...unknown("host", hosts, names), ...unknown("tag", tags, known)];
  const part = shard === undefined ? undefined : parseShard(shard);
  if (shard !== undefined && part === undefined)
    problems.push(problem(`--shard ${shard} is not a part of a whole`, "give I/N, such as 2/4"));
  const chosen =
    hosts.length + tags.length === 0
      ? [...all]
      : all.filter(({ name, tags: own }) => hosts.includes(name) || own.some((tag) => tags.includes(tag)));
  return { selected: part === undefined ? chosen : inShard(chosen, part), problems };
}

function unknown(what: string, given: readonly string[], known: readonly string[]): Problem[] {
  return given
    .filter((name) => !known.includes(name))
    .map((name) => {
      const near = nearest(name, known);
      const some = known.length > 8 ? [...known.slice(0, 8), "…"] : known;
      const there = some.length === 0 ? `the inventory has no ${what}s` : `known: ${some.join(", ")}`;
      return problem(`there is no ${what} ${name}`, near === undefined ? there : `did you mean ${near}?`);
    });
}

function problem(message: string, remedy: string): Problem {
  return { path: [], message, remedy };
}

/** `2/4`; undefined where it is none. */
export function parseShard(text: string): Shard | undefined {
  const [, part, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text)?.map(Number) ?? [];
  return part !== undefined && of !== undefined && part >= 1 && part <= of ? { part, of } : undefined;
}

/** Every N-th host: parts differ by one host at most, and the hosts of a site are spread over all. */
export function inShard<T>(hosts: readonly T[], { part, of }: Shard): T[] {
  return hosts.filter((_, i) => i % of === part - 1);
}

/** The shards that a matrix of jobs is to work through; none of them is empty. */
export function shards<T>(hosts: readonly T[], of: number): { shard: string; hosts: T[] }[] {
  const parts = Math.min(of, hosts.length);
  return Array.from({ length: parts }, (_, i) => ({
    shard: `${i + 1}/${parts}`,
    hosts: inShard(hosts, { part: i + 1, of: parts }),
  }));
}

/** Which hosts go first. */
export interface WaveOptions {
  /** true: the first host with the tag `canary`, or else the first; a name: that host. */
  readonly canary?: boolean | string;
  /** A wave for the hosts with each of these tags, before all others. */
  readonly waves?: readonly string[];
}

/** The hosts in waves, one to be finished and verified before the next begins; none is empty. */
export function waves<H extends Selectable>(
  hosts: readonly H[],
  { canary = false, waves: tags = [] }: WaveOptions,
): { waves: H[][]; problems: Problem[] } {
  const problems: Problem[] = [];
  const first =
    canary === false
      ? undefined
      : canary === true
        ? (hosts.find((host) => host.tags.includes("canary")) ?? hosts[0])
        : hosts.find(({ name }) => name === canary);
  if (typeof canary === "string" && first === undefined)
    problems.push(problem(`--canary ${canary} is none of the hosts of this run`, "name one of them"));
  problems.push(
    ...unknown(
      "tag",
      tags,
      hosts.flatMap((host) => host.tags),
    ),
  );
  const left = new Set(hosts);
  const take = (wanted: (host: H) => boolean): H[] => {
    const taken = [...left].filter(wanted);
    for (const host of taken) left.delete(host);
    return taken;
  };
  const all = [
    take((host) => host === first),
    ...tags.map((tag) => take((host) => host.tags.includes(tag))),
    take(() => true),
  ];
  return { waves: all.filter(({ length }) => length > 0), problems };
}
