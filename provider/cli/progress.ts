/** Milliseconds without a word: what is faster needs none. */
const PATIENCE = 2_000;
/** Milliseconds between two words after the first. */
const INTERVAL = 10_000;

/** Says on stderr whom a run is still waiting for, once it takes longer. */
export class Progress {
  private readonly waiting: Set<string>;
  private readonly started = Date.now();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    names: readonly string[],
    private readonly say: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
  ) {
    this.waiting = new Set(names);
    this.timer = setTimeout(() => this.tell(), PATIENCE);
  }

  done(name: string): void {
    this.waiting.delete(name);
    if (this.waiting.size === 0) this.stop();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private tell(): void {
    const seconds = Math.round((Date.now() - this.started) / 1000);
    this.say(`looking at ${[...this.waiting].join(", ")} … ${seconds} s`);
    this.timer = setTimeout(() => this.tell(), INTERVAL);
  }
}
