import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { BootShim, HostInterface, MacvlanNetwork, SpecError } from ".";
import { HostFacts, provideObservation } from "./observe";
import { fixture } from "./observe/fixtures/fixture";

interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
  readonly importId?: string;
}

const registered: Registered[] = [];
const ssh = { destination: "gw1" };
const lan = { subnet: "192.168.76.0/24", gateway: "192.168.76.1", hostAddress: "192.168.76.10" };

const mocks: pulumi.runtime.Mocks = {
  newResource: ({ type, name, inputs, id }) => {
    registered.push({ type, name, inputs: inputs as Record<string, unknown>, ...(id ? { importId: id } : {}) });
    return { id: id || `${name}-id`, state: inputs as Record<string, unknown> };
  },
  call: () => ({}),
};

beforeAll(() => {
  process.env.MACVLAN_OFFLINE = "1";
});

beforeEach(() => {
  registered.length = 0;
});

afterAll(() => {
  delete process.env.MACVLAN_OFFLINE;
});

/** What a component registers, itself first, in a run of its own. */
async function registers(make: () => pulumi.ComponentResource): Promise<Registered[]> {
  await pulumi.runtime.setMocks(mocks);
  make();
  await pulumi.runtime.disconnect();
  return registered.splice(0);
}

/** The problems of arguments that are refused, after which nothing must have been registered. */
async function refusal(make: () => pulumi.ComponentResource): Promise<string> {
  await pulumi.runtime.setMocks(mocks);
  let message = "";
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(SpecError);
    message = (error as Error).message;
  }
  await pulumi.runtime.disconnect();
  expect(registered).toEqual([]);
  return message;
}

/** Lets components see a host as if they had looked at it. */
async function seeing<T>(facts: HostFacts, use: () => Promise<T>): Promise<T> {
  process.env.MACVLAN_OFFLINE = "0";
  provideObservation(ssh, { facts });
  try {
    return await use();
  } finally {
    process.env.MACVLAN_OFFLINE = "1";
  }
}

describe("BootShim", () => {
  it("is one Command whose text is the same whatever it installs", async () => {
    const open = await registers(() => new BootShim("boot", { ssh }));
    const closed = await registers(() => new BootShim("boot", { ssh, failClosed: true }));
    expect(open.map(({ type }) => type)).toEqual(["pulumi-macvlan:index:BootShim", "command:local:Command"]);
    expect(closed[1]!.inputs.create).toBe(open[1]!.inputs.create);
    expect(closed[1]!.inputs.environment).not.toEqual(open[1]!.inputs.environment);
    expect(open[1]!.inputs.delete).toContain("macvlan-host uninstall");
  });

  it("refuses what it does not know before anything is registered", async () => {
    const args = { ssh: { destination: "gw1", optoins: [] }, failclosed: true } as never;
    expect(await refusal(() => new BootShim("boot", args))).toBe(
      'boot.ssh.optoins: there is no field "optoins" here; did you mean "options"?\n' +
        'boot.failclosed: there is no field "failclosed" here; did you mean "failClosed"?',
    );
  });

  it("refuses a host that cannot carry it before anything is registered", async () => {
    const message = await seeing(fixture("trixie-no-docker"), () => refusal(() => new BootShim("boot", { ssh })));
    expect(message).toContain("boot.ssh.destination: there is no Docker on the host; install");
  });
});

describe("HostInterface", () => {
  it("is one Command that shows its files in the plan", async () => {
    const [component, command] = await registers(
      () => new HostInterface("link", { ssh, nic: { mac: "52:54:00:00:02:07" } }),
    );
    expect(component!.type).toBe("pulumi-macvlan:index:HostInterface");
    expect((command!.inputs.environment as Record<string, string>).FILES).toMatch(/^== link.conf\n/);
    expect(command!.inputs.create).toContain("macvlan-host link apply lan0");
    expect(command!.inputs.delete).toContain("macvlan-host link remove lan0");
    expect(command!.inputs.triggers).toEqual(["gw1", "lan0"]);
    expect(command!.inputs).not.toHaveProperty("stdin");
  });
});

