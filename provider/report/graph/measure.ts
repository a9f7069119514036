// How much room text takes. Pure, in pixels.

/** Width of a character of the monospaced font, and of the other one at most. */
export const MONO = 6.7;
export const SANS = 7.4;
/** From one line of the small print to the next. */
export const LINE = 18;
const LONGEST = 26;

/** As much of a name as there is room for. */
export function shortened(text: string, most = LONGEST): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/** As many words in a line as there is room for. */
export function wrapped(words: readonly string[], between: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const longer = `${lines.at(-1) ?? ""}${between}${word}`;
    if (lines.length > 0 && longer.length * SANS <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
