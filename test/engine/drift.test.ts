// Drift under the real engine: shown by a preview, repaired by one update, gone afterwards. The host is made of facts, of a
// fake Docker for its network, and of helpers that do as they are told; see conformance.test.ts for the plugins.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LabStack, RunResult } from "../../lab/pulumi";
import { ApplianceHost, ApplianceHostArgs, resolveHost } from "../../provider/appliance-host";
import { NETWORK_LABEL } from "../../provider/macvlan-network";
import { HostFacts, NetworkFact, provideObservation } from "../../provider/observe";
import { fixture } from "../../provider/observe/fixtures/fixture";
import { inSync } from "../../provider/observe/fixtures/in-sync";
import type { FakeNetwork } from "./fake-docker";
import { bench, type Bench } from "./workbench";

const image = "example.com/app@sha256:0000000000000000000000000000000000000000000000000000000000000000";

let at: Bench;
let stack: LabStack;
let args: ApplianceHostArgs;
/** What differs on the host from what the specification says. */
let change: (facts: HostFacts) => Partial<HostFacts>;
let installed: boolean;
let offline: boolean;
let clock: number;

const escape = (text: string): string => text.replace(/[$.*+?^{}()|[\]\\]/g, "\\$&");

/** The host as a run sees it, at another time than the run before. */
function seen(): HostFacts {
  const { host } = resolveHost(args);
  clock += 60;
  const time = new Date(Date.UTC(2026, 10, 21) + clock * 1000).toISOString().replace(".000Z", "Z");
  const bare = { ...fixture("trixie-bare"), time };
  const networks = [...bare.networks, ...at.docker().networks.map(asFact)];
  if (!installed) return { ...bare, networks };
  const synced = inSync(args, host!);
  const made = networks.find(({ name }) => name === "lan");
  const containers = synced.containers.map((container) => ({
    ...container,
    networks: { lan: { ...container.networks.lan!, NetworkID: made?.id ?? "" } },
  }));
  const facts = { ...synced, time, networks, containers };
  return { ...facts, ...change(facts) };
}

function asFact({ Id, Name, Driver, Internal, EnableIPv6, Options, Labels, IPAM }: FakeNetwork): NetworkFact {
  const config = IPAM.Config.map((block) => ({ ...block, AuxiliaryAddresses: block.AuxiliaryAddresses ?? {} }));
  return {
    ...{ id: Id, name: Name, driver: Driver, internal: Internal, ipv6: EnableIPv6 },
    ...{ options: Options ?? {}, labels: Labels ?? {}, ipam: { Driver: IPAM.Driver, Config: config } },
  };
}

function program(): Promise<object> {
  if (offline) process.env.MACVLAN_OFFLINE = "1";
  else delete process.env.MACVLAN_OFFLINE;
  provideObservation(args.ssh, { facts: seen() });
  const host = new ApplianceHost("gw1", args);
  return Promise.resolve({ networkId: host.networkId });
}

/** OP NAME of every resource of the host that is not left as it is. */
function opsOf(result: RunResult): string[] {
  const steps = result.ended.length > 0 ? result.ended : result.started;
  return steps
    .filter(({ type }) => /^(command|docker):/.test(type))
    .map(({ op, name }) => `${op} ${name.replace("gw1-", "")}`);
}

/** What helpers were told: `link apply lan0`. */
const told = (): string[] =>
  at.helperCalls().flatMap(({ command }) => /macvlan-host ([\w -]+\w)/.exec(command)?.[1] ?? "install");

async function setUp(): Promise<void> {
  await stack.up();
  installed = true;
  told();
  at.tamper((state) => (state.requests = []));
}

/** An update that must bring the host in sync, after a preview that showed the same. */
async function update(): Promise<{ preview: RunResult; up: RunResult; told: string[] }> {
  const preview = await stack.preview();
  expect(told()).toEqual([]);
  const up = await stack.up();
  change = () => ({});
  const after = await stack.preview();
  expect(opsOf(after)).toEqual([]);
  expect(after.output).toMatch(/^Resources:\n +\d+ unchanged$/m);
  return { preview, up, told: told() };
}

