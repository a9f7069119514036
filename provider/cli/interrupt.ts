import type { Interrupt } from "../fleet/run";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Lets a run be ended: at the first signal after what runs, at the second at once. `say` prints a line. */
export function interruptible(say: (line: string) => void): { interrupt: Interrupt; dispose: () => void } {
  const abort = new AbortController();
  let signals = 0;
  const onSignal = (): void => {
    signals += 1;
    if (signals === 1) say("interrupted: what is being done is finished first, nothing new is begun (again: at once)");
    else abort.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    interrupt: { isOver: () => signals > 0, signal: abort.signal },
    dispose: () => SIGNALS.forEach((signal) => process.off(signal, onSignal)),
  };
}
