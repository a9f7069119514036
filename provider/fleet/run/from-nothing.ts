// What a program would make where nothing is yet. Nothing is compared then, so that no engine is asked, no plugin, no state and
// no `pulumi`: the program says itself what it registers.
import * as pulumi from "@pulumi/pulumi";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { SpecError } from "../../errors";
import { Diagnostic, Preview, Step, UNKNOWN } from "../../report/pull-request";
import { Ran } from "./run";

/** The mark of a secret in what a program sends. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";

/** One program at a time: Pulumi's runtime outside of an engine is one for the whole process. */
let last: Promise<unknown> = Promise.resolve();

/** The preview of a program as if its stack were empty. Never rejects. */
export function previewFromNothing(project: string, stack: string, program: PulumiFn): Promise<Ran> {
  const ran = last.then(() => run(project, stack, program));
  last = ran;
  return ran;
}

async function run(project: string, stack: string, program: PulumiFn): Promise<Ran> {
  const steps: Step[] = [];
  const diagnostics: Diagnostic[] = [];
  const mocks: pulumi.runtime.Mocks = {
    call: () => ({}),
    newResource: ({ type, name, inputs }) => {
      const given = plain(inputs) as Step["new"];
      steps.push({ urn: "", type, name, kind: "create", new: given, paths: [] });
      // Without an id, what the run would give it is unknown.
      return { id: undefined, state: inputs as Record<string, unknown> };
    },
  };
  try {
    await pulumi.runtime.setMocks(mocks, project, stack, true);
    await program();
    await (pulumi.runtime as unknown as { disconnect(): Promise<void> }).disconnect();
  } catch (error) {
    const message = error instanceof SpecError ? error.message : String((error as Error).stack ?? error);
    diagnostics.push({ severity: "error", message });
  }
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor | undefined;
  const urns = new Map(
    [...(monitor?.getRegisteredResources() ?? new Map<string, object>()).keys()].map((urn) => [keyOf(urn), urn]),
  );
  const preview: Preview = {
    steps: steps.map((step) => ({ ...step, urn: urns.get(`${step.type} ${step.name}`) ?? "" })),
    diagnostics,
    failed: diagnostics.length > 0,
  };
  return { preview, done: 0 };
}

interface Monitor {
  getRegisteredResources(): Map<string, object>;
}

/** Type and name in urn:pulumi:STACK::PROJECT::PARENTS$TYPE::NAME. */
function keyOf(urn: string): string {
  const [, , types = "", ...name] = urn.split("::");
  return `${types.split("$").at(-1)!} ${name.join("::")}`;
}

/** The data as a preview of the engine has it. */
function plain(value: unknown): unknown {
  if (pulumi.isUnknown(value)) return UNKNOWN;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  if (SIGNATURE in value) return "[secret]";
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
