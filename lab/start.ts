// npm start: from a machine with Node.js to appliances that keep their identity through a reboot, with nothing to prepare.
import { join } from "node:path";
import { provision } from "../examples/single-host/program";
import { ensureEngine } from "./engine";
import { exampleStack } from "./example";
import { Lab } from "./lab";
import { printing, type LabStack } from "./pulumi";
import { step } from "./progress";
import { table } from "./table";
import { sleep } from "./run";
import type { Host } from "./vm/host";

type Identity = { ip: string; mac: string };
type Answers = Record<string, string>;

async function main(): Promise<void> {
  const started = Date.now();
  const lab = Lab.named();
  const say = (text: string) => process.stderr.write(`${text}\n`);

  // Both may take minutes on a new machine, and neither waits for the other.
  await Promise.all([ensureEngine(say), lab.up(1)]);
  const host = lab.host(1);
  process.env.PATH = lab.env().PATH;

  const stack = await exampleStack({
    dir: join(lab.dir, "pulumi"),
    host,
    program: () => Promise.resolve({ appliances: provision().appliances }),
    progress: say,
  });
  say(`plugins: ${stack.engine.plugins.what}`);
  for (const line of await stack.recover()) say(line);
  const up = await step("pulumi up of examples/single-host", ({ say: tell }) => stack.up(printing(tell)));
  const appliances = up.outputs.appliances as Record<string, Identity>;

  if (up.ended.length === 0) {
    console.log(`\n${show(appliances, { "MAC on the LAN": await answersOf(lab, appliances) })}\n`);
    console.log(`unchanged: the host is as the program says (${seconds(started)})`);
  } else {
    const before = await answersOf(lab, appliances);
    await host.reboot();
    const after = await step("appliances after the reboot", () => settled(lab, host, appliances));
    console.log(`\n${show(appliances, { "MAC before the reboot": before, "MAC after": after })}\n`);
    console.log(`done in ${seconds(started)}`);
  }
  console.log(next(stack));
}

/** Which MACs answer on the LAN for each appliance's address. */
async function answersOf(lab: Lab, appliances: Record<string, Identity>): Promise<Answers> {
  const ips = Object.values(appliances).map(({ ip }) => ip);
  const answers = await lab.lan.probe(ips);
  const macs = (ip: string) => [...new Set((answers[ip] ?? []).map(({ mac }) => mac))].join(" and ") || "no answer";
  return Object.fromEntries(ips.map((ip) => [ip, macs(ip)]));
}

/** The same once every address is answered for, or after two minutes. */
async function settled(lab: Lab, host: Host, appliances: Record<string, Identity>): Promise<Answers> {
  for (const end = Date.now() + 120_000; ; await sleep(1000)) {
    const answers = await answersOf(lab, appliances);
    if (!Object.values(answers).includes("no answer")) return answers;
    if (Date.now() > end) {
      process.stderr.write(await host.shell("journalctl -b -u 'macvlan*' --no-pager | tail -n 30"));
      return answers;
    }
  }
}

function show(appliances: Record<string, Identity>, columns: Record<string, Answers>): string {
  const rows = Object.entries(appliances).map(([name, { ip }]) => [
    name,
    ip,
    ...Object.values(columns).map((answers) => answers[ip] ?? ""),
  ]);
  return table(["appliance", "IP", ...Object.keys(columns)], rows);
}

const seconds = (since: number): string => `${Math.round((Date.now() - since) / 1000)} s`;

function next(stack: LabStack): string {
  return `
Try next:
  npm run lab -- ssh lab1 docker ps           what runs on the host
  npm run lab -- reboot lab1 --nic-late 30    a boot whose NIC comes late
  npm run lab -- lan probe 192.168.76.53      who answers for the DNS server's address
  edit examples/single-host/program.ts, then npm start again
  npm run lab -- down                         removes the host; the image stays
The state of this stack is in ${stack.dir}.`;
}

main().catch((error: Error) => {
  process.stderr.write(`\n${error.message}\n`);
  process.exitCode = 1;
});
