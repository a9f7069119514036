// The Pulumi engine (the `pulumi` command) of this machine: found, or else installed or built once and cached.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { locked } from "../lock";
import { tryRun } from "../run";
import { buildWithGo, installOfficially, type Progress } from "./install";
import { isRecentEnough, OLDEST_ENGINE, PINNED_ENGINE } from "./version";

export type { Progress } from "./install";

/** Where what we install or build is kept: outside the repository, so that every clone shares it. */
export function engineCache(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "pulumi-macvlan", "engine");
}

/** The places to look for an engine, best first. */
export function candidates(env: NodeJS.ProcessEnv = process.env): string[] {
  const cache = engineCache(env);
  const onPath = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return [
    ...onPath.map((folder) => join(folder, "pulumi")),
    join(env.PULUMI_HOME || join(homedir(), ".pulumi"), "bin", "pulumi"),
    join(cache, "pulumi"),
    join(cache, `v${PINNED_ENGINE}`, "bin", "pulumi"),
  ];
}

async function find(progress: Progress): Promise<string | undefined> {
  for (const file of candidates()) {
    if (!existsSync(file)) continue;
    const unusable = (error: Error) => ({ stdout: "", stderr: error.message });
    const { stdout, stderr } = await tryRun(file, ["version"], { timeout: 30_000 }).catch(unusable);
    if (isRecentEnough(stdout)) return file;
    const printed = (stdout || stderr).trim();
    progress(`${file} is passed over: it prints "${printed}", at least v${OLDEST_ENGINE} is needed`);
  }
  return undefined;
}

async function obtain(progress: Progress): Promise<string> {
  const folder = engineCache();
  const reasons: string[] = [];
  for (const [name, way] of [
    ["official installer", installOfficially],
    ["go build", buildWithGo],
  ] as const) {
    try {
      return await way(folder, progress);
    } catch (error) {
      reasons.push(`${name}: ${(error as Error).message}`);
      progress(reasons[reasons.length - 1] as string);
    }
  }
  throw new Error(
    [
      "The Pulumi engine is missing and could not be installed:",
      ...reasons.map((reason) => `  ${reason}`),
      `Install Pulumi ${PINNED_ENGINE} (https://www.pulumi.com/docs/install/) so that \`pulumi\` is on PATH,`,
      "or install Go 1.21 or later and run this again: the engine is then built and cached.",
    ].join("\n"),
  );
}

/** The path of an engine that is recent enough; the first call on a machine may take minutes, `progress` says why. */
export async function ensureEngine(progress: Progress): Promise<string> {
  const found = await find(progress);
  if (found) return found;
  const waiting = (): void => progress("another process is getting the engine; waiting for it");
  return locked(join(engineCache(), "lock"), async () => (await find(progress)) ?? obtain(progress), waiting);
}

if (require.main === module) {
  void ensureEngine((line) => console.error(line)).then(
    (file) => console.log(file),
    (error: Error) => {
      console.error(error.message);
      process.exitCode = 1;
    },
  );
}
