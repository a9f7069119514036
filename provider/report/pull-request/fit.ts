// A text within a limit: what matters least is left out first.

/** A part of a text. */
export interface Part {
  readonly text: string;
  /** What stands for it when it is left out; default nothing. */
  readonly short?: string;
  /** The lower, the sooner it is left out; undefined for what stays. Of the same rank, the longest goes first. */
  readonly rank?: number;
  /** It goes when the part of this key goes. */
  readonly within?: string;
  readonly key?: string;
  /** What to call it when telling that it was left out. */
  readonly label?: string;
}

/** The parts put together in at most `limit` characters, and the labels of those that had to be left out, in their order. */
export function fit(parts: readonly Part[], limit: number): { text: string; omitted: string[] } {
  const texts = parts.map(({ text }) => text);
  let length = texts.reduce((sum, text) => sum + text.length, 0);
  const out = new Set<number>();
  const replace = (index: number, text: string): void => {
    length += text.length - texts[index]!.length;
    texts[index] = text;
    out.add(index);
  };
  const inside = new Map<string, number[]>();
  for (const [index, { within }] of parts.entries())
    if (within !== undefined) inside.set(within, [...(inside.get(within) ?? []), index]);
  const candidates = [...parts.entries()]
    .filter(([, { rank }]) => rank !== undefined)
    .sort(([i, a], [j, b]) => a.rank! - b.rank! || b.text.length - a.text.length || j - i);
  for (const [index, { short = "", key }] of candidates) {
    if (length <= limit) break;
    if (texts[index]!.length > short.length) replace(index, short);
    if (key !== undefined) for (const inner of inside.get(key) ?? []) replace(inner, "");
  }
  const omitted = [...out].sort((a, b) => a - b).flatMap((index) => parts[index]!.label ?? []);
  return { text: texts.join(""), omitted };
}
