import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeFrames } from "../../provider/ssh/frames";
import { fakeUnits, linkPayload, MARK as mark } from "./link-host";
import { Sandbox, whyNoNetwork } from "./sandbox";

const why = whyNoNetwork();
if (why) console.log(`link scripts are not tested here: ${why}`);

const mac = "02:11:22:33:44:55";
const conf = (nic = "NIC_NAME='nic0'", reach = "none", address = mac) =>
  `${mark}NAME='lan0'\n${nic}\nMAC='${address}'\nMODE='bridge'\nREACH='${reach}'\nWAIT='1'\n`;
const payload = (text = conf()) => linkPayload(text, { "networkd.network": `${mark}[Match]\nName=lan0\n` });
const appliance = (name: string, ip: string) =>
  `${mark}NAME='${name}'\nNETWORK='lan'\nPARENT='lan0'\nSERVICE='${name}'\nIP='${ip}'\nMAC='02:42:c0:00:02:35'\nSTART_AFTER=''\n`;

describe.skipIf(why)("link", () => {
  let host: Sandbox;
  beforeEach(() => void (host = new Sandbox({ systemctl: fakeUnits })));
  afterEach(() => host.remove());
  /** Several payloads for one script: `p N` prints the Nth. */
  const net = (script: string, ...payloads: string[]) => {
    payloads.forEach((text, index) => host.write(`payload${index}`, text));
    return host.net(`p() { cat "$MACVLAN_ROOT/payload$1"; }\n${script}`);
  };

  test("makes the link as specified; again: quiet, the same link", () => {
    const run = net(
      `p 0 | l apply lan0; echo rc=$?; cat /sys/class/net/lan0/ifindex >"$MACVLAN_ROOT/run/i"; show
       cat /sys/class/net/lan0/ifalias /proc/sys/net/ipv4/conf/lan0/arp_filter; ip -o addr show dev lan0 | wc -l; ip -br link show lan0 | grep -c "UP"
       p 0 | l apply lan0 2>"$MACVLAN_ROOT/run/e"; echo rc=$? $(wc -c <"$MACVLAN_ROOT/run/e"); cmp "$MACVLAN_ROOT/run/i" /sys/class/net/lan0/ifindex && echo same`,
      payload(),
    );
    expect(run.stderr).toBe("lan0: created on nic0\n");
    expect(run.stdout).toBe(`rc=0\n${mac} bridge\npulumi-macvlan\n1\n0\n1\nrc=0 0\nsame\n`);
    expect(host.read("etc/macvlan/links/lan0.conf")).toBe(conf());
    expect(host.calls()).toContain("systemctl -q enable macvlan-parent@lan0.service");
    // no networkd folder on this host: none of its files
    expect(Object.keys(host.tree()).filter((path) => path.includes("05-macvlan"))).toEqual([]);
  });

  test("two at once: one link", () => {
    const run = net("p 0 | l apply lan0 & p 0 | l apply lan0; wait; ip -br link show type macvlan | wc -l", payload());
    expect(run.stdout).toBe("1\n");
  });

  test("corrects the MAC of our link in place", () => {
    const run = net(
      "p 0 | l apply lan0 2>/dev/null; i=$(cat /sys/class/net/lan0/ifindex); p 1 | l apply lan0; show; [ $i = $(cat /sys/class/net/lan0/ifindex) ] && echo same",
      payload(),
      payload(conf(undefined, undefined, "02:11:22:33:44:66")),
    );
    expect(run.stdout).toBe("02:11:22:33:44:66 bridge\nsame\n");
    expect(run.stderr).toBe(`lan0: MAC was ${mac}, is 02:11:22:33:44:66\n`);
  });

  test("corrects lower device, mode, a stray address and arp_filter of our link, and its routes come back", () => {
    host.write("etc/macvlan/appliances/dns/appliance.conf", appliance("dns", "192.0.2.53"));
    const run = net(
      `p 0 | l apply lan0 2>/dev/null
       ip link del lan0; ip link add link nic1 name lan0 type macvlan mode private; ip link set dev lan0 alias pulumi-macvlan
       p 0 | l apply lan0; show; ls -d /sys/class/net/lan0/lower_*; ip route show proto 201
       ip addr add 192.0.2.99/32 dev lan0; echo 0 >/proc/sys/net/ipv4/conf/lan0/arp_filter; p 0 | l apply lan0; ip -o addr show dev lan0 | wc -l; ip route show proto 201`,
      payload(conf(undefined, "pinned")),
    );
    expect(run.stdout).toBe(
      `${mac} bridge\n/sys/class/net/lan0/lower_nic0\n192.0.2.53 dev lan0 scope link src 192.0.2.10 \n0\n192.0.2.53 dev lan0 scope link src 192.0.2.10 \n`,
    );
    expect(run.stderr).toContain(
      "lan0: was macvlan on nic1 in mode private, made again as macvlan on nic0 in mode bridge",
    );
    expect(run.stderr).toContain("an address on it was taken away");
  });

  test("asks for a longer queue of broadcasts, in place, and for the kernel's own again", () => {
    const queue = "BCQUEUELEN='5000'\n";
    const run = net(
      `q() { ip -d -o link show dev "$1" | grep -o ' [a-z]*queuelen [0-9]*' | tr -d '\\n'; echo; }
       ip link add link nic0 name other type macvlan; p 0 | l apply lan0; i=$(cat /sys/class/net/lan0/ifindex); q lan0; q other; p 0 | l apply lan0
       ip link set dev lan0 type macvlan bcqueuelen 3000; "$MACVLAN_ROOT/usr/local/libexec/macvlan/parent" lan0 0 check; echo check=$?; p 0 | l apply lan0; q lan0
       p 1 | l apply lan0; q lan0; [ $i = $(cat /sys/class/net/lan0/ifindex) ] && echo same`,
      payload(conf() + queue),
      payload(),
    );
    const both = (link: number, used = link) => ` bcqueuelen ${link} usedbcqueuelen ${used}\n`;
    expect(run.stdout).toBe(`${both(5000)}${both(1000, 5000)}check=1\n${both(5000)}${both(1000)}same\n`);
    expect(run.stderr).toBe("lan0: created on nic0\n");
    // the next `ip` on the PATH is the real one
    host.stub("ip", 'case "$*" in *bcqueuelen*) exit 255 ;; esac\nPATH=${PATH#*:} exec ip "$@"');
    const old = net(
      "p 1 | l apply lan0; l confirm lan0; p 0 | l apply lan0; echo rc=$?; show",
      payload(conf() + queue),
      payload(),
    );
    expect(old.stdout).toBe(`rc=1\n${mac} bridge\n`);
    expect(old.stderr).toContain(
      "lan0: does not take the bcqueuelen 5000: that needs a kernel and an iproute2 of 5.11 or later",
    );
  });

  test("refuses another kind of that name, and leaves it and /etc as they are", () => {
    const run = net(
      'ip link add lan0 type bridge; p 0 | l apply lan0; echo rc=$?; cat /sys/class/net/lan0/uevent; ls "$MACVLAN_ROOT/etc/macvlan/links"',
      payload(),
    );
    expect(run.stdout).toMatch(/^rc=1\nDEVTYPE=bridge\nINTERFACE=lan0\nIFINDEX=\d+\n$/);
    expect(run.stderr).toContain("lan0: there is a bridge of this name, not a macvlan, and not ours");
  });

  test("adopts a macvlan that is as wanted; refuses one on another device or with an address", () => {
    const add = (nic: string) => `ip link add link ${nic} name lan0 address 02:00:00:00:00:07 type macvlan mode bridge`;
    const run = net(
      `${add("nic0")}; p 0 | l apply lan0; echo rc=$?; show; ip link del lan0; rm -r "$MACVLAN_ROOT/etc/macvlan"
       ${add("nic1")}; p 0 | l apply lan0; echo rc=$?; show; ip link del lan0
       ${add("nic0")}; ip addr add 192.0.2.3/32 dev lan0; p 0 | l apply lan0; echo rc=$?; show`,
      payload(),
    );
    expect(run.stdout).toBe(`rc=0\n${mac} bridge\nrc=1\n02:00:00:00:00:07 bridge\nrc=1\n02:00:00:00:00:07 bridge\n`);
    expect(run.stderr).toContain("lan0: adopted");
    expect(run.stderr).toContain("on nic1 in mode bridge, not ours, where a macvlan on nic0 in mode bridge is wanted");
    expect(run.stderr).toContain("with an address of its own, not ours");
  });

  test("a change that fails puts configuration and link back", () => {
    const run = net(
      "p 0 | l apply lan0; l confirm lan0; p 1 | l apply lan0; echo rc=$?; show; p 2 | l apply lan0; echo rc=$?; show",
      payload(),
      payload(conf("NIC_NAME='nic9'")),
      payload(conf("NIC_NAME='port0'")),
    );
    expect(run.stdout).toBe(`rc=1\n${mac} bridge\nrc=1\n${mac} bridge\n`);
    expect(run.stderr).toContain("lan0: no NIC named nic9");
    expect(run.stderr).toContain("port0: it is a port of the bridge sw: use the bridge as the NIC");
    expect(host.read("etc/macvlan/links/lan0.conf")).toBe(conf());
  });

  test("a first time that fails leaves nothing", () => {
    const before = host.tree();
    const run = net(
      "p 0 | l apply lan0; echo rc=$?; ip -br link show type macvlan",
      payload(conf(undefined, undefined, "02:00:00:00:00:99")).replace("nic0", "nic9"),
    );
    expect(run.stdout).toBe("rc=1\n");
    expect(host.tree()).toEqual(before);
  });

  test("finds a NIC by its MAC among physical devices only, and refuses two", () => {
    // sysfs has no `device` for a cable between namespaces: a copy of the tree with one
    const physical = `f=$MACVLAN_ROOT/sys/class/net; mkdir -p "$f"; ln -s /sys/class/net/lan0 "$f/lan0"
      for n in 0 1; do mkdir -p "$f/nic$n/device"; for e in ifindex type flags uevent address; do ln -s "/sys/class/net/nic$n/$e" "$f/nic$n/$e"; done; done
      ln -s /sys/class/net/port0 "$f/port0"; ip link set nic0 address 02:aa:00:00:00:01; ip link set port0 address 02:aa:00:00:00:01; export MACVLAN_SYS=$MACVLAN_ROOT/sys`;
    const run = net(
      `${physical}\np 0 | l apply lan0; echo rc=$?; ls -d /sys/class/net/lan0/lower_*; l remove lan0
       ip link set nic1 address 02:aa:00:00:00:01; p 0 | l apply lan0; echo rc=$?`,
      payload(conf("NIC_MAC='02:aa:00:00:00:01'")),
    );
    expect(run.stdout).toBe("rc=0\n/sys/class/net/lan0/lower_nic0\nrc=1\n");
    expect(run.stderr).toContain("several NICs with MAC 02:aa:00:00:00:01: nic0 nic1");
  });

  test("explains a MAC that is the NIC's own", () => {
    const run = net(
      "ip link set nic0 address 02:aa:00:00:00:01; p 0 | l apply lan0; echo rc=$?; ip -br link show type macvlan",
      payload(conf(undefined, undefined, "02:aa:00:00:00:01")),
    );
    expect(run.stdout).toBe("rc=1\n");
    expect(run.stderr).toContain("most often another link on nic0, or nic0 itself, has the MAC");
  });

  test("pinned routes follow the appliances, the host's address and REACH", () => {
    host.write("etc/macvlan/appliances/dns/appliance.conf", appliance("dns", "192.0.2.53"));
    host.write("etc/macvlan/appliances/ntp/appliance.conf", appliance("ntp", "192.0.2.123"));
    const run = net(
      `p 0 | l apply lan0 2>/dev/null; r() { ip route show proto 201; echo; }; r; parent="$MACVLAN_ROOT/usr/local/libexec/macvlan/parent"
       rm -r "$MACVLAN_ROOT/etc/macvlan/appliances/ntp"; ip route add 192.0.2.99 dev lan0 proto 201; "$parent" lan0 2>&1; r
       ip addr del 192.0.2.10/24 dev nic0; ip addr add 192.0.2.20/24 dev nic0; "$parent" lan0 2>&1; r; "$parent" lan0; p 1 | l apply lan0; r
       ip addr flush dev nic0; p 0 | l apply lan0; echo rc=$?; r`,
      payload(conf(undefined, "pinned")),
      payload(),
    );
    const route = (ip: string, src: string) => `${ip} dev lan0 scope link src ${src} \n`;
    expect(run.stdout).toBe(
      `${route("192.0.2.53", "192.0.2.10")}${route("192.0.2.123", "192.0.2.10")}\nno more route to 192.0.2.99 over lan0\nno more route to 192.0.2.123 over lan0\n${route("192.0.2.53", "192.0.2.10")}\n` +
        `route to 192.0.2.53 over lan0\n${route("192.0.2.53", "192.0.2.20")}\n\nrc=0\n\n`,
    );
  });

  test("waits for a NIC that comes late, and no longer than told", () => {
    const run = net(
      `p 0 | l apply lan0; parent="$MACVLAN_ROOT/usr/local/libexec/macvlan/parent"; mkdir -p "$MACVLAN_ROOT/etc/macvlan/links"
       p 0 | sed -n "/link.conf/,/udev/p" | sed "1d;\\$d" >"$MACVLAN_ROOT/etc/macvlan/links/lan0.conf"
       (sleep 1; ip link add late type veth peer name port9) & "$parent" lan0 20; echo rc=$?; show; ip link del late; "$parent" lan0 1; echo rc=$?`,
      payload(conf("NIC_NAME='late'")),
    );
    expect(run.stdout).toBe(`rc=0\n${mac} bridge\nrc=1\n`);
    expect(run.stderr).toMatch(
      /no NIC named late; [^]*lan0: created on late\n[^]*no NIC named late after 1 s; there are: \n$/,
    );
  });

  test("says nothing of a NIC that udev renames while it is looked at, and waits until udev is done with it", () => {
    host.stub(
      "udevadm",
      'echo ID_PATH=pci-1; mv "$MACVLAN_SYS/class/net/eth1" "$MACVLAN_SYS/class/net/ens4" 2>/dev/null',
    );
    for (const file of ["sys/class/net/eth1/device", "run/udev/control"]) host.write(file, "");
    host.write("sys/class/net/eth1/ifindex", "5\n");
    host.write("etc/macvlan/links/lan0.conf", conf("NIC_PATH='pci-1'"));
    const run = net('export MACVLAN_SYS=$MACVLAN_ROOT/sys; "$MACVLAN_ROOT/usr/local/libexec/macvlan/parent" lan0 1');
    expect(run.stderr).toBe("lan0: udev is not done with ens4  after 1 s: see udevadm monitor\n");
  });

  test("takes a name that udev is about to change for none", () => {
    for (const file of ["sys/class/net/eth1/device", "run/udev/control"]) host.write(file, "");
    host.write("sys/class/net/eth1/ifindex", "5\n");
    host.write("run/udev/data/n5", "E:ID_NET_NAME_SLOT=ens4\nE:ID_RENAMING=1\n");
    host.write("etc/macvlan/links/lan0.conf", conf("NIC_NAME='eth1'"));
    const run = net('export MACVLAN_SYS=$MACVLAN_ROOT/sys; "$MACVLAN_ROOT/usr/local/libexec/macvlan/parent" lan0 1');
    expect(run.stderr).toBe("lan0: udev is not done with eth1  after 1 s: see udevadm monitor\n");
  });

  test("tries again at boot: a NIC that gets its name, or a link that is refused, while others are at work", () => {
    host.stub("systemctl", 'case "$*" in "-q is-active systemd-networkd.service") ;; *) exit 3 ;; esac');
    host.write("etc/macvlan/links/lan0.conf", conf("NIC_NAME='port'"));
    const run = net(
      `ip link property add dev nic0 altname port; mkdir -p "$MACVLAN_NETIF/links"; state="$MACVLAN_NETIF/links/$(cat /sys/class/net/nic0/ifindex)"
       parent="$MACVLAN_ROOT/usr/local/libexec/macvlan/parent"; echo ADMIN_STATE=pending >"$state"
       (sleep 1; ip link set dev nic0 down; ip link set dev nic0 name ens9; echo ADMIN_STATE=configured >"$state") & "$parent" lan0 20; echo rc=$?; show; ip link del dev lan0
       ip link add lan0 type bridge; (sleep 2; ip link del dev lan0) & "$parent" lan0 20; echo rc=$?; show; ip link del dev lan0
       ip link add lan0 type bridge; "$parent" lan0 3; echo rc=$?; "$parent" lan0 0; echo rc=$?`,
    );
    expect(run.stdout).toBe(`rc=0\n${mac} bridge\nrc=0\n${mac} bridge\nrc=1\nrc=1\n`);
    expect(run.stderr).toMatch(
      /^lan0: nic0 is gone again, or has another name by now\nlan0: tried again in 1 s\nlan0: created on ens9\n/,
    );
    expect(run.stderr.match(/tried again in . s/g)).toEqual(["1", "1", "2", "1"].map((s) => `tried again in ${s} s`));
  });

  test("lets networkd come to the NIC first at boot, and leaves one to it that is to be a member of a bond or a bridge", () => {
    host.stub("systemctl", 'case "$*" in "-q is-active systemd-networkd.service") ;; *) exit 3 ;; esac');
    host.write("etc/macvlan/links/lan0.conf", conf());
    host.write("run/lan.network", "[Match]\nName=nic0\n[Network]\nDHCP=yes\n# Bond=bond0\nBridge=\n");
    host.write("run/member.network", "[Match]\nName=nic0\n[Network]\n Bond = bond0\n");
    const run = net(
      `mkdir -p "$MACVLAN_NETIF/links"; state="$MACVLAN_NETIF/links/$(cat /sys/class/net/nic0/ifindex)"; parent="$MACVLAN_ROOT/usr/local/libexec/macvlan/parent"
       says() { printf 'ADMIN_STATE=%s\\nNETWORK_FILE=%s\\n' "$1" "\${2:+$MACVLAN_ROOT/run/$2.network}" >"$state"; }
       says configuring member; "$parent" lan0 1; echo rc=$?; "$parent" lan0 0; echo rc=$?
       (sleep 1; ip link set dev nic0 master sw) & "$parent" lan0 20; echo rc=$?; ip link set dev nic0 nomaster; ip -br link show type macvlan
       says pending; (sleep 1; touch "$MACVLAN_ROOT/run/known"; says configured lan) & "$parent" lan0 20; echo rc=$?; show; ls "$MACVLAN_ROOT/run/known"`,
    );
    expect(run.stdout).toBe(`rc=1\nrc=1\nrc=1\nrc=0\n${mac} bridge\n${host.root}/run/known\n`);
    const [first, second, third] = run.stderr.split("\n");
    expect([first, second]).toEqual(
      Array(2).fill(
        `lan0: cannot be put on nic0: systemd-networkd is to make it a member of a bond or a bridge (${host.root}/run/member.network): use that as the NIC, by name`,
      ),
    );
    expect(third).toContain("it is a port of the bridge sw: use the bridge as the NIC, by name");
  });

  test("tells stage 3 of a new link when Docker runs, and of nothing else", () => {
    host.stub(
      "systemctl",
      'case "$1 $2 $3" in "-q is-enabled"*) exit 1 ;; "-q is-active docker.service") exit 0 ;; "-q is-active"*) exit 3 ;; esac',
    );
    net("p 0 | l apply lan0; p 0 | l apply lan0", payload());
    expect(host.calls().filter((call) => call.includes("reload-or-restart"))).toEqual([
      "systemctl --no-block reload-or-restart macvlan-appliances.service",
    ]);
  });

  test("remove takes what is ours, and leaves the NIC as it is; again: nothing", () => {
    const before = host.tree();
    const run = net(
      `a=$(ip addr show dev nic0); p 0 | l apply lan0 2>/dev/null; l remove lan0; echo rc=$?; ip -br link show type macvlan; [ "$a" = "$(ip addr show dev nic0)" ] && echo same; l remove lan0; echo rc=$?
       p 0 | l apply lan0 2>/dev/null; ip link set dev lan0 alias mine; l remove lan0; show`,
      payload(),
    );
    expect(run.stdout).toBe(`rc=0\nsame\nrc=0\n${mac} bridge\n`);
    expect(run.stderr).toBe("lan0: removed\nlan0: is not ours, left as it is\nlan0: removed\n");
    expect(host.tree()).toEqual(before);
  });

  test.each([
    ["no link.conf", encodeFrames({ "udev.rules": mark })],
    ["an unknown file", payload() + encodeFrames({ "other.conf": mark })],
    ["a file without our mark", encodeFrames({ "link.conf": "NAME='lan0'\n", "udev.rules": mark })],
    ["another link's conf", payload(conf().replace("lan0", "lan1"))],
  ])("refuses a payload with %s before touching anything", (_, text) => {
    const before = host.tree();
    const run = net("p 0 | l apply lan0; echo rc=$?", text);
    expect(run.stdout).toBe("rc=2\n");
    expect(host.tree()).toEqual(before);
  });

  test("does not overwrite a file that is not ours", () => {
    host.write("etc/udev/rules.d/82-macvlan-lan0.rules", "# somebody's\n");
    const run = net("p 0 | l apply lan0; echo rc=$?", payload());
    expect(run.stdout).toBe("rc=2\n");
    expect(run.stderr).toContain("is not ours: move it away first");
    expect(host.read("etc/udev/rules.d/82-macvlan-lan0.rules")).toBe("# somebody's\n");
  });
});
