// The topology as SVG: it stands alone, follows the reader's light or dark scheme, and is legible on either ground.
import { Card, detailsOf, Layout, layoutOf, LEGEND, PAD, Panel, ROW, SANS, shortened, titleOf } from "./layout";
import { sizeOf, TopologyLan } from "./topology";

const LIGHT = {
  ground: "#ffffff",
  panel: "#f6f8fa",
  card: "#ffffff",
  line: "#8c959f",
  text: "#1f2328",
  quiet: "#57606a",
  lan: "#0969da",
};
const DARK = {
  ground: "#0d1117",
  panel: "#161b22",
  card: "#0d1117",
  line: "#6e7681",
  text: "#e6edf3",
  quiet: "#9ea7b3",
  lan: "#58a6ff",
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

/** The drawing of a fleet. */
export function renderSvg(lans: readonly TopologyLan[]): string {
  const layout = layoutOf(lans);
  const { width, height } = layout;
  const title = lans.map((lan) => `LAN ${lan.name}: ${sizeOf(lan)}`).join("; ");
  return `<svg xmlns="http://www.w3.org/2000/svg" class="macvlan" role="img" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<title>${xml(title === "" ? "no hosts" : title)}</title>
<style>${STYLE}</style>
<rect class="ground" width="${width}" height="${height}"/>
${layout.panels.map((panel) => panelSvg(panel, layout)).join("")}${legend(layout)}</svg>
`;
}

function panelSvg({ lan, y, height, bus, columns }: Panel, layout: Layout): string {
  const trunks = columns.map(({ trunk, cards }) => {
    const wires = cards.map(({ x, plug }) => `M${trunk} ${plug}H${x}`).join("");
    return `<path class="wire" d="M${trunk} ${bus}V${cards.at(-1)!.plug}${wires}"/>\n`;
  });
  const cards = columns.flatMap((column) => column.cards.map((card) => cardSvg(card, layout)));
  return [
    `<rect class="panel" x="${PAD}" y="${y}" width="${layout.width - 2 * PAD}" height="${height}" rx="8"/>\n`,
    text(2 * PAD, y + 26, titleOf(lan), "title"),
    text(2 * PAD, y + 46, detailsOf(lan), "quiet"),
    `<path class="bus" d="M${2 * PAD - 6} ${bus}H${layout.width - 2 * PAD}"/>\n`,
    ...trunks,
    ...cards,
  ].join("");
}

function cardSvg({ host, x, y, height, plug }: Card, { card }: Layout): string {
  const rows = host.appliances.map((appliance, i) => {
    const base = plug + (3 + i) * ROW + 4;
    return [
      text(x + 46, base, shortened(appliance.name), "mono"),
      text(x + card.ip, base, appliance.ip, "mono"),
      text(x + card.mac, base, appliance.mac, "mono quiet"),
    ].join("");
  });
  const last = plug + (2 + host.appliances.length) * ROW;
  const branches = host.appliances.map((_, i) => `M${x + 34} ${plug + (3 + i) * ROW}h8`).join("");
  const tree = `M${x + 14} ${plug + 6}V${plug + ROW}h6M${x + 24} ${plug + ROW + 6}V${plug + 2 * ROW}h6${host.appliances.length > 0 ? `M${x + 34} ${plug + 2 * ROW + 6}V${last}${branches}` : ""}`;
  const address = host.address === undefined ? "" : text(x + card.mac, y + 20, host.address, "mono");
  const reach = host.reach ? "↔ host reaches them" : "host cannot reach them";
  return [
    `<g><title>${xml(`${host.name}: ${host.nic}, ${host.link.name} ${host.link.mac}, network ${host.network}`)}</title>\n`,
    `<rect class="card" x="${x}" y="${y}" width="${card.width}" height="${height}" rx="6"/>\n`,
    `<circle class="plug" cx="${x}" cy="${plug}" r="4"/>\n`,
    `<path class="tree" d="${tree}"/>\n`,
    text(x + 10, y + 20, shortened(host.name, Math.floor((card.mac - 20) / SANS)), "host"),
    address,
    text(x + 10, plug + 4, shortened(`NIC ${host.nic}`, Math.floor((card.width - 20) / SANS))),
    text(x + 24, plug + ROW + 4, host.link.name),
    text(x + card.mac, plug + ROW + 4, host.link.mac, "mono quiet"),
    text(x + 34, plug + 2 * ROW + 4, `network ${shortened(host.network, Math.floor((card.mac - 44) / SANS) - 8)}`),
    text(x + card.width - 14, plug + 2 * ROW + 4, reach, "quiet end"),
    host.appliances.length === 0 ? text(x + 46, plug + 3 * ROW + 4, "no appliances", "quiet") : "",
    ...rows,
    "</g>\n",
  ].join("");
}

function legend({ width, height }: Layout): string {
  const words = "blue: the LAN; in a host: NIC, macvlan link on it, Docker network, appliances";
  return text(PAD, height - LEGEND / 2, shortened(words, Math.floor((width - 2 * PAD) / (SANS - 1))), "quiet");
}

function text(x: number, y: number, content: string, style = ""): string {
  const place = `x="${round(x)}" y="${round(y)}"`;
  return `<text ${place}${style === "" ? "" : ` class="${style}"`}>${xml(content)}</text>\n`;
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}

/** Text within XML, without what XML cannot have. */
function xml(content: string): string {
  return content
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "?")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;");
}