const missingLink = ({ links }: HostFacts): Partial<HostFacts> => ({
  links: links.filter(({ ifname }) => ifname !== "lan0"),
});
const changesOf = (): string[] => at.docker().requests.filter((request) => /^(POST|DELETE)/.test(request));

beforeEach(async () => {
  at = bench();
  args = {
    ssh: { destination: "gw1" },
    interface: { nic: { mac: "52:54:00:00:02:07" }, reach: "pinned" },
    network: { subnet: "192.168.76.0/24", gateway: "192.168.76.1", hostAddress: "192.168.76.10" },
    appliances: {
      dns: {
        ip: "192.168.76.53",
        service: { image, environment: ["PASSWORD=${PASSWORD}"] },
        secrets: { PASSWORD: "one" },
      },
      web: { ip: "192.168.76.80", service: { image } },
    },
  };
  change = () => ({});
  installed = false;
  offline = false;
  clock = 0;
  stack = await at.stack(program);
});
afterEach(() => {
  delete process.env.MACVLAN_OFFLINE;
  at.dispose();
});

describe("a host in sync", () => {
  test("is made once, says why, and then nothing changes, whoever looks and whenever", async () => {
    const first = await stack.preview();
    expect(first.output).toContain("lan0 is not set up on this host, seen 2026-11-21 00:01:00Z");
    await setUp();
    expect(opsOf(await stack.preview())).toEqual([]);
    expect(opsOf(await stack.up())).toEqual([]);
    offline = true;
    expect(opsOf(await stack.preview())).toEqual([]);
    expect(told()).toEqual([]);
    expect(changesOf()).toEqual([]);
  });

  test("still gets what the specification says anew, and no reason with it", async () => {
    await setUp();
    args.appliances.dns!.secrets = { PASSWORD: "two" };
    const preview = await stack.preview();
    expect(opsOf(preview)).toEqual(["update dns-appliance"]);
    expect(preview.output).not.toContain("REPAIR");
    await stack.up();
    const [call] = at.helperCalls();
    expect(call!.command).toContain("appliance apply dns");
    expect(call!.input).toContain("export PASSWORD='two'");
  });
});

