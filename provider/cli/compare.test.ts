import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { readInventory } from "../fleet/inventory";
import { fixture } from "../observe/fixtures/fixture";
import { compare } from "./compare";
import { program } from "./main";

const GW1 = `ssh: { destination: gw1 }
interface: { nic: { name: nosuch0 } }
network: { subnet: 192.168.76.0/24, gateway: 192.168.76.1 }
appliances:
  dns: { ip: 192.168.76.53, service: { image: a, command: "\${TOKEN}" }, secrets: { TOKEN: } }
`;

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "macvlan-compare-"))));
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
  rmSync(folder, { recursive: true });
});

function file(text: string): string {
  const path = join(folder, "gw1.yaml");
  writeFileSync(path, text);
  return path;
}

it.each([
  ["of one host", GW1, [], "2:27"],
  ["of several", `hosts:\n  gw1:\n${GW1.replace(/^(?=.)/gm, "    ")}`, ["hosts", "gw1"], "4:31"],
])("what speaks against a file %s is told where it is written", (_, text, path, place) => {
  const { inventory } = readInventory([file(text)]);
  const { inSync, preflight } = compare(fixture("trixie-bare"), inventory!.hosts[0]!, inventory!);
  expect(inSync).toBe(false);
  const refused = preflight.filter(({ severity }) => severity === "refuse");
  expect(refused.map(({ path }) => path)).toContainEqual([...path, "interface", "nic", "name"]);
  expect(refused.map(({ position }) => `${position!.line}:${position!.column}`)).toContain(place);
});

it.each([["-f"], ["--file"], ["-i"], ["--inventory"]])("verify %s refuses a file that is wrong", async (option) => {
  const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  await program("1").parseAsync(["verify", option, file(GW1.replace("gateway", "gatway"))], { from: "user" });
  expect(process.exitCode).toBe(2);
  expect(String(written.mock.calls[0]![0])).toMatch(/gw1\.yaml:3:\d+ network\.gatway: there is no field/);
});

it("verify without a file says what to give", async () => {
  const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  await program("1").parseAsync(["verify"], { from: "user" });
  expect(process.exitCode).toBe(2);
  expect(String(written.mock.calls[0]![0])).toBe("no host is given; macvlan verify -i FILE\n");
});
