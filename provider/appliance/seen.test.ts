import { expect, it } from "vitest";
import { isRight } from "./spec";
import { Seen } from "./seen";
import type { ApplianceSpec } from "./spec";

const service = { image: "example.com/dns:1", environment: { TOKEN: "${TOKEN}" }, volumes: ["./a:/a"] };
const files = { a: "text" };
const spec: ApplianceSpec = { ip: "192.168.76.53", service, files, secrets: { TOKEN: "" } };

it.each<[string, string, ApplianceSpec, boolean]>([
  ["another address", "lan", { ...spec, ip: "192.168.76.54", secrets: { TOKEN: "" } }, true],
  ["another network", "iot", spec, false],
  ["other files", "lan", { ...spec, files: { a: "text" } }, false],
  ["other secrets", "lan", { ...spec, secrets: {} }, false],
  ["another service that reads the same", "lan", { ...spec, service: { ...service } }, false],
])("with %s it is known without a look, or not", (_, network, other, known) => {
  const seen = new Seen();
  expect(isRight("dns", "lan", spec, seen)).toBe(true);
  expect(seen.has(other, network)).toBe(known);
});

it.each<[string, object]>([
  ["its MAC", { mac_address: "02:42:c0:a8:4c:35" }],
  ["its address", { networks: { lan: { ipv4_address: "192.168.76.53" } } }],
])("a service that says %s is looked at each time", (_, more) => {
  const seen = new Seen();
  const pinned = { ip: "192.168.76.53", service: { image: "example.com/dns:1", ...more } };
  expect(isRight("dns", "lan", pinned, seen)).toBe(true);
  expect(seen.has(pinned, "lan")).toBe(false);
  expect(isRight("dns", "lan", { ...pinned, ip: "192.168.76.54" }, seen)).toBe(false);
});

it("a MAC that cannot be is found although the rest is known", () => {
  const seen = new Seen();
  expect(isRight("dns", "lan", spec, seen)).toBe(true);
  expect(isRight("ntp", "lan", { ...spec, mac: "01:00:5e:00:00:01" }, seen)).toBe(false);
});
