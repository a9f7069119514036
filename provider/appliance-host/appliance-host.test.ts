import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { provideObservation } from "../observe";
import { fixture } from "../observe/fixtures/fixture";
import { ApplianceHost } from "./appliance-host";
import { LANES } from "./order";
import type { ApplianceHostArgs } from "./spec";

/** A registration as the engine gets it: with what it depends on, by name. */
interface Registration {
  readonly name: string;
  readonly type: string;
  readonly inputs: Record<string, unknown>;
  readonly dependencies: string[];
  readonly deleteBeforeReplace: boolean;
  readonly hideDiffs: string[];
}

interface RegisterRequest {
  getType(): string;
  getName(): string;
  getDependenciesList(): string[];
  getDeletebeforereplace(): boolean;
  getHidediffsList(): string[];
  getObject(): { toJavaScript(): Record<string, unknown> };
}

let registrations: Registration[] = [];

async function record(): Promise<void> {
  registrations = [];
  await pulumi.runtime.setMocks({
    newResource: ({ name, inputs, id }) => ({ id: id || `${name}-id`, state: inputs as Record<string, unknown> }),
    call: () => ({}),
  });
  // Mocks do not see what a resource depends on; the request to the engine says it.
  const monitor = pulumi.runtime.getMonitor() as unknown as {
    registerResource(request: RegisterRequest, done: unknown): void;
  };
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, done) => {
    registrations.push({
      name: request.getName(),
      type: request.getType(),
      inputs: request.getObject().toJavaScript(),
      dependencies: request.getDependenciesList().map((urn) => urn.split("::").at(-1)!),
      deleteBeforeReplace: request.getDeletebeforereplace(),
      hideDiffs: request.getHidediffsList(),
    });
    register(request, done);
  };
}

const service = { image: "example.com/app@sha256:0000000000000000000000000000000000000000000000000000000000000000" };
const host = (appliances: ApplianceHostArgs["appliances"]): ApplianceHostArgs => ({
  ssh: { destination: "gw1" },
  interface: { nic: { mac: "52:54:00:00:02:07" } },
  network: { subnet: "192.168.76.0/24", gateway: "192.168.76.1", hostAddress: "192.168.76.10" },
  appliances,
});

async function make(args: ApplianceHostArgs): Promise<ApplianceHost> {
  await record();
  const component = new ApplianceHost("gw1", args);
  await pulumi.runtime.disconnect();
  return component;
}

const find = (name: string) => registrations.find((registration) => registration.name === name)!;
const value = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply((inner) => resolve(inner)));

beforeAll(() => {
  process.env.MACVLAN_OFFLINE = "1";
});
afterAll(() => {
  delete process.env.MACVLAN_OFFLINE;
});
beforeEach(() => {
  registrations = [];
});

