import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatIpv4, parseIpv4 } from "../address";
import { formatProblem, valueOf } from "../errors";
import { HostFacts } from "../observe";
import { fixture } from "../observe/fixtures/fixture";
import { inSync } from "../observe/fixtures/in-sync";
import { hostRules, preflight } from "./preflight";
import { resolveHost } from "./resolve";
import type { ApplianceHostArgs } from "./spec";

const service = { image: "example.com/app@sha256:0000000000000000000000000000000000000000000000000000000000000000" };
const said = (facts: HostFacts, args: ApplianceHostArgs) =>
  preflight(facts, resolveHost(args).host!).map((finding) => `${finding.id} ${formatProblem(finding)}`);

/** A host of the lab with its own address and MAC on the LAN. */
function argsFor(facts: HostFacts): ApplianceHostArgs {
  const nic = facts.links.find(({ ifname }) => ifname === "ens4")!;
  const own = facts.addresses.get("ens4")!.find(({ family }) => family === "inet")!;
  return {
    ssh: { destination: "gw1" },
    interface: { nic: { mac: nic.address }, reach: "pinned" },
    network: { subnet: "192.168.76.0/24", gateway: "192.168.76.1", hostAddress: own.address },
    appliances: {},
  };
}

/** Hosts of Debian with Docker on which nothing is wrong: new ones, one that an `up` has set up, and those that only drifted since. */
const CLEAN = [
  ...[
    "trixie-bare",
    "sid-in-use",
    "trixie-in-use",
    "trixie-provisioned",
    "trixie-container-stopped",
    "trixie-eth0-lost",
  ],
  ...["trixie-link-down", "trixie-link-missing", "trixie-network-removed", "trixie-unit-masked"],
];

describe("on a host where nothing is wrong", () => {
  it.each(CLEAN)("%s: no rule speaks, whatever free addresses are pinned and however the NIC is selected", (name) => {
    const facts = fixture(name);
    const args = argsFor(facts);
    const first = valueOf(parseIpv4("192.168.76.90"));
    const nics = [args.interface.nic, { name: "ens4" }, { path: "pci-0000:00:04.0" }];
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: first, max: first + 100 }), { maxLength: 8 }),
        fc.constantFrom(...nics),
        fc.constantFrom("", "none", "kvm", "qemu"),
        (ips, nic, virtualization) => {
          const appliances = Object.fromEntries(ips.map((ip, i) => [`app${i}`, { ip: formatIpv4(ip), service }]));
          expect(
            said({ ...facts, virtualization }, { ...args, interface: { ...args.interface, nic }, appliances }),
          ).toEqual([]);
        },
      ),
    );
  });

  it("no rule speaks of a host that is in sync, nor of what only drifted", () => {
    const args = {
      ...argsFor(fixture("trixie-bare")),
      appliances: { dns: { ip: "192.168.76.53", service }, web: { ip: "192.168.76.80", service } },
    };
    const synced = inSync(args, resolveHost(args).host!);
    expect(said(synced, args)).toEqual([]);
    const lan = synced.networks.find(({ name }) => name === "lan")!;
    const drifted: Record<string, Partial<HostFacts>> = {
      "a ghost": { ghosts: [lan.id] },
      "a network that is gone": { networks: synced.networks.filter(({ id }) => id !== lan.id) },
      "a link that is gone": { links: synced.links.filter(({ ifname }) => ifname !== "lan0") },
      "a stopped container": { containers: synced.containers.map((each) => ({ ...each, status: "exited" })) },
      "containers bound to a dead network": {
        containers: synced.containers.map((each) => ({
          ...each,
          networks: { lan: { ...each.networks.lan!, NetworkID: "0".repeat(64) } },
        })),
      },
      "containers that Docker 29 wiped": { containers: synced.containers.map((each) => ({ ...each, networks: {} })) },
      "containers that are gone": { containers: [] },
      "files that are gone": { files: new Map() },
    };
    for (const [what, change] of Object.entries(drifted))
      expect(said({ ...synced, ...change }, args), what).toEqual([]);
  });
});

it("rules have ids of their own, which are anchors of the manual", () => {
  const ids = hostRules.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[a-z][a-z0-9-]*$/);
});

it("says where in the specification of a whole host a stage's finding belongs", () => {
  const facts = fixture("trixie-in-use");
  const network = { name: "iot", subnet: "10.1.0.0/24", gateway: "10.1.0.1" };
  expect(said(facts, { ...argsFor(facts), network })).toEqual([
    expect.stringMatching(/^parent-taken interface\.name: the Docker network lan is on lan0 already/),
    expect.stringMatching(/^subnet-of-nic network\.subnet: ens4 has the address 192\.168\.76\.10\/24/),
  ]);
});
