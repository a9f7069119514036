import { describe, expect, test } from "vitest";
import {
  acts,
  answered,
  containers,
  DNS,
  expectIdentities,
  hostReaches,
  provisioned,
  site,
  specification,
  WEB,
} from "./site";

const here = site();
const { host, lab } = here;

/** Waits until the appliances serve the LAN again; seconds since the host's kernel started. */
async function ready(): Promise<number> {
  await answered(host, "web", async () => (await lab.lan.http(WEB.ip, 80, "/")).status === 200);
  return Number((await host.shell("cut -d' ' -f1 /proc/uptime")).trim());
}

async function expectAsBefore(before: Record<string, string>): Promise<void> {
  await expectIdentities(here, [DNS, WEB]);
  expect(await containers(host)).toEqual(before);
  expect(await hostReaches(host, WEB.ip)).toBe(true);
}

async function dockerIsUp(): Promise<void> {
  await host.shell("until systemctl -q is-active docker; do sleep 1; done", { timeout: 300_000 });
}

describe("after a reboot, with no manual step", () => {
  test("an ordinary one: the same containers with the same identities", async () => {
    const stack = await provisioned(here, () => specification(host));
    const before = await containers(host);
    await host.reboot();
    console.log(`ready ${await ready()} s after the kernel started`);
    await expectAsBefore(before);
    expect(await host.shell("journalctl -b -u docker --no-pager | grep -c 'Could not create' || true")).toBe("0\n");
    expect(acts((await stack.preview()).started)).toEqual([]);
  });

  test("the NIC arrives 30 s late", async () => {
    await provisioned(here, () => specification(host));
    const before = await containers(host);
    await host.reboot({ nicLate: 30 });
    console.log(`ready ${await ready()} s after the kernel started, the NIC 30 s late`);
    await expectAsBefore(before);
  });

  test("Docker has started without lan0: a ghost, which is healed as soon as the NIC is there", async () => {
    await provisioned(here, () => specification(host));
    const before = await containers(host);
    await host.shell("sed -i \"s/^WAIT=.*/WAIT='0'/\" /etc/macvlan/links/lan0.conf && sync");
    await host.reboot({ nicLate: dockerIsUp });
    console.log(`ready ${await ready()} s after the kernel started, the NIC later than Docker, which does not wait`);
    await expectAsBefore(before);
    const journal = await host.shell("journalctl -b -o cat -u docker -u macvlan-appliances --no-pager");
    expect(journal).toContain("Could not create macvlan network");
    expect(journal).toContain("ghost network lan: dockerd came up before the parent; restarting dockerd once");
  });
});
