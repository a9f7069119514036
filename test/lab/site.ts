// What the lab tests share: the host, a specification that fits it, stacks with a state of their own, and a host that was
// provisioned once and is gone back to.
import { cpSync, existsSync, mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { Lab } from "../../lab/lab";
import { sleep } from "../../lab/run";
import type { Host } from "../../lab/vm/host";
import type { Suite } from "../../lab/image/image";
import { stackFor, type LabStack, type Step } from "../../lab/pulumi";
import * as macvlan from "../../provider";

export const testSuite = (process.env.LAB_SUITE ?? "trixie") as Suite;

export const testLab = (): Lab => Lab.named(process.env.LAB_NAME ?? `test-${testSuite}`);

/** The password of the `web` appliance: searched for wherever it must not be. */
export const PASSWORD = "correct-horse'\"$HOME-battery";

/** Addresses of the appliances in {@link specification}. */
export const DNS = { ip: "192.168.76.53", mac: "02:42:c0:a8:4c:35" };
export const WEB = { ip: "192.168.76.80", mac: "02:42:c0:a8:4c:50" };

export interface Site {
  lab: Lab;
  host: Host;
}

/** The lab's first host. From here on, this process's `ssh lab1` reaches it, as a person's would with the lab's PATH. */
export function site(): Site {
  const lab = testLab();
  const env = lab.env();
  process.env.PATH = env.PATH;
  return { lab, host: lab.host(1) };
}

/** Waits up to four minutes until what is asked for answers; an error is no answer. @throws with what the host's journal says last */
export async function answered(host: Host, what: string, ask: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 240_000; Date.now() < end; await sleep(1000))
    if (await ask().catch(() => false)) return;
  const journal = await host.shell("journalctl -b -u 'macvlan*' -u docker --no-pager | tail -50");
  throw new Error(`${what} does not answer: ${journal}`);
}

/** Nothing is to be done on the host. */
export async function expectInSync(stack: LabStack): Promise<void> {
  expect(acts((await stack.preview()).started)).toEqual([]);
}

/** The LAN's network, as the lab's hosts are on it. */
export const lanOf = (host: Host) => ({ subnet: "192.168.76.0/24", gateway: "192.168.76.1", hostAddress: host.ip });

type Appliances = macvlan.ApplianceHostArgs["appliances"];

export const dns = (): Appliances[string] => ({ ip: DNS.ip, service: { image: "lab/dns:1" } });

export const web = (image = "lab/web:1"): Appliances[string] => ({
  ip: WEB.ip,
  service: { image, environment: { ADMIN_PASSWORD: "${ADMIN_PASSWORD}" } },
  secrets: { ADMIN_PASSWORD: PASSWORD },
  startAfter: ["dns"],
  readyTimeout: 60,
});

/** A host with a DNS server and a web server that starts after it. */
export function specification(host: Host, changes: Partial<macvlan.ApplianceHostArgs> = {}): macvlan.ApplianceHostArgs {
  return {
    ssh: { destination: host.alias() },
    interface: { nic: { mac: host.mac }, reach: macvlan.Reach.Pinned },
    network: lanOf(host),
    appliances: { dns: dns(), web: web() },
    ...changes,
  };
}

/** A program of one host; change `args` between runs. */
export function program(args: () => macvlan.ApplianceHostArgs): () => Promise<void> {
  return () => {
    new macvlan.ApplianceHost("gw1", args());
    return Promise.resolve();
  };
}

interface StackChanges {
  /** A folder with the state to start from, as a copy. */
  from?: string;
  env?: Record<string, string>;
}

/** A stack with a state of its own, which goes with the lab. */
export async function stackOf(
  args: () => macvlan.ApplianceHostArgs,
  { from, env }: StackChanges = {},
): Promise<LabStack> {
  const states = join(testLab().dir, "states");
  mkdirSync(states, { recursive: true });
  const dir = mkdtempSync(join(states, "state-"));
  if (from) cpSync(from, dir, { recursive: true });
  return stackFor({ dir, name: "gw1", project: "lab", passphrase: "test", program: program(args), env });
}

/** What a run did, or a preview would do, to anything that is not a component: "update gw1-web-appliance". */
export const acts = (steps: Step[]): string[] =>
  steps.filter(({ type }) => /^(command|docker):/.test(type)).map(({ op, name }) => `${op} ${name}`);

/** Goes back to a freshly booted host that was never ours. */
export async function bare({ host }: Site): Promise<void> {
  await host.load("booted");
}

/**
 * Goes back to the host of {@link specification} just after its first `up`, which happens once per run of the tier, and returns
 * a stack that knows it.
 */
export async function provisioned({ lab, host }: Site, args: () => macvlan.ApplianceHostArgs): Promise<LabStack> {
  const saved = join(lab.dir, "provisioned-state");
  if (existsSync(saved)) {
    await host.load("provisioned");
  } else {
    await host.load("booted");
    const first = await stackOf(() => specification(host));
    await first.up();
    await host.save("provisioned");
    cpSync(first.dir, saved, { recursive: true });
  }
  return stackOf(args, { from: saved });
}

/** Asserts that each address is answered for on the LAN by exactly its MAC. */
export async function expectIdentities({ lab }: Site, pins: { ip: string; mac: string }[]): Promise<void> {
  const answers = await lab.lan.probe(pins.map(({ ip }) => ip));
  const macs = pins.map(({ ip }) => [ip, [...new Set((answers[ip] ?? []).map(({ mac }) => mac))]]);
  expect(Object.fromEntries(macs)).toEqual(Object.fromEntries(pins.map(({ ip, mac }) => [ip, [mac]])));
}

/** Container ids by appliance name. */
export async function containers(host: Host): Promise<Record<string, string>> {
  const text = await host.shell("docker ps -a --no-trunc --format '{{.Names}} {{.ID}}'");
  return Object.fromEntries(
    text
      .trim()
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split(" ") as [string, string]),
  );
}

/** Whether `url` is answered when asked for on the host itself. */
export async function hostReaches(host: Host, ip: string): Promise<boolean> {
  return (await host.tryShell(`curl -s -m 5 -o /dev/null http://${ip}/`)).code === 0;
}
