// The official plugins, where they can be downloaded: once, into the engine's own plugin cache.
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { engineCache, type Progress } from "../engine";
import { withProgress } from "../engine/install";
import { tryRun } from "../run";
import { selectPlugins, type Plugins } from "./select";

const OFFICIAL = [
  ["command", "1.2.1"],
  ["docker", "5.2.0"],
] as const;

/** How long a download that failed is not tried again: a machine behind a wall shall not wait at every run. */
const PATIENCE_MS = 24 * 3600 * 1000;

function failedLately(marker: string): boolean {
  try {
    return Date.now() - statSync(marker).mtimeMs < PATIENCE_MS;
  } catch {
    return false;
  }
}

async function download(engine: string): Promise<string | undefined> {
  for (const [name, version] of OFFICIAL) {
    const { code, stderr } = await tryRun(engine, ["plugin", "install", "resource", name, version], {
      // Away from the repository: there the engine would take its Pulumi.yaml and PulumiPlugin.yaml for a conflict.
      cwd: tmpdir(),
      env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" },
      timeout: 180_000,
    });
    if (code !== 0) return stderr.trim().split("\n").pop() ?? `code ${String(code)}`;
  }
  return undefined;
}

/** The official plugins if they are here or can be downloaded, else the stand-ins; never fails for want of a network. */
export async function ensurePlugins(engine: string, progress: Progress): Promise<Plugins> {
  const found = selectPlugins();
  const marker = join(engineCache(), "no-plugin-downloads");
  if (found.kind === "official" || process.env.MACVLAN_PLUGINS || failedLately(marker)) return found;
  const problem = await withProgress("downloading the official Pulumi plugins", progress, download(engine));
  if (problem === undefined) return selectPlugins();
  progress(`the lab's stand-ins are used instead: ${problem}`);
  mkdirSync(dirname(marker), { recursive: true });
  writeFileSync(marker, `${problem}\n`);
  return found;
}
