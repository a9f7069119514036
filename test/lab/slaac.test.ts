// What a router of the LAN announces: who takes an address of its prefix, and who does not.
import { beforeAll, describe, expect, test } from "vitest";
import type { LabStack } from "../../lab/pulumi";
import {
  answered,
  bare,
  containers,
  dns,
  DNS,
  expectIdentities,
  expectInSync,
  lanOf,
  site,
  specification,
  stackOf,
  testSuite,
  web,
  WEB,
} from "./site";

const here = site();
const { host, lab } = here;

/** What the MAC 02:42:c0:a8:4c:50 of `web` makes of the prefix (EUI-64). */
const TAKEN = "fd00:76::42:c0ff:fea8:4c50";
const PREFIX = "fd00:76::";
const DUAL = { ...lanOf(host), subnet6: "fd00:76::/64" };

/** The container's addresses of global scope once a router has announced itself. */
async function heard(name: string): Promise<string[]> {
  await lab.lan.advertise(PREFIX);
  await host.shell("sleep 3");
  const said = await host.shell(`docker exec ${name} ip -6 -o addr show dev eth0 scope global | awk '{ print $4 }'`);
  return said.trim().split("\n").sort();
}

async function served(): Promise<void> {
  await answered(host, "web", async () => {
    await lab.lan.advertise(PREFIX);
    return (await lab.lan.ping6(TAKEN, 3000)).mac === WEB.mac;
  });
  await expectIdentities(here, [DNS, WEB]);
}

describe("on a network of IPv4 alone", () => {
  let stack: LabStack;

  beforeAll(async () => {
    await bare(here);
    stack = await stackOf(() => specification(host, { appliances: { dns: dns(), web: { ...web(), slaac: true } } }));
    await stack.up();
  });

  test("who is to hear a router has an address by its MAC, nobody else has one, and nothing is to be done", async () => {
    await served();
    expect(await heard("web")).toEqual([`${TAKEN}/64`]);
    expect(await heard("dns")).toEqual([""]);
    expect(await host.shell("ip -6 -o addr show scope global")).toBe("");
    await expectInSync(stack);
  });

  test("so it is after a restart of the container, of Docker and of the host", async () => {
    const ids = await containers(host);
    await host.shell("docker restart -t 1 web");
    await served();
    await host.shell("systemctl restart docker");
    await served();
    await host.reboot();
    await served();
    expect(await containers(host)).toEqual(ids);
    await expectInSync(stack);
  });
});

describe("on a network with IPv6", () => {
  const deaf = specification(host, { network: DUAL, appliances: { dns: dns(), web: { ...web(), slaac: false } } });

  test.runIf(testSuite === "sid")(
    "who is not to hear a router has the pinned address alone, also after a restart",
    async () => {
      await bare(here);
      const stack = await stackOf(() => deaf);
      await stack.up();
      expect(await heard("web")).toEqual(["fd00:76::c0a8:4c50/64"]);
      expect(await heard("dns")).toEqual(["fd00:76::42:c0ff:fea8:4c35/64", "fd00:76::c0a8:4c35/64"]);
      await host.shell("docker restart -t 1 web");
      expect(await heard("web")).toEqual(["fd00:76::c0a8:4c50/64"]);
      await expectInSync(stack);
      await stack.destroy();
    },
  );

  test.runIf(testSuite === "trixie")(
    "that is refused where Docker has no way to do it, before anything is made",
    async () => {
      await bare(here);
      await expect((await stackOf(() => deaf)).up()).rejects.toThrow(
        /appliances\.web\.slaac: Docker 26\.\S+ has no way to keep it/,
      );
      expect(await host.shell("ls -A /etc/macvlan 2>/dev/null || true")).toBe("");
    },
  );
});
