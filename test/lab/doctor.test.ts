import { spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import type { Report } from "../../provider/cli/report";
import { bare, PASSWORD, provisioned, site, specification } from "./site";
import { differences, stateOf } from "./host-state";

const here = site();
const { host } = here;
const name = host.alias();

interface Answer {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** `macvlan …` as a person or a CI job runs it. */
function macvlan(...args: string[]): Promise<Answer> {
  const root = join(__dirname, "..", "..");
  const command = [join(root, "node_modules", "tsx", "dist", "cli.mjs"), join(root, "provider", "cli", "main.ts")];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...command, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    const answer: Answer = { code: null, stdout: "", stderr: "" };
    child.stdout.on("data", (chunk: Buffer) => (answer.stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (answer.stderr += chunk.toString()));
    child.on("error", reject).on("close", (code) => resolve({ ...answer, code }));
  });
}

const json = (answer: Answer) => JSON.parse(answer.stdout) as Report;
const findings = (report: Report) => (report.hosts[0]?.findings ?? []).map(({ id, where }) => `${id}: ${where}`);

/** A file of the specification, as it is written by hand: without the values of secrets. */
function file(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), "macvlan-doctor-")), "gw1.yaml");
  writeFileSync(path, text);
  return path;
}

function specFile(): string {
  const args = specification(host);
  const { web } = args.appliances;
  return file(
    stringify({ ...args, appliances: { ...args.appliances, web: { ...web, secrets: { ADMIN_PASSWORD: null } } } }),
  );
}

describe("a host that was never ours", () => {
  beforeAll(() => bare(here));

  test("has nothing to report while it has no MACVLAN, and is left as it was", async () => {
    const before = await stateOf(host);
    const answer = await macvlan("doctor", name);
    expect(answer).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/No MACVLAN seen\.\n\nNothing to report\.\n$/) as string,
    });
    expect(differences(before, await stateOf(host))).toEqual([]);
  });

  test("set up as Docker's how-to does it: explained, with what happens to the container later", async () => {
    await host.shell(
      `docker network create -d macvlan --subnet=192.168.76.0/24 --gateway=192.168.76.1 -o parent=ens4 macvlan-mynet
       docker run --rm -itd --network macvlan-mynet --name macvlan-alpine lab/web:1`,
    );
    const answer = await macvlan("doctor", name);
    expect(answer.code).toBe(3);
    expect(answer.stdout).toMatch(
      /^macvlan-mynet +macvlan +ens4 +192\.168\.76\.0\/24 +192\.168\.76\.1 +all of it +ok$/m,
    );
    expect(answer.stdout).toContain("derives it from the");
    expect(answer.stdout).not.toContain("\x1b");
    const report = await macvlan("doctor", name, "--json");
    expect(findings(json(report))).toEqual([
      "pool-on-lan: network macvlan-mynet",
      "host-address-in-pool: network macvlan-mynet",
      "mac-not-pinned: container macvlan-alpine",
      "ip-not-pinned: container macvlan-alpine",
      "no-restart-policy: container macvlan-alpine",
      "parent-is-nic: network macvlan-mynet",
      "no-host-reach: network macvlan-mynet",
    ]);
    await host.shell("docker rm -f macvlan-alpine && docker network rm macvlan-mynet");
  });

  test("set up as macvlan-router does it: its /24, its two answers to ARP and its lost routes", async () => {
    // Its image is not on the host: what its router.sh does, by hand, under the name of its image.
    await host.shell(
      `docker network create macvlan --driver macvlan -o parent=ens4 --subnet 192.168.76.0/24 --gateway 192.168.76.1
       docker tag lab/web:1 ghcr.io/laugmanuel/macvlan-router:latest
       docker run -d --name router --network host --restart unless-stopped ghcr.io/laugmanuel/macvlan-router:latest
       docker run -d --name web --network macvlan --ip 192.168.76.80 --restart unless-stopped lab/web:1
       docker run -d --name dns --network macvlan --ip 192.168.76.53 --mac-address 02:00:00:00:00:53 --restart unless-stopped lab/dns:1
       ip link add macvlan link ens4 type macvlan mode bridge
       ip addr add 192.168.76.250/24 dev macvlan
       ip link set macvlan up
       ip route replace 192.168.76.80/32 dev macvlan`,
    );
    const answer = await macvlan("doctor", name, "--json");
    expect(answer.code).toBe(3);
    const found = findings(json(answer));
    expect(found).toEqual(
      expect.arrayContaining([
        "macvlan-router-routes: container router",
        "lan-route-twice: link macvlan",
        "arp-flux: link macvlan",
        "mac-not-pinned: container web",
      ]),
    );
    expect(found).not.toContain("mac-not-pinned: container dns");
    const { [host.ip]: answers = [] } = await here.lab.lan.probe([host.ip]);
    expect(new Set(answers.map(({ mac }) => mac)).size).toBe(2);
  });

  test("is cured of that by the commands of the report, word for word", async () => {
    const report = json(await macvlan("doctor", name, "--json"));
    const remedy = (id: string) => report.hosts[0]!.findings!.find((finding) => finding.id === id)!.remedy.split("; ");
    const commands = ["macvlan-router-routes", "lan-route-twice", "arp-flux"].flatMap(remedy);
    await host.shell(commands.filter((step) => /^(ip|sysctl|echo|docker) /.test(step)).join("\n"));
    const left = findings(json(await macvlan("doctor", name, "--json")));
    expect(left.filter((finding) => /router|route|flux/.test(finding))).toEqual([]);
    const { [host.ip]: answers = [] } = await here.lab.lan.probe([host.ip]);
    expect(new Set(answers.map(({ mac }) => mac))).toEqual(new Set([host.mac]));
  });
});

