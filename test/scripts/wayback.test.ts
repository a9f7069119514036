import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeFrames } from "../../provider/ssh/frames";
import { MARK as mark } from "./link-host";
import { Sandbox, whyNoNetwork } from "./sandbox";

const mac = "02:11:22:33:44:55";
const other = "02:11:22:33:44:66";
const files = (address = mac, nic = "nic0") => ({
  "link.conf": `${mark}NAME='lan0'\nNIC_NAME='${nic}'\nMAC='${address}'\nMODE='bridge'\nREACH='pinned'\nWAIT='1'\n`,
  "udev.rules": `${mark}# rule for ${nic}\n`,
  "networkd.network": `${mark}[Match]\nName=lan0\n`,
  "networkmanager.conf": `${mark}[keyfile]\n`,
});
const targets = {
  "link.conf": "etc/macvlan/links/lan0.conf",
  "udev.rules": "etc/udev/rules.d/82-macvlan-lan0.rules",
  "networkd.network": "etc/systemd/network/05-macvlan-lan0.network",
  "networkmanager.conf": "etc/NetworkManager/conf.d/50-macvlan-lan0.conf",
};

describe.skipIf(whyNoNetwork())("the way back", () => {
  let host: Sandbox;
  let before: Record<string, string>;
  beforeEach(() => {
    const systemctl = `case "$*" in *is-active*) exit 3 ;; *"-p UnitFileState -p"*) echo UnitFileState=enabled ;; *"-p ActiveState"*) echo ActiveState=inactive ;; *UnitFileState*) cat "$MACVLAN_ROOT/run/unit" 2>/dev/null || echo disabled ;;
      *macvlan-watch@*) ;;
      "-q enable"*) grep -q masked "$MACVLAN_ROOT/run/unit" 2>/dev/null && exit 1; echo enabled >"$MACVLAN_ROOT/run/unit" ;;
      "-q disable"* | "-q unmask"*) rm -f "$MACVLAN_ROOT/run/unit" ;; esac`;
    host = new Sandbox({
      systemctl,
      "systemd-run": `[ ! -e "$MACVLAN_ROOT/run/refuse" ] || { echo "no bus" >&2; exit 1; }
        { ls "$MACVLAN_ROOT/etc/macvlan/links" 2>/dev/null; ip -br link show type macvlan; } >"$MACVLAN_ROOT/run/at-arming"`,
    });
    host.sh('cd "$MACVLAN_ROOT/etc"; mkdir -p systemd/network NetworkManager/conf.d');
    host.write(
      "etc/macvlan/appliances/dns/appliance.conf",
      `${mark}NAME='dns'\nNETWORK='lan'\nPARENT='lan0'\nSERVICE='dns'\nIP='192.0.2.53'\nMAC='02:42:c0:00:02:35'\nSTART_AFTER=''\n`,
    );
    host.write("payload0", `${encodeFrames(files())}\n`);
    host.write("payload1", `${encodeFrames(files(other))}\n`);
    host.write("payload2", `${encodeFrames(files(mac, "nic1"))}\n`);
    host.write("payload9", `${encodeFrames(files(mac, "nic9"))}\n`);
    before = etc();
  });
  afterEach(() => host.remove());
  const etc = () => Object.fromEntries(Object.entries(host.tree()).filter(([path]) => path.startsWith("etc/")));
  const kept = () => Object.keys(host.tree()).filter((path) => path.startsWith("var/lib/macvlan"));
  const armed = () => host.calls().filter((call) => call.startsWith("systemd-run ")).length;
  /** `a N` applies the Nth payload, `ok N` also confirms it. */
  const net = (script: string) =>
    host.net(
      `a() { l apply lan0 <"$MACVLAN_ROOT/payload$1"; }; ok() { a "$1" && l confirm lan0; }
       say() { cat "$MACVLAN_ROOT/run/said"; }; var=$MACVLAN_ROOT/var/lib/macvlan\n${script}`,
    );

  test("is there before anything is touched", () => {
    const run = net('a 0; echo rc=$?; cat "$MACVLAN_ROOT/run/at-arming"; show; say; stat -c %a "$var/wayback"');
    expect(run.stdout).toMatch(new RegExp(`^rc=0\\n${mac} bridge\\nconfirm lan0 \\d\\d:\\d\\d:\\d\\dZ\\n700\\n$`));
    expect(host.calls().find((call) => call.startsWith("systemd-run"))).toMatch(
      /--unit=macvlan-wayback-lan0 .*--on-active=90 .*macvlan-host link undo lan0 timer$/,
    );
  });

  test("that cannot be had: nothing is touched", () => {
    host.write("run/refuse", "");
    const run = net("a 0; echo rc=$?; ip -br link show type macvlan");
    expect(run.stdout).toBe("rc=1\n");
    expect(run.stderr).toContain("so nothing was changed: no bus");
    expect(etc()).toEqual(before);
    expect(kept()).toEqual([]);
  });

  test("is closed by a confirmation; the next apply has nothing to do, and needs none", () => {
    const run = net(
      'a 0 2>/dev/null; l confirm lan0; echo rc=$?; : >"$MACVLAN_ROOT/run/said"; a 0; echo rc=$?; say; l confirm lan0; echo rc=$?',
    );
    expect(run).toMatchObject({ stdout: "rc=0\nrc=0\nrc=0\n", stderr: "" });
    expect(armed()).toBe(1);
    expect(kept()).toEqual([]);
    expect(host.calls()).toContain("systemctl -q stop macvlan-wayback-lan0.timer");
  });

  test("of a first time leaves nothing but a note, which the next apply tells", () => {
    const run = net(
      `export MACVLAN_CONFIRM_WITHIN=1; a 0 2>/dev/null; l undo lan0 timer; ip -br link show type macvlan; l confirm lan0; echo rc=$?; cat "$var/undone"
       a 0; l confirm lan0; echo rc=$?; ls "$var"`,
    );
    const note = /\S+Z nobody could confirm that the host can still be reached/.source;
    expect(run.stdout).toMatch(new RegExp(`^rc=1\\nlan0 ${note}\\nrc=0\\n$`));
    expect(run.stderr).toMatch(new RegExp(`lan0: too late, the change was undone at ${note}`));
    expect(run.stderr).toMatch(new RegExp(`lan0: the last change was undone at ${note}`));
    expect(host.calls()).toContain("systemctl -q disable macvlan-parent@lan0.service");
    net("ok 0; l remove lan0");
    expect(etc()).toEqual(before);
  });

  test("of a change leads to what was confirmed last, over any number of changes", () => {
    const run = net(
      `export MACVLAN_CONFIRM_WITHIN=2; ok 0; cp -a "$MACVLAN_ROOT/etc" "$MACVLAN_ROOT/run/etc"; ip route show proto 201
       a 1; a 2; ls -d /sys/class/net/lan0/lower_*; l undo lan0 timer; show; ls -d /sys/class/net/lan0/lower_*; ip route show proto 201
       diff -r "$MACVLAN_ROOT/etc" "$MACVLAN_ROOT/run/etc" && echo same`,
    );
    const route = "192.0.2.53 dev lan0 scope link src 192.0.2.10 \n";
    expect(run.stdout).toBe(
      `${route}/sys/class/net/lan0/lower_nic1\n${mac} bridge\n/sys/class/net/lan0/lower_nic0\n${route}same\n`,
    );
  });

  test("waits while changes follow each other", () => {
    const run = net(
      `export MACVLAN_CONFIRM_WITHIN=10; ok 0; a 1; l undo lan0 timer & sleep 7; a 2; sleep 5; l confirm lan0; echo rc=$?; wait; ls -d /sys/class/net/lan0/lower_*`,
    );
    expect(run.stdout).toBe("rc=0\n/sys/class/net/lan0/lower_nic1\n");
  });

  test("is taken at once by an apply that fails, which cannot be confirmed", () => {
    const run = net("ok 0; a 1; a 9; echo rc=$?; show; l confirm lan0; echo rc=$?; ok 0; echo rc=$?");
    expect(run.stdout).toBe(`rc=1\n${mac} bridge\nrc=1\nrc=0\n`);
    expect(run.stderr).toContain("lan0: the change failed on the host, and everything is as before");
    expect(kept()).toEqual([]);
  });

  test("is taken instead of a confirmation when the apply was killed on its way", () => {
    const run = net('ok 0; a 1; rm "$var/wayback/lan0/done"; l confirm lan0; echo rc=$?; show');
    expect(run.stdout).toBe(`rc=1\n${mac} bridge\n`);
    expect(run.stderr).toContain("did not come to its end and was undone; run again");
  });

  describe("after a restart of the host", () => {
    const restart = 'rm "$MACVLAN_ROOT/run/macvlan/armed-lan0"';
    test("is taken before the link is made: files only", () => {
      const run = net(
        `ok 0; a 1; l undo lan0 boot; [ -e "$var/wayback/lan0" ] && echo same boot; ${restart}; ip link del lan0
         l undo lan0 boot; ip -br link show type macvlan; cat "$var/undone"; "$MACVLAN_ROOT/usr/local/libexec/macvlan/parent" lan0; show`,
      );
      expect(run.stdout).toMatch(
        new RegExp(`^same boot\\nlan0 \\S+Z the host was restarted before anybody confirmed.*\\n${mac} bridge\\n$`),
      );
    });

    test("of a first time: no link, no unit", () => {
      net(`a 0; ${restart}; ip link del lan0; l undo lan0 boot`);
      expect(etc()).toEqual(before);
      expect(host.calls()).toContain("systemctl -q disable macvlan-parent@lan0.service");
    });

    test("is taken by the next apply if nothing else did", () => {
      const run = net(
        `ok 0; a 1; ${restart}; a 0; l undo lan0; show; cat "$MACVLAN_ROOT/${targets["link.conf"]}" | grep ^MAC`,
      );
      expect(run.stderr).toContain("lan0: the last change was undone at");
      expect(run.stdout).toBe(`${mac} bridge\nMAC='${mac}'\n`);
    });
  });

  describe("includes what others did to the way to the workstation", () => {
    const undo = "l undo lan0; ip -br addr show dev nic1; ip route";
    const set =
      "export SSH_CONNECTION='198.51.100.7 1 192.0.2.10 22'; ip link set nic1 up; ip addr add 203.0.113.5/24 dev nic1; ip route add default via 192.0.2.1; ip route add 198.51.100.0/24 via 203.0.113.1";
    test.each([
      ["a route in the way", "ip route add blackhole 198.51.100.7"],
      ["a route that is gone", "ip route del 198.51.100.0/24; ip route del default"],
      ["an address that is gone", "ip addr del 203.0.113.5/24 dev nic1"],
      ["an interface that is down", "ip link set nic1 down"],
    ])("%s", (_, harm) => {
      const run = net(`${set}; ip -br addr show dev nic1; ip route; echo --; a 0; ${harm}; ${undo}`);
      const [was, is] = run.stdout.split("--\n");
      expect(is).toBe(was);
    });

    test("but not what has nothing to do with it", () => {
      const run = net(`${set}; a 0; ip route add blackhole 10.1.2.3; l undo lan0; ip route | grep 10.1`);
      expect(run.stdout).toBe("blackhole 10.1.2.3 \n");
    });

    test("a NIC that was down is down again", () => {
      const run = net("a 2; ip -br link show nic1 | grep -c UP; l undo lan0; ip -br link show nic1 | grep -c UP");
      expect(run.stdout).toBe("1\n0\n");
    });
  });

  describe("an apply repairs", () => {
    const state = `st() { show; ls -d /sys/class/net/lan0/lower_*; ip -br link show up | grep -c "^\\(lan0\\|nic0\\)"; ip -o addr show dev lan0; ip route show proto 201
      cat /proc/sys/net/ipv4/conf/lan0/arp_filter /proc/sys/net/ipv6/conf/lan0/disable_ipv6 "$MACVLAN_ROOT/run/unit"
      cd "$MACVLAN_ROOT/etc"; find . -type f -exec stat -c "%a %u:%g %n" {} + | sort; find . -type f | sort | xargs sha256sum; cd /; }`;
    const at = (part: keyof typeof targets) => `"$MACVLAN_ROOT/${targets[part]}"`;
    test.each([
      ["a link that is gone", "ip link del lan0"],
      ["a link that is down", "ip link set lan0 down"],
      ["a link with another MAC", `ip link set lan0 address ${other}`],
      ["a link in another mode", "ip link set lan0 type macvlan mode vepa"],
      [
        "a link on another device",
        "ip link del lan0; ip link add link nic1 name lan0 type macvlan mode bridge; ip link set lan0 alias pulumi-macvlan",
      ],
      ["a link with an address", "ip addr add 192.0.2.99/32 dev lan0"],
      ["arp_filter", "echo 0 >/proc/sys/net/ipv4/conf/lan0/arp_filter"],
      ["disable_ipv6", "echo 0 >/proc/sys/net/ipv6/conf/lan0/disable_ipv6"],
      ["a route that is gone", "ip route del 192.0.2.53 dev lan0"],
      ["a route too many", "ip route add 192.0.2.99/32 dev lan0 src 192.0.2.10 proto 201"],
      ["a NIC that is down", "ip link set nic0 down"],
      ["an edited configuration", `sed -i s/bridge/vepa/ ${at("link.conf")}`],
      ["a configuration that others may write", `chmod 666 ${at("link.conf")}`],
      ["a rule that is somebody else's", `chown 1000:1000 ${at("udev.rules")}`],
      ["a rule that is gone", `rm ${at("udev.rules")}`],
      ["an edited file of networkd", `echo "[Link]" >>${at("networkd.network")}`],
      ["NetworkManager's file that is gone", `rm ${at("networkmanager.conf")}`],
      ["a disabled unit", 'echo disabled >"$MACVLAN_ROOT/run/unit"'],
      ["a masked unit", 'echo masked >"$MACVLAN_ROOT/run/unit"'],
    ])("%s, and asks for a confirmation", (_, harm) => {
      const run = net(
        `${state}\nok 0 2>/dev/null; st; echo --; ${harm}; st; echo --; : >"$MACVLAN_ROOT/run/said"; a 0 2>/dev/null; l confirm lan0; st; echo --; say`,
      );
      const [was, harmed, is, said] = run.stdout.split("--\n");
      expect(harmed).not.toBe(was);
      expect(is).toBe(was);
      expect(said).toMatch(/^confirm lan0/);
    });
  });

  test.each(Object.entries(targets))(
    "a foreign file in the place of %s is neither replaced nor removed",
    (part, path) => {
      host.write(path, "# somebody's\n");
      const run = net("a 0; echo rc=$?");
      expect(run.stdout).toBe("rc=2\n");
      expect(run.stderr).toContain(`${path} is not ours: move it away first`);
      expect(etc()).toEqual({ ...before, [path]: "# somebody's\n" });
      host.sh(`rm "$MACVLAN_ROOT/${path}"`);
      net(`ok 0; echo "# somebody's" >"$MACVLAN_ROOT/${path}"; l remove lan0`);
      expect(etc()).toEqual({ ...before, [path]: "# somebody's\n" });
      expect(part).toBeTruthy();
    },
  );
});
