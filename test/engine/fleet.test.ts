// The commands that run Pulumi for a fleet, as a person would: the CLI in a process of its own, the real engine, the plugins of
// the other engine tests, and a fake host behind a fake ssh for each host of the inventory.
import { ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { engineEnv } from "../../lab/pulumi";
import { CLI, fakeHosts } from "./fake-hosts";
import { bareObservation } from "./observation";

const HOSTS = ["gwa", "gwb", "gwc"];

let folder: string;
let env: NodeJS.ProcessEnv;

/** The fake hosts: `down` and `slow` (seconds) are files in the folder of each. */
const host = (name: string, ...file: string[]): string => join(folder, "hosts", name, ...file);
const path = (...parts: string[]): string => join(folder, ...parts);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "macvlan-fleet-test-"));
  fakeHosts(folder, HOSTS);
  const engine = await engineEnv({ dir: path("state"), passphrase: "fleet" });
  env = { ...process.env, ...engine.env, PATH: `${path("bin")}:${engine.env.PATH}`, CI: "true" };
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  for (const name of HOSTS)
    for (const file of ["down", "slow", "late", "observation"]) rmSync(host(name, file), { force: true });
});

/** Three hosts with an appliance each; `greeting` is in its environment. */
function inventory(greeting: string, file = "fleet.json", ips: Record<string, string> = {}): string {
  const lans = { home: { subnet: "192.168.76.0/24", gateway: "192.168.76.1" } };
  const hosts = HOSTS.map((name, i) => {
    const image = `example.com/web@sha256:${"0".repeat(64)}`;
    const web = {
      ip: ips[name] ?? `192.168.76.8${i}`,
      service: { image, environment: { GREETING: greeting, TOKEN: "${TOKEN}" } },
      secrets: { TOKEN: { env: "FLEET_TOKEN" } },
    };
    return [
      name,
      { lan: "home", tags: [i < 2 ? "edge" : "shop"], interface: { nic: { name: "eth0" } }, appliances: { web } },
    ] as const;
  });
  writeFileSync(path(file), JSON.stringify({ lans, hosts: Object.fromEntries(hosts) }));
  return path(file);
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Values that only some runs have. */
interface Run {
  readonly env?: NodeJS.ProcessEnv;
  readonly started?: (child: ChildProcess) => void;
}

function macvlan(args: string[], { env: more = {}, started }: Run = {}): Promise<Ended> {
  const child = spawn(process.execPath, [...CLI, ...args], {
    cwd: folder,
    env: { ...env, FLEET_TOKEN: "hunter2", ...more },
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (text: Buffer) => (out += text.toString()));
  child.stderr.on("data", (text: Buffer) => (err += text.toString()));
  started?.(child);
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
}

interface Json {
  readonly exitCode: number;
  readonly problems: { message: string }[];
  readonly hosts: { host: string; status: string; notes: string[]; faults: { message: string; remedy: string }[] }[];
}
const json = ({ out }: Ended): Json => JSON.parse(out) as Json;
const statuses = (ended: Ended): Record<string, string> =>
  Object.fromEntries(json(ended).hosts.map(({ host: name, status }) => [name, status]));
const faults = (ended: Ended): string => JSON.stringify(json(ended).hosts.map((each) => each.faults));

function locks(): string[] {
  const at = path("state", ".pulumi", "locks");
  if (!existsSync(at)) return [];
  return readdirSync(at, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".json"))
    .map(({ name }) => name);
}

async function until(is: () => boolean): Promise<void> {
  for (let i = 0; i < 1200 && !is(); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(is()).toBe(true);
}

/** Descendants of a process that run `pulumi`. */
function enginesOf(pid: number): number[] {
  const of = (file: string): string => {
    try {
      return readFileSync(file, "utf8");
    } catch {
      return "";
    }
  };
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .filter((each) => new RegExp(`^PPid:\\s+${pid}$`, "m").test(of(`/proc/${each}/status`)))
    .filter((each) => of(`/proc/${each}/cmdline`).includes("pulumi"))
    .map(Number);
}

const UP = ["up", "--yes", "--offline", "--json", "-i"];

test("what would be wrong for all is said before any host is touched", async () => {
  const twice = await macvlan([...UP, inventory("hello", "twice.json", { gwb: "192.168.76.80" })]);
  expect(twice.code).toBe(2);
  expect(json(twice).problems[0]!.message).toContain(
    "192.168.76.80 is the address of the appliance web of host gwa too",
  );
  const file = inventory("hello");
  const runs = await Promise.all([
    macvlan([...UP, file], { env: { FLEET_TOKEN: "" } }),
    macvlan([...UP, file], { env: { PATH: "/nowhere" } }),
    macvlan(["up", "--offline", "-i", file]),
    macvlan([...UP, file, "--tag", "egde"]),
  ]);
  const said = runs.map(({ code, out, err }) => [code, out + err]);
  expect(said.map(([code]) => code)).toEqual([2, 2, 2, 2]);
  expect(said[0]![1]).toContain("the environment variable FLEET_TOKEN is not set");
  expect(said[1]![1]).toContain("there is no `pulumi` on PATH");
  expect(said[2]![1]).toContain("give --yes");
  expect(said[3]![1]).toContain("there is no tag egde");
  expect(HOSTS.some((name) => existsSync(host(name, "steps")))).toBe(false);
});

test("a preview without a state writes none; its report has every host, and no secret", async () => {
  const file = inventory("hello");
  const preview = await macvlan(["preview", "--offline", "--report", "md", "--save-plan", path("plan"), "-i", file]);
  expect(preview.code, preview.err).toBe(0);
  expect(preview.out).toContain("## macvlan: 3 of 3 hosts change");
  expect(preview.out).toContain("were not contacted");
  expect(preview.out).not.toContain("hunter2");
  expect(readdirSync(path("plan")).sort()).toEqual(HOSTS.map((name) => `${name}.json`));
  expect(existsSync(path("state", ".pulumi", "stacks"))).toBe(false);
  // A plan needs the engine; a report alone is said without it, and has to say the same.
  const quick = await macvlan(["preview", "--offline", "--report", "md", "-i", file]);
  expect(quick.code, quick.err).toBe(0);
  expect(quick.out).toBe(preview.out);
  const without = { PATH: "/nowhere", PULUMI_BACKEND_URL: "", PULUMI_CONFIG_PASSPHRASE: "", FLEET_TOKEN: "" };
  const fork = await macvlan(
    ["preview", "--against", file, "--report", "md", "-i", inventory("hello you", "fork.json")],
    { env: without },
  );
  expect(fork.code, fork.err).toBe(0);
  expect(fork.out).toContain("hello you");
  expect(fork.out).toContain("3 of 3 hosts change");
  expect(fork.out).toContain("Compared with the inventory /");
});

test("one host fails, the others are done; the next run takes up what is left", async () => {
  const file = inventory("hello");
  writeFileSync(host("gwb", "down"), "");
  const first = await macvlan([...UP, file, "--continue"]);
  expect(statuses(first), first.err).toEqual({ gwa: "done", gwb: "failed", gwc: "done" });
  expect(first.code).toBe(1);
  expect(faults(first)).toContain("No route to host");
  expect(locks()).toEqual([]);
  rmSync(host("gwb", "down"));
  // What was reviewed was the whole of it; the rest of that may be done.
  const second = await macvlan([...UP, file, "--plan", path("plan")]);
  expect(statuses(second), second.err).toEqual({ gwa: "unchanged", gwb: "done", gwc: "unchanged" });
  const outputs = await macvlan(["outputs", "-i", file, "gwb"]);
  expect(outputs.out).toMatch(/gwb +web +192\.168\.76\.81/);
});

test("a host that is refused disturbs none that is worked on meanwhile", async () => {
  const file = inventory("hello again");
  for (const name of HOSTS) {
    const seen = bareObservation("52:54:00:00:02:01", "192.168.76.10");
    writeFileSync(host(name, "observation"), name === "gwa" ? seen : seen.replaceAll("ens4", "eth0"));
    writeFileSync(host(name, "slow"), "6");
  }
  writeFileSync(host("gwa", "late"), "4");
  const ended = await macvlan(["up", "--yes", "--json", "--continue", "-i", file]);
  expect(statuses(ended), ended.err + ended.out).toEqual({ gwa: "refused", gwb: "done", gwc: "done" });
  expect(faults(ended)).toContain("eth0");
});

test("the reviewed plan is what is applied, and no other", async () => {
  const file = inventory("good morning");
  const reviewed = await macvlan(["preview", "--offline", "--json", "--save-plan", path("plan"), "-i", file]);
  expect(statuses(reviewed), reviewed.err).toEqual({ gwa: "changes", gwb: "changes", gwc: "changes" });
  const other = await macvlan([...UP, inventory("good evening"), "--plan", path("plan"), "--continue"]);
  expect(statuses(other)).toEqual({ gwa: "refused", gwb: "refused", gwc: "refused" });
  expect(faults(other)).toContain("update gwa-web-appliance is another one now");
  const same = await macvlan([...UP, inventory("good morning"), "--plan", path("plan")]);
  expect(statuses(same), same.err).toEqual({ gwa: "done", gwb: "done", gwc: "done" });
});

test("an unreachable host is looked at in vain, and previewed from its last known state", async () => {
  writeFileSync(host("gwb", "down"), "");
  const preview = await macvlan(["preview", "--json", "-i", inventory("good night"), "gwb"]);
  expect(preview.code).toBe(1);
  expect(statuses(preview)).toEqual({ gwb: "failed" });
  expect(preview.out).toContain('"contact": "unreachable"');
  expect(preview.out).toContain("gwb-web-appliance");
});

test("Ctrl-C: the running step ends, nothing is begun, nothing stays locked", async () => {
  for (const name of HOSTS) {
    writeFileSync(host(name, "slow"), "3");
    rmSync(host(name, "steps"), { force: true });
  }
  const ended = await macvlan([...UP, inventory("interrupted"), "--parallel", "2"], {
    started: (child) => void until(() => existsSync(host("gwa", "steps"))).then(() => child.kill("SIGINT")),
  });
  expect(ended.code, ended.err).toBe(1);
  const after = statuses(ended);
  expect(after.gwc).toBe("left");
  expect(readFileSync(host("gwa", "steps"), "utf8")).toBe("begun\ndone\n");
  expect(existsSync(host("gwc", "steps"))).toBe(false);
  expect(locks()).toEqual([]);
  expect(ended.err).toContain("interrupted: what is being done is finished first");
});

test.each([0, 700, 1500])(
  "Ctrl-C %d ms after the first host was begun, whatever is just going on: it ends, nothing stays locked",
  async (ms) => {
    const ended = await macvlan([...UP, inventory(`interrupted after ${ms}`), "--parallel", "3"], {
      started: (child) => child.stderr!.once("data", () => setTimeout(() => child.kill("SIGINT"), ms)),
    });
    expect(locks()).toEqual([]);
    // It had not got as far as to listen to signals.
    if (ended.code === null) return expect(ended.err).not.toContain("begun");
    expect([0, 1], ended.err).toContain(ended.code);
    expect(Object.values(statuses(ended)).join()).toMatch(/^((done|interrupted|left)(,|$))+/);
  },
  120_000,
);

test("SIGKILL of everything: the next run clears what it left, and finishes", async () => {
  writeFileSync(host("gwa", "slow"), "30");
  rmSync(host("gwa", "steps"), { force: true });
  const file = inventory("killed");
  const killed = await macvlan([...UP, file, "gwa"], {
    started: (child) =>
      void until(() => existsSync(host("gwa", "steps"))).then(() => {
        for (const pid of enginesOf(child.pid!)) process.kill(pid, "SIGKILL");
        child.kill("SIGKILL");
      }),
  });
  expect(killed.code).toBe(null);
  expect(locks()).toHaveLength(1);
  rmSync(host("gwa", "slow"));
  const next = await macvlan([...UP, file]);
  expect(next.code, next.out + next.err).toBe(0);
  expect(statuses(next)).toEqual({ gwa: "done", gwb: "done", gwc: "done" });
  expect(json(next).hosts[0]!.notes.join()).toContain("lock of gwa removed");
  expect(locks()).toEqual([]);
});

test("destroy takes away what was made, also of a host that left the inventory", async () => {
  const file = inventory("killed");
  const content = JSON.parse(readFileSync(file, "utf8")) as { hosts: Record<string, object> };
  delete content.hosts.gwc;
  writeFileSync(file, JSON.stringify(content));
  const gone = await macvlan(["destroy", "--yes", "--json", "-i", file, "gwa", "gwc"]);
  expect(gone.code, gone.err).toBe(0);
  expect(statuses(gone)).toEqual({ gwa: "done", gwc: "done" });
  const left = readdirSync(path("state", ".pulumi", "stacks", "macvlan")).filter((name) => name.endsWith(".json"));
  expect(left.sort()).toEqual(["gwa.json", "gwb.json"]);
});
