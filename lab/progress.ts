/** Where a step reports its parts. */
export interface Step {
  say: (text: string) => void;
}

/**
 * Runs `work` and tells on stderr that it runs: at once, what it says meanwhile, a sign of life every 15 s, and how long it took.
 * Plain lines without colour or cursor movement: the same in a terminal, a pipe and a CI log.
 */
export async function step<T>(label: string, work: (step: Step) => Promise<T>): Promise<T> {
  const started = Date.now();
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
  const write = (text: string) => process.stderr.write(`${text}\n`);
  write(`${label} ...`);
  let last = Date.now();
  const say = (text: string) => {
    last = Date.now();
    write(`  ${label}: ${text}`);
  };
  const alive = setInterval(() => {
    if (Date.now() - last >= 14_000) say(`still at it (${seconds()})`);
  }, 1000);
  try {
    const result = await work({ say });
    write(`${label}: done (${seconds()})`);
    return result;
  } catch (error) {
    write(`${label}: failed (${seconds()})`);
    throw error;
  } finally {
    clearInterval(alive);
  }
}
