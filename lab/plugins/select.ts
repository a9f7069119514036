// Which provider plugins the engine is to use here: the official ones where they are, else the lab's stand-ins.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

export interface Plugins {
  kind: "official" | "stand-in";
  /** Folders that go first on the engine's PATH. */
  folders: string[];
  /** For the person: which plugins these are. */
  what: string;
}

const NAMES = ["pulumi-resource-command", "pulumi-resource-docker"] as const;

/** The versions that the pinned SDKs ask for. */
const CACHED = ["resource-command-v1.2.1", "resource-docker-v5.2.0"] as const;

/** The folder of the stand-ins. */
export const STAND_INS = __dirname;

const holdsAll = (folder: string): boolean => NAMES.every((name) => existsSync(join(folder, name)));

/**
 * $MACVLAN_PLUGINS (a folder with both executables), then PATH, then the engine's plugin cache, then the stand-ins.
 * Throws where $MACVLAN_PLUGINS names a folder that does not hold both.
 */
export function selectPlugins(env: NodeJS.ProcessEnv = process.env): Plugins {
  const wanted = env.MACVLAN_PLUGINS;
  if (wanted) {
    if (!holdsAll(wanted)) throw new Error(`MACVLAN_PLUGINS: ${wanted} must hold ${NAMES.join(" and ")}`);
    const kind = wanted === STAND_INS ? "stand-in" : "official";
    return { kind, folders: [wanted], what: `${kind} plugins of ${wanted} (MACVLAN_PLUGINS)` };
  }
  const path = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "" && folder !== STAND_INS);
  const found = NAMES.map((name) => path.find((folder) => existsSync(join(folder, name))));
  if (found.every((folder) => folder !== undefined)) {
    return { kind: "official", folders: [...new Set(found)], what: "official plugins on PATH" };
  }
  const cache = join(env.PULUMI_HOME || join(homedir(), ".pulumi"), "plugins");
  const cached = CACHED.map((name) => join(cache, name));
  if (cached.every((folder, index) => existsSync(join(folder, NAMES[index] as string)))) {
    return { kind: "official", folders: cached, what: "official plugins of the plugin cache" };
  }
  return { kind: "stand-in", folders: [STAND_INS], what: "the lab's stand-in plugins" };
}
