// The topology as a Mermaid flowchart, without colours of its own, so that whoever shows it chooses them.
import { addressesOf } from "../../address";
import { macText, sizeOf, TopologyHost, TopologyLan } from "./topology";

/** Mermaid refuses more than 500 edges and 50 000 characters (maxEdges, maxTextSize). */
const MAX_EDGES = 480;
const MAX_TEXT = 48_000;
/** With more appliances, a box for each makes a drawing that no screen shows at a legible size. */
const MAX_BOXES = 40;

/** How much is told of each host. */
type Detail = "layers" | "list" | "count";

/** The flowchart of a fleet, in as much detail as Mermaid takes. */
export function renderMermaid(lans: readonly TopologyLan[]): string {
  const boxes = lans.flatMap(({ hosts }) => hosts.flatMap(({ appliances }) => appliances)).length;
  for (const detail of boxes > MAX_BOXES ? (["list", "count"] as const) : (["layers", "list", "count"] as const)) {
    const { text, edges } = draw(lans, detail);
    if (edges <= MAX_EDGES && text.length <= MAX_TEXT) return text;
  }
  const lines = lans.map((lan, i) => `  lan${i}[${label([`LAN ${lan.name}`, lan.subnet, sizeOf(lan)])}]`);
  return `flowchart LR\n${lines.join("\n")}\n`;
}

function draw(lans: readonly TopologyLan[], detail: Detail): { text: string; edges: number } {
  const lines = lans.flatMap((lan, i) => {
    const id = `l${i}`;
    const subnets = [lan.subnet, ...(lan.subnet6 === undefined ? [] : [lan.subnet6])];
    const heading = [...subnets, `gateway ${lan.gateway}`, ...(lan.pool === undefined ? [] : [`DHCP ${lan.pool}`])];
    const hosts = lan.hosts.flatMap((host, j) => [
      ...hostLines(`${id}h${j}`, host, detail),
      `    ${id} --- ${id}h${j}`,
    ]);
    return [
      `  subgraph ${id}lan[${label([`LAN ${lan.name}`])}]`,
      // A subgraph does not take over the direction of the whole.
      "    direction LR",
      `    ${id}([${label(heading)}])`,
      ...hosts,
      "  end",
    ];
  });
  return {
    text: `flowchart LR\n${lines.map((line) => `${line}\n`).join("")}`,
    edges: lines.filter((line) => / --- /.test(line)).length,
  };
}

function hostLines(id: string, host: TopologyHost, detail: Detail): string[] {
  const { name, address, nic, link, network, driver, reach, appliances } = host;
  const title = [name, ...(address === undefined ? [] : [address])];
  const way = reach ? "the host reaches them" : "the host cannot reach them";
  if (detail === "count") return [`    ${id}[${label([name, `${appliances.length} appliances`])}]`];
  if (detail === "list")
    return [
      `    ${id}[${label([...title, `${link.name} on ${nic}`, ...appliances.map((each) => [each.name, ...addressesOf(each)].join(" "))])}]`,
    ];
  return [
    `    subgraph ${id}host[${label(title)}]`,
    `      ${id}[${label([`NIC ${nic}`])}] --- ${id}l[${label([link.name, macText(host)])}]`,
    `      ${id}l --- ${id}n[${label([`network ${network}${driver === "macvlan" ? "" : `, ${driver}`}`, way])}]`,
    ...appliances.map(
      (each, i) => `      ${id}n --- ${id}a${i}[${label([each.name, ...addressesOf(each), each.mac ?? []].flat())}]`,
    ),
    "    end",
  ];
}

/** A quoted label, its lines apart; everything that could be markup or end the quotes as Mermaid's entities. */
function label(lines: readonly string[]): string {
  const escaped = lines.map((line) => line.replace(/[^\p{L}\p{N} .:/,()_-]/gu, (char) => `#${char.codePointAt(0)};`));
  return `"${escaped.join("<br/>")}"`;
}
