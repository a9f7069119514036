// Ends the run of one host after what it has begun, once a person asks for that.

/** A run that a person may end early. */
export interface Interrupt {
  /** After the first Ctrl-C: what runs ends, nothing is begun. */
  readonly isOver: () => boolean;
  /** After the second: the engine drops what it does. */
  readonly signal: AbortSignal;
}

/**
 * What the program registers asks for a pass. Once the run is over nothing gets one; and when everything that had one has ended,
 * the engine is stopped. It would not end by itself: what waits for a resource that was refused waits for ever
 * (@pulumi/pulumi 3.248), and stopped earlier it would break off what is being done on the host.
 */
export class Gate {
  private readonly begun = new Set<string>();
  private refused = false;
  private readonly stop = new AbortController();
  /** Aborted when the engine is to stop at once. */
  readonly signal: AbortSignal;

  constructor(private readonly interrupt: Interrupt) {
    this.signal = AbortSignal.any([interrupt.signal, this.stop.signal]);
  }

  /** Whether this resource may begin. */
  pass(name: string): boolean {
    if (!this.interrupt.isOver()) {
      this.begun.add(name);
      return true;
    }
    this.refused = true;
    this.stopIfIdle();
    return false;
  }

  ended(name: string): void {
    this.begun.delete(name);
    this.stopIfIdle();
  }

  private stopIfIdle(): void {
    if (this.refused && this.begun.size === 0) this.stop.abort();
  }
}