describe("drift of a Command's part", () => {
  test("is shown with its reason, repaired by one update, and repaired again when it comes again", async () => {
    await setUp();
    for (let round = 1; round <= 2; round++) {
      change = missingLink;
      const done = await update();
      expect(opsOf(done.preview)).toEqual(["update lan0-link"]);
      expect(done.preview.output).toMatch(/REPAIR *: ".*" => "lan0 is missing/);
      expect(opsOf(done.up)).toEqual(["update lan0-link"]);
      expect(done.told).toEqual(["link apply lan0"]);
      expect(stack.state()).toMatch(/lan0 is missing, seen 2026-11-21 00:\d\d:00Z/);
    }
  });

  test("is left alone where hosts are not contacted", async () => {
    await setUp();
    change = missingLink;
    offline = true;
    expect(opsOf(await stack.preview())).toEqual([]);
  });

  test("of an appliance alone applies that one alone", async () => {
    await setUp();
    change = ({ containers }) => ({
      containers: containers.map((each) => (each.name === "dns" ? { ...each, status: "exited" } : each)),
    });
    const { told: calls, preview } = await update();
    expect(preview.output).toContain("container dns is stopped");
    expect(calls).toEqual(["appliance apply dns"]);
  });

  test("a ghost is the link's: the network is not touched", async () => {
    await setUp();
    change = ({ networks }) => ({ ghosts: networks.filter(({ name }) => name === "lan").map(({ id }) => id) });
    const { told: calls, preview } = await update();
    expect(preview.output).toContain("which stops every container of this host: dns, web");
    expect(calls).toEqual(["link apply lan0"]);
    expect(changesOf()).toEqual([]);
  });
});

describe("drift of the network", () => {
  test("one that is gone is made anew, and its appliances with it; and again when it goes again", async () => {
    await setUp();
    for (let round = 1; round <= 2; round++) {
      at.tamper((state) => {
        state.networks = [];
        state.requests = [];
      });
      const { preview, told: calls } = await update();
      expect(opsOf(preview).filter((op) => op.startsWith("replace "))).toEqual(
        expect.arrayContaining(["replace lan-network", "replace dns-appliance", "replace web-appliance"]),
      );
      expect(preview.output).toContain("network lan is missing on this host, seen 2026-11-21");
      expect(calls.slice(0, 2).sort()).toEqual(["appliance down dns", "appliance down web"]);
      expect(calls.slice(2).sort()).toEqual(["appliance apply dns", "appliance apply web"]);
      expect(changesOf()).toEqual(["POST /networks/create"]);
      expect(at.docker().networks).toHaveLength(1);
    }
  });

  const byHand = (labels: Record<string, string>, ipRange?: string): void =>
    at.tamper((state) => {
      const [old] = state.networks;
      const [block] = old!.IPAM.Config;
      const config = [{ ...block, ...(ipRange === undefined ? {} : { IPRange: ipRange }) }];
      state.networks = [{ ...old!, Id: "e".repeat(64), Labels: labels, IPAM: { ...old!.IPAM, Config: config } }];
      state.requests = [];
    });

  test.each<Record<string, string>>([{}, { [NETWORK_LABEL]: "true" }])(
    "one made anew by hand, equal and with labels %j, is taken over",
    async (labels) => {
      await setUp();
      byHand(labels);
      const { up, told: calls } = await update();
      expect(up.outputs.networkId).toBe("e".repeat(64));
      expect(changesOf()).toEqual([]);
      // Each appliance is taken down and brought back, in which order among them does not matter: the network stays.
      expect(calls.sort()).toEqual([
        "appliance apply dns",
        "appliance apply web",
        "appliance down dns",
        "appliance down web",
      ]);
    },
  );

  test("one that the state lost is taken over, and nothing is done to its appliances", async () => {
    await setUp();
    await forget();
    const { told: calls, up } = await update();
    expect(opsOf(up)).toEqual(["import lan-network"]);
    expect(calls).toEqual([]);
    expect(changesOf()).toEqual([]);
  });

  test("another specification replaces it, with no reason of the host's", async () => {
    await setUp();
    args.network.ipRange = "192.168.76.32/28";
    const { preview } = await update();
    expect(opsOf(preview)).toContain("replace lan-network");
    const diffs = preview.started.flatMap(({ diff }) => Object.keys(diff ?? {}));
    expect(diffs.filter((path) => /REPAIR|labels/.test(path))).toEqual([]);
    expect(at.docker().networks[0]!.IPAM.Config[0]!.IPRange).toBe("192.168.76.32/28");
  });

  test.each<[string, () => Promise<void>]>([
    [
      "lost by the state while the specification went on",
      async () => {
        await forget();
        args.network.ipRange = "192.168.76.32/28";
      },
    ],
    [
      "made anew by hand, marked as ours and different",
      () => Promise.resolve(byHand({ [NETWORK_LABEL]: "true" }, "192.168.76.32/28")),
    ],
  ])("one that was %s is refused by the preview, before anything is touched", async (_, happens) => {
    await setUp();
    await happens();
    const failed = await stack.preview({ mayFail: true });
    expect(failed.ok).toBe(false);
    expect(failed.output).toContain("gw1-lan.name: the network lan on this host is not the one");
    const before = at.docker().networks;
    const skipped = await stack.up({ mayFail: true });
    expect(skipped.ok).toBe(false);
    expect(skipped.output).toContain("specify it as it is and run an update, which takes it over");
    expect(at.docker().networks).toEqual(before);
    expect(told()).toEqual([]);
  });

  /** The state loses the network, as by a refresh while the host cannot be reached. */
  async function forget(): Promise<void> {
    const exported = await stack.stack.exportStack();
    const deployment = exported.deployment as { resources: { type: string; urn: string }[] };
    const lost = deployment.resources.find(({ type }) => type === "docker:index/network:Network")!;
    const resources = deployment.resources.filter((resource) => resource !== lost);
    // Others name it among what they depend on.
    const text = JSON.stringify({ ...deployment, resources });
    const cleared = JSON.parse(
      text.replaceAll(new RegExp(`"${escape(lost.urn)}",|,?"${escape(lost.urn)}"`, "g"), ""),
    ) as object;
    await stack.stack.importStack({ ...exported, deployment: cleared });
  }
});
