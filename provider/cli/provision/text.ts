// What a run over a fleet prints for people: pure.
import type { ApplianceAddress } from "../../appliance-host";
import type { Outcome, Status } from "../../fleet/run";
import { tally } from "../../fleet/run";
import { hostChange } from "../../report/pull-request";
import { columns, Style } from "../style";

const WORDS: Record<Status, string> = {
  unchanged: "nothing to do",
  changes: "would change",
  done: "done",
  refused: "REFUSED",
  failed: "FAILED",
  interrupted: "interrupted",
  left: "not begun",
};

const COUNTED: Record<Status, string> = {
  ...WORDS,
  unchanged: "unchanged",
  refused: "refused",
  failed: "failed",
};

/** `gw1: done, 5 resources in 12.3 s`. */
export function outcomeLine(outcome: Outcome, style: Style): string {
  const { host, status, done, seconds } = outcome;
  const paint =
    status === "failed" || status === "refused" ? style.bad : status === "unchanged" ? style.faint : style.good;
  const planned = status === "changes" ? `, ${counted(changesOf(outcome).length, "part")}` : "";
  const made = done > 0 ? `, ${counted(done, "resource")}` : "";
  return `${host}: ${paint(WORDS[status])}${planned}${made} in ${seconds.toFixed(1)} s`;
}

/** The plans, what went wrong, and how many hosts are how. */
export function summaryText(outcomes: readonly Outcome[], style: Style, { diff = false } = {}): string {
  const plans = outcomes.filter(({ status }) => status === "changes").map((outcome) => planText(outcome, style, diff));
  const told = outcomes.flatMap((outcome) => findingsOf(outcome, style));
  const counts = tally(outcomes).map(([status, number]) => `${number} ${COUNTED[status]}`);
  const left = outcomes.filter(({ status }) => status === "left" || status === "interrupted").map(({ host }) => host);
  return [
    ...plans,
    ...told,
    `${counted(outcomes.length, "host")}: ${counts.join(", ") || "none"}`,
    ...(left.length > 0 ? [`to be done by the next run: ${left.join(", ")}`] : []),
    "",
  ].join("\n");
}

/** What would be done to one host. */
export function planText(outcome: Outcome, style: Style, diff: boolean): string {
  const changes = changesOf(outcome);
  const rows = changes.map(({ kind, stage, name, fields, downtime, drift, secrets, deletesVolumes }) => [
    kind,
    stage === "boot" ? "boot shim" : `${stage} ${name}`,
    [
      ...fields
        .filter(({ before, after }) => before !== after)
        .map(({ label, before, after }) => `${label} ${arrow(before, after)}`),
      ...(downtime === "none" ? [] : [downtime]),
      ...(secrets ? ["secrets"] : []),
      ...(deletesVolumes ? ["its volumes are deleted"] : []),
      ...drift.map((reason) => `on the host: ${reason}`),
    ].join(", "),
  ]);
  const table = columns(["", "", ""], rows).slice(1);
  const diffs = diff
    ? changes.flatMap(({ name, files }) => files.map((file) => `    ${name}: ${file.name}\n${indent(file.text)}`))
    : [];
  return [style.bold(outcome.host), ...table.map((line) => `  ${line}`), ...diffs, ""].join("\n");
}

function arrow(before: string | undefined, after: string | undefined): string {
  if (before === undefined) return after ?? "";
  return `${before} → ${after ?? "none"}`;
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => `      ${line}`)
    .join("\n");
}

function changesOf({ report }: Outcome) {
  return report?.preview === undefined ? [] : hostChange(report.preview).changes;
}

function findingsOf({ host, faults, notes, report }: Outcome, style: Style): string[] {
  const warnings = report?.warnings ?? [];
  return [
    ...notes.map((note) => `${host}: ${note}`),
    ...warnings.map(({ message, remedy }) => `${host}: ${style.risky("warning")}: ${sentence(message, remedy)}`),
    ...faults.map(({ message, remedy }) => `${host}: ${style.bad("error")}: ${sentence(message, remedy)}`),
  ];
}

function sentence(message: string, remedy: string): string {
  return remedy === "" ? message : `${message}; ${remedy}`;
}

function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}

/** What a stack has as outputs, as far as it is used here. */
export interface HostOutputs {
  readonly appliances?: Readonly<Record<string, ApplianceAddress>>;
}

/** The addresses of all appliances by host; a host without a stack has none. */
export function addressTable(all: Readonly<Record<string, HostOutputs | null>>): string[] {
  const rows = Object.entries(all).flatMap(([host, made]) =>
    Object.entries(made?.appliances ?? {}).map(([name, { ip, ip6 = "", mac = "" }]) => [host, name, ip, ip6, mac]),
  );
  return columns(["HOST", "APPLIANCE", "IP", "IPV6", "MAC"], rows);
}
