import type { Drift } from "../appliance-host";
import type { Finding } from "../doctor";
import { formatPositioned } from "../fleet/inventory/findings";
import { Comparison, HostReport, Inventory, PlacedFinding, Report } from "./report";
import { columns, Style, wrap } from "./style";

/** From so many findings of one rule on, the places of the others stand in one line. */
const MANY = 3;

/** The report for a person: one section for each host. */
export function formatReport(report: Report, style: Style): string {
  if (report.problems.length > 0) return `${report.problems.map((problem) => formatPositioned(problem)).join("\n")}\n`;
  return report.hosts.map((host) => `${formatHost(host, style).join("\n")}\n`).join("\n");
}

function formatHost(host: HostReport, style: Style): string[] {
  const { fault, inventory, findings, specification } = host;
  if (fault !== undefined)
    return [
      `${style.bold(host.host)}  ${style.bad("could not be looked at")}`,
      wrap(fault.message, style.width, "  "),
      `  → ${fault.remedy}`,
    ];
  return [
    heading(host, style),
    ...(inventory ? formatInventory(inventory, style) : []),
    ...(findings ? formatFindings(findings, style) : []),
    ...(specification ? formatComparison(specification, inventory !== undefined, style) : []),
  ];
}

function heading({ host, observed, inventory, specification }: HostReport, style: Style): string {
  const seen = `seen ${(observed ?? "").replace("T", " ")}`;
  if (inventory === undefined) return `${style.bold(host)}  ${verdict(specification!, style)}  ${style.faint(seen)}`;
  const docker = inventory.docker === null ? "no Docker seen" : `Docker ${inventory.docker}`;
  return `${style.bold(host)}  ${style.faint([inventory.os, docker, seen].filter((part) => part !== "").join(", "))}`;
}

function formatInventory({ links, networks, containers }: Inventory, style: Style): string[] {
  if (links.length === 0 && networks.length === 0) return ["", "No MACVLAN seen."];
  const tables = [
    columns(
      ["LINK", "ON", "KIND", "MODE", "MAC", "STATE", "ADDRESS", "MADE BY"],
      links.map(({ name, on, kind, mode, mac, up, addresses, madeBy }) => [
        name,
        on,
        kind,
        mode,
        mac,
        up ? "up" : "down",
        addresses.join(" "),
        madeBy.join(" ") || "?",
      ]),
    ),
    columns(
      ["NETWORK", "DRIVER", "PARENT", "SUBNET", "GATEWAY", "IP RANGE", "STATE"],
      networks.map(({ name, driver, parent, subnet, gateway, ipRange, state }) => [
        name,
        driver,
        parent ?? "none",
        subnet ?? "",
        gateway ?? "none",
        ipRange ?? "all of it",
        state,
      ]),
    ),
    columns(
      ["CONTAINER", "NETWORK", "IP", "", "MAC", "", "RESTART", "STATUS"],
      containers.map(({ name, network, ip, ipPinned, mac, macPinned, restart, status }) => [
        name,
        network,
        ip ?? "",
        ipPinned ? "pinned" : "",
        mac ?? "",
        macPinned === true ? "pinned" : "",
        restart,
        status,
      ]),
    ),
  ];
  return tables.filter((lines) => lines.length > 1).flatMap(([header, ...rows]) => ["", style.faint(header!), ...rows]);
}

function formatFindings(findings: readonly Finding[], style: Style): string[] {
  if (findings.length === 0) return ["", style.good("Nothing to report.")];
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const known = groups.get(finding.id);
    if (known === undefined) groups.set(finding.id, [finding]);
    else known.push(finding);
  }
  const said = new Map<string, string>();
  return ["", style.bold(count(findings)), ...[...groups.values()].flatMap((group) => formatGroup(group, said, style))];
}

function formatGroup(group: readonly Finding[], said: Map<string, string>, style: Style): string[] {
  const shown = group.length < MANY ? group : group.slice(0, 1);
  const others = group.slice(shown.length);
  return [
    ...shown.flatMap((finding) => formatFinding(finding, said, style)),
    ...(others.length === 0
      ? []
      : [wrap(`the same of ${others.map(({ where }) => where).join(", ")} (--json has each)`, style.width, "  ")]),
  ];
}

/** `said` has what was told to be done already, and where: one cure may be for several findings. */
function formatFinding(finding: Finding, said: Map<string, string>, style: Style): string[] {
  const { id, severity, where, means, remedy } = finding;
  const paint = { problem: style.bad, risk: style.risky, note: style.faint }[severity];
  const before = said.get(remedy);
  said.set(remedy, before ?? `${where} ${id}`);
  return [
    "",
    `${paint(severity)}  ${style.bold(where)}  ${style.faint(id)}`,
    wrap(means, style.width, "  "),
    ...steps(before === undefined ? remedy : `as above (${before})`),
  ];
}

/** What to do: a step a line, and not wrapped, so that it can be copied. */
function steps(remedy: string): string[] {
  if (remedy === "") return [];
  return remedy.split(/; |: (?=\(1\) )/).map((step, i) => `  ${i === 0 ? "→" : " "} ${step}`);
}

function count(findings: readonly Finding[]): string {
  return ["problem", "risk", "note"]
    .map((severity) => ({ severity, n: findings.filter((finding) => finding.severity === severity).length }))
    .filter(({ n }) => n > 0)
    .map(({ severity, n }) => `${n} ${severity}${n === 1 ? "" : "s"}`)
    .join(", ");
}

function formatComparison(comparison: Comparison, titled: boolean, style: Style): string[] {
  const { preflight, drift } = comparison;
  const of = (severity: PlacedFinding["severity"]) => preflight.filter((finding) => finding.severity === severity);
  return [
    ...(titled ? ["", `${style.bold("specification")}  ${verdict(comparison, style)}`] : []),
    ...of("refuse").map((problem) => `  ${style.bad("refused")}  ${formatPositioned(problem)}`),
    ...columns(
      ["", ""],
      drift.flatMap(({ resource, reasons }) => reasons.map((reason) => [resourceName(resource), reason])),
    )
      .slice(1)
      .map((line) => `  ${line}`),
    ...of("warn").map((problem) => `  ${style.risky("warning")}  ${formatPositioned(problem)}`),
    ...of("overridden").map((problem) => `  ${style.faint("overridden")}  ${formatPositioned(problem)}`),
  ];
}

function verdict({ inSync, preflight, drift }: Comparison, style: Style): string {
  if (inSync) return style.good("in sync");
  if (preflight.some(({ severity }) => severity === "refuse")) return style.bad("pulumi up would be refused");
  const parts = drift.length === 1 ? "one part differs" : `${drift.length} parts differ`;
  return style.risky(`${parts}, which pulumi up repairs`);
}

function resourceName(resource: Drift["resource"]): string {
  if (typeof resource === "object" && "lan" in resource) return `${resource.part} ${resource.lan}`;
  return typeof resource === "string" ? resource : resource.appliance;
}
