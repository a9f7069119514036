import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { linkHost, linkPayload, MARK, onLinkHost } from "./link-host";
import type { Sandbox } from "./sandbox";

type Driver = "macvlan" | "ipvlan";
const confOf = (driver: Driver, name = "lan0") =>
  `${MARK}NAME='${name}'\nNIC_NAME='nic0'\n` +
  (driver === "ipvlan" ? "DRIVER='ipvlan'\nMODE='l2'\n" : "MAC='02:11:22:33:44:55'\nMODE='bridge'\n") +
  "REACH='none'\nWAIT='0'\n";

// Without 802.1Q nor ipvlan in the kernel: what the kernel itself does is in test/lab/ipvlan.test.ts.
describe("a link of driver ipvlan", () => {
  let host: Sandbox;
  beforeEach(() => {
    // one appliance, whose process 4711 has the interface eth0 on the NIC as long as there is a file for it
    const docker = `case "$*" in "ps -q "*) echo c1 ;; inspect*) echo 4711 ;; esac`;
    const nsenter = `case "$*" in
      *"link show type "*) [ ! -e "$MACVLAN_ROOT/run/eth0-\${*##* }" ] || echo "9: eth0@if$(cat "$MACVLAN_ROOT/sys/class/net/nic0/ifindex"): <UP> mtu 1500" ;;
      *"link del dev eth0") rm "$MACVLAN_ROOT"/run/eth0-* ;; esac`;
    host = linkHost({ docker, nsenter });
  });
  afterEach(() => host.remove());

  /** One script with the payloads `macvlan`, `ipvlan` and, of the link iot0, `macvlan-iot0` and `ipvlan-iot0`; `show` prints links. */
  const run = (script: string) => {
    const payloads = (["macvlan", "ipvlan"] as const).flatMap((driver) => [
      [driver, linkPayload(confOf(driver))],
      [`${driver}-iot0`, linkPayload(confOf(driver, "iot0"))],
    ]);
    return onLinkHost(
      host,
      Object.fromEntries(payloads) as Record<string, string>,
      `show() { for d in "$net"/*; do set -- "$d"/lower_*; [ ! -e "$1" ] || echo "\${d##*/}@\${1##*lower_} $(cut -d' ' -f1-4 "$d/detail") $(cat "$d/address" "$d/ifalias" | tr '\\n' ' ')"; done; }
       ${script}`,
    );
  };
  const ipvlan = "lan0@nic0 ipvlan  mode l2 52:54:00:00:00:00 pulumi-macvlan \n";
  const macvlan = "lan0@nic0 macvlan mode bridge bcqueuelen 02:11:22:33:44:55 pulumi-macvlan \n";

  test("is made without a MAC of its own; again: quiet, nothing done; removed", () => {
    const done = run(
      `a ipvlan; show; rm "$MACVLAN_ROOT/calls"; a ipvlan; "$parent" lan0; grep "^ip link [^s]" "$MACVLAN_ROOT/calls"; l remove lan0; show`,
    );
    expect(done.stdout).toBe(ipvlan);
    expect(done.stderr).toBe("lan0: created on nic0\nlan0: removed\n");
  });

  test("takes the place of a macvlan and gives it back, and takes containers of the other kind off the NIC first", () => {
    const done = run(
      `a macvlan; : >"$MACVLAN_ROOT/run/docker"; : >"$MACVLAN_ROOT/run/eth0-macvlan"; a ipvlan; show; ls "$MACVLAN_ROOT/run" | grep eth0
       : >"$MACVLAN_ROOT/run/eth0-ipvlan"; a macvlan; show; ls "$MACVLAN_ROOT/run" | grep eth0`,
    );
    expect(done.stdout).toBe(`${ipvlan}${macvlan}`);
    expect(done.stderr).toContain("lan0: was macvlan on nic0 in mode bridge, made again as ipvlan on nic0 in mode l2");
    expect(done.stderr).toContain("lan0: was ipvlan on nic0 in mode l2, made again as macvlan on nic0 in mode bridge");
  });

  test("is made where a link of the other kind was and is gone, with its containers still there", () => {
    const done = run(
      `a macvlan; : >"$MACVLAN_ROOT/run/docker"; : >"$MACVLAN_ROOT/run/eth0-macvlan"; ip link del dev lan0; a ipvlan; show`,
    );
    expect(done.stdout).toBe(ipvlan);
    expect(done.stderr).not.toContain("busy");
  });

  test("is not made where others' containers keep the device busy, and what was there is there again", () => {
    const done = run(`a macvlan; : >"$MACVLAN_ROOT/run/eth0-macvlan"; a ipvlan; show`);
    expect(done.stderr).toContain("lan0: the kernel refused an ipvlan on nic0; it is macvlan on nic0 as before");
    expect(done.stdout).toBe(macvlan);
  });

  test("a change that is taken back has the macvlan again", () => {
    const done = run(`a macvlan; l apply lan0 <"$MACVLAN_ROOT/payload-ipvlan"; show; l undo lan0; show`);
    expect(done.stdout).toBe(`${ipvlan}${macvlan}`);
  });

  test("is refused beside a macvlan, and a macvlan beside it; what was there stays", () => {
    const beside = run("a macvlan-iot0 iot0; a ipvlan; show");
    expect(beside.stderr).toContain(
      "lan0: cannot be put on nic0: nic0 carries the macvlan iot0, and the kernel allows macvlan or ipvlan on a device, not both: remove iot0",
    );
    expect(beside.stdout).toBe(macvlan.replace("lan0", "iot0"));
    const other = run("l remove iot0; a ipvlan; a macvlan-iot0 iot0; show");
    expect(other.stderr).toContain("iot0: cannot be put on nic0: nic0 carries the ipvlan lan0");
    expect(other.stdout).toBe(ipvlan);
  });

  test("shares the NIC with another in mode l2, and with none in another mode", () => {
    const done = run(
      'a ipvlan; a ipvlan-iot0 iot0; show; l remove lan0; printf "ipvlan  mode l3 bridge " >"$net/iot0/detail"; a ipvlan',
    );
    expect(done.stdout).toBe(`${ipvlan.replace("lan0", "iot0")}${ipvlan}`);
    expect(done.stderr).toContain("iot0 has set the ipvlans of nic0 to another mode than l2 bridge");
  });

  test("is put on Wi-Fi, where a macvlan is not", () => {
    const done = run('mkdir "$net/nic0/phy80211"; a macvlan; a ipvlan; show');
    expect(done.stderr).toContain("use a wired NIC, or the driver ipvlan");
    expect(done.stdout).toBe(ipvlan);
  });
});
