// One measurement, as JSON: an inventory read and checked, then the same text read by the YAML library alone.
import { readFileSync } from "node:fs";
import { parseDocument } from "yaml";
import { formatPositioned, readInventory } from "../provider/fleet/inventory";

export interface Measured {
  /** Time on the clock of reading and checking. */
  readonly seconds: number;
  /** Of all threads: what the garbage collector does beside counts too. */
  readonly cpu: number;
  /** Seconds of CPU that the YAML library takes for the same text. */
  readonly yaml: number;
  /** The most that the process ever had, start-up included. */
  readonly megabytes: number;
}

function timed<T>(act: () => T): { value: T; seconds: number; cpu: number } {
  const [started, before] = [performance.now(), process.cpuUsage()];
  const value = act();
  const { user, system } = process.cpuUsage(before);
  return { value, seconds: (performance.now() - started) / 1000, cpu: (user + system) / 1e6 };
}

const file = process.argv[2]!;
const { value, seconds, cpu } = timed(() => readInventory([file]));
if (value.inventory === undefined) throw new Error(value.problems.map(formatPositioned).join("\n"));
const megabytes = process.resourceUsage().maxRSS / 1024;
const { cpu: yaml } = timed(() =>
  parseDocument(readFileSync(file, "utf8"), { version: "1.2", uniqueKeys: false, prettyErrors: false }),
);
console.log(JSON.stringify({ seconds, cpu, yaml, megabytes } satisfies Measured));
