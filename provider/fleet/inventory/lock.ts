import { existsSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { parseIpv4 } from "../../address";
import { parse, report, text } from "../../validate";
import { Files, shown } from "./files";
import { Findings } from "./findings";
import { Place, placeOfEntry, plain, trail } from "./tree";
import { readYaml } from "./yaml";

export const LOCK_FILE = "macvlan.lock.json";

/** Of the format. */
const VERSION = 1;

const ABOUT =
  "Addresses that were given to appliances with ip: auto. Commit this file: without it they could get others.";

/** Recorded addresses by LAN, then by HOST/APPLIANCE. */
export type Recorded = Readonly<Record<string, Readonly<Record<string, string>>>>;

const lockSchema = z.strictObject({
  about: z.string().optional(),
  version: z.number().superRefine((version, context) => {
    if (version !== VERSION)
      report(context, [
        {
          message: `is ${version}, which is not known here`,
          remedy: "use the version of pulumi-macvlan that wrote it, or a later one",
        },
      ]);
  }),
  addresses: z.record(
    z.string(),
    z.record(
      z.string(),
      text((value) => parseIpv4(value).fault),
    ),
  ),
});

/** What a lock file says, and where it says so. */
export interface Lock {
  readonly recorded: Recorded;
  /** Where the address of a key of a LAN is recorded. */
  placeOf(lan: string, key: string): Place;
}

/** Reads the lock file; an absent one has no addresses. */
export function readLock(file: string, files: Files, findings: Findings): Lock {
  const source = { file: shown(file), folder: ".", order: Number.MAX_SAFE_INTEGER };
  const top: Place = { source: { ...source, lineAt: () => ({ line: 1, column: 1 }) }, offset: 0 };
  const none: Lock = { recorded: {}, placeOf: () => top };
  if (!existsSync(file)) return none;
  const { value, fault } = files.read(file);
  if (fault) {
    findings.add(top, [], fault.message, fault.remedy);
    return none;
  }
  const { root, faults } = readYaml(value, source);
  const conflict = /^(<{7}|={7}|>{7})/m.test(value);
  if (conflict) findings.add(top, [], "has the marks of a merge that is not finished", "keep the lines of both sides");
  else for (const { at, message } of faults) findings.add(at, [], message, "restore it from version control");
  if (root === undefined || conflict) return none;
  const { value: lock, problems } = parse(lockSchema, plain(root));
  for (const { path, message, remedy } of problems) {
    const last = trail(root, path).at(-1);
    findings.add(last === undefined ? root.at : placeOfEntry(last), path, message, remedy);
  }
  if (lock === undefined) return none;
  const place = (lan: string, key: string): Place => trail(root, ["addresses", lan, key]).at(-1)?.key ?? root.at;
  return { recorded: lock.addresses, placeOf: place };
}

/** One entry a line, sorted: two branches that add entries merge by themselves. */
export function renderLock(recorded: Recorded): string {
  const addresses = Object.fromEntries(
    Object.keys(recorded)
      .sort()
      .filter((lan) => Object.keys(recorded[lan]!).length > 0)
      .map((lan) => [lan, Object.fromEntries(Object.entries(recorded[lan]!).sort(([a], [b]) => (a < b ? -1 : 1)))]),
  );
  return `${JSON.stringify({ about: ABOUT, version: VERSION, addresses }, null, 2)}\n`;
}

/** Writes a lock file whole or not at all. */
export function writeLock(file: string, contents: string): void {
  const half = `${file}.${process.pid}`;
  writeFileSync(half, contents);
  renameSync(half, file);
}
