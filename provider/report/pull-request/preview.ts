// What the engine says in a preview, as far as a report tells it: pure.
import type { EngineEvent } from "@pulumi/pulumi/automation";

/** Inputs of a resource; secrets are "[secret]". */
export type Inputs = Readonly<Record<string, unknown>>;

/** What would be done to one resource. */
export interface Step {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly kind: "same" | "create" | "update" | "replace" | "delete";
  /** Undefined for what is made. */
  readonly old?: Inputs;
  /** Undefined for what is taken away. */
  readonly new?: Inputs;
  /** Paths of inputs that differ, also of those whose values are secret. */
  readonly paths: readonly string[];
}

export interface Diagnostic {
  readonly severity: "error" | "warning" | "info";
  readonly message: string;
}

/** The preview of one stack. */
export interface Preview {
  /** One for each resource, those that stay as they are too, in the order of their first event. */
  readonly steps: readonly Step[];
  readonly diagnostics: readonly Diagnostic[];
  readonly failed: boolean;
}

/** The property under which Pulumi marks an object as something else than data, and the mark of a secret. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
/** What stands for a value that only the run will know. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The events of one preview. Debug messages hold whole resources, and what a plugin prints passes by. */
export function previewOf(events: readonly EngineEvent[]): Preview {
  const steps = new Map<string, Step>();
  const diagnostics = new Map<string, Diagnostic>();
  let failed = false;
  for (const { resourcePreEvent, diagnosticEvent, summaryEvent } of events) {
    if (resourcePreEvent) {
      const step = stepOf(resourcePreEvent.metadata);
      const before = steps.get(step.urn);
      steps.set(step.urn, before ? merged(before, step) : step);
    }
    const severity = diagnosticEvent && severityOf(diagnosticEvent.severity);
    if (severity && !diagnosticEvent.ephemeral) {
      const message = diagnosticEvent.message.replace(/<\{%.*?%\}>/g, "").trim();
      if (message !== "") diagnostics.set(`${severity} ${message}`, { severity, message });
    }
    if (summaryEvent) failed = (summaryEvent as { result?: string }).result === "failed";
  }
  return { steps: [...steps.values()], diagnostics: [...diagnostics.values()], failed };
}

type Metadata = NonNullable<EngineEvent["resourcePreEvent"]>["metadata"];

function stepOf({ op, urn, type, old, new: after, detailedDiff, diffs }: Metadata): Step {
  return {
    ...{ urn, type, name: urn.split("::").at(-1) ?? urn, kind: kindOf(op) },
    old: old?.inputs && (plain(old.inputs) as Inputs),
    new: after?.inputs && (plain(after.inputs) as Inputs),
    paths: [...new Set([...Object.keys(detailedDiff ?? {}), ...(detailedDiff ? [] : (diffs ?? []))])],
  };
}

function kindOf(op: string): Step["kind"] {
  if (op === "create" || op === "import") return "create";
  if (op === "update") return "update";
  if (op === "delete" || op === "discard") return "delete";
  return /replace/.test(op) ? "replace" : "same";
}

/** A replacement comes in parts: the deletion has the old inputs alone, the creation both. */
function merged(before: Step, step: Step): Step {
  return {
    ...step,
    kind: before.kind === "replace" ? "replace" : step.kind,
    old: before.old ?? step.old,
    new: step.new ?? before.new,
    paths: [...new Set([...before.paths, ...step.paths])],
  };
}

function severityOf(severity: string): Diagnostic["severity"] | undefined {
  if (severity === "error" || severity === "warning") return severity;
  return severity.startsWith("info") ? "info" : undefined;
}

/** The data without the marks of the engine. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  if (SIGNATURE in value) return "[secret]";
  const entries = Object.entries(value).filter(([key]) => key !== "__defaults");
  return Object.fromEntries(entries.map(([key, inner]) => [key, plain(inner)]));
}
