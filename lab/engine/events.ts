// Engine events as something that tests and progress lines can use: pure.
import type { EngineEvent, OpType } from "@pulumi/pulumi/automation";

/** One operation on one resource. */
export interface Step {
  op: OpType;
  urn: string;
  type: string;
  name: string;
  /** The inputs before and after, secrets masked. */
  old?: Record<string, unknown>;
  new?: Record<string, unknown>;
  /** Paths that changed, with the kind of the change ("update", "add-replace", …). */
  diff: Record<string, string>;
  /** Top-level properties that force a replacement. */
  keys: string[];
}

/** A step that ended, well or not. */
export interface Ended extends Step {
  failed: boolean;
  /** Seconds since its start. */
  seconds: number;
}

export interface Diagnostic {
  severity: string;
  urn?: string;
  message: string;
}

export interface Recording {
  /** Every step in the order of its start, without those that change nothing. */
  started: Step[];
  /** Every step in the order of its end; empty in a preview. */
  ended: Ended[];
  diagnostics: Diagnostic[];
  /** How many resources had which operation. */
  changes: Partial<Record<OpType, number>>;
}

/** Operations that touch nothing. */
const QUIET = new Set<string>(["same", "read", "refresh"]);

export const nameOf = (urn: string): string => urn.split("::").pop() ?? urn;

type Metadata = NonNullable<EngineEvent["resourcePreEvent"]>["metadata"];

function stepOf({ op, urn, type, old, new: after, detailedDiff, keys }: Metadata): Step {
  const diff = Object.entries(detailedDiff ?? {}).map(([path, { diffKind }]) => [path, diffKind]);
  return {
    op,
    urn,
    type,
    name: nameOf(urn),
    old: old?.inputs as Record<string, unknown> | undefined,
    new: after?.inputs as Record<string, unknown> | undefined,
    diff: Object.fromEntries(diff) as Record<string, string>,
    keys: keys ?? [],
  };
}

/** Colour marks of the engine's messages, such as <{%reset%}>. */
const plain = (message: string): string => message.replace(/<\{%.*?%\}>/g, "").trimEnd();

/** Collects the events of one run; `now` gives milliseconds. */
export function recorder(
  now: () => number,
  onEnd?: (step: Ended) => void,
  onDiagnostic?: (diagnostic: Diagnostic) => void,
): { recording: Recording; onEvent: (event: EngineEvent) => void } {
  const recording: Recording = { started: [], ended: [], diagnostics: [], changes: {} };
  const starts = new Map<string, number>();
  const end = (metadata: Metadata, failed: boolean): void => {
    const step = stepOf(metadata);
    if (QUIET.has(step.op)) return;
    const seconds = (now() - (starts.get(`${step.op} ${step.urn}`) ?? now())) / 1000;
    recording.ended.push({ ...step, failed, seconds });
    onEnd?.({ ...step, failed, seconds });
  };
  const onEvent = (event: EngineEvent): void => {
    const { resourcePreEvent, resOutputsEvent, resOpFailedEvent, diagnosticEvent, summaryEvent } = event;
    if (resourcePreEvent && !QUIET.has(resourcePreEvent.metadata.op)) {
      const step = stepOf(resourcePreEvent.metadata);
      starts.set(`${step.op} ${step.urn}`, now());
      recording.started.push(step);
    }
    if (resOutputsEvent && !resOutputsEvent.planning) end(resOutputsEvent.metadata, false);
    if (resOpFailedEvent) end(resOpFailedEvent.metadata, true);
    // Debug messages of the SDK hold whole resources; nobody reads them here.
    if (diagnosticEvent && (diagnosticEvent.severity as string) !== "debug") {
      const { severity, urn, message, prefix } = diagnosticEvent;
      const diagnostic = { severity, urn, message: plain(`${prefix ?? ""}${message}`) };
      // Ephemeral messages are what a command prints while it runs.
      if (!diagnosticEvent.ephemeral) recording.diagnostics.push(diagnostic);
      onDiagnostic?.(diagnostic);
    }
    if (summaryEvent) recording.changes = summaryEvent.resourceChanges;
  };
  return { recording, onEvent };
}