describe("MacvlanNetwork", () => {
  const make = () => new MacvlanNetwork("lan", { ssh, ...lan });

  it("is a network through a provider that goes the way of everything else", async () => {
    const [, provider, network] = await registers(make);
    expect(provider!.type).toBe("pulumi:providers:docker");
    expect(provider!.name).toBe("lan-gw1");
    expect(provider!.inputs).toMatchSnapshot();
    expect(network!.inputs).toMatchSnapshot();
  });

  it("has the mode of the specification", async () => {
    const options = async (mode?: "bridge" | "vepa") => {
      const all = await registers(() => new MacvlanNetwork("lan", { ssh, ...lan, ...(mode ? { mode } : {}) }));
      return all.find(({ type }) => type === "docker:index/network:Network")!.inputs.options;
    };
    expect(await options("vepa")).toEqual({ parent: "lan0", macvlan_mode: "vepa" });
    expect(await options("bridge")).toEqual(await options());
  });

  it("takes over exactly what is there and equal", async () => {
    const used = fixture("trixie-in-use");
    const networks = used.networks.map((network) => ({ ...network, labels: { "pulumi-macvlan.managed": "true" } }));
    const id = networks.find(({ name }) => name === "lan")!.id;
    const importOf = async (change: object, facts: HostFacts) => {
      const all = await seeing(facts, () => registers(() => new MacvlanNetwork("lan", { ssh, ...lan, ...change })));
      return all.find(({ type }) => type === "docker:index/network:Network")!.importId;
    };
    expect(await importOf({}, { ...used, networks })).toBe(id);
    expect(await importOf({}, used)).toBe(id);
    const through = (ssh: string) =>
      networks.map((network) => ({ ...network, labels: { ...network.labels, "pulumi-macvlan.ssh": ssh } }));
    expect(await importOf({}, { ...used, networks: through("gw1") })).toBe(id);
    // It is about to be replaced, and the engine replaces nothing that is to be imported.
    expect(await importOf({}, { ...used, networks: through("root@gw1") })).toBeUndefined();
    const unused = { ...used, networks, containers: [] };
    const apart = networks.map((each) => ({ ...each, options: { ...each.options, macvlan_mode: "private" } }));
    expect(await importOf({ mode: "private" }, { ...unused, networks: apart })).toBe(id);
    expect(await importOf({}, { ...unused, networks: apart })).toBeUndefined();
    expect(await importOf({ ipRange: "192.168.76.64/27" }, unused)).toBeUndefined();
    expect(await importOf({}, fixture("trixie-bare"))).toBeUndefined();
  });

  it("has both halves where the LAN has IPv6, and takes over one that is so", async () => {
    const make6 = () => new MacvlanNetwork("lan", { ssh, ...lan, subnet6: "fd00:76::/64" });
    const network = (await registers(make6)).find(({ type }) => type === "docker:index/network:Network")!;
    const halves = network.inputs.ipamConfigs as object[];
    expect([network.inputs.ipv6, halves.length, halves[1]]).toEqual([
      true,
      2,
      { subnet: "fd00:76::/64", gateway: "fd00:76::1", ipRange: "fd00:76::1/128" },
    ]);
    const used = fixture("trixie-in-use");
    const half = { Subnet: "fd00:76::/64", Gateway: "fd00:76::1", IPRange: "fd00:76::1/128", AuxiliaryAddresses: {} };
    const networks = used.networks.map((each) =>
      each.name === "lan" ? { ...each, ipv6: true, ipam: { ...each.ipam, Config: [...each.ipam.Config, half] } } : each,
    );
    const found = await seeing({ ...used, networks }, () => registers(make6));
    expect(found.find(({ type }) => type === "docker:index/network:Network")!.importId).toBe(
      networks.find(({ name }) => name === "lan")!.id,
    );
  });

  it("refuses a network of somebody else's", async () => {
    const other = () => new MacvlanNetwork("lan", { ssh, ...lan, ipRange: "192.168.76.64/27" });
    expect(await seeing(fixture("trixie-in-use"), () => refusal(other))).toContain(
      "lan.name: the host has another network called lan",
    );
  });
});
