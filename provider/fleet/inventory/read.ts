import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseIpv4 } from "../../address";
import { Seen } from "../../appliance";
import { ResolvedHost, resolveHost } from "../../appliance-host";
import { Path, Problem } from "../../errors";
import { Addressed, giveAddresses } from "./addresses";
import { addressOf, draft, finishAppliances, finishHost, named } from "./assemble";
import { checkHosts, checkSegment, Segment } from "./conflicts";
import { checkIpv6 } from "./conflicts-ipv6";
import { Files, shown } from "./files";
import { Findings, Position, PositionedProblem, positionOf } from "./findings";
import { LanModel, readLans } from "./lans";
import { isAboutKey, load } from "./load";
import { LOCK_FILE, readLock, renderLock } from "./lock";
import { Member, MemberPin, membersOf, placeIn, withAppliances } from "./members";
import { HostArgs, withoutSecretValues } from "./secrets";
import { InventoryArgs, Lan } from "./spec";
import { Place, plain, textOf, trail } from "./tree";

/** One host of a fleet. */
export interface InventoryHost {
  readonly name: string;
  /** Where it stands in the inventory: hosts.NAME, or nowhere below the top if the file is one host's specification. */
  readonly path: Path;
  /** What ApplianceHost takes once `withSecretValues` has filled in the secrets. */
  readonly args: HostArgs;
  readonly resolved: ResolvedHost;
  /** Name of its LAN; undefined if it describes its network itself. */
  readonly lan?: string;
  readonly tags: readonly string[];
  /** Where its entry begins. */
  readonly position?: Position;
}

/** Addresses given by `ip: auto`, as the lock file is to record them. */
export interface LockState {
  readonly file: string;
  /** What the file is to say; undefined where there is nothing to record. */
  readonly text?: string;
  /** The same without what is not used. */
  readonly pruned?: string;
  /** HOST/APPLIANCE whose address is new, so that the file is to be written and committed. */
  readonly added: readonly string[];
  /** LAN and HOST/APPLIANCE whose address nobody asks for. */
  readonly unused: readonly { lan: string; key: string }[];
}

/** A fleet that is consistent. */
export interface Inventory {
  /** In the order of the files. */
  readonly hosts: readonly InventoryHost[];
  readonly lans: readonly (Lan & { name: string; position?: Position })[];
  /** The files that it was read from. */
  readonly files: readonly string[];
  readonly lock: LockState;
  /** Where a value of a host is written, by its path (hosts.NAME…), also where a template or the defaults say it. */
  positionOf(path: Path): Position | undefined;
}

export interface ReadOptions {
  /** The folder that has all files of the inventory. Default: that of the first file. */
  readonly root?: string;
  /** Where addresses of `ip: auto` are recorded. Default: macvlan.lock.json beside the first file. */
  readonly lockFile?: string;
}

/** Reads a fleet from files and objects: the whole of it if nothing is wrong, else everything that is wrong, in file order. */
export function readInventory(
  inputs: readonly (string | InventoryArgs)[],
  options: ReadOptions = {},
): { inventory?: Inventory; problems: PositionedProblem[] } {
  const findings = new Findings();
  const first = inputs.find((input): input is string => typeof input === "string");
  const folder = first === undefined ? process.cwd() : dirname(first);
  const files = new Files(options.root ?? folder);
  const { parts, files: read, bare } = load(inputs, files, findings);
  const lanEntries = named(parts, "lans", "LAN", findings);
  const templates = named(parts, "templates", "template", findings);
  const lans = readLans(lanEntries, findings);
  const hosts = [...named(parts, "hosts", "host", findings)];
  const drafts = hosts.map(([name, entry]) => {
    const path: Path = bare === undefined ? ["hosts", name] : [];
    return draft(name, entry, { path, lans: lanEntries, templates, findings });
  });

  const lockFile = options.lockFile ?? join(folder, LOCK_FILE);
  const lock = readLock(lockFile, files, findings);
  const settled = drafts.map((each) => ({ draft: each, host: finishHost(each, findings) }));
  const addressed: Addressed[] = drafts.flatMap((each) =>
    each.appliances.map((appliance) => ({ draft: each, appliance, ip: addressOf(appliance, findings) })),
  );
  const written = new Map<string, MemberPin[]>();
  for (const { draft: each, appliance, ip } of addressed) {
    const address = parseIpv4(textOf(ip) ?? "").value;
    if (address === undefined) continue;
    const pins = written.get(each.name) ?? [];
    written.set(each.name, pins);
    pins.push({ name: appliance.name, lan: appliance.lan, ip: address });
  }
  const explicit = settled.map(({ draft: each, host }) => membersOf(each, host, written.get(each.name) ?? []));
  const given = giveAddresses(addressed, lans, segmentsOf(explicit.flat(), lans), lock, findings);

  const perHost = settled.map(({ draft: each, host }, i) => {
    const addresses = given.addresses.get(each.name) ?? new Map<string, string>();
    return withAppliances(explicit[i]!, finishAppliances(each, host, addresses, files, findings));
  });
  const members = perHost.flat();
  const segments = segmentsOf(members, lans);
  const segmentOf = new Map(
    [...segments.values()].flatMap((segment) => segment.members.map((member) => [member, segment])),
  );
  const seen = new Seen();
  const resolved = perHost.map((each) => resolveMembers(each, segmentOf, seen, findings));
  checkHosts(members, findings);
  for (const segment of segments.values()) {
    checkSegment(segment, findings);
    checkIpv6(segment, findings);
  }
  if (members.length === 0 && findings.empty && parts.length > 0)
    findings.add(parts[0]!.root.at, ["hosts"], "there is no host", "add one under hosts:");
  if (!findings.empty) return { problems: findings.all() };

  const byName = new Map(perHost.map(([member]) => [member.draft.name, member]));
  const used = { ...given.recorded };
  for (const { lan, key } of given.unused)
    used[lan] = Object.fromEntries(Object.entries(used[lan]!).filter(([each]) => each !== key));
  const any = Object.keys(given.recorded).length > 0 || existsSync(lockFile);
  const inventory: Inventory = {
    hosts: perHost.map(([member], i) => {
      const { name, path, lan, tags, key } = member.draft;
      return {
        name,
        path,
        lan,
        tags,
        args: plain(member.node) as HostArgs,
        resolved: resolved[i]!,
        position: positionOf(key),
      };
    }),
    lans: [...lans.values()].map(({ name, args, entry }) => ({ name, ...args, position: positionOf(entry.key) })),
    files: read.map(shown),
    lock: {
      file: shown(lockFile),
      ...(any ? { text: renderLock(given.recorded), pruned: renderLock(used) } : {}),
      added: given.added,
      unused: given.unused,
    },
    positionOf: (path) => {
      const [name, rest] = bare === undefined ? [String(path[1]), path.slice(2)] : [bare, path];
      const member = byName.get(name);
      return member && positionOf(placeIn(member, rest));
    },
  };
  return { inventory, problems: [] };
}

