import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { formatProblem } from "../errors";
import { parse } from "../validate";
import { resolveAppliance, withSecrets } from "./resolve";
import { placedProblems } from "./problems";
import { applianceSchema, hostApplianceSchema } from "./schema";
import type { ApplianceSpec } from "./spec";

const good: ApplianceSpec = { ip: "192.168.76.53", service: { image: "a" } };
const said = (more: object) => parse(hostApplianceSchema, { ...good, ...more }).problems.map(formatProblem);

describe("an appliance as a part of a host", () => {
  it.each<[object, string]>([
    [{ ip: "192.168.76" }, "ip: "],
    [{ ip: undefined }, "ip: is missing"],
    [{ mac: "02:42" }, 'mac: "02:42" is not a MAC address'],
    [{ mac: "03:42:c0:a8:4c:35" }, "mac: 03:42:c0:a8:4c:35 is a multicast address"],
    [{ mac: "00:11:22:33:44:55" }, "mac: 00:11:22:33:44:55 belongs to a manufacturer's range"],
    [{ mac: "00:11:22:33:44:55" }, "universalMac: true allows it"],
    [{ service: undefined }, "says nothing to run; give service (inline) or compose (the path of a compose file)"],
    [{ compose: "x.yaml" }, "has both service and compose"],
    [{ service: { image: "a", ports: ["1:1"] } }, "service.ports: has no effect"],
    [{ files: { "/etc/passwd": "" } }, 'files["/etc/passwd"]: "/etc/passwd" cannot be the path of a file'],
    [{ files: { "../x": "" } }, 'files["../x"]'],
    [{ files: { "a//b": "" } }, 'files["a//b"]'],
    [{ files: { "./a": "" } }, 'files["./a"]'],
    [{ files: { "a\nb": "" } }, "cannot be the path"],
    [{ files: { a: "x\0y" } }, "files.a: is not text"],
    [{ files: { a: 1 } }, "files.a: is a number"],
    [
      { files: { a: "x".repeat(120 * 1024) } },
      "files: the compose file and the files have 121 KiB together; at most 112",
    ],
    [{ secrets: { token: "x" } }, 'secrets.token: "token" cannot be the name of a secret'],
    [{ secrets: { PATH: "x" } }, "secrets.PATH: PATH has a meaning of its own on the host"],
    [{ secrets: { DOCKER_HOST: "x" } }, "secrets.DOCKER_HOST: DOCKER_HOST has a meaning"],
    [{ secrets: { TOKEN: 5 } }, "secrets.TOKEN: is not text"],
    [{ secrets: { TOKEN: "x" } }, "secrets.TOKEN: nothing takes the secret TOKEN"],
    [{ startAfter: ["A"] }, 'startAfter[0]: "A" cannot be the name of an appliance'],
    [{ readyTimeout: 0 }, "readyTimeout: is too small; at least 1"],
    [{ readyTimeout: "2" }, "readyTimeout: is text; give a number"],
    [{ deleteVolumes: "yes" }, "deleteVolumes: is text; give true or false"],
    [{ adress: "x" }, 'adress: there is no field "adress" here'],
    [{ file: {} }, 'file: there is no field "file" here; did you mean "files"?'],
  ])("%j is refused", (more, expected) => expect(said(more).join("\n")).toContain(expected));

  it("tells everything at once, also when a field cannot be read at all", () => {
    const lines = said({
      ip: "x",
      mac: "01:00:00:00:00:00",
      service: { image: "a", ports: ["1"], scale: 2 },
      readyTimeout: "x",
      nonsense: 1,
    });
    expect(lines.map((line) => line.split(":")[0]).sort()).toEqual([
      "ip",
      "mac",
      "nonsense",
      "readyTimeout",
      "service.ports",
      "service.scale",
    ]);
  });

  it.each<object>([
    {},
    { mac: "00-11-22-33-44-55", universalMac: true },
    { files: { "conf/a b.conf": "", ".env": "A=1\n" }, startAfter: ["dns"], readyTimeout: 3600, deleteVolumes: true },
    { service: { image: "a", environment: { A: "${TOKEN}" } }, secrets: { TOKEN: pulumi.secret("x") } },
    { service: { image: "a", environment: { A: "${TOKEN}" } }, secrets: { TOKEN: Promise.resolve("x") } },
  ])("%# is fine", (more) => expect(said(more)).toEqual([]));

  it("never says what a secret is", () => {
    expect(said({ secrets: { "hunter 2": "correct horse", TOKEN: ["correct horse"] } }).join("\n")).not.toContain(
      "correct",
    );
  });

  it("is looked at again with its name and its network", () => {
    const spec = { ...good, service: { image: "a", networks: { lan: { ipv4_address: "192.168.76.9" } } } };
    expect(placedProblems("web", { network: "lan" }, spec).map(formatProblem)).toEqual([
      "service.networks.lan.ipv4_address: the address of this service is 192.168.76.53; leave it out, and give the one that you want as ip of the appliance",
    ]);
    expect(placedProblems("web", { network: "iot" }, spec)).toEqual([]);
  });
});

describe("an appliance by itself", () => {
  const args = {
    ...good,
    ssh: { destination: "gw1" },
    name: "web",
    network: { subnet: "192.168.76.0/24", gateway: "192.168.76.1" },
  };
  const refused = (more: object) => parse(applianceSchema, { ...args, ...more }).problems.map(formatProblem);

  it.each<[object, string]>([
    [{ name: "w" }, 'name: "w" cannot be the name of an appliance; use 2 to 63'],
    [{ name: "Web" }, 'name: "Web"'],
    [{ name: "-web" }, 'name: "-web"'],
    [{ name: "w".repeat(64) }, "name: "],
    [{ ip: "192.168.77.1" }, "ip: 192.168.77.1 is outside 192.168.76.0/24, the subnet of network lan"],
    [{ ip: "192.168.76.1" }, "ip: 192.168.76.1 is the gateway of network lan"],
    [{ network: { ...args.network, gateway: "10.0.0.1" } }, "network.gateway: 10.0.0.1 is not inside the subnet"],
    [{ network: { ...args.network, parent: "a.b" } }, 'network.parent: "a.b" has a dot'],
    [{ network: { gateway: "192.168.76.1" } }, "network.subnet: is missing"],
    [{ ssh: { destination: "-oProxyCommand=x" } }, "ssh.destination: "],
  ])("%j is refused", (more, expected) => {
    expect(refused(more)).toHaveLength(1);
    expect(refused(more)[0]).toContain(expected);
  });

  it("has defaults", () => {
    expect(resolveAppliance(args)).toMatchObject({
      mac: "02:42:c0:a8:4c:35",
      network: "lan",
      parent: "lan0",
      readyTimeout: 120,
      deleteVolumes: false,
      startAfter: [],
      files: {},
    });
    expect(resolveAppliance({ ...args, mac: "0A-11-22-33-44-55" }).mac).toBe("0a:11:22:33:44:55");
  });
});

it("secrets are marked before they become inputs", async () => {
  const marked = withSecrets({ a: { ...good, secrets: { TOKEN: "x" } }, b: good });
  expect(await pulumi.isSecret(marked["a"]!.secrets!["TOKEN"] as pulumi.Output<string>)).toBe(true);
  expect(marked["b"]).toBe(good);
});