describe("ApplianceHost", () => {
  it("makes everything in boot order, each after what it stands on", async () => {
    await make(
      host({
        dns: { ip: "192.168.76.53", service },
        web: { ip: "192.168.76.80", service, startAfter: ["dns"] },
      }),
    );
    expect(find("gw1-lan0-link").dependencies).toEqual(["gw1-boot-install"]);
    expect(find("gw1-lan-network").dependencies).toEqual(["gw1-lan0-link"]);
    expect(find("gw1-dns-appliance").dependencies).toContain("gw1-lan-network");
    expect(find("gw1-web-appliance").dependencies).toEqual(
      expect.arrayContaining(["gw1-lan-network", "gw1-dns-appliance"]),
    );
    expect(find("gw1-dns-appliance").dependencies).not.toContain("gw1-web-appliance");
  });

  it("shows the files in the plan, not the scripts, and replaces one at a time", async () => {
    await make(host({ dns: { ip: "192.168.76.53", service } }));
    const commands = registrations.filter(({ type }) => type === "command:local:Command");
    expect(commands).toHaveLength(3);
    for (const command of commands) {
      expect(command.hideDiffs).toEqual(["create", "delete", "triggers"]);
      expect(command.deleteBeforeReplace).toBe(true);
    }
    expect(find("gw1-lan-network").deleteBeforeReplace).toBe(true);
    expect(find("gw1-dns-appliance").inputs.triggers).toContain("gw1-lan-network-id");
  });

  it("says what an engine needs to know of it", async () => {
    const component = await make(host({ dns: { ip: "192.168.76.53", service } }));
    expect(await value(component.appliances)).toEqual({ dns: { ip: "192.168.76.53", mac: "02:42:c0:a8:4c:35" } });
    expect(await value(component.networkId)).toBe("gw1-lan-network-id");
    expect(await value(component.mac)).toMatch(/^02:/);
  });

  it("never has more appliances under way than one connection carries", async () => {
    const names = Array.from({ length: 3 * LANES }, (_, i) => `a${String(i).padStart(2, "0")}`);
    await make(host(Object.fromEntries(names.map((name, i) => [name, { ip: `192.168.76.${20 + i}`, service }]))));
    for (const [i, name] of names.entries()) {
      const others = find(`gw1-${name}-appliance`).dependencies.filter((other) => /^gw1-a\d\d-appliance$/.test(other));
      expect(others).toEqual(i < LANES ? [] : [`gw1-${names[i - LANES]}-appliance`]);
    }
  });

  it("changes no input of another appliance when one is added", async () => {
    const one = { dns: { ip: "192.168.76.53", service } };
    await make(host(one));
    const before = registrations.filter(({ name }) => name !== "gw1");
    await make(host({ ...one, aaa: { ip: "192.168.76.54", service } }));
    for (const { name, inputs } of before) expect(find(name).inputs).toEqual(inputs);
  });

  it("lets no secret out in clear, not even as its own input", async () => {
    const secrets = { ADMIN: "hunter2", LATER: pulumi.output("hunter3") };
    await make(
      host({
        dns: { ip: "192.168.76.53", service: { ...service, environment: ["A=${ADMIN}", "B=${LATER}"] }, secrets },
      }),
    );
    const SECRET = "1b47061264138c4ac30d75fd1eb44270";
    const leaks: string[] = [];
    const search = (at: string, found: unknown): void => {
      if (typeof found === "string" && /hunter[23]/.test(found)) leaks.push(at);
      if (typeof found !== "object" || found === null || SECRET in Object(found)) return;
      if (Object.values(found).includes(SECRET)) return;
      for (const [key, inner] of Object.entries(found)) search(`${at}.${key}`, inner);
    };
    for (const { name, inputs } of registrations) search(name, inputs);
    expect(leaks).toEqual([]);
    expect(JSON.stringify(find("gw1-dns-appliance").inputs.stdin)).toContain("hunter2");
  });

  it("registers nothing when anything is wrong, in the specification or on the host", async () => {
    await record();
    expect(() => new ApplianceHost("gw1", host({ dns: { ip: "192.168.77.53", service } }))).toThrow(
      "gw1.appliances.dns.ip: 192.168.77.53 is outside 192.168.76.0/24",
    );
    process.env.MACVLAN_OFFLINE = "0";
    provideObservation({ destination: "gw1" }, { facts: fixture("trixie-no-docker") });
    expect(() => new ApplianceHost("gw1", host({}))).toThrow("gw1.ssh.destination: there is no Docker on the host");
    process.env.MACVLAN_OFFLINE = "1";
    await pulumi.runtime.disconnect();
    expect(registrations).toEqual([]);
  });

  it("goes on past what it is told to pass over, which the plan shows, and says so once", async () => {
    const facts = fixture("trixie-bare", { probed: new Map([["192.168.76.53", ["00:11:22:33:44:55"]]]) });
    const info = vi.spyOn(pulumi.log, "info").mockResolvedValue();
    const args = { ...host({ dns: { ip: "192.168.76.53", service } }), overrides: ["ip-on-lan"] };
    process.env.MACVLAN_OFFLINE = "0";
    provideObservation({ destination: "gw1" }, { facts });
    await make(args);
    expect(find("gw1").inputs.overrides).toEqual(["ip-on-lan"]);
    provideObservation({ destination: "gw1" }, { facts: { ...facts } });
    await record();
    expect(() => new ApplianceHost("gw1", { ...args, overrides: [] })).toThrow(
      'or pass it over with overrides: ["ip-on-lan"] (docs/rules.md#ip-on-lan)',
    );
    process.env.MACVLAN_OFFLINE = "1";
    expect(info.mock.calls.map(([text]) => text)).toEqual([
      "gw1.appliances.dns.ip: passed over (ip-on-lan): 192.168.76.53 is in use on the LAN by the device with MAC 00:11:22:33:44:55",
    ]);
    info.mockRestore();
  });
});
