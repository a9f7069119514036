import { describe, expect, it } from "vitest";
import { renderFiles } from "../appliance/render";
import { resolveAppliance } from "../appliance/resolve";
import { lanStackOf, policies, StackResource } from ".";

const DIGEST = `sha256:${"0".repeat(64)}`;
const GOOD = { image: `dns:1@${DIGEST}`, healthcheck: { test: ["CMD", "true"] } };

let count = 1000;
const resource = (type: string, props: Record<string, unknown>): StackResource => {
  const name = `r${count++}`;
  return { type, name, urn: `urn:${name}`, props };
};
const network = (props: object = {}) =>
  resource("docker:index/network:Network", { name: "lan", driver: "macvlan", ...props });
const container = (endpoint: object, props: object = {}) =>
  resource("docker:index/container:Container", {
    image: GOOD.image,
    healthcheck: { tests: ["CMD", "true"] },
    networksAdvanced: [{ name: "lan", ...endpoint }],
    ...props,
  });
const appliance = (name: string, ip: string, service: object = GOOD, mac?: string, ip6?: string) => {
  const lan = { subnet: "10.0.0.0/24", gateway: "10.0.0.1", ...(ip6 === undefined ? {} : { subnet6: "fd00:76::/64" }) };
  const args = { ssh: { destination: "gw1" }, network: lan, ip6 };
  return resource("command:local:Command", {
    environment: { FILES: renderFiles(resolveAppliance({ ...args, name, ip, mac, service })) },
  });
};
const pinned = { ipv4Address: "10.0.0.9", macAddress: "02:42:0a:00:00:09" };

const said = (...resources: StackResource[]) => {
  const stack = lanStackOf(resources);
  return policies.flatMap(({ name, find }) => find(stack).map(({ message }) => `${name}: ${message}`));
};

it("has nothing against appliances and containers that are pinned", () => {
  expect(said(network(), appliance("dns", "10.0.0.5"), appliance("web", "10.0.0.6"), container(pinned))).toEqual([]);
});

describe("speaks against", () => {
  it.each<[string, StackResource[], string[]]>([
    [
      "an IP that is there twice, and the MAC that follows from it",
      [appliance("dns", "10.0.0.5"), appliance("web", "10.0.0.5")],
      [
        "lan-address-unique: 10.0.0.5 is the address of appliance dns and of appliance web; give each its own",
        "lan-address-unique: 02:42:0a:00:00:05 is the address of appliance dns and of appliance web; give each its own",
      ],
    ],
    [
      "a MAC of a container that an appliance has, however it is written",
      [
        network(),
        appliance("dns", "10.0.0.5", GOOD, "02:00:00:00:00:AA"),
        container({ ...pinned, macAddress: "02-00-00-00-00-aa" }),
      ],
      [
        expect.stringMatching(
          /^lan-address-unique: 02:00:00:00:00:aa is the address of appliance dns and of container r/,
        ) as string,
      ],
    ],
    [
      "an IPv6 address of a container that an appliance has, however it is written",
      [
        network(),
        appliance("dns", "10.0.0.5", GOOD, undefined, "fd00:76::5"),
        container({ ...pinned, ipv6Address: "FD00:76:0::5/64" }),
      ],
      [
        expect.stringMatching(
          /^lan-address-unique: fd00:76::5 is the address of appliance dns and of container r/,
        ) as string,
      ],
    ],
    [
      "a container whose addresses Docker chooses",
      [network(), container({})],
      [
        expect.stringMatching(
          /^lan-address-pinned: container r\d+ has no fixed IP and no fixed MAC address on lan: /,
        ) as string,
      ],
    ],
    [
      "an image that may be another one tomorrow",
      [appliance("dns", "10.0.0.5", { ...GOOD, image: "host:5000/dns" })],
      [expect.stringMatching(/^image-version: appliance dns runs host:5000\/dns, /) as string],
    ],
    [
      "latest",
      [appliance("dns", "10.0.0.5", { ...GOOD, image: "dns:latest" })],
      [expect.stringMatching(/^image-version: /) as string],
    ],
    [
      "a tag without a digest",
      [appliance("dns", "10.0.0.5", { ...GOOD, image: "dns:1" })],
      ["image-digest: appliance dns runs dns:1, whose tag may be moved; add its digest: dns:1@sha256:…"],
    ],
    [
      "a service without a health check",
      [appliance("dns", "10.0.0.5", { image: GOOD.image })],
      [expect.stringMatching(/^health-check: appliance dns has no health check of its own: /) as string],
    ],
    [
      "a health check that is switched off",
      [appliance("dns", "10.0.0.5", { ...GOOD, healthcheck: { disable: true } })],
      [expect.stringMatching(/^health-check: appliance dns switches its health check off/) as string],
    ],
  ])("%s", (_, resources, expected) => expect(said(...resources)).toEqual(expected));
});

it("asks for no MAC on ipvlan, and still for an IP", () => {
  const lan = network({ driver: "ipvlan" });
  expect(said(lan, container({ ipv4Address: "10.0.0.9" }))).toEqual([]);
  expect(said(lan, container({}))).toEqual([expect.stringMatching(/ has no fixed IP address on lan: /) as string]);
});

it("looks at nothing that is not on a LAN", () => {
  const elsewhere = container({ name: "bridge" }, { image: "x" });
  expect(said(network({ driver: "bridge", name: "bridge" }), elsewhere, resource("command:local:Command", {}))).toEqual(
    [],
  );
});

it("passes over what is not known before the update, and still looks at the rest", () => {
  const later = (props: object, ...keys: string[]) =>
    keys.reduce<object>(
      (all, key) =>
        Object.defineProperty(all, key, {
          get: () => {
            throw new Error("unknown");
          },
          enumerable: true,
        }),
      { ...props },
    );
  const endpoint = later({ name: "lan", macAddress: pinned.macAddress }, "ipv4Address");
  const unknown = resource(
    "docker:index/container:Container",
    later({ networksAdvanced: [endpoint] }, "image", "healthcheck") as Record<string, unknown>,
  );
  expect(said(network(), unknown, appliance("dns", "10.0.0.5", { ...GOOD, image: "dns:1" }))).toEqual([
    expect.stringMatching(/^image-digest: /),
  ]);
});
