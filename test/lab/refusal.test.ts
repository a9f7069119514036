import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { ApplianceHostArgs } from "../../provider";
import { differences, stateOf, type HostState } from "./host-state";
import { expectRefused, refuses } from "./refusals";
import { bare, dns, site, specification, web } from "./site";

const here = site();
const { host, lab } = here;

const network = specification(host).network;
const appliances = (changes: Record<string, unknown>) =>
  specification(host, { appliances: { dns: { ...dns(), ...changes }, web: web() } });

beforeAll(() => bare(here));

describe("a specification that cannot work is refused, and the host is untouched", () => {
  const cases: [string, ApplianceHostArgs, ...RegExp[]][] = [
    ["an IP outside the subnet", appliances({ ip: "192.168.77.53" }), /appliances\.dns\.ip.*192\.168\.77\.53/],
    ["the gateway's IP", appliances({ ip: "192.168.76.1" }), /appliances\.dns\.ip.*gateway/],
    ["the host's own IP", appliances({ ip: host.ip }), /appliances\.dns\.ip.*host/],
    ["an IP twice", appliances({ ip: "192.168.76.80" }), /192\.168\.76\.80/],
    ["a MAC twice", appliances({ mac: "02:42:c0:a8:4c:50" }), /02:42:c0:a8:4c:50/],
    ["a multicast MAC", appliances({ mac: "03:42:c0:a8:4c:50" }), /appliances\.dns\.mac.*multicast/],
    [
      "a link name that is too long",
      specification(host, { interface: { ...specification(host).interface, name: "a-very-long-name-0" } }),
      /interface\.name.*15/,
    ],
    ["an unknown field", appliances({ adress: "x" }), /appliances\.dns.*adress/],
    [
      "several at once, all told",
      specification(host, {
        network: { ...network, gateway: "192.168.75.1" },
        appliances: { dns: { ...dns(), ip: "x" } },
      }),
      /network\.gateway/,
      /appliances\.dns\.ip/,
    ],
    [
      "a NIC that is not there",
      specification(host, { interface: { nic: { mac: "52:54:00:99:99:99" } } }),
      /52:54:00:99:99:99/,
      /ens4/,
    ],
  ];
  let before: HostState;
  beforeAll(async () => void (before = await stateOf(host)));
  test.each(cases)("%s", (_, args, ...reasons) => refuses({ args, reasons }));
  test("and after all of them the host is as it was", async () => {
    expect(differences(before, await stateOf(host))).toEqual([]);
  });
});

describe("a host that cannot be used is refused, and is untouched", () => {
  test("without passwordless sudo", () =>
    expectRefused(here, {
      args: specification(host, { ssh: { destination: host.alias("plain") } }),
      reasons: [/sudo/, /NOPASSWD/],
    }));

  test("that does not answer", () =>
    expectRefused(here, {
      args: specification(host, { ssh: { destination: "127.0.0.1", options: ["-p", "1"] } }),
      reasons: [/127\.0\.0\.1 cannot be reached/, /refused/i],
    }));

  test("with an unknown host key, with the command that adds it", async () => {
    await bare(here); // ends the shared connection, which no key would be asked for
    await expectRefused(here, {
      args: specification(host),
      reasons: [/host key of .* is not known/, /StrictHostKeyChecking=ask/],
      spoil: () => knowingOnly(() => ""),
    });
  });

  test("with another host key than the known one, without a way around it", async () => {
    await bare(here);
    const other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB6zKkOoqxGzPGZrD5pTjZ2gXwYV0qkDq6i8v8c4yT0Z";
    await expectRefused(here, {
      args: specification(host),
      reasons: [/shows another host key/, /fingerprint/],
      spoil: () => knowingOnly((known) => known.replace(/ssh-ed25519 \S+/g, other)),
    });
  });

  test("without Docker", async () => {
    await bare(here);
    await host.shell("mkdir /root/hidden && mv $(command -v docker) /root/hidden/");
    await expectRefused(here, { args: specification(host), reasons: [/no Docker on the host/, /install/] });
  });
});

/** Lets ssh know other host keys than the lab's, until the returned function is called. */
function knowingOnly(change: (known: string) => string): () => void {
  const file = join(lab.dir, "known_hosts");
  const before = readFileSync(file, "utf8");
  writeFileSync(file, change(before));
  return () => writeFileSync(file, before);
}
