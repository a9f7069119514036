import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import Ajv from "ajv";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { formatPositioned, readInventory, withSecretValues } from ".";

const FOLDER = join(__dirname, "..", "..", "..", "examples", "fleet");
const before = process.cwd();
beforeAll(() => process.chdir(FOLDER));
afterAll(() => process.chdir(before));

const validate = new Ajv({ allErrors: true }).compile(
  JSON.parse(readFileSync(join(__dirname, "..", "schema", "inventory.schema.json"), "utf8")) as object,
);

/** What an editor that knows the schema would mark. */
function editorsSay(text: string): string[] {
  void validate(parse(text));
  return (validate.errors ?? []).map(({ dataPath, message }) => `${dataPath} ${message}`);
}

it("reads examples/fleet", () => {
  const { inventory, problems } = readInventory(["fleet.yaml"]);
  expect(problems.map(formatPositioned)).toEqual([]);
  const { hosts, lans, files, lock } = inventory!;
  expect({
    hosts: hosts.map(({ resolved, ...host }) => ({ ...host, pins: resolved.pins, link: resolved.link })),
    lans,
    files,
  }).toMatchSnapshot();
  expect(lock).toMatchObject({ file: "macvlan.lock.json", added: [], unused: [] });
  expect(lock.text).toBe(readFileSync("macvlan.lock.json", "utf8"));
  const positions = [
    ["interface", "reach"],
    ["network", "dhcpPool"],
    ["appliances", "ntp", "ip"],
    ["appliances", "ntp", "service", "hostname"],
    ["appliances", "ntp", "service", "environment", "NTP_SERVERS"],
    ["appliances", "dns", "ip"],
    ["appliances", "dns", "secrets", "API_TOKEN"],
  ].map((path) => [path.join("."), inventory!.positionOf(["hosts", "gw2", ...path])]);
  expect(Object.fromEntries(positions)).toMatchSnapshot();
});

it("takes the secrets from where they are said to be, and tells those that are missing", () => {
  const { hosts } = readInventory(["fleet.yaml"]).inventory!;
  const edge = hosts.find(({ name }) => name === "edge")!;
  const none = withSecretValues(edge.args, { env: () => "", config: () => undefined });
  expect(none).toEqual({
    problems: [
      {
        path: ["appliances", "dns", "secrets", "API_TOKEN"],
        message: "the environment variable DNS_API_TOKEN is not set",
        remedy: "export DNS_API_TOKEN=… before the run",
      },
      {
        path: ["appliances", "unifi", "secrets", "DB_PASSWORD"],
        message: "the configuration has no unifi:dbPassword",
        remedy: "pulumi config set --secret unifi:dbPassword",
      },
    ],
  });
  const { args } = withSecretValues(edge.args, {
    env: (name) => `value of ${name}`,
    config: (key) => `value of ${key}`,
  });
  expect(args!.appliances["dns"]!.secrets).toEqual({ API_TOKEN: "value of DNS_API_TOKEN" });
  expect(args!.appliances["unifi"]!.secrets).toEqual({ DB_PASSWORD: "value of unifi:dbPassword" });
});

it.each(["fleet.yaml", "templates.yaml", "sites/home.yaml", "sites/office.yaml"])(
  "%s names the schema of editors",
  (file) => {
    const text = readFileSync(file, "utf8");
    const schema = relative(
      join(FOLDER, file, ".."),
      join(FOLDER, "../../provider/fleet/schema/inventory.schema.json"),
    );
    expect(text.split("\n")[0]).toBe(`# yaml-language-server: $schema=${schema}`);
    expect(editorsSay(text)).toEqual([]);
  },
);

it("editors mark what is refused, and let variables be", () => {
  const said = editorsSay("hosts: { gw1: { failClosed: yes, aplliances: {}, interface: { reach: all } } }");
  expect(said.some((each) => /gw1.* should NOT have additional properties/.test(each))).toBe(true);
  expect(said.some((each) => /reach should be equal to one of/.test(each))).toBe(true);
  expect(said.some((each) => /failClosed should be boolean/.test(each))).toBe(true);
  expect(
    editorsSay("hosts: { gw1: { failClosed: '${{ closed }}', appliances: { dns: { readyTimeout: '${{ t }}' } } } }"),
  ).toEqual([]);
  expect(editorsSay("hosts: { gw1: { appliances: { dns: { secrets: { A: value } } } } }")).not.toEqual([]);
  expect(editorsSay("hosts: { gw1: { appliances: { dns: { secrets: { A: { env: A }, B: } }, ntp: null } } }")).toEqual(
    [],
  );
});
