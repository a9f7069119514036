// The section of one host.
import { formatPath } from "../../errors";
import { formatPosition, LocatedProblem, sentence } from "../located";
import { Change, Field, HostChange } from "./change";
import { FileDiff } from "./files";
import { Part } from "./fit";
import { HostReport } from "./host";
import { block, code, count, details, head, html, plainText, row } from "./markdown";

/** What is left out first when a report is too long. */
export const Rank = {
  Installed: 1,
  Derived: 2,
  New: 3,
  Changed: 4,
  Unchanged: 5,
  Section: 6,
  Row: 7,
  Warning: 8,
  Refusal: 9,
  RefusedRow: 10,
} as const;

/** So many lines of a difference are open, more are folded. */
const OPEN_LINES = 25;

/** One line of a list. */
export function bullet(problem: LocatedProblem): string {
  const { path, position } = problem;
  const place = position ? `${code(formatPosition(position))} ` : "";
  const at = formatPath(path);
  return `- ${place}${at === "" ? "" : `${code(at)}: `}${plainText(sentence(problem))}\n`;
}

/** Diffs that were shown, and where: the same change of a template is shown once. */
export type Shown = Map<string, string>;

/** `names` are those of the hosts that the same holds for, this one first. */
export function hostSection(
  host: HostReport,
  change: HostChange | undefined,
  names: readonly string[],
  shown: Shown,
): Part[] {
  const key = `section ${host.name}`;
  const list = (title: string, problems: readonly LocatedProblem[], rank: number): Part[] =>
    problems.length === 0
      ? []
      : [
          { text: `**${title}**\n\n`, within: key },
          ...problems.map((problem) => ({
            text: bullet(problem),
            within: key,
            rank,
            label: `findings on ${host.name}`,
          })),
          { text: "\n", within: key },
        ];
  const refused = host.refusals.length > 0 || host.failure !== undefined;
  const parts: Part[] = [
    {
      text: `### ${heading(names)}${note(host)}`,
      key,
      rank: refused ? Rank.Refusal : Rank.Section,
      label: host.name,
    },
    ...list("Refused", host.refusals, Rank.Refusal),
    ...(host.failure === undefined
      ? []
      : [{ text: `**The preview failed**\n\n${block("", tail(host.failure))}\n`, within: key }]),
    ...list("Warnings", host.warnings, Rank.Warning),
    ...list("Passed over", host.passedOver, Rank.Warning),
  ];
  if (change === undefined || change.changes.length === 0) return parts;
  const drift = change.changes.flatMap((each) => each.drift.map((reason) => ({ part: title(each), reason })));
  return [
    ...parts,
    ...(drift.length === 0
      ? []
      : [
          {
            text: `**Changed on the host since the last run, and put right by this one**\n\n${drift.map(({ part, reason }) => `- ${part}: ${plainText(reason)}\n`).join("")}\n`,
            within: key,
          },
        ]),
    { text: `${head(["part", "change", "containers", "what"])}${change.changes.map(line).join("")}\n`, within: key },
    ...change.changes.flatMap((each) => diffs(host.name, each, shown).map((part) => ({ ...part, within: key }))),
  ];
}

function heading(names: readonly string[]): string {
  if (names.length <= 3) return `${names.map(plainText).join(", ")}\n\n`;
  const others = details(`the same on ${count(names.length, "host")}`, `${names.map(code).join(", ")}\n`);
  return `${plainText(names[0]!)} and ${names.length - 1} more\n\n${others}`;
}

function note({ contact, removed, unreached }: HostReport): string {
  if (removed)
    return "It is in the inventory no longer; what is on it stays there, and runs, until `macvlan destroy` takes it away.\n\n";
  if (contact === "unreachable")
    return `**Not reached**${unreached === undefined ? "" : `: ${plainText(unreached)}`}. What was changed on it since the last run, and what there speaks against the plan, is not known.\n\n`;
  return "";
}

