import * as os from "node:os";
import * as path from "node:path";

type Env = Record<string, string | undefined>;

/** Longest path that a unix socket can have: `sun_path` has 108 bytes, the last one is NUL. */
const LONGEST_SOCKET = 107;

/** Images and prepared disks, shared by all labs of a user: `${XDG_CACHE_HOME:-~/.cache}/pulumi-macvlan/lab`. */
export function cacheDir(env: Env = process.env): string {
  return path.join(absolute(env.XDG_CACHE_HOME) ?? path.join(os.homedir(), ".cache"), "pulumi-macvlan", "lab");
}

/**
 * The folder of one lab's run state: `LAB_DIR` when set, else `${XDG_STATE_HOME:-~/.local/state}/pulumi-macvlan/lab/run/NAME`.
 * @throws when the name is not a plain word, or the folder is so deep that no unix socket fits in it
 */
export function labDir(name: string, env: Env = process.env): string {
  if (!/^[a-z0-9][a-z0-9-]{0,30}$/.test(name)) {
    throw new Error(`lab name "${name}": use up to 31 lower-case letters, digits and hyphens`);
  }
  const state = absolute(env.XDG_STATE_HOME) ?? path.join(os.homedir(), ".local", "state");
  const dir = env.LAB_DIR ? path.resolve(env.LAB_DIR) : path.join(state, "pulumi-macvlan", "lab", "run", name);
  const longest = path.join(dir, "lab9", "port.sock");
  if (Buffer.byteLength(longest) > LONGEST_SOCKET) {
    throw new Error(`${dir} is too long for a unix socket in it; set LAB_DIR to a shorter folder`);
  }
  return dir;
}

/** The XDG rules: a relative path in such a variable is to be ignored. */
function absolute(value: string | undefined): string | undefined {
  return value && path.isAbsolute(value) ? value : undefined;
}
