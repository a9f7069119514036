// The ways of packets on a host: the host on the left, its containers, the LAN on the right.
import { NetworkMode } from "../../macvlan-network";
import { round, text } from "./markup";
import { LINE } from "./measure";
import type { TopologyHost } from "./topology";
import { BETWEEN, BOX, endsOf, FIGURE_TOP, figureHeight, hostName, WAYS_WIDTH, waysText } from "./ways";

const HOST = 78;
const END = 104;
const LAN = 54;
const EDGE = 14;

export function waysSvg(host: TopologyHost, left: number, top: number, width: number): string {
  const ends = endsOf(host);
  const y = top + FIGURE_TOP;
  const height = figureHeight(ends);
  const middle = y + height / 2;
  const [from, lan] = [left + EDGE + HOST, left + width - EDGE - LAN];
  const center = (from + lan) / 2;
  const boxes = ends.map(({ name, loose, reached }, i) => {
    const top = y + i * (BOX + BETWEEN);
    const mid = top + BOX / 2;
    // Several ways would meet in one point of the host's box.
    const spread = (i - (ends.length - 1) / 2) * 6;
    return [
      way(from, middle + spread, center - END / 2, mid, reached, host.ways.inbound),
      way(center + END / 2, mid, lan, middle + spread, true),
      box(center - END / 2, top, END, name, loose ? "box loose" : "box"),
      i === 0 ? "" : among(host.ways.mode, { x: center, right: center + END / 2, top, lan }),
    ].join("");
  });
  const lines = waysText(host, WAYS_WIDTH - 2 * EDGE);
  return [
    `<path class="tree" d="M${left} ${top}h${width}"/>\n`,
    ...boxes,
    box(left + EDGE, middle - BOX / 2, HOST, hostName(host.name, HOST), "box"),
    box(lan, middle - BOX / 2, LAN, "LAN", "outside"),
    ...lines.map((line, i) => text(left + EDGE, y + height + 8 + (i + 1) * LINE - 4, line, "quiet")),
  ].join("");
}

/** From one container to the next one below. */
function among(
  mode: NetworkMode,
  { x, right, top, lan }: Readonly<Record<"x" | "right" | "top" | "lan", number>>,
): string {
  if (mode !== NetworkMode.Vepa) return way(x, top - BETWEEN, x, top, mode === NetworkMode.Bridge);
  // Out towards the LAN and back again, between the ways that lead there.
  const [from, to] = [top - BETWEEN - 4, top + 4];
  const turn = (lan - right) * 0.7;
  const loop = `M${round(right + 6)} ${round(from)}c${round(turn)} 0 ${round(turn)} ${to - from} 0 ${to - from}`;
  const heads = [from, to].map((y) => `M${round(right)} ${round(y)}l7 -3.5v7Z`).join("");
  return `<path class="maybe" d="${loop}"/>\n<path class="head" d="${heads}"/>\n`;
}

function box(x: number, y: number, width: number, name: string, style: string): string {
  const rect = `<rect class="${style}" x="${x}" y="${y}" width="${width}" height="${BOX}" rx="4"/>\n`;
  return rect + text(x + width / 2, y + BOX / 2 + 4, name, "middle");
}

/** A way that connections take in both directions or in one alone, or one that there is not, crossed out. */
function way(x1: number, y1: number, x2: number, y2: number, open: boolean, both = true): string {
  const length = Math.hypot(x2 - x1, y2 - y1);
  const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
  const at = (x: number, y: number): string => `${round(x)} ${round(y)}`;
  if (!open) {
    const [cx, cy] = [(x1 + x2) / 2, (y1 + y2) / 2];
    const cross = `M${at(cx - 5, cy - 5)}L${at(cx + 5, cy + 5)}M${at(cx - 5, cy + 5)}L${at(cx + 5, cy - 5)}`;
    return `<path class="apart" d="M${at(x1, y1)}L${at(x2, y2)}"/>\n<path class="cross" d="${cross}"/>\n`;
  }
  const head = (x: number, y: number, forward: number): string => {
    const [bx, by] = [x - 7 * dx * forward, y - 7 * dy * forward];
    return `M${at(x, y)}L${at(bx - 3.5 * dy, by + 3.5 * dx)}L${at(bx + 3.5 * dy, by - 3.5 * dx)}Z`;
  };
  const line = `M${at(x1 + 5 * dx, y1 + 5 * dy)}L${at(x2 - 5 * dx, y2 - 5 * dy)}`;
  return `<path class="way" d="${line}"/>\n<path class="head" d="${head(x2, y2, 1)}${both ? head(x1, y1, -1) : ""}"/>\n`;
}
