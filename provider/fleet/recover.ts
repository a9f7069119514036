// What an engine that was killed leaves behind, and what of it may safely be removed: pure decisions only.
// A file backend stays locked, and a pending create stays in the state and warns for ever. Both make the next run need a
// person; a refresh would clear them too, but drops a network from the state while its host is unreachable.

/** The contents of a lock file of a file backend (`.pulumi/locks/organization/PROJECT/STACK/ID.json`). */
export interface LockContents {
  pid: number;
  username: string;
  hostname: string;
  /** RFC 3339. */
  timestamp: string;
}

/** This machine, as far as it matters for a lock. */
export interface Machine {
  hostname: string;
  /** When the process of that id started; undefined where there is none. */
  startedAt: (pid: number) => Date | undefined;
}

export type LockVerdict = { stale: true; why: string } | { stale: false; why: string };

/** How much later than its lock a process may have started, by the clocks' coarseness, and still be the lock's owner. */
const CLOCK_SLACK_MS = 5_000;

/** Reads a lock file's text; undefined where it is not one (half-written, or of another version). */
export function parseLock(text: string): LockContents | undefined {
  try {
    const value = JSON.parse(text) as Partial<LockContents> | null;
    const complete =
      typeof value?.pid === "number" && typeof value.hostname === "string" && typeof value.timestamp === "string";
    return complete ? ({ ...value, username: value.username ?? "" } as LockContents) : undefined;
  } catch {
    return undefined;
  }
}

/** A lock may be removed only if this machine took it and the process that took it is gone. */
export function judgeLock(lock: LockContents, machine: Machine): LockVerdict {
  if (lock.hostname !== machine.hostname) {
    return { stale: false, why: `taken on ${lock.hostname} by ${lock.username || "somebody"}, not on this machine` };
  }
  const started = machine.startedAt(lock.pid);
  if (!started) return { stale: true, why: `process ${lock.pid} of this machine is gone` };
  // The id may have been given to another process since, after a reboot above all.
  const taken = Date.parse(lock.timestamp);
  if (Number.isFinite(taken) && started.getTime() > taken + CLOCK_SLACK_MS) {
    return { stale: true, why: `process ${lock.pid} of this machine is another one, younger than the lock` };
  }
  return { stale: false, why: `process ${lock.pid} of this machine is still running` };
}

interface PendingOperation {
  type: string;
  resource: { urn: string };
}

/** What `pulumi stack export` prints: all that is touched here; the rest is passed on as it is. */
export interface ExportedStack {
  deployment?: { pending_operations?: PendingOperation[] | null } & Record<string, unknown>;
}

/**
 * The same deployment without its pending creates, and their URNs. The engine drops the other kinds by itself at the
 * next update; creates it keeps until somebody says what became of them. Here every create may run twice without harm,
 * so nothing needs to be said.
 */
export function withoutPendingCreates<T extends ExportedStack>(stack: T): { stack: T; cleared: string[] } {
  const pending = stack.deployment?.pending_operations ?? [];
  const cleared = pending.filter(({ type }) => type === "creating").map(({ resource }) => resource.urn);
  if (cleared.length === 0) return { stack, cleared };
  const kept = pending.filter(({ type }) => type !== "creating");
  return { stack: { ...stack, deployment: { ...stack.deployment, pending_operations: kept } }, cleared };
}
