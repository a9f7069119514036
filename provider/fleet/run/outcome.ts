// What a run over a fleet came to: pure.
import type { Fault } from "../../errors";
import type { HostReport } from "../../report/pull-request";

export type Operation = "preview" | "up" | "destroy";

/** What became of one host. */
export type Status =
  /** Nothing differs, nothing was done. */
  | "unchanged"
  /** Of a preview: something would be done. */
  | "changes"
  /** Of a run: all of it was done. */
  | "done"
  /** A rule, or another plan than the reviewed one, stopped it before anything was touched. */
  | "refused"
  | "failed"
  /** Begun, and ended early because of a Ctrl-C. */
  | "interrupted"
  /** Not begun. */
  | "left";

/** One host after a run. */
export interface Outcome {
  readonly host: string;
  readonly status: Status;
  /** Seconds that it took. */
  readonly seconds: number;
  /** Why it is not done: each with what to do. */
  readonly faults: readonly Fault[];
  /** What else there is to know, such as locks that were cleared. */
  readonly notes: readonly string[];
  /** Resources that were changed. */
  readonly done: number;
  /** What the engine said it would do; undefined for a host that was not begun. */
  readonly report?: HostReport;
}

/** Exit codes as of all commands: 0, 1 if any host is not done, 3 if changes were not expected. */
export function exitCode(outcomes: readonly Outcome[], expectNoChanges = false): 0 | 1 | 3 {
  if (outcomes.some(({ status }) => !["unchanged", "changes", "done"].includes(status))) return 1;
  return expectNoChanges && outcomes.some(({ status }) => status === "changes") ? 3 : 0;
}

/** How many hosts have which status, in the order of importance. */
export function tally(outcomes: readonly Outcome[]): [Status, number][] {
  const order: Status[] = ["failed", "refused", "interrupted", "left", "changes", "done", "unchanged"];
  return order
    .map((status): [Status, number] => [status, outcomes.filter((outcome) => outcome.status === status).length])
    .filter(([, number]) => number > 0);
}
