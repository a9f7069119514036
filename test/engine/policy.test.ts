// The policy pack under the real engine, in a preview: what it finds, and how its levels are set.
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Appliance, ApplianceArgs } from "../../provider/appliance";
import { bench, type Bench } from "./workbench";

const root = join(__dirname, "..", "..");
const DIGEST = `sha256:${"0".repeat(64)}`;

let at: Bench;
beforeEach(() => {
  at = bench();
  process.env.MACVLAN_OFFLINE = "1";
});
afterEach(() => {
  delete process.env.MACVLAN_OFFLINE;
  at.dispose();
});

/** The pack as it is in the package, with the sources of the checkout in place of what is built of them. */
function pack(): string {
  const folder = join(at.folder, "package");
  cpSync(join(root, "policy"), join(folder, "policy"), { recursive: true });
  mkdirSync(join(folder, "dist", "policy"), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const tsx = join(root, "node_modules", "tsx", "dist", "cjs", "index.cjs");
  const built = `require(${JSON.stringify(tsx)});\nmodule.exports = require(${JSON.stringify(join(root, "provider", "policy", "index.ts"))});\n`;
  writeFileSync(join(folder, "dist", "policy", "index.js"), built);
  return join(folder, "policy");
}

/** The pack where `npm install` puts it: the package is built, packed and unpacked, and has beside it what it depends on. */
function installed(): string {
  const [source, modules] = [join(at.folder, "source"), join(at.folder, "node_modules")];
  const run = (program: string, args: string[], cwd: string): unknown =>
    execFileSync(program, args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
  mkdirSync(source);
  for (const file of [
    "package.json",
    "policy",
    "provider",
    "docs",
    "CHANGELOG.md",
    "PulumiPlugin.yaml",
    "tsconfig.json",
  ])
    cpSync(join(root, file), join(source, file), { recursive: true });
  const dist = join(source, "dist");
  run(
    "node",
    [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.build.json", "--outDir", dist],
    root,
  );
  run("node", ["scripts/copy-host-files.mjs", dist], root);
  run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", at.folder], source);
  const archive = readdirSync(at.folder).find((name) => name.endsWith(".tgz"))!;
  const folder = join(modules, "pulumi-macvlan");
  mkdirSync(folder, { recursive: true });
  run("tar", ["-xzf", join(at.folder, archive), "--strip-components=1", "-C", folder], at.folder);
  for (const name of readdirSync(join(root, "node_modules")))
    if (!name.startsWith(".")) symlinkSync(join(root, "node_modules", name), join(modules, name));
  return join(folder, "policy");
}

/**
 * Stands in for the Node language host, which starts packs and does not come with an engine built from source: without one
 * the engine (3.259) runs a program of this name.
 */
function analyzer(): void {
  const file = join(at.folder, "bin", "pulumi-analyzer-policy-nodejs");
  const start = join(root, "node_modules", "@pulumi", "pulumi", "cmd", "run-policy-pack");
  writeFileSync(file, `#!/bin/sh\nexec node '${start}' "$1" "$2"\n`);
  chmodSync(file, 0o755);
}

const args = (name: string, ip: string): ApplianceArgs => ({
  ssh: { destination: "gw1" },
  name,
  network: { subnet: "192.168.76.0/24", gateway: "192.168.76.1" },
  ip,
  service: { image: `example.com/${name}:1@${DIGEST}`, healthcheck: { test: ["CMD", "true"] } },
});

async function preview(appliances: [string, string][], levels: object = {}, packed = pack): Promise<string> {
  analyzer();
  const config = join(at.folder, "levels.json");
  writeFileSync(config, JSON.stringify(levels));
  const { stack } = await at.stack(() => {
    for (const [name, ip] of appliances) new Appliance(name, args(name, ip));
    return Promise.resolve();
  });
  let said = "";
  const onOutput = (text: string) => void (said += text);
  const done = stack.preview({
    policyPacks: [packed()],
    policyPackConfigs: [config],
    onOutput,
    onError: onOutput,
    color: "never",
  });
  return done.then(
    () => said,
    (error: Error) => `FAILED\n${said}\n${error.message}`,
  );
}

const TWINS: [string, string][] = [
  ["dns", "192.168.76.53"],
  ["web", "192.168.76.53"],
];

test("a duplicate address stops the preview, and is named", async () => {
  const said = await preview(TWINS);
  expect(said).toMatch(/^FAILED/);
  expect(said).toContain("192.168.76.53 is the address of appliance dns and of appliance web; give each its own");
});

test("the pack of the package, as npm installs it, finds the same", async () => {
  const said = await preview(TWINS, {}, installed);
  expect(said).toMatch(/^FAILED/);
  expect(said).toContain("192.168.76.53 is the address of appliance dns and of appliance web; give each its own");
  expect(said).toContain("macvlan@");
});

test("a level is configured by the name of the policy", async () => {
  const said = await preview(TWINS, { "lan-address-unique": "advisory" });
  expect(said).not.toMatch(/^FAILED/);
  expect(said).toContain("192.168.76.53 is the address of appliance dns and of appliance web; give each its own");
});

test("what is as it should be passes", async () => {
  const said = await preview([
    ["dns", "192.168.76.53"],
    ["web", "192.168.76.54"],
  ]);
  expect(said).not.toMatch(/FAILED|address of appliance/);
  expect(said).toContain("macvlan");
});
