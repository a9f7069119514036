// The report of a pull request: what merging it would do to every host of a fleet, as one Markdown comment. Pure, and the
// same for the same input.
import { LocatedProblem } from "../located";
import { Change, hostChange } from "./change";
import { fit, Part } from "./fit";
import { HostReport } from "./host";
import { impactOf, some, WORDS } from "./impact";
import { code, count, details, html, plainText } from "./markdown";
import { bullet, hostSection, Rank, Shown } from "./sections";
import { groupsOf, isRefused, Row, summary } from "./summary";

/** What a report is made of. */
export interface ReportInput {
  /** In the order of the inventory. */
  readonly hosts: readonly HostReport[];
  /** What is wrong with the inventory itself. */
  readonly problems?: readonly LocatedProblem[];
  /** What the hosts of the inventory were compared with, such as "the inventory of main". Default: the last known state. */
  readonly against?: string;
  /** Tells the comments of several fleets in one repository apart. */
  readonly fleet?: string;
  /** Characters that the report may have. GitHub takes 65 536; the default leaves room for what a job adds. */
  readonly limit?: number;
  /** Where all of it is to be read if parts had to be left out, as a sentence. */
  readonly more?: string;
}

const LIMIT = 62_000;

/** The first line of a report, by which a job finds the comment that it is to replace. */
export function reportMarker(fleet = ""): string {
  const name = fleet
    .replace(/[^\w./-]+/g, " ")
    .replace(/--+/g, "-")
    .trim();
  return `<!-- macvlan preview${name === "" ? "" : ` of ${name}`} -->`;
}

/** The report in Markdown. */
export function renderReport(input: ReportInput): string {
  const { hosts, problems = [], limit = LIMIT, fleet } = input;
  const rows = hosts.map((host): Row => ({ host, change: host.preview && hostChange(host.preview) }));
  const loud = groupsOf(rows.filter(isLoud)).sort((a, b) => Number(isRefused(b)) - Number(isRefused(a)));
  const shown: Shown = new Map();
  const parts: Part[] = [
    { text: `${reportMarker(fleet)}\n## ${plainText(headline(input, rows))}\n\n${impact(rows)}${basis(input, rows)}` },
    ...inventoryProblems(problems),
    ...(loud.length > 1 ? summary(loud) : []),
    ...loud.flatMap(({ host, change, names }) => hostSection(host, change, names, shown)),
    ...unchanged(rows.filter((each) => !isLoud(each))),
    { text: secretsNote(rows) },
  ];
  const whole = fit(parts, limit);
  if (whole.omitted.length === 0) return finished(whole.text);
  const ROOM = 600;
  const cut = fit(parts, limit - ROOM);
  return finished(`${cut.text}${omittedNote(cut.omitted, input.more)}`);
}

function finished(text: string): string {
  return `${text.trimEnd()}\n`;
}

function isLoud({ host, change }: Row): boolean {
  const { refusals, warnings, passedOver, failure, removed, preview } = host;
  const findings = refusals.length + warnings.length + passedOver.length;
  if (findings > 0 || failure !== undefined || removed === true) return true;
  return preview !== undefined && change!.changes.length > 0;
}

function headline({ fleet, problems = [] }: ReportInput, rows: readonly Row[]): string {
  const name = `macvlan${fleet === undefined ? "" : ` ${fleet}`}`;
  if (problems.length > 0) return `${name}: the inventory is refused (${count(problems.length, "problem")})`;
  const there = rows.filter(({ host }) => host.removed !== true);
  const those = (is: (row: Row) => boolean): string => {
    const found = rows.filter(is).map(({ host }) => host.name);
    return found.length <= 2 ? found.join(" and ") : `${found.length} of ${there.length} hosts`;
  };
  const refused = those(({ host }) => host.refusals.length > 0);
  const failed = those(({ host }) => host.failure !== undefined);
  const unseen = those(({ host }) => host.contact === "unreachable" && host.failure === undefined);
  const left = those(({ host }) => host.removed === true);
  const changed = there.filter(({ change }) => change !== undefined && change.changes.length > 0);
  const said = [
    ...(refused === "" ? [] : [`${refused} refused`]),
    ...(failed === "" ? [] : [`the preview of ${failed} failed`]),
    ...(unseen === "" ? [] : [`${unseen} not reached`]),
    ...(changed.length === 0 ? [] : [changesOf(changed, there)]),
    ...(left === "" ? [] : [`${left} left the inventory`]),
  ];
  return `${name}: ${said.length === 0 ? "nothing changes" : said.join("; ")}`;
}

function changesOf(changed: readonly Row[], rows: readonly Row[]): string {
  if (rows.length === 1) return `${changed[0]!.host.name} changes`;
  return `${changed.length} of ${count(rows.length, "host")} ${changed.length === 1 ? "changes" : "change"}`;
}

function impact(rows: readonly Row[]): string {
  const impacts = rows.flatMap(({ host, change }) => (change ? [{ host: host.name, ...impactOf(change) }] : []));
  const of = (key: keyof ReturnType<typeof impactOf>): Named[] =>
    impacts.flatMap((each) => each[key].map((name) => ({ name, host: each.host })));
  const say = (found: readonly Named[], noun: string, one: string, many: string): string[] =>
    found.length === 0
      ? []
      : [`- ${count(found.length, noun)} ${found.length === 1 ? one : many}${which(found, rows.length > 1)}`];
  const dockerd = rows.filter(({ change }) => change?.dockerd).map(({ host }) => host.name);
  const gone = rows.flatMap(({ host, change }) =>
    (change?.changes ?? []).flatMap(({ name, deletesVolumes }) => (deletesVolumes ? [`${name} on ${host.name}`] : [])),
  );
  const lines = [
    ...(dockerd.length > 0 ? [`- **dockerd restarts on ${some(dockerd)}, which stops every container there**`] : []),
    ...(gone.length > 0 ? [`- **volumes are deleted: ${some(gone)}**`] : []),
    ...WORDS.flatMap(([key, one, many]) => say(of(key), "appliance", one, many)),
    ...say(of("networks"), "network", "is replaced", "are replaced"),
    ...moves(rows),
  ];
  const changes = rows.some(({ change }) => change !== undefined && change.changes.length > 0);
  if (lines.length === 0 && changes) lines.push("- no container restarts");
  return lines.length === 0 ? "" : `${lines.join("\n")}\n\n`;
}

