// npm run bench -- host [APPLIANCES…]: what a run costs on a lab host, beside `docker compose up` of the same containers over one ssh.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Lab } from "../lab/lab";
import { stackFor } from "../lab/pulumi";
import { step } from "../lab/progress";
import type { Host } from "../lab/vm/host";
import * as macvlan from "../provider";
import { observeScript } from "../provider/observe";
import { runAsync, runScript } from "../provider/ssh";

const SIZES = [1, 5, 20];
/** Docker's own default: 20 checks every few seconds would be most of what an emulated host does. */
const HEALTHCHECK = { interval: "30s" };
const TIMES = 5;

interface Row {
  appliances: number;
  /** Seconds. */
  compose: number;
  up: number;
  nothing: number;
  observe: number;
}

/** Measures on a lab of its own, which is taken down at the end. */
export async function benchHost(sizes: readonly number[] = SIZES): Promise<void> {
  const lab = Lab.named("bench");
  await lab.up(1);
  process.env.PATH = lab.env().PATH;
  try {
    const rows: Row[] = [];
    for (const size of sizes) rows.push(await measure(lab.host(1), size));
    console.table(
      rows.map(({ appliances, compose, up, nothing, observe }) => ({
        appliances,
        "docker compose up, s": round(compose),
        "up, s": round(up),
        "of compose": round(up / compose),
        "up with nothing to do, s": round(nothing),
        "observation, s": round(observe),
      })),
    );
  } finally {
    await lab.down();
  }
}

async function measure(host: Host, appliances: number): Promise<Row> {
  const compose = await step(`${appliances} with docker compose`, () => composeUp(host, appliances));
  await host.load("booted");
  const dir = mkdtempSync(join(tmpdir(), "macvlan-bench-"));
  try {
    const program = (): Promise<void> => {
      new macvlan.ApplianceHost("gw1", specification(host, appliances));
      return Promise.resolve();
    };
    const stack = await stackFor({ dir, name: "gw1", program });
    const up = await step(`${appliances} with up`, async () => (await stack.up()).seconds);
    const nothing = await step(`${appliances}, nothing to do`, () =>
      median(async () => {
        const { seconds, ended } = await stack.up();
        const done = ended.filter(({ op }) => op !== "same");
        if (done.length > 0) throw new Error(`not in sync: ${done.map(({ op, name }) => `${op} ${name}`).join(", ")}`);
        return seconds;
      }),
    );
    const observe = await step(`${appliances}, observation`, () => median(() => observation(host)));
    return { appliances, compose, up, nothing, observe };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The same containers on the same network by one command over one connection. */
async function composeUp(host: Host, appliances: number): Promise<number> {
  await host.load("booted");
  const services = addresses(appliances).map(
    ({ name, ip, mac }) =>
      `  ${name}: { image: "lab/web:1", restart: unless-stopped, healthcheck: ${JSON.stringify(HEALTHCHECK)}, networks: { lan: { ipv4_address: ${ip}, mac_address: "${mac}" } } }`,
  );
  const file = ["services:", ...services, "networks:", "  lan: { external: true }", ""].join("\n");
  const from = Date.now();
  await host.shell(
    [
      "ip link add link ens4 name lan0 type macvlan mode bridge && ip link set lan0 up",
      "docker network create -d macvlan -o parent=lan0 --subnet 192.168.76.0/24 --gateway 192.168.76.1 lan >/dev/null",
      `docker compose -p bench -f - up -d --wait --quiet-pull <<'END'\n${file}END`,
    ].join(" && "),
    { timeout: 1_200_000 },
  );
  return (Date.now() - from) / 1000;
}

async function observation(host: Host): Promise<number> {
  const from = Date.now();
  const { failure } = await runAsync(runScript({ destination: host.alias() }, observeScript(), 120_000));
  if (failure) throw new Error(failure.message);
  return (Date.now() - from) / 1000;
}

const addresses = (count: number): { name: string; ip: string; mac: string }[] =>
  Array.from({ length: count }, (_, i) => ({
    name: `web${i}`,
    ip: `192.168.76.${30 + i}`,
    mac: `02:42:c0:a8:4c:${(30 + i).toString(16).padStart(2, "0")}`,
  }));

function specification(host: Host, appliances: number): macvlan.ApplianceHostArgs {
  return {
    ssh: { destination: host.alias() },
    interface: { nic: { mac: host.mac }, reach: "pinned" },
    network: { subnet: "192.168.76.0/24", gateway: "192.168.76.1", hostAddress: host.ip },
    appliances: Object.fromEntries(
      addresses(appliances).map(({ name, ip, mac }) => [
        name,
        { ip, mac, service: { image: "lab/web:1", healthcheck: HEALTHCHECK } },
      ]),
    ),
  };
}

async function median(once: () => Promise<number>): Promise<number> {
  const all: number[] = [];
  for (let i = 0; i < TIMES; i++) all.push(await once());
  return all.sort((a, b) => a - b)[(TIMES - 1) / 2]!;
}

const round = (value: number): number => Number(value.toFixed(2));
