/** The lines of a text, counted once somebody asks for one. */
export class Lines {
  private starts?: readonly number[];

  constructor(private readonly text: string) {}

  /** Line and column of an offset, both from 1. */
  at(offset: number): { line: number; column: number } {
    const starts = (this.starts ??= [0, ...[...this.text.matchAll(/\n/g)].map(({ index }) => index + 1)]);
    let [low, high] = [0, starts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= offset) low = middle + 1;
      else high = middle;
    }
    return { line: low, column: offset - starts[low - 1]! + 1 };
  }
}
