// The thin side of recover.ts: lock files of a file backend, and the stack's state by export and import.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname, uptime } from "node:os";
import { join } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation";
import { judgeLock, parseLock, withoutPendingCreates, type Machine } from "./recover";

/** The start of a process, from /proc (Linux); elsewhere a running process counts as started long ago. */
function startedAt(pid: number): Date | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return undefined;
  }
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return new Date(0);
  // Field 22 counts ticks of 1/100 s since boot; field 2 is a name in parentheses that may hold anything.
  const fields = readFileSync(file, "utf8")
    .replace(/^.*\)\s/s, "")
    .split(" ");
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
 * Clears pending creates by export and import, never by a refresh.
 * @returns a line for the person per create that was cleared
 */
export async function clearPendingCreates(stack: Stack): Promise<string[]> {
  const { stack: clean, cleared } = withoutPendingCreates(await stack.exportStack());
  if (cleared.length > 0) await stack.importStack(clean);
  return cleared.map((urn) => `interrupted create of ${urn.split("::").pop() ?? urn} cleared; it runs again`);
}
