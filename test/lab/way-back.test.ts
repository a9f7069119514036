import { beforeEach, describe, expect, test } from "vitest";
import type { RunResult } from "../../lab/pulumi";
import { sleep } from "../../lab/run";
import { acts, bare, DNS, expectIdentities, provisioned, site, specification, stackOf, WEB } from "./site";
import { differences, stateOf } from "./host-state";

const here = site();
const { host } = here;

/** Where the workstation's connections come from, through the management NIC. */
const WORKSTATION = "10.0.2.2";
const NETWORK = "/etc/systemd/network/10-management.network";

const udevRule = (text: string) =>
  `cat >/etc/udev/rules.d/90-cut.rules <<'END'\n${text}\nEND\nudevadm control --reload`;
const onLink = (action: string, command: string) =>
  `ACTION=="${action}", SUBSYSTEM=="net", KERNEL=="lan0", RUN+="${command}"`;
const blackhole = onLink("add", `/sbin/ip route add blackhole ${WORKSTATION}`);

/** Real ways in which a new link strands a host, none of them by a file of ours. */
const cuts: Record<string, string> = {
  "a route in the way, taken away with the link": udevRule(
    `${blackhole}\n${onLink("remove", `/sbin/ip route del blackhole ${WORKSTATION}`)}`,
  ),
  "a route in the way, which stays": udevRule(blackhole),
  "the management NIC goes down": udevRule(onLink("add", "/sbin/ip link set ens3 down")),
  "networkd reads what somebody has changed and not tried": `cp -p ${NETWORK} /root/; sed -i 's/^Address=.*/Address=10.99.0.15\\/24/' ${NETWORK}`,
};

/** Asserts that the run failed because the host was stranded, and that ssh gets through again no later than announced. */
async function expectBack({ ok, output }: RunResult): Promise<void> {
  expect(ok).toBe(false);
  const [, announced] = /takes the change back by itself, at ([\d:]+Z) at the latest/.exec(output) ?? [];
  // if not announced, the host was back while the Command still tried, and said so
  if (announced === undefined) expect(output).toMatch(/lan0: too late, the change was undone at/);
  while ((await host.tryShell("true", { timeout: 10_000 })).code !== 0) await sleep(1000);
  const [time = "", note = ""] = (await host.shell("date -u +%H:%M:%SZ; cat /var/lib/macvlan/undone")).split("\n");
  console.log(`announced ${announced ?? "nothing"}, reachable at ${time}: ${note}`);
  expect(note).toMatch(/^lan0 \S+Z nobody could confirm that the host can still be reached$/);
  if (announced !== undefined) expect(seconds(time)).toBeLessThanOrEqual(seconds(announced));
}
const seconds = (time: string): number => Date.parse(`1970-01-01T${time}`) / 1000;

describe("a link that strands its host", () => {
  beforeEach(() => bare(here));

  test.each(Object.entries(cuts))("%s: the host comes back by itself, and the next up succeeds", async (_, cut) => {
    const stack = await stackOf(() => specification(host));
    await host.shell(cut);
    const before = await stateOf(host);
    await expectBack(await stack.up({ mayFail: true }));
    // The address that somebody has wished for stays beside the one that is back: it is theirs.
    const ofTheLink = /^(links|udev|docker):|^(addresses|routes):(?!.*"10\.99\.0\.)|lan0(?!\.lock)/;
    expect(differences(before, await stateOf(host)).filter((line) => ofTheLink.test(line))).toEqual([]);
    // the cause is found and taken away
    await host.shell(
      `rm -f /etc/udev/rules.d/90-cut.rules; udevadm control --reload; [ ! -f /root/10-management.network ] || mv /root/10-management.network ${NETWORK}`,
    );
    expect((await stack.preview()).output).toContain("its last change was taken back at");
    await stack.up();
    await expectIdentities(here, [DNS, WEB]);
    expect((await host.tryShell("cat /var/lib/macvlan/undone")).code).toBe(1);
  });
});

describe("a change of a link in use that strands its host", () => {
  test("the link, its files and its appliances are as before, and so is what a restart brings", async () => {
    let nic: { mac: string } | { name: string } = { mac: host.mac };
    const stack = await provisioned(here, () => specification(host, { interface: { nic, reach: "pinned" } }));
    await host.shell(
      udevRule(
        `ACTION=="change", SUBSYSTEM=="net", KERNEL=="ens4", RUN+="/sbin/ip route replace blackhole ${WORKSTATION}"`,
      ),
    );
    const before = await stateOf(host);
    nic = { name: "ens4" };
    await expectBack(await stack.up({ mayFail: true }));
    expect(
      differences(before, await stateOf(host)).filter((line) => !line.includes("/var/lib/macvlan/undone")),
    ).toEqual([]);
    await expectIdentities(here, [DNS, WEB]);
  });

  test("a host that is restarted before the confirmation comes up as it was confirmed last", async () => {
    const stack = await provisioned(here, () => specification(host));
    const file = "/etc/macvlan/links/lan0.conf";
    const before = await host.shell(`cat ${file}`);
    // an apply whose workstation is never heard of again
    const frames = [
      `{ echo "== link.conf"; sed "s/^MAC=.*/MAC='02:00:00:00:00:77'/" ${file}`,
      "echo '== udev.rules'; cat /etc/udev/rules.d/82-macvlan-lan0.rules",
      "echo '== networkd.network'; cat /etc/systemd/network/05-macvlan-lan0.network; }",
    ].join("; ");
    const said = await host.shell(`${frames} | /usr/local/libexec/macvlan/macvlan-host link apply lan0`);
    expect(said).toMatch(/^confirm lan0 \d\d:\d\d:\d\dZ$/m);
    expect(await host.shell("cat /sys/class/net/lan0/address")).toBe("02:00:00:00:00:77\n");
    await host.shell("sync");
    await host.reboot({ hard: true });
    expect(await host.shell(`cat ${file}`)).toBe(before);
    expect(await host.shell("cat /sys/class/net/lan0/address")).not.toBe("02:00:00:00:00:77\n");
    expect(await host.shell("cat /var/lib/macvlan/undone")).toContain("the host was restarted before");
    await expectIdentities(here, [DNS, WEB]);
    expect(acts((await stack.preview()).started)).toEqual([]);
  });
});