interface Named {
  readonly name: string;
  readonly host: string;
}

/** So many are called by their names. */
const NAMES = 6;

/** `: dns, web on gw1; dns on gw2`; of many their hosts. */
function which(found: readonly Named[], severalHosts: boolean): string {
  const hosts = [...new Set(found.map(({ host }) => host))];
  if (found.length > NAMES) {
    if (!severalHosts) return "";
    return ` on ${hosts.length <= NAMES ? hosts.map(code).join(", ") : count(hosts.length, "host")}`;
  }
  const each = hosts.map((name) => {
    const names = found.filter(({ host }) => host === name).map((one) => code(one.name));
    return `${names.join(", ")}${severalHosts ? ` on ${code(name)}` : ""}`;
  });
  return `: ${each.join("; ")}`;
}

/** So many moves are told one by one. */
const MOVES = 8;

/** An appliance that goes from one host to another: stacks run side by side, so that both may have it for a moment. */
function moves(rows: readonly Row[]): string[] {
  const all = rows.flatMap(({ host, change }) =>
    (change?.changes ?? [])
      .filter(({ stage, kind }) => stage === "appliance" && (kind === "create" || kind === "delete"))
      .map((each) => ({ host: host.name, change: each, identity: identityOf(each) })),
  );
  const created = new Map(all.filter(({ change }) => change.kind === "create").map((each) => [each.identity, each]));
  const moved = all.flatMap((from) => {
    const to = from.change.kind === "delete" ? created.get(from.identity) : undefined;
    if (to === undefined || to.host === from.host) return [];
    created.delete(from.identity);
    return [`- ${code(from.change.name)} moves from ${code(from.host)} to ${code(to.host)}`];
  });
  const rest = moved.length - MOVES;
  return [
    ...moved.slice(0, MOVES),
    ...(rest > 0 ? [`- ${count(rest, "more appliance moves", "more appliances move")}`] : []),
  ];
}

/** Name, MAC and IP: the same address may be in use at several sites. */
function identityOf({ name, fields }: Change): string {
  const pins = fields.filter(({ label }) => label === "IP" || label === "MAC");
  return JSON.stringify([name, ...pins.map(({ label, before, after }) => [label, after ?? before])]);
}

/** What the report rests on, so that nobody takes it for more. */
function basis({ against }: ReportInput, rows: readonly Row[]): string {
  const previewed = rows.filter(({ host }) => host.preview !== undefined);
  if (previewed.length === 0) return "";
  const offline = previewed.filter(({ host }) => host.contact === "offline");
  const unseen = against === undefined ? "" : " Values of secrets look the same in both.";
  const compared = `Compared with ${plainText(against ?? "the last known state")}.${unseen}`;
  if (offline.length === 0) return `${compared}\n\n`;
  const which = offline.length === previewed.length ? "The hosts" : some(offline.map(({ host }) => host.name));
  return `${compared} ${which} ${offline.length === 1 && offline.length < previewed.length ? "was" : "were"} not contacted: what was changed there by hand, and what there speaks against the plan, is not in this report.\n\n`;
}

function inventoryProblems(problems: readonly LocatedProblem[]): Part[] {
  if (problems.length === 0) return [];
  const list = problems.map((problem) => ({
    text: bullet(problem),
    rank: Rank.Refusal,
    label: "problems of the inventory",
  }));
  return [{ text: "Nothing is changed on any host until this is settled:\n\n" }, ...list, { text: "\n" }];
}

function unchanged(rows: readonly Row[]): Part[] {
  const quiet = rows.filter(({ host }) => host.preview !== undefined).map(({ host }) => host.name);
  const unknown = rows.filter(({ host }) => host.preview === undefined).map(({ host }) => host.name);
  const list = (names: readonly string[], what: string): Part[] => {
    if (names.length === 0) return [];
    const text = `${count(names.length, "host")} ${what}`;
    if (names.length <= 5) return [{ text: `${text}: ${names.map(code).join(", ")}.\n\n` }];
    return [
      {
        text: details(html(text), `${names.map(code).join(", ")}\n`),
        short: `${text}.\n\n`,
        rank: Rank.Unchanged,
        label: `the names of hosts ${what}`,
      },
    ];
  };
  return [...list(quiet, "without a change"), ...list(unknown, "not previewed")];
}

function secretsNote(rows: readonly Row[]): string {
  const changes = rows.flatMap(({ change }) => change?.changes ?? []);
  const some = changes.some(({ secrets, files }) => secrets || files.some(({ text }) => text.includes("[secret]")));
  return some
    ? "Values of secrets are never shown: `[secret]` stands for one, and a changed one is told as “secrets”.\n\n"
    : "";
}

function omittedNote(omitted: readonly string[], more = "`macvlan preview HOST --diff` shows it."): string {
  const names = [...new Set(omitted)];
  const shown = names.slice(0, 5).map(plainText).join(", ");
  const rest = names.length > 5 ? ` and ${names.length - 5} more parts` : "";
  return `---\nToo long for a comment, left out: ${shown.slice(0, 300)}${rest}. ${more}\n`;
}
