// The topology as SVG: it stands alone, follows the reader's light or dark scheme, and is legible on either ground.
import { Card, DrawingOptions, Layout, layoutOf, PAD, Panel, ROW, titleOf } from "./layout";
import { text, xml } from "./markup";
import { LINE, SANS, shortened } from "./measure";
import { macText, sizeOf, TopologyAppliance, TopologyLan } from "./topology";
import { arrowOf } from "./ways";
import { waysSvg } from "./ways-svg";

const LIGHT = {
  ground: "#ffffff",
  panel: "#f6f8fa",
  card: "#ffffff",
  line: "#8c959f",
  text: "#1f2328",
  quiet: "#57606a",
  lan: "#0969da",
  way: "#1a7f37",
  apart: "#cf222e",
};
const DARK = {
  ground: "#0d1117",
  panel: "#161b22",
  card: "#0d1117",
  line: "#6e7681",
  text: "#e6edf3",
  quiet: "#9ea7b3",
  lan: "#58a6ff",
  way: "#3fb950",
  apart: "#f85149",
};

const variables = (colors: typeof LIGHT): string =>
  Object.entries(colors)
    .map(([name, value]) => `--${name}:${value}`)
    .join(";");

const STYLE = `
.macvlan{${variables(LIGHT)};color:var(--text);font:12px system-ui,"Segoe UI","DejaVu Sans",sans-serif}
@media (prefers-color-scheme:dark){.macvlan{${variables(DARK)}}}
.macvlan text{fill:currentColor;white-space:pre}
.macvlan .ground{fill:var(--ground)}
.macvlan .panel{fill:var(--panel);stroke:var(--line);stroke-width:.5}
.macvlan .card{fill:var(--card);stroke:var(--line)}
.macvlan .bus{stroke:var(--lan);stroke-width:3;fill:none;stroke-linecap:round}
.macvlan .wire{stroke:var(--lan);stroke-width:1.5;fill:none}
.macvlan .tree{stroke:var(--line);fill:none}
.macvlan .plug{fill:var(--lan)}
.macvlan .title{font-size:15px;font-weight:600}
.macvlan .host{font-size:13px;font-weight:600}
.macvlan .end{text-anchor:end}
.macvlan .quiet{fill:var(--quiet)}
.macvlan .mono{font:11px ui-monospace,"Liberation Mono","DejaVu Sans Mono",monospace}
`.trim();

const WAYS_STYLE = `
.macvlan .box{fill:var(--panel);stroke:var(--line)}
.macvlan .outside{fill:none;stroke:var(--lan);stroke-width:2}
.macvlan .loose{stroke-dasharray:4 3}
.macvlan .way{stroke:var(--way);stroke-width:1.5;fill:none}
.macvlan .head{fill:var(--way)}
.macvlan .apart{stroke:var(--apart);stroke-width:1.5;fill:none;stroke-dasharray:4 3}
.macvlan .maybe{stroke:var(--way);stroke-width:1.5;fill:none;stroke-dasharray:4 3}
.macvlan .cross{stroke:var(--apart);stroke-width:2;fill:none}
.macvlan .same{stroke:var(--line);stroke-width:1.5;fill:none;stroke-dasharray:4 3}
.macvlan .middle{text-anchor:middle}
`.trimEnd();

/** The drawing of a fleet. */
export function renderSvg(lans: readonly TopologyLan[], options: DrawingOptions = {}): string {
  const layout = layoutOf(lans, options);
  const { width, height } = layout;
  const title = lans.map((lan) => `LAN ${lan.name}: ${sizeOf(lan)}`).join("; ");
  return `<svg xmlns="http://www.w3.org/2000/svg" class="macvlan" role="img" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<title>${xml(title === "" ? "no hosts" : title)}</title>
<style>${STYLE}${options.ways ? WAYS_STYLE : ""}</style>
<rect class="ground" width="${width}" height="${height}"/>
${layout.panels.map((panel) => panelSvg(panel, layout)).join("")}${options.ways ? oneNic(layout) : ""}${legend(layout)}</svg>
`;
}

function panelSvg({ lan, details, y, height, bus, columns }: Panel, layout: Layout): string {
  const trunks = columns.map(({ trunk, cards }) => {
    const wires = cards.map(({ x, plug }) => `M${trunk} ${plug}H${x}`).join("");
    return `<path class="wire" d="M${trunk} ${bus}V${cards.at(-1)!.plug}${wires}"/>\n`;
  });
  const cards = columns.flatMap((column) => column.cards.map((card) => cardSvg(card, layout)));
  return [
    `<rect class="panel" x="${PAD}" y="${y}" width="${layout.width - 2 * PAD}" height="${height}" rx="8"/>\n`,
    text(2 * PAD, y + 26, titleOf(lan), "title"),
    ...details.map((line, i) => text(2 * PAD, y + 46 + i * LINE, line, "quiet")),
    `<path class="bus" d="M${2 * PAD - 6} ${bus}H${layout.width - 2 * PAD}"/>\n`,
    ...trunks,
    ...cards,
  ].join("");
}

