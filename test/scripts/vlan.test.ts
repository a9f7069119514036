import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fakeIp } from "./fake-network";
import { linkHost, linkPayload, MARK, onLinkHost } from "./link-host";
import type { Sandbox } from "./sandbox";

const device = "vlan20_cc32af";
interface Conf {
  name?: string;
  nic?: string;
  vlan?: number | null;
  device?: string;
  mtu?: number;
}
const confOf = ({ name = "lan0", nic = "NIC_NAME='nic0'", vlan = 20, device: own = device, mtu }: Conf) =>
  `${MARK}NAME='${name}'\n${nic}\n${vlan === null ? "" : `VLAN='${vlan}'\nVLAN_NAME='${own}'\n`}` +
  `MAC='02:11:22:33:44:${name === "lan0" ? "55" : "66"}'\n${mtu === undefined ? "" : `MTU='${mtu}'\n`}MODE='bridge'\nREACH='none'\nWAIT='0'\n`;

describe("a link on a VLAN", () => {
  let host: Sandbox;
  beforeEach(() => void (host = linkHost()));
  afterEach(() => host.remove());

  /** One script with several payloads, each called by its number; `show` prints every device that is on another. */
  const run = (script: string, ...confs: Conf[]) =>
    onLinkHost(
      host,
      Object.fromEntries(confs.map((conf, i) => [i, linkPayload(confOf(conf))])),
      `show() { for d in "$net"/*; do set -- "$d"/lower_*; [ ! -e "$1" ] || echo "\${d##*/}@\${1##*lower_} $(cut -c-26 "$d/detail") $(cat "$d/address" "$d/mtu" "$d/flags" "$d/ifalias" | tr '\\n' ' ')"; done; }
       ${script}`,
    );
  const vlan = (mtu = 1500, name = device, nic = 0, id = 20) =>
    `${name}@nic${nic} vlan protocol 802.1Q id ${id} 52:54:00:00:00:0${nic} ${mtu} 0x1003 pulumi-macvlan \n`;
  const link = (on = device, mtu = 1500, name = "lan0") =>
    `${name}@${on} macvlan mode bridge bcqueu 02:11:22:33:44:${name === "lan0" ? "55" : "66"} ${mtu} 0x1003 pulumi-macvlan \n`;

  test("makes the VLAN and the link on it; again: quiet, nothing done; removes both", () => {
    const done = run(
      `a 0 lan0; show; rm "$MACVLAN_ROOT/calls"; a 0 lan0; "$parent" lan0; grep "^ip link" "$MACVLAN_ROOT/calls"; l remove lan0; show; ls "$net"`,
      {},
    );
    expect(done.stdout).toBe(`${link()}${vlan()}nic0\nnic1\n`);
    expect(done.stderr).toBe(
      `lan0: VLAN 20 of nic0 made as ${device}\nlan0: created on ${device}\n${device}: removed, no link is on it any more\nlan0: removed\n`,
    );
  });

  test("asks udev to look at the NIC, not at the VLAN", () => {
    host.sh(
      'mkdir -p "$MACVLAN_ROOT/run/udev/data"; : >"$MACVLAN_ROOT/run/udev/control"; : >"$MACVLAN_ROOT/run/udev/data/n1"',
    );
    host.stub(
      "systemctl",
      `case "$*" in *.device*) echo active ;; *UnitFileState*) echo enabled ;; *is-active*) exit 3 ;; esac`,
    );
    run(`l apply lan0 <"$MACVLAN_ROOT/payload-0"`, {});
    expect(host.calls().filter((call) => call.includes("trigger"))).toEqual([
      `udevadm trigger --settle --action=change ${host.root}/sys/class/net/nic0`,
    ]);
  });

  test("two links on one VLAN share it; it goes with the second", () => {
    const done = run(`a 0 lan0; a 1 iot; show; l remove lan0; show; l remove iot; show`, {}, { name: "iot" });
    expect(done.stdout).toBe(`${link(device, 1500, "iot")}${link()}${vlan()}${link(device, 1500, "iot")}${vlan()}`);
  });

  test("two at once make one VLAN", () => {
    const done = run(`a 0 lan0 & a 1 iot & wait; show`, {}, { name: "iot" });
    expect(done.stdout).toBe(`${link(device, 1500, "iot")}${link()}${vlan()}`);
  });

  test("uses a VLAN that somebody has made, under any name, and leaves it as it is", () => {
    const done = run(
      `ip link add link nic0 name nic0.20 type vlan id 20; ip link set dev nic0.20 address 52:54:00:00:00:99
       a 0 lan0; a 0 lan0; show; l remove lan0; show`,
      {},
    );
    const theirs = "nic0.20@nic0 vlan protocol 802.1Q id 20 52:54:00:00:00:99 1500 0x1003 \n";
    expect(done.stdout).toBe(`${link("nic0.20")}${theirs}${theirs}`);
    expect(done.stderr).toBe("lan0: created on nic0.20\nlan0: removed\n");
  });

  test("another id, another NIC, no VLAN any more: the link moves, and what was under it goes", () => {
    const done = run(
      `a 0 lan0; a 1 lan0; show; a 2 lan0; show; a 3 lan0; show`,
      {},
      { vlan: 30, device: "vlan30_cc32af" },
      { nic: "NIC_NAME='nic1'", device: "vlan20_000001" },
      { vlan: null },
    );
    expect(done.stdout).toBe(
      link("vlan30_cc32af") +
        vlan(1500, "vlan30_cc32af", 0, 30) +
        link("vlan20_000001") +
        vlan(1500, "vlan20_000001", 1) +
        link("nic0"),
    );
    expect(done.stderr).toContain(`${device}: removed, no link is on it any more`);
  });

  test("a VLAN of ours that is one of another NIC is made anew; one of that name that is not ours is refused", () => {
    const done = run(
      `a 0 lan0; ip link del dev ${device}; ip link add link nic1 name ${device} type vlan id 20; "$parent" lan0; echo rc=$?
       ip link set dev ${device} alias pulumi-macvlan; "$parent" lan0; echo rc=$?; show`,
      {},
    );
    expect(done.stdout).toBe(`rc=1\nrc=0\n${link()}${vlan()}`);
    expect(done.stderr).toContain(`there is an interface ${device}, not ours, which is not VLAN 20 of nic0`);
    expect(done.stderr).toContain(`${device} was another VLAN than 20 of nic0, removed`);
  });

  test("what was changed on ours is set right, and a check tells", () => {
    const done = run(
      `a 0 lan0; c() { "$@"; "$parent" lan0 0 check 2>/dev/null; echo check=$?; "$parent" lan0; "$parent" lan0 0 check; echo check=$?; }
       c ip link set dev ${device} address 52:54:00:00:00:77; c ip link set dev ${device} mtu 1300; c ip link set dev ${device} down; c ip link del dev ${device}; show`,
      { mtu: 1400 },
    );
    expect(done.stdout).toBe(`${"check=1\ncheck=0\n".repeat(4)}${link(device, 1400)}${vlan(1400)}`);
  });

  test("a VLAN whose link somebody has deleted stays: its containers may still be on it", () => {
    const done = run(`a 0 lan0; a 1 iot; ip link del dev lan0; "$parent" iot; show`, {}, { name: "iot", vlan: null });
    expect(done.stdout).toBe(`${link("nic0", 1500, "iot")}${vlan()}`);
  });

  test("an MTU on the NIC itself is the link's alone, and not more than the NIC's", () => {
    const done = run(
      `a 0 lan0; show; cat "$net/nic0/mtu"; ip link set dev lan0 mtu 1200; "$parent" lan0 0 check; echo check=$?; a 0 lan0; show; a 1 lan0; echo rc=$?; show`,
      { vlan: null, mtu: 1400 },
      { vlan: null, mtu: 9000 },
    );
    expect(done.stdout).toBe(`${link("nic0", 1400)}1500\ncheck=1\n${link("nic0", 1400)}rc=1\n${link("nic0", 1400)}`);
    expect(done.stderr).toContain("lan0: cannot have the MTU 9000: nic0 has 1500");
  });

  test("a change that fails, and one that nobody confirms, leave the VLAN of before and no other", () => {
    const done = run(
      `a 0 lan0; l apply lan0 <"$MACVLAN_ROOT/payload-1"; echo rc=$?; show; l apply lan0 <"$MACVLAN_ROOT/payload-2"; l undo lan0; show; l remove lan0
       l apply lan0 <"$MACVLAN_ROOT/payload-0"; l undo lan0; show`,
      {},
      { vlan: 30, device: "vlan30_cc32af", mtu: 9000 },
      { vlan: 30, device: "vlan30_cc32af" },
    );
    expect(done.stdout).toBe(`rc=1\n${link()}${vlan()}${link()}${vlan()}`);
  });

  test("refuses a NIC that is a VLAN itself, and a kernel without VLANs", () => {
    const done = run(
      `ip link add link nic0 name nic0.5 type vlan id 5; a 0 lan0; echo rc=$?; show; ls "$MACVLAN_ROOT/etc/macvlan/links"`,
      { nic: "NIC_NAME='nic0.5'" },
    );
    expect(done.stdout).toContain("rc=1\nnic0.5@nic0");
    expect(done.stdout).not.toContain("lan0");
    expect(done.stderr).toContain(
      "cannot be put on nic0.5: it is itself a VLAN: take nic0 as the NIC, or leave the VLAN 20 out",
    );
    host.stub(
      "ip",
      fakeIp.replace(
        '"link add link "*" type vlan',
        'nothing) ;; "link add link "*" type vlan id "*) echo "Error: Unknown device type." >&2; exit 2 ;; "link add link "*" type vlan',
      ),
    );
    expect(run("a 0 lan0; show", {}).stderr).toContain("does it have the module 8021q (modprobe 8021q)?");
  });
});
