/** Choices that are the same each time for the same seed. */
export interface Random {
  /** A whole number from 0 to below `end`. */
  below(end: number): number;
  one<T>(of: readonly T[]): T;
  /** Different ones, in any order. */
  some<T>(of: readonly T[], count: number): T[];
}

/** Mulberry32: 32 bits of state are plenty for a few choices. */
export function generator(seed: number): Random {
  let state = seed >>> 0;
  const below = (end: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end;
  };
  const one = <T>(of: readonly T[]): T => of[below(of.length)] as T;
  const some = <T>(of: readonly T[], count: number): T[] => {
    const left = [...of];
    return Array.from({ length: count }, () => left.splice(below(left.length), 1)[0] as T);
  };
  return { below, one, some };
}
