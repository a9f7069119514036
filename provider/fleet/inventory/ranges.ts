import { Ipv4Range } from "../../address";

/** A range of addresses that is somebody's. */
export interface Owned<T> {
  readonly range: Ipv4Range;
  readonly owner: T;
}

/** The ends of a range, both of one kind: numbers for IPv4, bigints for IPv6. */
interface Ends {
  readonly first: number | bigint;
  readonly last: number | bigint;
}

/** Ranges that are asked which of them have an address; the time for an answer hardly grows with their number. */
export class Ranges<T> {
  private readonly sorted: readonly Owned<T>[];
  /** The highest end of all ranges up to this one. */
  private readonly reach: readonly number[];

  constructor(ranges: readonly Owned<T>[]) {
    this.sorted = [...ranges].sort((a, b) => a.range.first - b.range.first);
    let highest = -1;
    this.reach = this.sorted.map(({ range }) => (highest = Math.max(highest, range.last)));
  }

  at(address: number): Owned<T>[] {
    let [low, high] = [0, this.sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.sorted[middle]!.range.first <= address) low = middle + 1;
      else high = middle;
    }
    const found: Owned<T>[] = [];
    for (let i = low - 1; i >= 0 && this.reach[i]! >= address; i--)
      if (this.sorted[i]!.range.last >= address) found.unshift(this.sorted[i]!);
    return found;
  }
}

/** Pairs that overlap: each range with the one that reaches furthest of those that begin before it. */
export function overlapping<T extends { readonly range: Ends }>(ranges: readonly T[]): [T, T][] {
  const pairs: [T, T][] = [];
  let furthest: T | undefined;
  for (const each of [...ranges].sort(
    (a, b) => Number(a.range.first > b.range.first) - Number(a.range.first < b.range.first),
  )) {
    if (furthest !== undefined && each.range.first <= furthest.range.last) pairs.push([furthest, each]);
    if (furthest === undefined || each.range.last > furthest.range.last) furthest = each;
  }
  return pairs;
}