/** Hosts by LAN: the one that they name, or one of the same subnet. */
function segmentsOf(members: readonly Member[], lans: ReadonlyMap<string, LanModel>): Map<string, Segment> {
  const segments = new Map<string, Segment>();
  const bySubnet = new Map(
    [...lans.values()].filter(({ args }) => !args.separate).map((lan) => [lan.args.subnet, lan]),
  );
  for (const member of members) {
    const lan = member.described === undefined ? bySubnet.get(member.subnet) : lans.get(member.described);
    const key = lan?.name ?? `subnet ${member.subnet}`;
    const segment = segments.get(key) ?? new Segment(lan?.title ?? `the subnet ${member.subnet}`, lan);
    segments.set(key, segment);
    segment.members.push(member);
  }
  return segments;
}

function resolveMembers(
  members: readonly [Member, ...Member[]],
  segments: ReadonlyMap<Member, Segment>,
  seen: Seen,
  findings: Findings,
): ResolvedHost | undefined {
  const { host, problems } = resolveHost(withoutSecretValues(plain(members[0].node) as HostArgs), seen);
  for (const problem of problems) {
    const [kind, name] = problem.path;
    const concerned = members.find(({ part, pins }) =>
      kind === "appliances" ? pins.some((pin) => pin.name === name) : kind === "lans" && part[1] === name,
    );
    const member = concerned ?? members[0];
    tell(member, problem, segments.get(member)!, findings);
  }
  return host;
}

function tell(member: Member, problem: Problem, segment: Segment, findings: Findings): void {
  const path = [...member.draft.path, ...problem.path];
  // Who an appliance is and what it waits for is known even where what it runs is not.
  const certain = ["ip", "mac", "lan", "startAfter"].includes(String(problem.path[2]));
  if (findings.has(path) || (!certain && findings.isDoubted(path))) return;
  const inFile = inComposeFile(member, problem);
  if (inFile !== undefined) return findings.add(inFile.place, path, inFile.message, problem.remedy);
  const place = placeIn(member, problem.path, isAboutKey(problem.path, problem.message));
  // The host alone does not know which addresses others have.
  const remedy = /\(next free: [\d.]+\)/.test(problem.remedy) ? segment.nextFree() : problem.remedy;
  findings.add(place, path, problem.message, remedy);
}

/** A problem of a compose file is told there: its message begins with the place. */
function inComposeFile(member: Member, { path, message }: Problem): { place: Place; message: string } | undefined {
  const [file, line, column, rest] = /^(.+?):(\d+):(\d+) (.*)$/s.exec(message)?.slice(1) ?? [];
  const node = trail(member.node, path).at(-1)?.node;
  if (path[2] !== "compose" || rest === undefined || node === undefined || textOf(node) !== file) return undefined;
  const { source, offset } = node.at;
  const position = { line: Number(line), column: Number(column) };
  return { place: { source: { ...source, file, lineAt: () => position }, offset }, message: rest };
}
