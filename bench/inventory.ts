// npm run bench -- validate [HOSTS…]: how long an inventory takes and how much memory, from 10 hosts to 1 000. Each size is a
// process of its own, after start-up; beside it the same text goes through the YAML library alone, so that the ratio of the two
// means the same on any machine.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Measured } from "./validate";
import { APPLIANCES_PER_HOST, writeFleet } from "./fleet";

const SIZES = [10, 100, 1000];
const TIMES = 3;

const tsx = join(__dirname, "..", "node_modules", "tsx", "dist", "cli.mjs");

/** The best of a few runs: what else the machine does only ever adds. */
function measure(file: string): Measured {
  const runs = Array.from({ length: TIMES }, () => {
    const out = execFileSync(process.execPath, [tsx, join(__dirname, "validate.ts"), file], { encoding: "utf8" });
    return JSON.parse(out) as Measured;
  });
  return runs.reduce((best, run) => (run.cpu < best.cpu ? run : best));
}

export function benchInventory(sizes: readonly number[] = SIZES): void {
  console.table(sizes.map(row));
}

function row(hosts: number): Record<string, number> {
  const folder = mkdtempSync(join(tmpdir(), "macvlan-bench-"));
  try {
    const { seconds, cpu, yaml, megabytes } = measure(writeFleet(folder, hosts));
    return {
      hosts,
      appliances: hosts * APPLIANCES_PER_HOST,
      "seconds after start-up": Number(seconds.toFixed(2)),
      "CPU seconds": Number(cpu.toFixed(2)),
      "of yaml alone": Number((cpu / yaml).toFixed(2)),
      "ms of CPU per host": Number(((cpu * 1000) / hosts).toFixed(2)),
      "memory in MB": Math.round(megabytes),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
