// npm test [-- TIER…]: every tier of tests, one after the other, each with its own count; the last line sums them up.
// A tier that cannot run here says why and counts as skipped, never as passed.
import { spawn, type StdioOptions } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { tiers, type Tier } from "./tiers";
import { add, closingLine, countsOf, none, type Counts, type VitestReport } from "./counts";

const root = join(__dirname, "..");

/** Runs a program to its end; with a `label`, each line that it prints has it in front. */
function run(command: string, args: string[], env: NodeJS.ProcessEnv, label?: string): Promise<number> {
  return new Promise((resolve) => {
    const stdio: StdioOptions = label === undefined ? "inherit" : ["ignore", "pipe", "pipe"];
    const child = spawn(command, args, { cwd: root, stdio, env: { ...process.env, ...env } });
    for (const stream of [child.stdout, child.stderr])
      if (stream) createInterface({ input: stream }).on("line", (line) => console.log(`[${label}] ${line}`));
    child.on("error", (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(127);
    });
    child.on("close", (code, signal) => resolve(signal ? 128 : (code ?? 1)));
  });
}

async function runTier(tier: Tier, label?: string): Promise<Counts> {
  const cannot = await tier.unavailable?.();
  if (cannot) {
    console.log(`skipped: ${cannot}`);
    return { ...none, skipped: 1 };
  }
  if (tier.command) {
    const [command, ...args] = tier.command;
    const ok = (await run(command as string, args, tier.env ?? {}, label)) === 0;
    return { ...none, [ok ? "passed" : "failed"]: 1 };
  }
  const scratch = mkdtempSync(join(tmpdir(), "macvlan-test-"));
  try {
    const report = join(scratch, "report.json");
    const code = await run(
      process.execPath,
      [
        join(root, "node_modules", "vitest", "vitest.mjs"),
        "run",
        ...tier.vitest,
        "--reporter=verbose",
        "--reporter=json",
        `--outputFile.json=${report}`,
      ],
      tier.env ?? {},
      label,
    );
    const counts = existsSync(report) ? countsOf(JSON.parse(readFileSync(report, "utf8")) as VitestReport) : none;
    // A crash outside any test (a hook, a worker, a syntax error) must not go unseen.
    return code !== 0 && counts.failed === 0 ? add(counts, { ...none, failed: 1 }) : counts;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !tiers.some((tier) => tier.name === name));
  if (unknown.length > 0) {
    console.error(`no such tier: ${unknown.join(", ")}; there are: ${tiers.map((tier) => tier.name).join(", ")}`);
    process.exit(2);
  }
  const started = Date.now();
  // What is still missing after this makes its own tier fail, and say so.
  await run("sh", [join(root, "lab", "setup.sh"), "test"], {});
  const chosen = tiers.filter(({ name, named }) => (wanted.length === 0 ? !named : wanted.includes(name)));
  const lanes = new Set(chosen.flatMap(({ lane }) => lane ?? []));
  let total = none;
  const summary: string[] = [];
  const one = async (tier: Tier): Promise<void> => {
    console.log(`\n=== ${tier.name}: ${tier.what}`);
    const from = Date.now();
    const counts = await runTier(tier, tier.lane !== undefined && lanes.size > 1 ? tier.name : undefined);
    total = add(total, counts);
    summary.push(`${tier.name.padEnd(14)} ${closingLine(counts)} (${Math.round((Date.now() - from) / 1000)} s)`);
  };
  for (const tier of chosen) if (tier.lane === undefined) await one(tier);
  await Promise.all(
    [...lanes].map(async (lane) => {
      for (const tier of chosen) if (tier.lane === lane) await one(tier);
    }),
  );
  console.log(`\n${summary.join("\n")}\nall tiers in ${Math.round((Date.now() - started) / 1000)} s\n`);
  console.log(closingLine(total));
  process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);
}

void main();
