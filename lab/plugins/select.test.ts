import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { selectPlugins, STAND_INS } from "./select";

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), "macvlan-plugins-"))));
afterEach(() => rmSync(root, { recursive: true }));

function folder(name: string, ...plugins: string[]): string {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  for (const plugin of plugins) writeFileSync(join(path, `pulumi-resource-${plugin}`), "");
  return path;
}

test("nothing found: the stand-ins", () => {
  const half = folder("half", "command");
  expect(selectPlugins({ PATH: [half, STAND_INS].join(delimiter), PULUMI_HOME: root })).toMatchObject({
    kind: "stand-in",
    folders: [STAND_INS],
  });
});

test("PATH before the plugin cache", () => {
  const command = folder("plugins/resource-command-v1.2.1", "command");
  const docker = folder("plugins/resource-docker-v5.2.0", "docker");
  expect(selectPlugins({ PATH: "", PULUMI_HOME: root })).toMatchObject({
    kind: "official",
    folders: [command, docker],
  });
  const both = folder("both", "command", "docker");
  expect(selectPlugins({ PATH: both, PULUMI_HOME: root })).toMatchObject({ kind: "official", folders: [both] });
});

test("a folder of one's own goes first, and must be complete", () => {
  const own = folder("own", "command", "docker");
  expect(selectPlugins({ MACVLAN_PLUGINS: own })).toMatchObject({ kind: "official", folders: [own] });
  expect(selectPlugins({ MACVLAN_PLUGINS: STAND_INS })).toMatchObject({ kind: "stand-in" });
  expect(() => selectPlugins({ MACVLAN_PLUGINS: folder("half", "docker") })).toThrow(/must hold/);
});
