// A pull request from its first comment to the merge, as a repository with the workflow files of examples/ci has it: their own
// scripts, the CLI, the real engine, and fake hosts. The reports are files beside the two inventories, to be read.
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { engineEnv } from "../../lab/pulumi";
import { readInventory } from "../../provider/fleet/inventory";
import type { HostFacts } from "../../provider/observe";
import { emptyDocker, type FakeDockerState } from "./fake-docker";
import { CLI, fakeHosts } from "./fake-hosts";
import { bareObservation, observationOf } from "./observation";

const HOSTS = ["gw1", "gw2", "attic", "shed"];
const SECRETS = { before: "hunter2", after: "correct horse" };
const inventories = join(__dirname, "pull-request");
const golden = (name: string): string => join(inventories, "__snapshots__", `${name}.md`);

let folder: string;
let env: NodeJS.ProcessEnv;
const path = (...parts: string[]): string => join(folder, ...parts);

/** A job's step by its name. */
function step(workflow: string, job: string, name: string): string {
  const file = join(__dirname, "..", "..", "examples", "ci", "github", `${workflow}.yml`);
  const { jobs } = parse(readFileSync(file, "utf8")) as {
    jobs: Record<string, { steps: { name?: string; run?: string }[] }>;
  };
  return jobs[job]!.steps.find((each) => each.name === name)!.run!.trim();
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** As a runner does it, in the checkout of the pull request or in another folder. */
function bash(script: string, more: NodeJS.ProcessEnv = {}, cwd = path("head")): Promise<Ended> {
  const child = spawn("bash", ["-e", "-c", script], {
    cwd,
    env: { ...env, INVENTORY: "fleet.yaml", MQTT_PASSWORD: SECRETS.after, ...more },
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (text: Buffer) => (out += text.toString()));
  child.stderr.on("data", (text: Buffer) => (err += text.toString()));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
}

function program(file: string, lines: string): void {
  writeFileSync(file, `#!/bin/sh\n${lines}\n`);
  chmodSync(file, 0o755);
}

const macvlan = `exec '${process.execPath}' ${CLI.map((each) => `'${each}'`).join(" ")} "$@"`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "macvlan-pull-request-"));
  for (const side of ["base", "head"]) cpSync(join(inventories, side), path(side), { recursive: true });
  fakeHosts(folder, HOSTS);
  program(path("bin", "npx"), `shift\n${macvlan}`);
  mkdirSync(path("base", "node_modules", ".bin"), { recursive: true });
  program(path("base", "node_modules", ".bin", "macvlan"), macvlan);
  const engine = await engineEnv({ dir: path("state"), passphrase: "fleet" });
  env = { ...process.env, ...engine.env, PATH: `${path("bin")}:${engine.env.PATH}`, CI: "true" };
  const up = await bash(
    "npx macvlan up --yes --offline -i fleet.yaml",
    { MQTT_PASSWORD: SECRETS.before },
    path("base"),
  );
  expect(up.code, up.err + up.out).toBe(0);
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The hosts are as the target branch says, but for what a test changes. */
function hosts(changes: Record<string, (facts: HostFacts) => Partial<HostFacts>> = {}): void {
  const { inventory } = readInventory([path("base", "fleet.yaml")]);
  for (const host of inventory!.hosts) {
    const { networks } = JSON.parse(readFileSync(path("hosts", host.name, "state.json"), "utf8")) as FakeDockerState;
    writeFileSync(path("hosts", host.name, "observation"), observationOf(host, networks, changes[host.name]));
  }
  writeFileSync(path("hosts", "shed", "observation"), bareObservation("52:54:00:00:02:04", "192.168.76.14"));
  writeFileSync(path("hosts", "shed", "state.json"), JSON.stringify(emptyDocker()));
}

/** Somebody has stopped it by hand. */
const stopped = ({ containers }: HostFacts): Partial<HostFacts> => ({
  containers: containers.map((each) => (each.appliance === "home" ? { ...each, status: "exited" } : each)),
});

beforeEach(() => {
  for (const name of HOSTS)
    for (const file of ["down", "observation"]) rmSync(path("hosts", name, file), { force: true });
});

const report = (at = path("head")): string => readFileSync(join(at, "report.md"), "utf8");

const PREVIEW = step("preview", "preview", "Preview");

/** The script of the same job in the pipeline for GitLab. */
function gitlabPreview(): string {
  const file = join(__dirname, "..", "..", "examples", "ci", "gitlab", ".gitlab-ci.yml");
  const reference = { tag: "!reference", collection: "seq" as const, resolve: (seq: unknown) => seq };
  const { preview } = parse(readFileSync(file, "utf8"), { customTags: [reference] }) as {
    preview: { script: string[] };
  };
  return preview.script.join("\n");
}

test("with the hosts and a state", async () => {
  hosts({ gw2: stopped });
  const ended = await bash(PREVIEW);
  expect(ended.code, ended.err).toBe(0);
  await expect(report()).toMatchFileSnapshot(golden("with-hosts"));
});

test("without the hosts", async () => {
  const ended = await bash(`${gitlabPreview()} --offline`);
  expect(ended.code, ended.err).toBe(0);
  expect(JSON.parse(readFileSync(path("head", "code-quality.json"), "utf8"))).toEqual([]);
  await expect(report()).toMatchFileSnapshot(golden("offline"));
});

test("with a host that refuses, and one that is not reached", async () => {
  hosts({ gw1: () => ({ probed: new Map([["192.168.76.61", ["52:54:00:aa:bb:cc"]]]) }) });
  writeFileSync(path("hosts", "shed", "down"), "");
  const ended = await bash(PREVIEW);
  expect(ended.code, ended.err).toBe(1);
  await expect(report()).toMatchFileSnapshot(golden("refused"));
  expect(ended.out).toMatch(/^::error file=fleet\.yaml,line=25,col=13[^\n]*::192\.168\.76\.61 is in use/m);
});

test("as a fork", async () => {
  const nothing = { PULUMI_BACKEND_URL: "", PULUMI_CONFIG_PASSPHRASE: "", MQTT_PASSWORD: "", PATH: "/usr/bin:/bin" };
  const ended = await bash(step("preview", "fork", "Preview"), nothing);
  expect(ended.code, ended.err).toBe(0);
  await expect(report(folder)).toMatchFileSnapshot(golden("fork"));
});

test("what was reviewed without the hosts is applied with them, and nothing is left to do", async () => {
  hosts();
  const { code, err } = await bash(`${PREVIEW.replace("--save-plan plan", "--save-plan offline")} --offline`);
  expect(code, err).toBe(0);
  const apply = step("apply", "apply", "Apply").replace("--plan plan", "--plan offline");
  const applied = await bash(`${apply} --json`, { SHARD: "1/1" });
  expect(applied.code, applied.err + applied.out).toBe(0);
  const after = await bash("npx macvlan preview --offline --expect-no-changes -i fleet.yaml");
  expect(after.code, after.err + after.out).toBe(0);
});

test("no secret is in any of them", () => {
  const folders = readdirSync(join(inventories, "__snapshots__"));
  expect(folders.sort()).toEqual(["fork.md", "offline.md", "refused.md", "with-hosts.md"]);
  for (const file of folders)
    for (const secret of Object.values(SECRETS))
      expect(readFileSync(join(inventories, "__snapshots__", file), "utf8")).not.toContain(secret);
});
