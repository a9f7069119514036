// The table of the hosts that there is something to tell of.
import { HostChange } from "./change";
import { Part } from "./fit";
import { HostReport } from "./host";
import { impactOf, inWords, some, weight } from "./impact";
import { code, count, head, row } from "./markdown";
import { fieldText, Rank, title } from "./sections";

/** A host, and what would be done to it. */
export interface Row {
  readonly host: HostReport;
  readonly change?: HostChange;
}

/** Hosts of which the same is to be told, such as all those of an upgrade. */
export interface Group extends Row {
  readonly names: readonly string[];
}

/** In the order of their first hosts. */
export function groupsOf(rows: readonly Row[]): Group[] {
  const groups = new Map<string, Row[]>();
  for (const each of rows) {
    const { contact, refusals, warnings, passedOver, failure, unreached, removed } = each.host;
    const key = JSON.stringify([contact, refusals, warnings, passedOver, failure, unreached, removed, each.change]);
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()].map((same) => ({ ...same[0]!, names: same.map(({ host }) => host.name) }));
}

/** Nothing would be done to it. */
export function isRefused({ host }: Row): boolean {
  return host.refusals.length > 0 || host.failure !== undefined;
}

/** One row for each group. */
export function summary(rows: readonly Group[]): Part[] {
  // Where rows must go, those that change least go first: fit takes the longest of a rank, so each weight is a rank.
  const most = Math.max(1, ...rows.map(({ change }) => (change ? weight(change) : 0)));
  const cells = rows.map(cellsOf);
  const titles = TITLES.filter((title) => cells.some((each) => each[title] !== ""));
  return [
    { text: head(titles) },
    ...rows.map((each, i): Part => {
      const share = (each.change ? weight(each.change) : 0) / (most + 1);
      const rank = (isRefused(each) ? Rank.RefusedRow : Rank.Row) + share;
      return { text: row(titles.map((title) => cells[i]![title])), rank, label: `the row of ${each.host.name}` };
    }),
    { text: "\n" },
  ];
}

/** What a narrow screen cuts off is at the end; a column that no row has anything in is left out. */
const TITLES = ["host", "findings", "containers", "parts", "addresses"] as const;

function cellsOf({ host, change, names }: Group): Record<(typeof TITLES)[number], string> {
  const changes = change?.changes ?? [];
  const parts = changes.map(
    (each) => `${{ create: "+", update: "~", replace: "±", delete: "−" }[each.kind]} ${title(each)}`,
  );
  const addresses = changes
    .filter(({ stage, kind }) => stage === "appliance" && kind !== "create" && kind !== "delete")
    .flatMap((each) =>
      each.fields
        .filter(({ label, before, after }) => (label === "IP" || label === "IPv6") && before !== after)
        .map((field) => `${code(each.name)} ${fieldText(field)}`),
    );
  const containers = change === undefined ? [] : inWords(impactOf(change));
  const findings = [
    ...(host.failure === undefined ? [] : ["**preview failed**"]),
    ...(host.refusals.length > 0 ? [`**${count(host.refusals.length, "refusal")}**`] : []),
    ...(host.warnings.length > 0 ? [count(host.warnings.length, "warning")] : []),
    ...(changes.some(({ drift }) => drift.length > 0) ? ["drift"] : []),
    ...(host.contact === "unreachable" ? ["not reached"] : []),
    ...(host.removed ? ["left the inventory"] : []),
  ];
  const touched = containers.length === 0 ? "" : `${containers.join(", ")} (of ${change!.appliances})`;
  return {
    host: some(names, 3),
    findings: findings.join(", "),
    containers: change?.dockerd ? "**all restart (dockerd)**" : touched,
    parts: few(parts, 6, ", "),
    addresses: few(addresses, 3, "<br>"),
  };
}

function few(texts: readonly string[], most: number, separator: string): string {
  const shown = texts.slice(0, most);
  return [...shown, ...(texts.length > most ? [`${texts.length - most} more`] : [])].join(separator);
}
