// Which ways packets take on a host between it, its appliances and the LAN: pure.
import { Reach } from "../../host-interface";
import { NetworkMode } from "../../macvlan-network";
import { LINE, SANS, shortened, wrapped } from "./measure";
import type { TopologyHost, Ways } from "./topology";

/** A container at the end of the ways. */
export interface End {
  readonly name: string;
  /** It is no appliance: an example of a container that Docker gives an address. */
  readonly loose: boolean;
  /** The host and it reach each other. */
  readonly reached: boolean;
}

/** Least width of a card in which the ways are drawn. */
export const WAYS_WIDTH = 350;
/** Of a box, and between two. */
export const BOX = 24;
export const BETWEEN = 22;
const TOP = 16;
/** More appliances than these are drawn no other way. */
const DRAWN = 2;

/** The containers that are drawn: some of the appliances, and one of the others where it is known which those are. */
export function endsOf({ appliances, ways }: TopologyHost): End[] {
  const pinned = appliances
    .slice(0, DRAWN)
    .map(({ name }) => ({ name: shortened(name, 13), loose: false, reached: ways.reach !== Reach.None }));
  const others = ways.ipRange !== undefined || ways.reach === Reach.Watch || pinned.length === 0;
  const reached = ways.reach === Reach.Range || ways.reach === Reach.Watch;
  return [...pinned, ...(others ? [{ name: "a container", loose: true, reached }] : [])];
}

/** How containers reach each other. Those of the mode bridge need no words. */
const AMONG: Readonly<Record<NetworkMode, string | undefined>> = {
  bridge: undefined,
  private: "its containers do not reach each other",
  vepa: "its containers reach each other, and the host, if the switch sends their frames back",
};

/** Between a host and what it reaches: who may open connections. */
export function arrowOf({ inbound }: Ways): string {
  return inbound ? "↔" : "→";
}

/** What is written below the drawing, in lines. */
export function waysText(host: TopologyHost, width: number): string[] {
  const { ways, link, address } = host;
  const arrow = arrowOf(ways);
  const reached: Readonly<Record<Reach, string>> = {
    none: "the kernel keeps host and containers apart",
    pinned: `host ${arrow} each appliance over ${link.name}`,
    range: `host ${arrow} each appliance and ${ways.ipRange ?? ""} over ${link.name}`,
    watch: `host ${arrow} every running container over ${link.name}`,
  };
  const from = [link.address ?? address ?? [], link.address6 ?? []].flat().join(" and ");
  const parts = [
    reached[ways.reach],
    ...(ways.reach === Reach.None || from === "" ? [] : [`as ${from}`]),
    ...(ways.reach === Reach.None || !ways.ipv6 || link.address6 !== undefined ? [] : ["by IPv4 alone"]),
    ...(ways.routes.length === 0 ? [] : [`and to ${ways.routes.join(", ")}`]),
  ];
  const sentences = [parts.join(", "), AMONG[ways.mode] ?? []].flat();
  return sentences.flatMap((sentence) => wrapped(sentence.split(" "), " ", width));
}

export function waysHeight(host: TopologyHost): number {
  return TOP + figureHeight(endsOf(host)) + 8 + waysText(host, WAYS_WIDTH - 28).length * LINE + 6;
}

export function figureHeight(ends: readonly End[]): number {
  return ends.length * BOX + (ends.length - 1) * BETWEEN;
}

/** As much of a host's name as there is room for in its box. */
export function hostName(name: string, width: number): string {
  return shortened(name, Math.floor((width - 12) / SANS));
}

/** Where the drawing begins below the appliances. */
export const FIGURE_TOP = TOP;