describe("a ghost", () => {
  test("is told by its state, and gone after the cure in the order that is given", async () => {
    await bare(here);
    await host.shell(
      `ip link add link ens4 name lan0 type macvlan mode bridge && ip link set lan0 up
       docker network create -d macvlan -o parent=lan0 --subnet 192.168.76.0/24 --gateway 192.168.76.1 --ip-range 192.168.76.1/32 lan
       docker run -d --name web --network lan --ip 192.168.76.80 --mac-address 02:42:c0:a8:4c:50 --restart unless-stopped lab/web:1
       systemctl stop docker.socket docker; ip link del lan0; systemctl start docker`,
    );
    const ghost = json(await macvlan("doctor", name, "--json")).hosts[0]!.findings![0]!;
    expect(ghost).toMatchObject({ id: "ghost-parent-missing", severity: "problem", where: "network lan" });
    expect(ghost.remedy).toMatch(/\(1\) ip link add .*\(2\) systemctl restart docker/);
    const steps = [...ghost.remedy.matchAll(/\(\d\) (ip [^;(]*|systemctl [^;(]*)/g)].map(([, step]) => step!);
    await host.shell(steps.slice(0, 1).join("\n"));
    expect(findings(json(await macvlan("doctor", name, "--json")))).toContain("ghost: network lan");
    await host.shell(steps.slice(1).join("\n"));
    expect(
      findings(json(await macvlan("doctor", name, "--json"))).filter((finding) => /ghost|zombie|web/.test(finding)),
    ).toEqual([]);
    expect((await host.shell("docker inspect -f '{{.State.Status}}' web")).trim()).toBe("running");
  });
});

describe("verify", () => {
  test("is 0 after up, 3 after a drift that it names, and tells no secret", async () => {
    await provisioned(here, () => specification(host));
    const path = specFile();
    const before = await stateOf(host);
    const synced = await macvlan("verify", "-f", path);
    expect(synced).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^lab1 {2}in sync {2}seen .*\n$/) as string,
    });
    expect(differences(before, await stateOf(host))).toEqual([]);
    expect(await macvlan("doctor", "-f", path)).toMatchObject({ code: 0 });

    await host.shell("ip link del lan0; docker stop web");
    const answer = await macvlan("verify", "-f", path, "--json");
    expect(answer.code).toBe(3);
    const { specification: compared } = json(answer).hosts[0]!;
    expect(compared).toMatchObject({ inSync: false });
    expect(compared!.drift.map(({ resource }) => resource)).toEqual(
      expect.arrayContaining(["link", { appliance: "web" }]),
    );
    expect(answer.stdout + answer.stderr + synced.stdout).not.toContain(PASSWORD);
  });

  test("is 2 for a file that is wrong, with every place, and looks at nothing", async () => {
    const path = file(
      "ssh: { destination: nowhere.invalid }\ninterface: { nic: { name: ens4 } }\nnetwork:\n  subnet: 192.168.76.7/24\n  gatway: 192.168.76.1\n",
    );
    const { code, stdout, stderr } = await macvlan("verify", "-f", path);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(
      stderr
        .trim()
        .split("\n")
        .map((line) => line.replace(path, "FILE").split(": ")[0]),
    ).toEqual(["FILE:3:1 network.gateway", "FILE:4:11 network.subnet", "FILE:5:3 network.gatway"]);
  });

  test("is 1 for a host that cannot be reached, which does not disturb another", async () => {
    const { code, stdout } = await macvlan("doctor", "nowhere.invalid", name);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^nowhere\.invalid {2}could not be looked at$/m);
    expect(stdout).toMatch(/^lab1 {2}Debian/m);
  });
});
