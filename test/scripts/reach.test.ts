import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { linkPayload, MARK as mark } from "./link-host";
import { Sandbox, whyNoNetwork } from "./sandbox";

const why = whyNoNetwork();
if (why) console.log(`the ways of the host to its containers are not tested here: ${why}`);

const conf = (more: string) =>
  `${mark}NAME='lan0'\nNIC_NAME='nic0'\nMAC='02:11:22:33:44:55'\nMODE='bridge'\n${more}\nWAIT='1'\n`;
const payload = (more: string) => linkPayload(conf(more), { "networkd.network": `${mark}[Match]\nName=lan0\n` });
const appliance = (ip: string) => `${mark}NAME='dns'\nNETWORK='lan'\nPARENT='lan0'\nSERVICE='dns'\nIP='${ip}'\n`;

/** Docker as files: containers of the network `n1` in `on`, one a line; what happens is a line in `events`. */
const docker = `db=$MACVLAN_ROOT/docker
[ ! -e "$db/stopped" ] || { echo "Cannot connect to the Docker daemon" >&2; exit 1; }
case "$1 $2" in
"network ls") cat "$db/networks" ;;
"network inspect") echo >>"$db/asked"; [ ! -e "$db/slow" ] || sleep 0.4; shift 4; for id in "$@"; do if [ -e "$db/$id" ]; then cat "$db/$id"; else exit 1; fi; done ;;
"events "*) exec tail -n 0 -s 0.1 -f "$db/events" ;;
esac`;
/** Units that are enabled are links, and those that run are files. */
const systemctl = `wants=$MACVLAN_ROOT/etc/systemd/system/docker.service.wants; for unit; do :; done
case "$*" in
*"is-active docker.service") [ ! -e "$MACVLAN_ROOT/docker/stopped" ] ;;
*is-active*) exit 3 ;;
*macvlan-watch*)
  case "$*" in
  "-q enable"*) mkdir -p "$wants"; ln -sf /dev/null "$wants/$unit" ;;
  "-q disable"*) rm -f "$wants/$unit" ;;
  start* | restart*) [ ! -e "$MACVLAN_ROOT/restart" ] || exit "$(cat "$MACVLAN_ROOT/restart")"; : >"$MACVLAN_ROOT/run/$unit" ;;
  stop*) rm -f "$MACVLAN_ROOT/run/$unit" ;;
  *"-p UnitFileState"*) if [ -L "$wants/$unit" ]; then s=enabled; else s=disabled; fi; if [ -e "$MACVLAN_ROOT/run/$unit" ]; then a=active; else a=inactive; fi; printf 'ActiveState=%s\\nUnitFileState=%s\\n' $a $s ;;
  esac ;;
*"-p ActiveState"*) echo ActiveState=inactive ;;
*UnitFileState*) cat "$MACVLAN_ROOT/run/unit" 2>/dev/null || echo disabled ;;
"-q enable"*) echo enabled >"$MACVLAN_ROOT/run/unit" ;;
"-q disable"*) rm -f "$MACVLAN_ROOT/run/unit" ;;
esac`;

const route = (to: string, from = "192.0.2.10") => `${to} dev lan0 scope link src ${from} \n`;