function cardSvg({ host, x, y, height, plug, ways }: Card, { card }: Layout): string {
  const addresses = (base: number, { ip = "", ip6 = "", mac = "" }: Partial<TopologyAppliance>): string => {
    const columns = [text(x + card.ip, base, ip, "mono"), text(x + card.ip6, base, ip6, "mono")];
    return [...columns, text(x + card.mac, base, mac, "mono quiet")].join("");
  };
  const rows = host.appliances.map((appliance, i) => {
    const base = plug + (3 + i) * ROW + 4;
    return [text(x + 46, base, shortened(appliance.name), "mono"), addresses(base, appliance)].join("");
  });
  const last = plug + (2 + host.appliances.length) * ROW;
  const branches = host.appliances.map((_, i) => `M${x + 34} ${plug + (3 + i) * ROW}h8`).join("");
  const tree = `M${x + 14} ${plug + 6}V${plug + ROW}h6M${x + 24} ${plug + ROW + 6}V${plug + 2 * ROW}h6${host.appliances.length > 0 ? `M${x + 34} ${plug + 2 * ROW + 6}V${last}${branches}` : ""}`;
  const address = host.address === undefined ? "" : text(x + card.mac, y + 20, host.address, "mono");
  const mtu = host.link.mtu === undefined ? [] : [`MTU ${host.link.mtu}`];
  const note = shortened([...mtu, ...host.beside.map((lan) => `also LAN ${lan}`)].join(" · "));
  const mode = [
    ...(host.driver === "macvlan" ? [] : [`, ${host.driver}`]),
    ...(host.ways.mode === "bridge" ? [] : [`, ${host.ways.mode}`]),
  ].join("");
  const reach = host.reach ? `${arrowOf(host.ways)} host reaches them` : "host cannot reach them";
  return [
    `<g><title>${xml(`${host.name}: ${host.nic}, ${host.link.name} ${macText(host)}, network ${host.network}`)}</title>\n`,
    `<rect class="card" x="${x}" y="${y}" width="${card.width}" height="${height}" rx="6"/>\n`,
    `<circle class="plug" cx="${x}" cy="${plug}" r="4"/>\n`,
    `<path class="tree" d="${tree}"/>\n`,
    text(x + 10, y + 20, shortened(host.name, Math.floor((card.mac - 20) / SANS)), "host"),
    address,
    text(x + 10, plug + 4, shortened(`NIC ${host.nic}`, Math.floor((card.width - 24 - note.length * SANS) / SANS))),
    text(x + card.width - 14, plug + 4, note, "quiet end"),
    text(x + 24, plug + ROW + 4, host.link.name),
    addresses(plug + ROW + 4, { ip: host.link.address, ip6: host.link.address6, mac: macText(host) }),
    text(
      x + 34,
      plug + 2 * ROW + 4,
      `network ${shortened(host.network, Math.floor((card.mac - 44) / SANS) - 8 - mode.length)}${mode}`,
    ),
    text(x + card.width - 14, plug + 2 * ROW + 4, reach, "quiet end"),
    host.appliances.length === 0 ? text(x + 46, plug + 3 * ROW + 4, "no appliances", "quiet") : "",
    ...rows,
    ways === undefined ? "" : waysSvg(host, x, ways, card.width),
    "</g>\n",
  ].join("");
}

/** Lines from a host to itself on the next LAN that it is on by the same NIC; with the ways there is one column. */
function oneNic({ panels, card }: Layout): string {
  return panels
    .flatMap(({ columns }, i) => {
      const cards = columns.flatMap((column) => column.cards);
      return cards.map(({ host, x, plug }) => {
        const below = panels.slice(i + 1).find(({ lan }) => host.beside.includes(lan.name));
        const other = below?.columns.flatMap((column) => column.cards).find((each) => each.host.name === host.name);
        const right = x + card.width;
        return other === undefined ? "" : `<path class="same" d="M${right} ${plug}h8V${other.plug}h-8"/>\n`;
      });
    })
    .join("");
}

function legend({ height, legend: lines }: Layout): string {
  return lines.map((line, i) => text(PAD, height - (lines.length - i) * LINE + 4, line, "quiet")).join("");
}
