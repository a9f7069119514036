// Differences of the files that a resource carries in its environment: pure.
import { structuredPatch } from "diff";
import { decodeFrames } from "../../ssh/frames";
import { Step } from "./preview";

/** How one file changes. */
export interface FileDiff {
  readonly name: string;
  /** Unified, without the names of the files. */
  readonly text: string;
  readonly added: number;
  readonly removed: number;
  /** Made from the specification: the same change is to be read elsewhere. */
  readonly derived: boolean;
}

/** Frames that are no files of the user's. */
const DERIVED = new Set(["pins.yaml", "appliance.conf", "udev.rules", "networkd.network", "networkmanager.conf"]);

/** A rewrite of more lines is shown as all old lines and all new ones: to find the least difference takes long then. */
const MAX_EDITS = 2000;

/** The files of a resource before and after. A file that is there on both sides and the same is left out. */
export function fileDiffs({ old, new: after }: Pick<Step, "old" | "new">): FileDiff[] {
  const [before, now] = [filesOf(old), filesOf(after)];
  return [...new Set([...now.keys(), ...before.keys()])]
    .filter((name) => before.get(name) !== now.get(name))
    .map((name) => diffOf(name, before.get(name) ?? "", now.get(name) ?? ""));
}

/** What the environment of a Command carries: each frame of FILES is a file, and so is any other variable but REPAIR. */
export function filesOf(inputs: Step["old"]): Map<string, string> {
  const environment = (inputs?.["environment"] ?? {}) as Record<string, unknown>;
  const files = new Map<string, string>();
  for (const [key, value] of Object.entries(environment)) {
    if (key === "REPAIR" || typeof value !== "string") continue;
    const frames = key === "FILES" ? decodeFrames(value) : new Map<string, string>();
    if (frames.size === 0) files.set(key === "INSTALLER" ? "install.sh" : key, `${value}\n`);
    for (const [name, content] of frames) files.set(name, content);
  }
  return files;
}

function diffOf(name: string, before: string, after: string): FileDiff {
  const patch = structuredPatch("", "", before, after, undefined, undefined, { context: 3, maxEditLength: MAX_EDITS });
  const hunks = patch?.hunks ?? [rewrite(before, after)];
  const lines = hunks.flatMap((hunk) => [
    `@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`,
    ...hunk.lines,
  ]);
  const count = (mark: string): number => hunks.flatMap((hunk) => hunk.lines).filter((line) => line[0] === mark).length;
  return { name, text: lines.join("\n"), added: count("+"), removed: count("-"), derived: DERIVED.has(name) };
}

function rewrite(before: string, after: string) {
  const [old, now] = [before, after].map((text) => (text === "" ? [] : text.replace(/\n$/, "").split("\n")));
  const lines = [...old!.map((line) => `-${line}`), ...now!.map((line) => `+${line}`)];
  return { oldStart: 1, oldLines: old!.length, newStart: 1, newLines: now!.length, lines };
}
