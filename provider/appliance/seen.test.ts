import { expect, it } from "vitest";
import { isRight } from "./problems";
import { Seen } from "./seen";
import type { ApplianceSpec } from "./spec";

const environment = { TOKEN: "${TOKEN}", NAME: "gw1.example.net" };
const service = { image: "example.com/dns:1", environment, volumes: ["./a:/a"], hostname: "gw1" };
const files = { a: "text", ".env": "A=1" };
const spec: ApplianceSpec = { ip: "192.168.76.53", service, files, secrets: { TOKEN: "" } };

function withEnvironment(environment: unknown): ApplianceSpec {
  return { ...spec, service: { ...service, environment } };
}

it.each<[string, string, ApplianceSpec, boolean]>([
  ["another address", "lan", { ...spec, ip: "192.168.76.54", secrets: { TOKEN: "" } }, true],
  ["another network", "iot", spec, false],
  ["other secrets", "lan", { ...spec, secrets: {} }, false],
  ["another service that reads the same", "lan", { ...spec, service: { ...service } }, true],
  ["another value in the environment", "lan", withEnvironment({ ...environment, NAME: "gw2.example.net" }), true],
  ["a variable in the environment", "lan", withEnvironment({ ...environment, NAME: "${NAME}" }), false],
  ["one variable less in the environment", "lan", withEnvironment({ ...environment, TOKEN: "" }), false],
  ["a long value in the environment", "lan", withEnvironment({ ...environment, NAME: "n".repeat(65) }), false],
  ["no value in the environment", "lan", withEnvironment({ ...environment, NAME: null }), false],
  ["more in the environment", "lan", withEnvironment({ ...environment, MORE: "1" }), false],
  ["another key in the environment", "lan", withEnvironment({ TOKEN: "${TOKEN}", OTHER: "1" }), false],
  ["a list as environment", "lan", withEnvironment(["TOKEN=${TOKEN}", "NAME"]), false],
  ["another host name", "lan", { ...spec, service: { ...service, hostname: "gw2" } }, true],
  ["a host name that is a number", "lan", { ...spec, service: { ...service, hostname: 2 } }, false],
  ["another image", "lan", { ...spec, service: { ...service, image: "example.com/dns:2" } }, false],
  ["another volume", "lan", { ...spec, service: { ...service, volumes: ["./b:/a"] } }, false],
  ["more in the service", "lan", { ...spec, service: { ...service, ports: ["53:53"] } }, false],
  ["another text in a file", "lan", { ...spec, files: { ...files, a: "other" } }, true],
  ["a variable in a file", "lan", { ...spec, files: { ...files, a: "${TOKEN}" } }, false],
  ["another .env", "lan", { ...spec, files: { ...files, ".env": "B=1" } }, false],
  ["another file", "lan", { ...spec, files: { ".env": "A=1", b: "text" } }, false],
])("with %s it is known without a look, or not", (_, network, other, known) => {
  const seen = new Seen();
  expect(isRight("dns", { network: "lan" }, spec, seen)).toBe(true);
  expect(seen.has(other, network)).toBe(known);
});

it("many differences are looked at: together they may be too large", () => {
  const many = (value: string) => Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`V${i}`, value]));
  const [before, after] = ["a", "b"].map((value) => ({
    ...spec,
    secrets: {},
    service: { image: "a", environment: many(value) },
  }));
  const seen = new Seen();
  expect(isRight("dns", { network: "lan" }, { ...before!, files: {} }, seen)).toBe(true);
  expect(seen.has({ ...after!, files: {} }, "lan")).toBe(false);
});

it.each<[string, object]>([
  ["its MAC", { mac_address: "02:42:c0:a8:4c:35" }],
  ["its address", { networks: { lan: { ipv4_address: "192.168.76.53" } } }],
])("a service that says %s is looked at each time", (_, more) => {
  const seen = new Seen();
  const pinned = { ip: "192.168.76.53", service: { image: "example.com/dns:1", ...more } };
  expect(isRight("dns", { network: "lan" }, pinned, seen)).toBe(true);
  expect(seen.has(pinned, "lan")).toBe(false);
  expect(isRight("dns", { network: "lan" }, { ...pinned, ip: "192.168.76.54" }, seen)).toBe(false);
});

it("a MAC that cannot be is found although the rest is known", () => {
  const seen = new Seen();
  expect(isRight("dns", { network: "lan" }, spec, seen)).toBe(true);
  expect(isRight("ntp", { network: "lan" }, { ...spec, mac: "01:00:5e:00:00:01" }, seen)).toBe(false);
});
