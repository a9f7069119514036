// Where everything of a drawing is: a panel for each LAN, in it a bus with columns of hosts. Pure, in pixels.
import { NetworkDriver } from "../../host-interface";
import { LINE, MONO, SANS, shortened, wrapped } from "./measure";
import { sizeOf, TopologyHost, TopologyLan } from "./topology";
import { WAYS_WIDTH, waysHeight } from "./ways";

/** Width of a character of a title at most. */
const TITLE = 9.4;
export const ROW = 18;
export const PAD = 16;
/** Space left of a column, where its trunk runs. */
export const GUTTER = 28;
const GAP = 14;
const HEAD = 28;
/** Narrower than this no drawing gets: what is written over a panel has room for a line of its words. */
const NARROWEST = 300;
/** Rows of a card above its appliances: NIC, link, network. */
const LAYERS = 3;
/** Width by height that a drawing should have. */
const ASPECT = 1.5;

export interface Card {
  readonly host: TopologyHost;
  readonly x: number;
  readonly y: number;
  readonly height: number;
  /** Where the LAN is plugged in. */
  readonly plug: number;
  /** Where the ways of packets begin, if they are drawn. */
  readonly ways?: number;
}

export interface Panel {
  readonly lan: TopologyLan;
  /** What is written under its title, in lines. */
  readonly details: readonly string[];
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
  readonly card: { readonly width: number; readonly ip: number; readonly ip6: number; readonly mac: number };
  readonly panels: readonly Panel[];
  readonly legend: readonly string[];
}

export interface DrawingOptions {
  /** Draw in each host which ways packets take between it, its appliances and the LAN. Default false. */
  readonly ways?: boolean;
}

export function layoutOf(lans: readonly TopologyLan[], { ways = false }: DrawingOptions = {}): Layout {
  const hosts = lans.flatMap((lan) => lan.hosts);
  const card = cardOf(hosts, ways);
  const total = hosts.reduce((sum, host) => sum + heightOf(host, ways) + GAP, 0);
  const most = ways ? 1 : Math.max(1, Math.round(Math.sqrt((total * ASPECT) / (card.width + GUTTER))));
  const groups = lans.map((lan) => split(lan.hosts, Math.min(most, lan.hosts.length), ways));
  const widest = Math.max(1, ...groups.map((columns) => columns.length));
  const titles = lans.map((lan) => titleOf(lan).length * TITLE);
  const inner = Math.max(widest * (card.width + GUTTER), NARROWEST, ...titles);
  const panels: Panel[] = [];
  let y = PAD;
  for (const [i, lan] of lans.entries()) {
    const panel = panelOf(lan, y, groups[i]!, { card: card.width, inner, ways });
    panels.push(panel);
    y = panel.y + panel.height + PAD;
  }
  const width = Math.ceil(4 * PAD + inner);
  const legend = wrapped(`${legendOf(hosts)}${ways ? WAYS_LEGEND : ""}`.split(" "), " ", width - 2 * PAD);
  return { width, height: Math.ceil(y + legend.length * LINE + 8), card, panels, legend };
}

function legendOf(hosts: readonly TopologyHost[]): string {
  const found = new Set(hosts.map(({ driver }) => driver));
  const drivers = Object.values(NetworkDriver).filter((each) => found.has(each));
  return `blue: the LAN; in a host: NIC, ${drivers.join(" or ") || "macvlan"} link on it, Docker network, appliances`;
}
const WAYS_LEGEND = "; arrows: who reaches whom, crossed out: not";

/** What stands over a panel. */
export function titleOf({ name, subnet, subnet6 }: TopologyLan): string {
  return [`LAN ${name}`, subnet, ...(subnet6 === undefined ? [] : [subnet6])].join("  ");
}

function detailsOf(lan: TopologyLan, width: number): string[] {
  const pool = lan.pool === undefined ? [] : [`DHCP ${lan.pool}`];
  return wrapped([`gateway ${lan.gateway}`, ...pool, sizeOf(lan)], " · ", width);
}

function cardOf(hosts: readonly TopologyHost[], ways: boolean): Layout["card"] {
  const names = hosts.flatMap(({ appliances }) => appliances.map(({ name }) => shortened(name).length));
  const links = hosts.map(({ link }) => (link.address === undefined ? 0 : 24 + link.name.length * SANS));
  const ip = Math.max(46 + Math.max(8, ...names) * MONO, ...links) + 12;
  const ip6 = ip + 15 * MONO + 10;
  const all6 = hosts.flatMap(({ link, appliances }) => [link.address6, ...appliances.map(({ ip6 }) => ip6)]);
  const longest6 = Math.max(0, ...all6.map((ip6) => ip6?.length ?? 0));
  const mac = ip6 + (longest6 === 0 ? 0 : longest6 * MONO + 10);
  return { ip, ip6, mac, width: Math.ceil(Math.max(mac + 17 * MONO + 14, ways ? WAYS_WIDTH : 0)) };
}

/** Without the ways. */
function baseOf({ appliances }: TopologyHost): number {
  return HEAD + (LAYERS + Math.max(1, appliances.length)) * ROW + 12;
}

function heightOf(host: TopologyHost, ways: boolean): number {
  return baseOf(host) + (ways ? waysHeight(host) : 0);
}

function panelOf(
  lan: TopologyLan,
  y: number,
  groups: readonly (readonly TopologyHost[])[],
  { card, inner, ways }: { readonly card: number; readonly inner: number; readonly ways: boolean },
): Panel {
  const details = detailsOf(lan, inner);
  const bus = y + 48 + details.length * LINE;
  const columns = groups.map((group, i) => {
    const x = 2 * PAD + GUTTER + i * (card + GUTTER);
    let top = bus + 20;
    const cards = group.map((host): Card => {
      const own = { host, x, y: top, height: heightOf(host, ways), plug: top + HEAD + ROW / 2 };
      top += own.height + GAP;
      return ways ? { ...own, ways: own.y + baseOf(host) } : own;
    });
    return { trunk: x - GUTTER / 2, cards };
  });
  const bottom = Math.max(bus + 10, ...columns.flatMap(({ cards }) => cards.map((each) => each.y + each.height)));
  return { lan, details, y, height: bottom + PAD - y, bus, columns };
}

/** The hosts in their order in at most `count` columns of about the same height. */
function split(hosts: readonly TopologyHost[], count: number, ways: boolean): TopologyHost[][] {
  const columns: TopologyHost[][] = [];
  let left = hosts.reduce((sum, host) => sum + heightOf(host, ways) + GAP, 0);
  let height = 0;
  for (const host of hosts) {
    const own = heightOf(host, ways) + GAP;
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