describe.skipIf(why)("the host's ways over the link", () => {
  let host: Sandbox;
  beforeEach(() => {
    host = new Sandbox({ docker, systemctl });
    host.write("docker/networks", "n1\n");
    host.write("docker/n1", "");
    host.write("docker/events", "");
    host.write("etc/macvlan/appliances/dns/appliance.conf", appliance("192.0.2.53"));
  });
  afterEach(() => host.remove());
  const net = (script: string, ...payloads: string[]) => {
    payloads.forEach((text, index) => host.write(`payload${index}`, text));
    return host.net(
      `p() { cat "$MACVLAN_ROOT/payload$1"; }; r() { ip route show proto 201; echo; }; parent="$MACVLAN_ROOT/usr/local/libexec/macvlan/parent"\n${script}`,
    );
  };

  test("range: one route beside the pins, which comes back, follows the host's address and goes with the mode", () => {
    const run = net(
      `p 0 | l apply lan0 2>/dev/null; r; ip route del 192.0.2.64/27; "$parent" lan0; p 0 | l apply lan0; r
       ip addr del 192.0.2.10/24 dev nic0; ip addr add 192.0.2.20/24 dev nic0; r; "$parent" lan0 2>/dev/null; r; p 1 | l apply lan0; r; p 2 | l apply lan0; r`,
      payload("REACH='range'\nRANGE='192.0.2.64/27'"),
      payload("REACH='range'\nRANGE='192.0.2.128/26'"),
      payload("REACH='pinned'"),
    );
    const pin = (from?: string) => route("192.0.2.53", from);
    expect(run.stdout).toBe(
      [
        pin() + route("192.0.2.64/27"),
        pin() + route("192.0.2.64/27"),
        "",
        pin("192.0.2.20") + route("192.0.2.64/27", "192.0.2.20"),
        pin("192.0.2.20") + route("192.0.2.128/26", "192.0.2.20"),
        pin("192.0.2.20"),
      ]
        .map((table) => `${table}\n`)
        .join(""),
    );
    expect(run.stderr).toBe(
      "route to 192.0.2.64/27 over lan0\nroute to 192.0.2.128/26 over lan0\nno more route to 192.0.2.64/27 over lan0\nno more route to 192.0.2.128/26 over lan0\n",
    );
  });

  test("further routes: to addresses and subnets, also off the LAN", () => {
    const run = net(
      "p 0 | l apply lan0 2>/dev/null; r; p 0 | l apply lan0; p 1 | l apply lan0; r; p 2 | l apply lan0 2>/dev/null; r",
      payload("REACH='pinned'\nROUTES='192.0.2.3 198.51.100.0/24'"),
      payload("REACH='pinned'\nROUTES='192.0.2.53'"),
      payload("REACH='none'"),
    );
    expect(run.stdout).toBe(
      `${route("192.0.2.3")}${route("192.0.2.53")}${route("198.51.100.0/24")}\n${route("192.0.2.53")}\n\n`,
    );
    expect(run.stderr).toBe("no more route to 192.0.2.3 over lan0\nno more route to 198.51.100.0/24 over lan0\n");
  });

  test("an address of the link: a /32 without a route to the LAN, from which the host then speaks", () => {
    const run = net(
      `a() { echo "[$(ip -4 -o addr show dev lan0 | sed 's/.* inet \\([^ ]*\\) .*/\\1/')]"; r; }; p 0 | l apply lan0 2>/dev/null; a; ip -4 route show dev lan0 proto kernel
       p 0 | l apply lan0; ip addr del 192.0.2.10/24 dev nic0; ip addr add 192.0.2.20/24 dev nic0; "$parent" lan0; a
       ip addr add 192.0.2.7/24 dev lan0; p 0 | l apply lan0; a; p 1 | l apply lan0; a`,
      payload("REACH='pinned'\nADDRESS='192.0.2.9'"),
      payload("REACH='pinned'"),
    );
    const numbered = `[192.0.2.9/32]\n${route("192.0.2.53", "192.0.2.9")}\n`;
    const unnumbered = `[]\n${route("192.0.2.53", "192.0.2.20")}\n`;
    expect(run.stdout).toBe(numbered + numbered + numbered + unnumbered);
    expect(run.stderr).toContain("an address on it was taken away (192.0.2.9/32 192.0.2.7/24), it has 192.0.2.9\n");
    expect(run.stderr).toContain("an address on it was taken away (192.0.2.9/32), it has none\n");
  });

  test("IPv6: from the link's own address alone, which nothing of the router's joins and which stays while the link is down", () => {
    host.write("etc/macvlan/appliances/dns/appliance.conf", `${appliance("192.0.2.53")}IP6='2001:db8::53'\n`);
    const run = net(
      `a() { ip -6 -o addr show dev lan0 scope global | sed 's/.* inet6 \\([^ ]*\\) .*/[\\1]/'; ip -6 route show proto 201; cat /proc/sys/net/ipv6/conf/lan0/disable_ipv6 /proc/sys/net/ipv6/conf/lan0/accept_ra; ip route show proto 201; echo; }
       p 0 | l apply lan0 2>/dev/null; a; p 0 | l apply lan0; "$parent" lan0 0 check && echo in place
       ip -6 addr add 2001:db8::7/64 dev lan0; ! "$parent" lan0 0 check; p 0 | l apply lan0; a
       ip link set lan0 down; ip -6 -o addr show dev lan0 scope global | grep -c 2001:db8::9/128; "$parent" lan0; a
       ip -6 route del 2001:db8::53; echo 2 >/proc/sys/net/ipv6/conf/lan0/accept_ra; ! "$parent" lan0 0 check; p 0 | l apply lan0; a
       p 1 | l apply lan0; a`,
      payload("REACH='pinned'\nADDRESS6='2001:db8::9'"),
      payload("REACH='pinned'"),
    );
    const four = route("192.0.2.53");
    const six = `[2001:db8::9/128]\n2001:db8::53 dev lan0 src 2001:db8::9 metric 1024 pref medium\n0\n0\n${four}\n`;
    expect(run.stdout).toBe(`${six}in place\n${six}1\n${six}${six}1\n0\n${four}\n`);
    expect(run.stderr).toContain(
      "an address on it was taken away (2001:db8::7/64 2001:db8::9/128), it has 2001:db8::9\n",
    );
    expect(run.stderr).toContain("route to 2001:db8::53 over lan0\n");
  });

  test("watch: containers with IPv6 are reached by both addresses", () => {
    const run = net(
      `echo "192.0.2.70/24 2001:db8::70/64" >"$MACVLAN_ROOT/docker/n1"; p 0 | l apply lan0 2>/dev/null; l confirm lan0
       setsid "$MACVLAN_ROOT/usr/local/libexec/macvlan/watch" lan0 2>/dev/null & group=$!
       for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do ip -6 route show proto 201 | grep -q . && break; sleep 0.2; done
       r; ip -6 route show proto 201; echo >"$MACVLAN_ROOT/docker/n1"; echo "macvlan n1" >>"$MACVLAN_ROOT/docker/events"
       for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do ip -6 route show proto 201 | grep -q . || break; sleep 0.2; done
       kill -- -$group; r; ip -6 route show proto 201`,
      payload("REACH='watch'\nADDRESS6='2001:db8::9'"),
    );
    const [pin, seen] = [route("192.0.2.53"), route("192.0.2.70")];
    const six = "2001:db8::70 dev lan0 src 2001:db8::9 metric 1024 pref medium\n";
    expect(run.stdout).toBe(`${pin}${seen}\n${six}${pin}\n`);
  });

  test("the way back leaves the link's own address alone", () => {
    const run = net(
      "p 0 | l apply lan0 2>/dev/null; l confirm lan0; p 1 | l apply lan0 2>/dev/null; l undo lan0; ip -4 -br addr show dev lan0; p 0 | l apply lan0",
      payload("REACH='pinned'\nADDRESS='192.0.2.9'"),
      payload("REACH='pinned'\nADDRESS='192.0.2.8'"),
    );
    expect(run.stdout).toMatch(/^lan0@nic0 +UP +192\.0\.2\.9\/32 \n$/);
    expect(run.stderr).not.toContain("put back");
  });

  test.each(["pinned", "range"])(
    "%s: another address of the host is followed at once, and Docker is not asked",
    (reach) => {
      const run = net(
        `p 0 | l apply lan0 2>/dev/null; l confirm lan0; rm -r "$MACVLAN_ROOT/docker"
       setsid "$MACVLAN_ROOT/usr/local/libexec/macvlan/watch" lan0 2>"$MACVLAN_ROOT/run/said.watch" & group=$!
       until_from() { for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ "$(ip route show proto 201 | grep -c "src $1 ")" = 2 ] && return; sleep 0.2; done; echo "none from $1"; }
       until_from 192.0.2.10; sleep 0.5; ip addr del 192.0.2.10/24 dev nic0; sleep 0.5; ip addr add 192.0.2.20/24 dev nic0; until_from 192.0.2.20; r
       kill -- -$group; cat "$MACVLAN_ROOT/run/said.watch"`,
        payload(`REACH='${reach}'\nRANGE='192.0.2.64/27'\nROUTES='${reach === "range" ? "" : "192.0.2.64/27"}'`),
      );
      const both = ["192.0.2.53", "192.0.2.64/27"];
      expect(run.stdout).toBe(
        `${both.map((to) => route(to, "192.0.2.20")).join("")}\n${both.map((to) => `route to ${to} over lan0\n`).join("")}`,
      );
    },
  );

  describe("watch", () => {
    const watch = payload("REACH='watch'");
    /** Runs the watcher beside the script, with rounds of `seconds`. */
    const watching = (script: string, seconds = 30) =>
      net(
        `p 0 | l apply lan0 2>/dev/null; l confirm lan0
         MACVLAN_WATCH_ROUND=${seconds} setsid "$MACVLAN_ROOT/usr/local/libexec/macvlan/watch" lan0 2>"$MACVLAN_ROOT/run/said.watch" & group=$!
         db=$MACVLAN_ROOT/docker; event() { echo "macvlan n1" >>"$db/events"; }
         until_route() { for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do ip route show proto 201 | grep -q "^$1 " && return; sleep 0.2; done; echo "no $1"; }
         until_none() { for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do ip route show proto 201 | grep -q "^$1 " || return; sleep 0.2; done; echo "still $1"; }
         until [ -e "$MACVLAN_ROOT/run/macvlan/watched-lan0" ]; do sleep 0.1; done; sleep 0.3
         ${script}
         kill -- -$group`,
        watch,
        payload("REACH='pinned'"),
      );

    test("follows containers that come and go, and writes nothing else", () => {
      const run = watching(
        `r; echo 192.0.2.80/24 >"$db/n1"; event; until_route 192.0.2.80; r
         printf '192.0.2.81/24\\n\\n192.0.2.53/24\\n' >"$db/n1"; event; until_route 192.0.2.81; until_none 192.0.2.80; r
         "$parent" lan0; echo bridge other >>"$db/events"; sleep 0.5; r; cat "$MACVLAN_ROOT/run/said.watch"`,
      );
      const pin = route("192.0.2.53");
      expect(run.stdout).toBe(
        `${pin}\n${pin}${route("192.0.2.80")}\n${pin}${route("192.0.2.81")}\n${pin}${route("192.0.2.81")}\n` +
          "route to 192.0.2.80 over lan0\nroute to 192.0.2.81 over lan0\nno more route to 192.0.2.80 over lan0\n",
      );
      expect(run.stderr).toBe("");
    });

    test("a container that Docker lists only once it is started is reached then", () => {
      const run = watching(
        `event; sleep 1; echo 192.0.2.80/24 >"$db/n1"; echo container >>"$db/events"; until_route 192.0.2.80; r`,
      );
      expect(run.stdout).toBe(`${route("192.0.2.53")}${route("192.0.2.80")}\n`);
    });

    test("many containers that start at once are not as many questions to Docker", () => {
      const run = watching(
        `: >"$db/slow"; : >"$db/asked"; for i in 0 1 2 3 4 5 6 7 8 9; do echo "192.0.2.8$i/24" >>"$db/n1"; event; done; until_route 192.0.2.89
         sleep 4; grep -c "" "$db/asked"`,
      );
      expect(run.stdout).toMatch(/^[123]\n$/);
    });

    test("a network that came later is looked at with its first container", () => {
      const run = watching(
        `printf 'n1\\nn2\\n' >"$db/networks"; echo 192.0.2.90/24 >"$db/n2"; echo "macvlan n2" >>"$db/events"; until_route 192.0.2.90
         rm "$db/n1"; echo n2 >"$db/networks"; echo 192.0.2.91/24 >"$db/n2"; echo "macvlan n2" >>"$db/events"; until_route 192.0.2.91; r`,
      );
      expect(run.stdout).toBe(`${route("192.0.2.53")}${route("192.0.2.91")}\n`);
    });

    test("a line that Docker's client writes in pieces is one event", () => {
      const run = watching(
        `printf 'n1\\nn2\\n' >"$db/networks"; echo 192.0.2.90/24 >"$db/n2"
         printf 'macvlan' >>"$db/events"; sleep 1; printf ' n2\\ncont' >>"$db/events"; until_route 192.0.2.90
         echo 192.0.2.91/24 >>"$db/n2"; printf 'ainer' >>"$db/events"; sleep 1; printf '\\n' >>"$db/events"; until_route 192.0.2.91; r`,
      );
      expect(run.stdout).toBe(`${route("192.0.2.53")}${route("192.0.2.90")}${route("192.0.2.91")}\n`);
    });

    test("without any event: lost ones, a route that somebody took away, another address of the host", () => {
      const run = watching(
        `echo 192.0.2.80/24 >"$db/n1"; until_route 192.0.2.80; ip route del 192.0.2.80; until_route 192.0.2.80
         ip addr del 192.0.2.10/24 dev nic0; ip addr add 192.0.2.20/24 dev nic0; until_route 192.0.2.80; r; : >"$db/n1"; until_none 192.0.2.80; r`,
        1,
      );
      const pin = route("192.0.2.53", "192.0.2.20");
      expect(run.stdout).toBe(`${pin}${route("192.0.2.80", "192.0.2.20")}\n${pin}\n`);
    });

    test("a Docker that does not answer takes no route away, and is asked again", () => {
      const run = watching(
        `echo 192.0.2.80/24 >"$db/n1"; event; until_route 192.0.2.80; : >"$db/stopped"; event; sleep 2; r
         rm "$db/stopped"; echo 192.0.2.81/24 >"$db/n1"; sleep 4; until_route 192.0.2.81; until_none 192.0.2.80; r; grep -c "does not answer" "$MACVLAN_ROOT/run/said.watch"`,
        1,
      );
      const pin = route("192.0.2.53");
      expect(run.stdout).toMatch(/\n[1-9]\n$/);
      expect(run.stdout.replace(/\d\n$/, "")).toBe(`${pin}${route("192.0.2.80")}\n${pin}${route("192.0.2.81")}\n`);
    });

    test("its unit comes with the mode and goes with it, and nothing of it is left", () => {
      const run = net(
        `u() { ls "$MACVLAN_ROOT/etc/systemd/system/docker.service.wants" "$MACVLAN_ROOT/run" 2>/dev/null | grep -c watch@; }
         p 0 | l apply lan0 2>/dev/null; u; echo 192.0.2.80 >"$MACVLAN_ROOT/run/macvlan/watched-lan0"; p 0 | l apply lan0 2>/dev/null; "$parent" lan0; r
         l confirm lan0; p 1 | l apply lan0; u; r; l undo lan0; u; l remove lan0; u; ls "$MACVLAN_ROOT/run/macvlan" | grep watch`,
        watch,
        payload("REACH='pinned'\nADDRESS='192.0.2.9'"),
      );
      expect(run.stdout).toBe(
        `2\n${route("192.0.2.53")}${route("192.0.2.80")}\n0\n${route("192.0.2.53", "192.0.2.9")}\n2\n0\n`,
      );
    });

    test("one that waits for a Docker that is just restarted comes with it; one that does not start takes the change back", () => {
      const run = net(
        `for code in 124 1; do echo $code >"$MACVLAN_ROOT/restart"; p 0 | l apply lan0 2>"$MACVLAN_ROOT/run/error"; echo rc=$?
         grep -o "watch@.* be started" "$MACVLAN_ROOT/run/error"; l undo lan0; done`,
        watch,
      );
      expect(run.stdout).toBe("rc=0\nrc=1\nwatch@lan0.service cannot be started\n");
    });

    test("what somebody stopped is started by the next apply, if Docker runs", () => {
      const run = net(
        `p 0 | l apply lan0 2>/dev/null; l confirm lan0; u="$MACVLAN_ROOT/run/macvlan-watch@lan0.service"; rm "$u"; p 0 | l apply lan0; [ -e "$u" ] && echo runs
         l confirm lan0; rm "$u"; : >"$MACVLAN_ROOT/docker/stopped"; : >"$MACVLAN_ROOT/run/said"; p 0 | l apply lan0; [ -e "$u" ] || echo rests; cat "$MACVLAN_ROOT/run/said"`,
        watch,
      );
      expect(run.stdout).toBe("runs\nrests\n");
    });
  });
});
