// Reasons of the components' own drift functions, for hosts that are as the specification before said.
import { expect, it } from "vitest";
import { ApplianceHost, ApplianceHostArgs, driftOf as driftOfHost, resolveHost } from "../../appliance-host";
import { previewFromNothing } from "../../fleet/run/from-nothing";
import { HostFacts } from "../../observe";
import { inSync } from "../../observe/fixtures/in-sync";
import { driftOf, hostChange, previewBetween, Step } from ".";

const base: ApplianceHostArgs = {
  ssh: { destination: "gw1" },
  interface: { nic: { mac: "52:54:00:00:02:07" }, reach: "pinned" },
  network: { subnet: "192.168.76.0/24", gateway: "192.168.76.1", hostAddress: "192.168.76.10" },
  appliances: { dns: { ip: "192.168.76.53", service: { image: "example.com/dns:1" } } },
};
const { dns } = base.appliances;
const withLink = (link: Partial<ApplianceHostArgs["interface"]>): ApplianceHostArgs => ({
  ...base,
  interface: { ...base.interface, ...link },
});

const steps = async (args: ApplianceHostArgs): Promise<Awaited<ReturnType<typeof previewFromNothing>>["preview"]> =>
  (
    await previewFromNothing("test", "gw1", () => {
      process.env.MACVLAN_OFFLINE = "1";
      new ApplianceHost("gw1", args);
      return Promise.resolve();
    })
  ).preview;

/** What a run with `after` says of a host that is as `before` says, but for `change`: all reasons, and those that are told. */
async function told(
  [before, after]: [ApplianceHostArgs, ApplianceHostArgs],
  change: (facts: HostFacts) => Partial<HostFacts> = () => ({}),
): Promise<{ all: string[]; drift: string[] }> {
  const synced = inSync(before, resolveHost(before).host!);
  // A network that is there and differs is no drift of its step.
  const reasons = driftOfHost({ ...synced, ...change(synced) }, after, resolveHost(after).host!).filter(
    ({ resource }) => resource !== "network",
  );
  const preview = previewBetween(await steps(before), await steps(after));
  const part = ({ urn }: Step): string =>
    urn.includes("BootShim$command") ? "boot" : urn.includes("HostInterface$command") ? "link" : "appliance";
  const drift = reasons.flatMap((each) => {
    const step = preview.steps.find((candidate) => {
      const wanted = typeof each.resource === "object" ? "appliance" : each.resource;
      return candidate.type.startsWith("command:") && part(candidate) === wanted;
    })!;
    const environment = {
      ...(step.new!["environment"] as object),
      REPAIR: `${each.reasons.join("; ")}, seen 2026-11-21`,
    };
    return driftOf({ ...step, new: { ...step.new, environment } });
  });
  return { all: reasons.flatMap((each) => each.reasons), drift };
}

const macvlan = withLink({ address: "192.168.76.9" });
const ipvlan = { ...macvlan, network: { ...macvlan.network, driver: "ipvlan" as const } };

it("another driver is told of link, network and appliance", async () => {
  const { changes } = hostChange(previewBetween(await steps(macvlan), await steps(ipvlan)));
  const said = changes.flatMap(({ stage, fields }) =>
    fields.map(({ label, before, after }) => `${stage} ${label}: ${before ?? "-"} ${after ?? "-"}`),
  );
  expect(said).toEqual(
    expect.arrayContaining([
      "link driver: - ipvlan",
      "link mode: bridge l2",
      expect.stringMatching(/^link MAC: 02:\S+ -$/),
      "network driver: macvlan ipvlan",
      "network mode: bridge l2",
      "appliance MAC: 02:42:c0:a8:4c:35 -",
    ]),
  );
});

it.each<[string, ApplianceHostArgs, ApplianceHostArgs]>([
  ["another driver", macvlan, ipvlan],
  ["an image", base, { ...base, appliances: { dns: { ...dns!, service: { image: "example.com/dns:2" } } } }],
  ["an address", base, { ...base, appliances: { dns: { ...dns!, ip: "192.168.76.54" } } }],
  ["another NIC", base, withLink({ nic: { name: "ens3" } })],
  ["another MAC of the link", base, withLink({ mac: "02:00:00:00:00:09" })],
  ["a VLAN", base, withLink({ vlan: 20 })],
  ["another VLAN", withLink({ vlan: 20 }), withLink({ vlan: 30 })],
  ["no VLAN any more", withLink({ vlan: 20 }), base],
  ["another MTU", withLink({ vlan: 20, mtu: 1400 }), withLink({ vlan: 20, mtu: 1300 })],
  ["reach that goes", base, withLink({ reach: "none" })],
  ["reach that comes", withLink({ reach: "none" }), base],
  ["the boot shim's own files", base, { ...base, failClosed: true }],
  ["the boot shim's own files, back", { ...base, failClosed: true }, base],
])("%s in the specification is no drift of the host", async (_, before, after) => {
  const { all, drift } = await told([before, after]);
  expect(all).not.toEqual([]);
  expect(drift).toEqual([]);
});

it("what happened on the host is told, also where the specification goes on", async () => {
  const down = ({ links }: HostFacts): Partial<HostFacts> => ({
    links: links.map((link) => (link.ifname === "lan0" ? { ...link, flags: [] } : link)),
  });
  expect((await told([base, withLink({ reach: "none" })], down)).drift).toEqual(["lan0 is down"]);
});

it("what compares with the specification is told where that stays", async () => {
  const applied = () => ({ applied: new Map([["dns", "0".repeat(64)]]) });
  expect((await told([base, base], applied)).drift).toEqual(["this host has another version of dns"]);
});
