// One operation on one host, as data.
import type { EngineEvent, Stack } from "@pulumi/pulumi/automation";
import { Preview, previewOf } from "../../report/pull-request";
import { separateErrors } from "./own-errors";

/** What one operation on one stack did, or would do. */
export interface Ran {
  readonly preview: Preview;
  /** Resources that were changed. */
  readonly done: number;
  /** The engine's own words where it failed before it said anything in events. */
  readonly error?: string;
}

/** A resource that the engine begins or has done with. */
export interface Moment {
  readonly op: string;
  readonly name: string;
  readonly type: string;
  readonly state: "begun" | "done" | "failed";
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  /** Told of each resource (TYPE::NAME) that the engine has done with, also where there was nothing to do. */
  readonly onEnded?: (resource: string) => void;
  readonly onMoment?: (moment: Moment) => void;
}

/** After these a resource is not done with yet. */
const PARTIAL = new Set(["delete-replaced", "discard-replaced", "replace"]);
const QUIET = new Set(["same", "read", "refresh"]);

type Operation = "preview" | "up" | "destroy";

/** Never rejects. */
export async function runStack(operation: Operation, stack: Stack, options: RunOptions): Promise<Ran> {
  separateErrors();
  const first = await attempt(operation, stack, options);
  return missedEngine(first) ? attempt(operation, stack, options) : first;
}

async function attempt(operation: Operation, stack: Stack, { signal, onEnded, onMoment }: RunOptions): Promise<Ran> {
  const events: EngineEvent[] = [];
  let done = 0;
  const onEvent = (event: EngineEvent): void => {
    if (isTold(event)) events.push(event);
    const ended = endedIn(event);
    if (ended !== undefined) onEnded?.(ended);
    const moment = momentOf(event);
    if (operation !== "preview" && moment?.state === "done" && isOnHost(moment)) done += 1;
    if (moment && operation !== "preview" && isOnHost(moment)) onMoment?.(moment);
  };
  try {
    await stack[operation]({ onEvent, signal, color: "never" });
    return { preview: previewOf(events), done };
  } catch (error) {
    return { preview: { ...previewOf(events), failed: true }, done, error: (error as Error).message };
  }
}

/** Debug messages of the SDK hold whole resources. */
function isTold({ resourcePreEvent, diagnosticEvent, summaryEvent }: EngineEvent): boolean {
  if (diagnosticEvent) return (diagnosticEvent.severity as string) !== "debug" && !diagnosticEvent.ephemeral;
  return resourcePreEvent !== undefined || summaryEvent !== undefined;
}

function momentOf({ resourcePreEvent, resOutputsEvent, resOpFailedEvent }: EngineEvent): Moment | undefined {
  const [metadata, state] = resourcePreEvent
    ? ([resourcePreEvent.metadata, "begun"] as const)
    : resOutputsEvent
      ? ([resOutputsEvent.metadata, "done"] as const)
      : ([resOpFailedEvent?.metadata, "failed"] as const);
  if (metadata === undefined || QUIET.has(metadata.op)) return undefined;
  return { op: metadata.op, name: nameOf(metadata.urn), type: metadata.type, state };
}

function endedIn({ resOutputsEvent, resOpFailedEvent }: EngineEvent): string | undefined {
  const metadata = (resOutputsEvent ?? resOpFailedEvent)?.metadata;
  return metadata === undefined || PARTIAL.has(metadata.op) ? undefined : `${metadata.type}::${nameOf(metadata.urn)}`;
}

function nameOf(urn: string): string {
  return urn.split("::").at(-1)!;
}

/**
 * The program did not reach its own engine, because gRPC took the engine's port for that of another, dead one. Nothing was
 * registered then, and the next engine has another port.
 */
function missedEngine({ preview, error = "" }: Ran): boolean {
  return preview.steps.length === 0 && error.includes("No connection established. Last error: null");
}

/** Components and providers are only in the state. */
export function isOnHost({ type }: { readonly type: string }): boolean {
  return /^(command|docker):/.test(type);
}
