import type { EngineEvent } from "@pulumi/pulumi/automation";
import { expect, test } from "vitest";
import { recorder } from "./events";

const urn = "urn:pulumi:dev::lab::command:local:Command::c";
const metadata = (op: string): never =>
  ({
    op,
    urn,
    type: "command:local:Command",
    provider: "",
    detailedDiff: { "environment.A": { diffKind: "update" } },
  }) as never;
const event = (part: Partial<EngineEvent>): EngineEvent => ({ sequence: 0, timestamp: 0, ...part });

test("steps with their times, diagnostics without colours, nothing of what did not change", () => {
  let clock = 1000;
  const { recording, onEvent } = recorder(() => clock);
  onEvent(event({ resourcePreEvent: { metadata: metadata("same") } }));
  onEvent(event({ resourcePreEvent: { metadata: metadata("update") } }));
  clock += 2500;
  onEvent(event({ resOutputsEvent: { metadata: metadata("update") } }));
  onEvent(event({ resOpFailedEvent: { metadata: metadata("delete"), status: 0, steps: 0 } }));
  const said = { color: "never", severity: "error" as const };
  onEvent(event({ diagnosticEvent: { ...said, prefix: "<{%fg 1%}>error: <{%reset%}>", message: "no\n" } }));
  onEvent(event({ diagnosticEvent: { ...said, message: "passing by", ephemeral: true } }));
  expect(recording.started.map(({ op, name, diff }) => ({ op, name, diff }))).toEqual([
    { op: "update", name: "c", diff: { "environment.A": "update" } },
  ]);
  expect(recording.ended.map(({ op, failed, seconds }) => ({ op, failed, seconds }))).toEqual([
    { op: "update", failed: false, seconds: 2.5 },
    { op: "delete", failed: true, seconds: 0 },
  ]);
  expect(recording.diagnostics).toEqual([{ severity: "error", urn: undefined, message: "error: no" }]);
});