/** The end of what an engine said; an error's reason is there. */
function tail(text: string): string {
  const lines = text.split("\n");
  const last = lines.slice(-30).join("\n").slice(-3000);
  return last.length < text.length ? `…\n${last}` : last;
}

export function title({ stage, name }: Change): string {
  if (stage === "appliance") return code(name);
  return stage === "boot" ? name : `${stage} ${code(name)}`;
}

const KINDS = { create: "new", update: "changed", replace: "replaced", delete: "removed" } as const;

function line(change: Change): string {
  const { kind, stage, fields, files, secrets, drift } = change;
  const what = [
    ...fields.map(fieldText),
    ...(secrets ? ["secrets"] : []),
    ...(drift.length > 0 ? ["repair"] : []),
    ...(stage === "boot" && kind === "update" && files.length > 0 ? [count(files.length, "file")] : []),
  ];
  return row([title(change), KINDS[kind], downtimeText(change), what.join("<br>")]);
}

export function fieldText({ label, before, after }: Field): string {
  if (before === after) return `${label} ${code(after!)}`;
  if (before === undefined || after === undefined) return `${label} ${code((after ?? before)!)}`;
  return `${label} ${code(before)} → **${code(after)}**`;
}

function downtimeText({ stage, kind, fields, downtime, deletesVolumes, drift }: Change): string {
  if (drift.some((reason) => /\bdockerd is restarted\b/.test(reason)))
    return "**every container of the host restarts**";
  if (stage === "network" && kind === "replace") return "all on it are down meanwhile";
  // The kernel puts a container's link on the NIC itself, not on the parent link.
  const moved = stage === "link" && kind === "update" && fields.some(({ label }) => label === "NIC");
  if (stage !== "appliance") return moved ? "keep running, on the old NIC until they restart" : "keep running";
  if (downtime === "stops") return deletesVolumes ? "stops, **its volumes are deleted**" : "stops, its volumes stay";
  if (downtime === "replaced") return "down while the network is replaced";
  return downtime === "none" ? "keep running" : downtime;
}

function diffs(host: string, change: Change, shown: Shown): Part[] {
  const { stage, kind, name, files } = change;
  if (kind === "create" && stage !== "appliance") return [];
  const own = files.filter(({ derived }) => !derived);
  const derived = kind === "create" ? [] : files.filter((file) => file.derived);
  const rank = stage === "boot" ? Rank.Installed : kind === "create" ? Rank.New : Rank.Changed;
  const label = `${name} on ${host}`;
  const part = (group: readonly FileDiff[], level: number, open: boolean): Part[] => {
    if (group.length === 0) return [];
    const lines = group.map(({ added, removed }) => added + removed).reduce((a, b) => a + b, 0);
    const text = group.map((file) => `--- ${file.name}\n+++ ${file.name}\n${file.text}`).join("\n");
    const known = shown.get(text);
    if (known !== undefined) return [{ text: `Diff of ${title(change)}: the same as of ${known}.\n\n` }];
    if (stage !== "appliance" || group === own) shown.set(text, `${title(change)} on ${code(host)}`);
    const size = group.map((file) => `${html(file.name)} ${stat(file)}`);
    const few = size.length > 4 ? [...size.slice(0, 3), `${size.length - 3} more files`] : size;
    const summary = `<code>${html(name)}</code>: ${few.join(", ")}`;
    return [
      {
        text: details(summary, block("diff", text), open && lines <= OPEN_LINES),
        short: `Diff of ${title(change)} left out (${count(lines, "line")}).\n\n`,
        rank: level,
        label: `the diff of ${label}`,
      },
    ];
  };
  return [...part(own, rank, kind !== "create" && stage !== "boot"), ...part(derived, Rank.Derived, stage === "link")];
}

function stat({ added, removed }: FileDiff): string {
  return [...(added > 0 ? [`+${added}`] : []), ...(removed > 0 ? [`−${removed}`] : [])].join(" ");
}
