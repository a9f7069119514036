// Where everything of a drawing is: a panel for each LAN, in it a bus with columns of hosts. Pure, in pixels.
import { sizeOf, TopologyHost, TopologyLan } from "./topology";

/** Width of a character of the monospaced font, and of the other one at most. */
export const MONO = 6.7;
export const SANS = 7.4;
/** The same of a title. */
const TITLE = 9.4;
export const ROW = 18;
export const PAD = 16;
/** Space left of a column, where its trunk runs. */
export const GUTTER = 28;
const GAP = 14;
const HEAD = 28;
/** Rows of a card above its appliances: NIC, link, network. */
const LAYERS = 3;
const LONGEST = 26;
/** Width by height that a drawing should have. */
const ASPECT = 1.5;

export interface Card {
  readonly host: TopologyHost;
  readonly x: number;
  readonly y: number;
  readonly height: number;
  /** Where the LAN is plugged in. */
  readonly plug: number;
}

export interface Panel {
  readonly lan: TopologyLan;
  readonly y: number;
  readonly height: number;
  /** Height of the bus, the LAN itself. */
  readonly bus: number;
  readonly columns: readonly { readonly trunk: number; readonly cards: readonly Card[] }[];
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Of a card, and of its columns from its left edge. */
  readonly card: { readonly width: number; readonly ip: number; readonly mac: number };
  readonly panels: readonly Panel[];
}

export function layoutOf(lans: readonly TopologyLan[]): Layout {
  const hosts = lans.flatMap((lan) => lan.hosts);
  const card = cardOf(hosts);
  const total = hosts.reduce((sum, host) => sum + heightOf(host) + GAP, 0);
  const columns = Math.max(1, Math.round(Math.sqrt((total * ASPECT) / (card.width + GUTTER))));
  const panels: Panel[] = [];
  let y = PAD;
  for (const lan of lans) {
    const panel = panelOf(lan, y, card.width, columns);
    panels.push(panel);
    y = panel.y + panel.height + PAD;
  }
  const widest = Math.max(1, ...panels.map((panel) => panel.columns.length));
  const texts = lans.flatMap((lan) => [titleOf(lan).length * TITLE, detailsOf(lan).length * SANS]);
  const width = Math.ceil(4 * PAD + Math.max(widest * (card.width + GUTTER), ...texts));
  return { width, height: Math.ceil(y + LEGEND), card, panels };
}

/** Height of the legend. */
export const LEGEND = 26;

/** What stands over a panel. */
export function titleOf({ name, subnet }: TopologyLan): string {
  return `LAN ${name}  ${subnet}`;
}

export function detailsOf(lan: TopologyLan): string {
  const pool = lan.pool === undefined ? [] : [`DHCP ${lan.pool}`];
  return [`gateway ${lan.gateway}`, ...pool, sizeOf(lan)].join(" · ");
}

/** As much of a name as there is room for. */
export function shortened(text: string, most = LONGEST): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

function cardOf(hosts: readonly TopologyHost[]): Layout["card"] {
  const names = hosts.flatMap(({ appliances }) => appliances.map(({ name }) => shortened(name).length));
  const ip = 46 + Math.max(8, ...names) * MONO + 12;
  const mac = ip + 15 * MONO + 10;
  return { ip, mac, width: Math.ceil(mac + 17 * MONO + 14) };
}

function heightOf({ appliances }: TopologyHost): number {
  return HEAD + (LAYERS + Math.max(1, appliances.length)) * ROW + 12;
}

function panelOf(lan: TopologyLan, y: number, cardWidth: number, most: number): Panel {
  const bus = y + 66;
  const groups = split(lan.hosts, Math.min(most, lan.hosts.length));
  const columns = groups.map((group, i) => {
    const x = 2 * PAD + GUTTER + i * (cardWidth + GUTTER);
    let top = bus + 20;
    const cards = group.map((host): Card => {
      const card = { host, x, y: top, height: heightOf(host), plug: top + HEAD + ROW / 2 };
      top += card.height + GAP;
      return card;
    });
    return { trunk: x - GUTTER / 2, cards };
  });
  const bottom = Math.max(bus + 10, ...columns.flatMap(({ cards }) => cards.map((card) => card.y + card.height)));
  return { lan, y, height: bottom + PAD - y, bus, columns };
}

/** The hosts in their order in at most `count` columns of about the same height. */
function split(hosts: readonly TopologyHost[], count: number): TopologyHost[][] {
  const columns: TopologyHost[][] = [];
  let left = hosts.reduce((sum, host) => sum + heightOf(host) + GAP, 0);
  let height = 0;
  for (const host of hosts) {
    const own = heightOf(host) + GAP;
    const share = (left + height) / (count - columns.length + 1);
    const full = columns.length > 0 && columns.length < count && height + own / 2 > share;
    if (columns.length === 0 || full) {
      columns.push([]);
      height = 0;
    }
    columns.at(-1)!.push(host);
    height += own;
    left -= own;
  }
  return columns;
}
