import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, onTestFinished, test } from "vitest";
import type { ApplianceHostArgs } from "../../provider";
import { expectRefused } from "./refusals";
import { bare, dns, site, specification, web } from "./site";

const here = site();
const { host, lab } = here;

const network = specification(host).network;
const appliances = (changes: Record<string, unknown>) =>
  specification(host, { appliances: { dns: { ...dns(), ...changes }, web: web() } });

beforeAll(() => bare(here));

describe("a specification that cannot work is refused, and the host is untouched", () => {
  const cases: [string, ApplianceHostArgs, ...(string | RegExp)[]][] = [
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
  test.each(cases)("%s", (_, args, ...reasons) => expectRefused(here, args, ...reasons));
});

describe("a host that cannot be used is refused, and is untouched", () => {
  test("without passwordless sudo", () =>
    expectRefused(here, specification(host, { ssh: { destination: host.alias("plain") } }), /sudo/));

  test("with an unknown host key, with the command that adds it", async () => {
    withKnownHosts("");
    await expectRefused(here, specification(host), /host key/i, /ssh-keyscan|ssh -o|known_hosts/);
  });

  test("with another host key than the known one, without a way around it", async () => {
    const other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB6zKkOoqxGzPGZrD5pTjZ2gXwYV0qkDq6i8v8c4yT0Z";
    withKnownHosts(readFileSync(knownHosts(), "utf8").replace(/ssh-ed25519 \S+/g, other));
    await expectRefused(here, specification(host), /host key/i, /changed|differs|another/i);
  });

  test("that does not answer", () =>
    expectRefused(
      here,
      specification(host, { ssh: { destination: "127.0.0.1", options: ["-p", "1"] } }),
      /127\.0\.0\.1/,
      /refused|unreachable|no answer/i,
    ));

  test("without Docker", async () => {
    await host.shell(
      "mkdir -p /root/hidden && mv /usr/bin/docker /usr/bin/dockerd /usr/sbin/dockerd /root/hidden/ 2>/dev/null; true",
    );
    try {
      await expectRefused(here, specification(host), /docker/i, /install/i);
    } finally {
      await bare(here);
    }
  });
});

function knownHosts(): string {
  return join(lab.dir, "known_hosts");
}

/** Lets this test's ssh know other host keys than the lab's. */
function withKnownHosts(text: string): void {
  const before = readFileSync(knownHosts(), "utf8");
  writeFileSync(knownHosts(), text);
  onTestFinished(() => writeFileSync(knownHosts(), before));
}
