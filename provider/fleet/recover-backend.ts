// The thin side of recover.ts: lock files of a file backend, and the stack's state by export and import.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir, uptime } from "node:os";
import { join } from "node:path";
import { judgeLock, parseLock, withoutPendingCreates, type ExportedStack, type Machine } from "./recover";

/** The start of a process, from /proc (Linux); elsewhere a running process counts as started long ago. */
function startedAt(pid: number): Date | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return undefined;
  }
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return new Date(0);
  // Field 3 is the state, 22 counts ticks of 1/100 s since boot; field 2 is a name in parentheses that may hold anything.
  const fields = readFileSync(file, "utf8")
    .replace(/^.*\)\s/s, "")
    .split(" ");
  // Ended, and its parent has not asked how: in a container whose first process never asks that stays so.
  if (/[ZX]/.test(fields[0]!)) return undefined;
  return new Date(Date.now() - uptime() * 1000 + Number(fields[19]) * 10);
}

export const thisMachine: Machine = { hostname: hostname(), startedAt };

/**
 * Removes the stale locks of one stack in a file backend.
 * @param backend the backend's folder, the one that holds `.pulumi`
 * @returns a line for the person per lock: removed, or kept and why
 */
export function clearStaleLocks(backend: string, project: string, stack: string, machine = thisMachine): string[] {
  const folder = join(backend, ".pulumi", "locks", "organization", project, stack);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => {
      const lock = parseLock(readFileSync(join(folder, name), "utf8"));
      if (!lock) return [`lock ${name} of ${stack} is unreadable; kept`];
      const { stale, why } = judgeLock(lock, machine);
      if (stale) rmSync(join(folder, name), { force: true });
      return [`lock of ${stack} ${stale ? "removed" : "kept"}: ${why}`];
    });
}

/**
 * Clears pending creates by export and import, never by a refresh. Secrets stay encrypted on the way: the Automation
 * API's own exportStack would print them in clear.
 * @param cli runs `pulumi` with these arguments and the stack's environment; rejects where it fails
 * @returns a line for the person per create that was cleared
 */
export async function clearPendingCreates(cli: (args: string[]) => Promise<unknown>, stack: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "macvlan-state-"));
  try {
    const file = join(folder, "stack.json");
    await cli(["stack", "export", "--stack", stack, "--file", file]);
    const exported = JSON.parse(readFileSync(file, "utf8")) as ExportedStack;
    const { stack: clean, cleared } = withoutPendingCreates(exported);
    if (cleared.length > 0) {
      writeFileSync(file, JSON.stringify(clean), { mode: 0o600 });
      await cli(["stack", "import", "--stack", stack, "--file", file]);
    }
    return cleared.map((urn) => `interrupted create of ${urn.split("::").pop() ?? urn} cleared; it runs again`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
