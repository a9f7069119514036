import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { migrate } from "../cli/migrate";
import { formatProblem } from "../errors";
import { readInventory } from "../fleet/inventory";
import { migrateMacvlanRouter } from ".";

const folder = mkdtempSync(join(tmpdir(), "macvlan-migrate-"));
afterAll(() => rmSync(folder, { recursive: true }));

const image = "ghcr.io/laugmanuel/macvlan-router:latest";
const compose = (environment: unknown, service: object = {}): string =>
  JSON.stringify({ services: { router: { image, network_mode: "host", environment, ...service } } });
const required = { MACVLAN_DOCKER_NETWORK: "macvlan", MACVLAN_BRIDGE_IP: "192.168.1.250" };
const with_ = (more: object) => migrateMacvlanRouter(compose({ ...required, ...more }));

/** What a person does with the answer: the lines that ask for it are filled in. */
function filledIn(yaml: string): string {
  return yaml.replace(/# (ssh: \{|nic: \{|subnet: |gateway: )/g, "$1");
}

it("is an inventory of one host once it is filled in", () => {
  const { yaml, host } = with_({ ADDITIONAL_ROUTES: "192.168.1.3 10.0.5.0/24", CLEANUP_ON_EXIT: true, TZ: "UTC" });
  const file = join(folder, "gw1.yaml");
  writeFileSync(file, filledIn(yaml!));
  const { inventory, problems } = readInventory([file]);
  expect(problems).toEqual([]);
  const [{ resolved }] = inventory!.hosts as [(typeof inventory & object)["hosts"][number]];
  expect(resolved.link).toMatchObject({ ...host!.interface, nic: { mac: "52:54:00:00:02:01" } });
  expect(resolved.network).toMatchObject({ name: "macvlan", parent: "macvlan", subnet: "192.168.1.0/24" });
});

it("reads as a person would write it", async () => {
  const { yaml } = with_({
    MACVLAN_BRIDGE_INTERFACE_NAME: "macvlan0",
    ADDITIONAL_ROUTES: "192.168.1.3/32 10.0.5.7/24",
    INTERVAL: 5,
    CLEANUP_ON_EXIT: "false",
    DEBUG: "true",
    TZ: "Europe/Berlin",
    SLEEP_TIME: 5,
  });
  await expect(yaml).toMatchFileSnapshot("__snapshots__/macvlan-router.yaml");
});

describe("a variable", () => {
  it.each<[string, unknown, object]>([
    ["as a group", required, { name: "macvlan", reach: "watch", address: "192.168.1.250" }],
    [
      "as a list",
      ["MACVLAN_DOCKER_NETWORK=macvlan", "MACVLAN_BRIDGE_IP=192.168.1.250"],
      { name: "macvlan", reach: "watch", address: "192.168.1.250" },
    ],
    ["none at all", undefined, { reach: "watch" }],
    [
      "a name of the link",
      { ...required, MACVLAN_BRIDGE_INTERFACE_NAME: "lan0" },
      { name: "lan0", reach: "watch", address: "192.168.1.250" },
    ],
    [
      "an empty one",
      { ...required, ADDITIONAL_ROUTES: " ", MACVLAN_BRIDGE_INTERFACE_NAME: "" },
      { name: "macvlan", reach: "watch", address: "192.168.1.250" },
    ],
    [
      "an address with the subnet's length",
      { MACVLAN_BRIDGE_IP: "192.168.1.250/24" },
      { reach: "watch", address: "192.168.1.250" },
    ],
    [
      "routes",
      { ADDITIONAL_ROUTES: "192.168.1.3  192.168.1.3/32\t10.1.0.0/16" },
      { reach: "watch", routes: ["192.168.1.3", "10.1.0.0/16"] },
    ],
  ])("%s", (_, environment, expected) => {
    const { host, problems } = migrateMacvlanRouter(compose(environment));
    expect(problems).toEqual([]);
    expect(host!.interface).toEqual(expected);
  });

  it.each<[string, object, string]>([
    [
      "that Compose looks up is left alone",
      { MACVLAN_BRIDGE_IP: "${BRIDGE_IP:-192.168.1.9}" },
      "# address: fill in: MACVLAN_BRIDGE_IP is ${BRIDGE_IP:-192.168.1.9}, which Compose looks up",
    ],
    [
      "that comes from the shell",
      { MACVLAN_BRIDGE_IP: null },
      "# address: fill in: MACVLAN_BRIDGE_IP comes from the shell that starts macvlan-router",
    ],
    [
      "of which ours would be no link",
      { MACVLAN_BRIDGE_INTERFACE_NAME: "macvlan.router" },
      '# name: fill in: the link\'s name was not taken over: "macvlan.router" has a dot, ',
    ],
    [
      "that is no address",
      { MACVLAN_BRIDGE_IP: "fd00::1" },
      '# address: fill in: the link\'s address was not taken over: "fd00::1" is not an IPv4 address',
    ],
    [
      "with one bad route",
      { ADDITIONAL_ROUTES: "fd00::/64 192.168.1.3" },
      '# routes: fill in: fd00::/64 was not taken over: "fd00::" is not an IPv4 address',
    ],
    [
      "with a route to everything",
      { ADDITIONAL_ROUTES: "0.0.0.0/0" },
      "# routes: fill in: 0.0.0.0/0 was not taken over: is no subnet behind one link",
    ],
    [
      "with host bits",
      { ADDITIONAL_ROUTES: "10.0.5.7/24" },
      "# routes: 10.0.5.7/24 has host bits: 10.0.5.0/24 (ADDITIONAL_ROUTES)",
    ],
    [
      "that cannot be a network",
      { MACVLAN_DOCKER_NETWORK: "host" },
      '# name: fill in: the network\'s name was not taken over: "host" cannot be the name of a Docker network',
    ],
    [
      "that nobody knows",
      { MACVLAN_BRIDGE_IPS: "x" },
      "# MACVLAN_BRIDGE_IPS is no variable of macvlan-router that is known here: left out.",
    ],
    [
      "about removal",
      { CLEANUP_ON_EXIT: false },
      '# CLEANUP_ON_EXIT ("false"): nothing to be set. Links, routes and files are always taken away',
    ],
    [
      "about its rounds",
      { INTERVAL: 5 },
      '# INTERVAL ("5"): nothing to be set. Docker tells of each container as it comes and goes; ',
    ],
    ["about the time zone", { TZ: "UTC" }, '# TZ ("UTC"): nothing to be set. '],
    [
      "about words",
      { DEBUG: true, MACVLAN_BRIDGE_INTERFACE_NAME: "shim0" },
      '# DEBUG ("true"): nothing to be set. Every change of a route is in the journal: journalctl -u macvlan-watch@shim0.',
    ],
    ["with a line break", { TZ: "UTC\nreach: none" }, '# TZ ("UTC\\nreach: none")'],
    [
      "with another",
      { MACVLAN_BRIDGE_IP: "1\nreach: none" },
      '# address: fill in: the link\'s address was not taken over: "1\\nreach: none" is not',
    ],
  ])("%s", (_, more, expected) => {
    const { yaml } = with_(more);
    expect(yaml!.split("\n").some((text) => text.trim().startsWith(expected))).toBe(true);
    expect(parseYaml(yaml!)).toMatchObject({ interface: { reach: "watch" }, appliances: {} });
  });

  it("never becomes a command", () => {
    const { yaml } = with_({ MACVLAN_DOCKER_NETWORK: "a;reboot", MACVLAN_BRIDGE_INTERFACE_NAME: "$(reboot)" });
    expect(yaml!.split("\n").filter((text) => text.startsWith("#   "))).not.toContainEqual(
      expect.stringContaining("reboot"),
    );
  });
});

describe("a file", () => {
  const problems = (text: string) => migrateMacvlanRouter(text).problems.map(formatProblem);

  it.each<[string, string]>([
    ["registry.example.com:5000/me/macvlan-router", "with a port"],
    ["macvlan-router:1.2@sha256:0000", "with a digest"],
    ["macvlan-router", "alone"],
  ])("has the image %s %s", (name) => expect(problems(compose(required, { image: name }))).toEqual([]));

  it.each<[string, string, string]>([
    ["no YAML", "services: [", "3"],
    ["nothing", "", "services: no service runs macvlan-router"],
    [
      "another image",
      compose(required, { image: "macvlan-router-exporter" }),
      "services: no service runs macvlan-router: none has an image of that name; give the compose file that starts it",
    ],
    [
      "two of them",
      JSON.stringify({ services: { a: { image }, b: { image } } }),
      "services: several services run macvlan-router: a, b; give each in a file of its own: the inventory of a host has one network",
    ],
    [
      "an environment of groups",
      compose({ TZ: {} }),
      "services.router.environment.TZ: is not what Compose takes for an environment; write NAME: VALUE, or a list of NAME=VALUE",
    ],
    [
      "an environment of numbers",
      compose(5),
      "services.router.environment: is not what Compose takes for an environment",
    ],
  ])("is refused with %s", (what, text, expected) => {
    const found = problems(text);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(what === "no YAML" ? "is not YAML" : expected);
  });

  it("tells what else is in it and was not read", () => {
    const text = JSON.stringify({
      services: { router: { image, env_file: [".env", { path: "more.env" }] }, web: { image: "nginx" }, db: {} },
    });
    const { yaml } = migrateMacvlanRouter(text);
    expect(yaml).toContain("# fill in: the environment in .env was not read.\n");
    expect(yaml).toContain("# fill in: the environment in more.env was not read.\n");
    expect(yaml).toContain("# Not looked at: the services web, db of the same file.\n");
    expect(yaml).toContain("# fill in: MACVLAN_DOCKER_NETWORK is not in the file; lan until then\n");
  });
});

describe("the command", () => {
  it("prints the inventory, or every problem with the file's name", () => {
    const file = join(folder, "compose.yaml");
    writeFileSync(file, compose(required));
    expect(migrate(file)).toEqual({ out: with_({}).yaml, exitCode: 0 });
    writeFileSync(file, "services: {}");
    expect(migrate(file)).toMatchObject({
      exitCode: 2,
      error: expect.stringContaining(`${file}: services: no`) as string,
    });
    const missing = migrate(join(folder, "none.yaml"));
    expect(missing).toMatchObject({
      exitCode: 2,
      error: expect.stringContaining("none.yaml cannot be read: ") as string,
    });
  });
});
