import { createHash } from "node:crypto";
import { contains, Ipv4Range } from "../../address";

/** Somebody who wants any address of a range. */
export interface Wish {
  /** Who: HOST/APPLIANCE. */
  readonly key: string;
  readonly range: Ipv4Range;
}

/**
 * Gives each wish an address of its range that is not `taken`. Where the search begins depends on the key alone: branches that
 * add different appliances seldom choose the same address, and a wish that comes or goes seldom moves another one, even
 * without a record. The order of the wishes does not matter.
 */
export function allocate(
  wishes: readonly Wish[],
  taken: readonly Ipv4Range[],
): { given: Map<string, number>; without: Wish[] } {
  const free = new FreeAddresses(taken);
  const given = new Map<string, number>();
  const left: Wish[] = [];
  for (const wish of [...wishes].sort((a, b) => (a.key < b.key ? -1 : 1))) {
    const { first, last } = wish.range;
    const start = first + (createHash("sha256").update(wish.key).digest().readUInt32BE() % (last - first + 1));
    const address = [free.from(start), free.from(first)].find((candidate) => contains(wish.range, candidate));
    if (address === undefined) left.push(wish);
    else {
      given.set(wish.key, address);
      free.take(address);
    }
  }
  return { given, without: left };
}

/** Finds the next free address in nearly constant time: runs of taken ones are jumped over, and the jumps are kept. */
export class FreeAddresses {
  private readonly jumps = new Map<number, number>();
  private readonly taken: readonly Ipv4Range[];

  constructor(taken: readonly Ipv4Range[]) {
    this.taken = united(taken);
  }

  take(address: number): void {
    this.jumps.set(address, address + 1);
  }

  /** The lowest free address from `address` on. */
  from(address: number): number {
    const met: number[] = [];
    let at = address;
    for (let next = this.next(at); next !== at; next = this.next(at)) {
      met.push(at);
      at = next;
    }
    for (const each of met) this.jumps.set(each, at);
    return at;
  }

  private next(address: number): number {
    const known = this.jumps.get(address);
    if (known !== undefined) return known;
    let [low, high] = [0, this.taken.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.taken[middle]!.last < address) low = middle + 1;
      else high = middle;
    }
    const range = this.taken[low];
    return range !== undefined && range.first <= address ? range.last + 1 : address;
  }
}

/** The same addresses as ranges apart from each other, in order. */
function united(ranges: readonly Ipv4Range[]): Ipv4Range[] {
  const apart: { first: number; last: number }[] = [];
  for (const { first, last } of [...ranges].sort((a, b) => a.first - b.first)) {
    const before = apart.at(-1);
    if (before !== undefined && first <= before.last + 1) before.last = Math.max(before.last, last);
    else apart.push({ first, last });
  }
  return apart;
}
