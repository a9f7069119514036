import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Sandbox } from "./sandbox";

// Stage 3 against a Docker that is a folder of rows, as `docker inspect` would print them: what it decides, not what Docker does.
const docker = `db=$MACVLAN_ROOT/docker; mkdir -p "$db"
set_field() { awk -F '|' -v OFS='|' -v n="$2" -v v="$3" '{ $n = v; print }' "$db/$1" >"$db/.new" && mv "$db/.new" "$db/$1"; }
verb=$1
case $verb in
version) cat "$MACVLAN_ROOT/version" ;;
ps) case $* in *--format*) printf 'dns\\nother\\n'; exit ;; esac; only=\${*##*label=pulumi-macvlan.appliance}; for f in "$db"/*; do [ -f "$f" ] || continue; IFS='|' read -r name _ <"$f"
  [ -n "$only" ] && [ "=$name" != "$only" ] || basename "$f"; done ;;
inspect) shift 3; format=$2; [ "$1" = -f ] || { format=$2; }; while [ "$1" != "$format" ]; do shift; done; shift
  for id in "$@"; do [ -f "$db/$id" ] || exit 1; cat "$db/$id"; done ;;
update) set_field "$4" 7 "$3" ;;
start | restart) if [ -f "$MACVLAN_ROOT/refuse" ]; then cat "$MACVLAN_ROOT/refuse" >&2; exit 1; fi
  set_field "$2" 5 running; set_field "$2" 6 healthy; set_field "$2" 8 2000-01-01T00:00:00Z ;;
network) case $2 in ls) cat "$MACVLAN_ROOT/networks" 2>/dev/null ;; inspect) case $4 in *Name*parent*) echo "lan lan0" ;; *parent*) echo lan0 ;; *) echo lan ;; esac ;; esac ;;
esac`;
const systemctl = `case $* in
*InvocationID*) echo run1 ;;
*ExecMainStart*) printf 'ExecMainStartTimestamp=@1000\\nActiveEnterTimestamp=@1010\\nActiveEnterTimestampMonotonic=0\\n' ;;
is-system-running) cat "$MACVLAN_ROOT/system" 2>/dev/null || echo running ;;
*is-active*) [ ! -e "$MACVLAN_ROOT/inactive" ] || exit 3 ;;
*is-enabled*) [ ! -e "$MACVLAN_ROOT/disabled" ] || exit 1 ;;
*"-p Job"*) [ ! -e "$MACVLAN_ROOT/inactive" ] || echo ActiveState=inactive; cat "$MACVLAN_ROOT/job" 2>/dev/null ;;
*"restart docker.service") [ ! -e "$MACVLAN_ROOT/healing" ] || { : >"$MACVLAN_ROOT/journal"; echo Job=7 >"$MACVLAN_ROOT/job"; (sleep 1; rm "$MACVLAN_ROOT/job") >/dev/null 2>&1 & } ;;
esac; exit 0`;
const duringDockerdStart = "1970-01-01T00:16:45Z"; // second 1005
const later = "2000-01-01T00:00:00Z";
const ghostId = "ab".repeat(32);

interface Row {
  status?: string;
  health?: string;
  policy?: string;
  started?: string;
  finished?: string;
  nets?: string;
  error?: string;
}

describe("stage 3", () => {
  let host: Sandbox;
  beforeEach(() => {
    host = new Sandbox({
      docker,
      systemctl,
      nsenter: 'cat "$MACVLAN_ROOT/inside/$2" 2>/dev/null',
      journalctl: 'cat "$MACVLAN_ROOT/journal" 2>/dev/null',
    });
    host.write("sys/class/net/lan0/lower_ens4", "");
    host.write("sys/class/net/ens4/ifindex", "3\n");
    host.write("usr/local/libexec/macvlan/appliance", '#!/bin/sh\necho "appliance $*" >>"$MACVLAN_ROOT/calls"\n');
    host.sh('chmod 755 "$MACVLAN_ROOT/usr/local/libexec/macvlan/appliance"');
  });
  afterEach(() => host.remove());

  let next = 0;
  const add = (name: string, after = "", row: Row = {}) => {
    next += 1;
    const ip = `192.0.2.${next}`;
    const mac = `02:42:c0:00:02:${next.toString(16).padStart(2, "0")}`;
    host.write(
      `etc/macvlan/appliances/${name}/appliance.conf`,
      `# managed by pulumi-macvlan\nNAME='${name}'\nNETWORK='lan'\nPARENT='lan0'\nSERVICE='app'\nIP='${ip}'\nMAC='${mac}'\nSTART_AFTER='${after}'\nREADY_TIMEOUT='2'\n`,
    );
    host.write(`etc/macvlan/appliances/${name}/applied`, "digest\n");
    const id = Buffer.from(name).toString("hex");
    const {
      status = "running",
      health = "none",
      policy = "unless-stopped",
      started = later,
      finished = later,
      error = "",
    } = row;
    const nets = row.nets ?? (status === "running" ? `lan,${ip},${mac}` : "lan,,");
    host.write(
      `docker/${id}`,
      `${name}|app|${id}|${next}|${status}|${health}|${policy}|${started}|${finished}| ${nets} |${error}\n`,
    );
    host.write(
      `inside/${next}`,
      `2: eth0@if3: <UP>\n    link/ether ${mac} brd ff\n    inet ${ip}/24 scope global eth0\n`,
    );
    return { id, pid: next, row: () => host.read(`docker/${id}`).split("|") };
  };
  const stage3 = (verb = "start") =>
    host.sh(`"$MACVLAN_ROOT/usr/local/libexec/macvlan/appliances" ${verb}`, "", { MACVLAN_SYS: `${host.root}/sys` });
  const acted = () =>
    host.calls().filter((call) => /^docker (start|restart|update)|^appliance |restart docker/.test(call));

  beforeEach(() => {
    next = 0;
  });

  test("with nothing configured asks Docker nothing", () => {
    expect(stage3()).toMatchObject({ status: 0, stderr: "" });
    expect(host.calls()).toEqual([]);
  });

  test("with everything as it should be changes nothing, and says how long it took", () => {
    add("dns");
    add("ntp", "dns");
    const run = stage3();
    expect(run.status).toBe(0);
    expect(run.stderr).toMatch(/^2 of 2 appliances ready, \d+ s after Docker\n$/);
    expect(acted()).toEqual([]);
    expect(stage3().stderr).toMatch(/^2 of 2 appliances ready, looked through in \d s\n$/);
  });

  test("what was not applied to the end, because the power went, is restored", () => {
    add("dns");
    host.sh('rm "$MACVLAN_ROOT/etc/macvlan/appliances/dns/applied"');
    expect(stage3().stderr).toContain("dns: was not applied to the end; doing: restore");
    expect(acted()).toEqual(["appliance restore dns"]);
  });

  test("why a restore failed is told in the line of the appliance, also to the journal", () => {
    add("dns");
    host.sh('rm "$MACVLAN_ROOT/etc/macvlan/appliances/dns/applied"');
    host.write("usr/local/libexec/macvlan/appliance", '#!/bin/sh\n. "${0%/*}/lib.sh"\ndie "dns: no such image"\n');
    const run = host.sh('JOURNAL_STREAM=1:2 "$MACVLAN_ROOT/usr/local/libexec/macvlan/appliances" start');
    expect(run.stderr).toContain("\n<3>dns: restore failed: no such image\n");
  });

  test.each<[string, Row, string | undefined]>([
    ["was stopped by a person", { status: "exited", finished: later }, undefined],
    [
      "was stopped for good by its own exit",
      { status: "exited", policy: "no", finished: duringDockerdStart },
      undefined,
    ],
    [
      "was ended by a dockerd that found it running",
      { status: "exited", finished: duringDockerdStart },
      "docker start",
    ],
    [
      "could not reach its network",
      { status: "exited", error: 'failed to create endpoint dns on network lan: network id "x" not found' },
      "docker start",
    ],
    [
      "could not reach its network, Docker 28",
      { status: "created", error: "failed to set up container networking: nope" },
      "docker start",
    ],
    [
      "lost its network (Docker 29)",
      { status: "exited", nets: "", error: "failed to set up container networking: nope" },
      "appliance restore dns",
    ],
    [
      "lacked a device",
      { status: "exited", error: 'error gathering device information while adding custom device "/dev/ttyUSB0"' },
      "docker start",
    ],
    [
      "lacked a device, and is to be started by nobody",
      { status: "exited", policy: "no", error: "error gathering device information" },
      undefined,
    ],
    ["runs without its network", { nets: "" }, "appliance restore dns"],
    ["runs with another address", { nets: "lan,192.0.2.77,02:42:c0:00:02:01" }, "appliance restore dns"],
    ["runs with another MAC", { nets: "lan,192.0.2.1,02:42:c0:00:02:ff" }, "appliance restore dns"],
  ])("an appliance that %s", (_what, row, action) => {
    const { id } = add("dns", "", row);
    expect(stage3().status).toBe(0);
    expect(acted()).toEqual(action === undefined ? [] : [action.startsWith("docker") ? `${action} ${id}` : action]);
  });

  describe("with an IPv6 address", () => {
    const dual = (nets6: string, inside6: string) => {
      const dns = add("dns");
      const conf = "etc/macvlan/appliances/dns/appliance.conf";
      host.write(conf, `${host.read(conf)}IP6='fd00:76::53'\n`);
      const row = host.read(`docker/${dns.id}`).replace("02:42:c0:00:02:01 |", `02:42:c0:00:02:01${nets6} |`);
      host.write(`docker/${dns.id}`, row);
      host.write(`inside/${dns.pid}`, host.read(`inside/${dns.pid}`) + inside6);
      return dns.id;
    };
    const own = "    inet6 fd00:76::53/64 scope global nodad\n";

    test.each<[string, string, string, string | undefined, string]>([
      ["has it", ",fd00:76::53", own, undefined, ""],
      ["has another one", ",fd00:76::54", own, "appliance restore dns", "its pin 192.0.2.1 fd00:76::53 02:42"],
      ["has none", "", own, "appliance restore dns", "has another IP or MAC than its pin"],
      [
        "has lost it inside",
        ",fd00:76::53",
        "    inet6 fd00:76::530/64 scope global\n",
        "docker restart",
        "dns: has lost its address fd00:76::53",
      ],
    ])("an appliance that %s", (_what, nets6, inside6, action, reason) => {
      const id = dual(nets6, inside6);
      expect(stage3().stderr).toContain(reason);
      expect(acted()).toEqual(action === undefined ? [] : [action.startsWith("docker") ? `${action} ${id}` : action]);
    });
  });

  test("leaves alone what waits for a network of another driver", () => {
    host.write("etc/macvlan/links/lan0.conf", "# managed by pulumi-macvlan\nNAME='lan0'\nDRIVER='ipvlan'\n");
    const { pid } = add("dns");
    host.write(`inside/${pid}`, "1: lo: <UP>\n");
    expect(stage3().stderr).toContain("dns: waits for its network, whose driver is being changed\n");
    expect(acted()).toEqual([]);
  });

  test("knows an ipvlan by its address, and starts again what has lost it", () => {
    host.write("etc/macvlan/links/lan0.conf", "# managed by pulumi-macvlan\nNAME='lan0'\nDRIVER='ipvlan'\n");
    const { pid } = add("dns", "", { nets: "lan,192.0.2.1," });
    const conf = "etc/macvlan/appliances/dns/appliance.conf";
    host.write(conf, host.read(conf).replace(/^MAC=.*$/m, "DRIVER='ipvlan'"));
    const own = "2: eth0@if3: <UP>\n    link/ether 52:54:00:00:02:01 brd ff\n";
    host.write(`inside/${pid}`, `${own}    inet 192.0.2.1/24 scope global eth0\n`);
    expect(stage3().stderr).toContain("1 of 1 appliances ready");
    expect(acted()).toEqual([]);
    host.write(`inside/${pid}`, own);
    expect(stage3().stderr).toContain("dns: has lost its address 192.0.2.1");
  });

  test("restarts what a NIC left without its interface, whatever docker inspect says", () => {
    const dns = add("dns");
    host.write(`inside/${dns.pid}`, "1: lo: <UP>\n    link/loopback 00:00:00:00:00:00\n");
    expect(stage3().stderr).toContain("dns: has lost its interface");
    expect(acted()).toEqual([`docker restart ${dns.id}`]);
  });

  test("restarts what is on another NIC than its link", () => {
    const dns = add("dns");
    host.write("sys/class/net/ens4/ifindex", "5\n");
    expect(stage3().stderr).toContain("dns: is on another NIC than lan0");
    expect(acted()).toEqual([`docker restart ${dns.id}`]);
  });

  test("leaves alone what is being applied", () => {
    add("dns", "", { nets: "" });
    const run = host.sh(
      'exec 8>"$MACVLAN_ROOT/run/l"; mkdir -p "$MACVLAN_ROOT/run/macvlan"; flock "$MACVLAN_ROOT/run/macvlan/appliance-dns.lock" "$MACVLAN_ROOT/usr/local/libexec/macvlan/appliances" start',
    );
    expect(run.stderr).toContain("dns: is being applied, left alone");
    expect(acted()).toEqual([]);
  });

  test("names an appliance without a container", () => {
    add("dns");
    host.sh('rm "$MACVLAN_ROOT"/docker/*');
    expect(stage3().stderr).toMatch(/dns: has no container on this host.*\n0 of 1 appliances ready/);
  });

  describe("order", () => {
    test("holds what has an order while Docker goes down, and starts it behind what it names", () => {
      const dns = add("dns");
      const web = add("web", "ntp");
      const ntp = add("ntp", "dns");
      const off = add("off", "dns", { status: "exited" });
      host.write("job", "123\n");
      expect(stage3("stop").status).toBe(0);
      expect(dns.row()[6]).toBe("unless-stopped");
      expect([web.row()[6], ntp.row()[6], off.row()[6]]).toEqual(["no", "no", "unless-stopped"]);
      expect(stage3("stop").status).toBe(0); // twice: once for the healing, once for the stop job
      host.sh(
        'rm "$MACVLAN_ROOT/calls"; cd "$MACVLAN_ROOT/docker"; sed -i "s/|running|/|exited|/" ' + `${web.id} ${ntp.id}`,
      );
      const run = stage3();
      expect(acted()).toEqual([
        `docker start ${ntp.id}`,
        `docker update --restart unless-stopped ${ntp.id}`,
        `docker start ${web.id}`,
        `docker update --restart unless-stopped ${web.id}`,
      ]);
      expect(run.stderr).toContain("off: is stopped, and left so\n3 of 4 appliances ready");
      expect(host.read("var/lib/macvlan/held")).toBe("");
    });

    test("holds nothing when only stage 3 itself is stopped", () => {
      add("dns");
      add("web", "dns");
      expect(stage3("stop").status).toBe(0);
      expect(acted()).toEqual([]);
    });

    test("holds nothing when nobody is going to start it again", () => {
      add("dns");
      add("web", "dns");
      host.write("job", "123\n");
      host.write("disabled", "");
      expect(stage3("stop").status).toBe(0);
      expect(acted()).toEqual([]);
    });

    test("mends what it held too, if that has lost its network meanwhile", () => {
      add("dns");
      const web = add("web", "dns", { status: "exited", policy: "no", nets: "bridge,172.17.0.2,02:42:ac:11:00:02" });
      host.write("var/lib/macvlan/held", `web ${web.id} unless-stopped\n`);
      expect(stage3().stderr).toContain("web: is not on network lan any more; doing: restore");
      expect(acted()).toEqual([
        `docker start ${web.id}`,
        `docker update --restart unless-stopped ${web.id}`,
        "appliance restore web",
      ]);
    });

    test("after a power cut starts again what dockerd started beside something that takes time", () => {
      add("dns", "", { health: "healthy", started: duringDockerdStart });
      const web = add("web", "dns", { started: duringDockerdStart });
      add("plain", "", { started: duringDockerdStart });
      add("other", "plain", { started: duringDockerdStart });
      expect(stage3().stderr).toContain("web: dockerd had started it before dns; starting it again");
      expect(acted()).toEqual([`docker restart ${web.id}`]);
    });

    test("does not wait for ever, and says for what it did not", () => {
      add("dns", "", { health: "starting" });
      const web = add("web", "dns", { status: "exited", error: "failed to create endpoint" });
      const run = stage3();
      expect(run.stderr).toContain("web: starts although dns is not ready");
      expect(run.stderr).toContain("dns: not ready after 2 s: docker logs");
      expect(acted()).toEqual([`docker start ${web.id}`]);
    });
  });

  describe("ghost network", () => {
    const line = `time="..." level=warning msg="Could not create macvlan network for id ${ghostId} from persistent state"\n`;
    const restarts = () => host.calls().filter((call) => call === "systemctl --no-block restart docker.service").length;
    beforeEach(() => {
      host.write("etc/macvlan/links/lan0.conf", "# managed by pulumi-macvlan\nNAME='lan0'\nREACH='none'\n");
      host.write("journal", line);
      host.write("networks", `${ghostId}\n`);
      add("dns", "", { status: "exited", error: `network id "${ghostId}" not found` });
    });

    test("is healed by one restart of dockerd, once in ten minutes", () => {
      expect(stage3().stderr).toBe("ghost network lan: dockerd came up before the parent; restarting dockerd once\n");
      expect(restarts()).toBe(1);
      expect(stage3().stderr).toContain("after dockerd was restarted for it: not restarting it again");
      expect(restarts()).toBe(1);
    });

    test("waits for its parent", () => {
      host.sh('rm -r "$MACVLAN_ROOT/sys/class/net/lan0"');
      expect(stage3().stderr).toContain("network lan is a ghost, and its parent lan0 is missing");
      expect(acted()).toEqual([]);
      expect(host.calls()).toContain("systemctl --no-block start macvlan-parent@lan0.service");
    });

    test("of somebody else is told, and no reason to restart dockerd", () => {
      host.sh('rm "$MACVLAN_ROOT/etc/macvlan/links/lan0.conf"');
      expect(stage3().stderr).toContain("network lan is a ghost, and not ours");
      expect(restarts()).toBe(0);
    });

    test("that is gone by now is none", () => {
      host.write("networks", "cd\n");
      stage3();
      expect(restarts()).toBe(0);
    });

    test("is seen in a start that fails, should the journal have lost the line", () => {
      host.write("journal", "");
      host.write("refuse", `Error response from daemon: network id "${ghostId}" not found\n`);
      expect(stage3().stderr).toContain("ghost network lan: dockerd came up before the parent");
      expect(restarts()).toBe(1);
    });

    describe("when a person repairs the link", () => {
      const said =
        "network lan is a ghost; a restart of dockerd, which heals it, stops every container of this host for a moment: dns other \n" +
        "ghost network lan: dockerd came up before the parent; restarting dockerd once\n";

      test("is healed at once, whenever dockerd was restarted last, and waited for", () => {
        stage3();
        host.write("healing", "");
        expect(stage3("heal lan0")).toEqual({ status: 0, stdout: "", stderr: `${said}network lan is whole again\n` });
        expect(restarts()).toBe(2);
        expect(stage3("heal lan0")).toEqual({ status: 0, stdout: "", stderr: "" });
        expect(restarts()).toBe(2);
      });

      test("is left to stage 3 while that is at it, and dockerd down for it", () => {
        host.write("job", "Job=7\n");
        host.write("inactive", "");
        const run = host.sh(
          '(sleep 1.5; cd "$MACVLAN_ROOT"; : >journal; : >up; rm job inactive) & "$MACVLAN_ROOT/usr/local/libexec/macvlan/appliances" heal lan0; ls "$MACVLAN_ROOT/up"',
          "",
          { MACVLAN_SYS: `${host.root}/sys` },
        );
        expect(run).toMatchObject({ status: 0, stderr: "" });
        expect(restarts()).toBe(0);
      });

      test("has to wait for somebody to start Docker", () => {
        host.write("inactive", "");
        expect(stage3("heal lan0")).toEqual({ status: 0, stdout: "", stderr: "" });
        expect(restarts()).toBe(0);
      });

      test.each([
        [
          "26.1.5",
          /a ghost again, although lan0 was there when dockerd 26\.1\.5 started\.\n.*Docker 27\.0\.1 or newer.*Remove no network/,
        ],
        ["28.5.2", /a ghost again, although lan0 was there when dockerd 28\.5\.2 started\.\nSee why: journalctl/],
      ])("that comes back under Docker %s is told, and no network is removed", (version, words) => {
        host.write("version", `${version}\n`);
        const run = stage3("heal lan0");
        expect(run.status).toBe(1);
        expect(run.stderr).toMatch(words);
        expect(restarts()).toBe(1);
        expect(host.calls().filter((call) => call.includes("network rm"))).toEqual([]);
      });

      test("on another link is not", () => {
        expect(stage3("heal lan1")).toEqual({ status: 0, stdout: "", stderr: "" });
        expect(restarts()).toBe(0);
      });
    });

    test("takes along, in their order, appliances that failed on it", () => {
      const web = add("web", "dns", { status: "exited", error: `network id "${ghostId}" not found` });
      stage3();
      expect(web.row()[6]).toBe("no");
      expect(host.read("var/lib/macvlan/held")).toBe(`web ${web.id} unless-stopped\n`);
    });
  });
});

describe("gate", () => {
  test("lets Docker start once every link is there, and names what is missing", () => {
    const host = new Sandbox();
    host.write("etc/macvlan/links/lan0.conf", "");
    const gate = (seconds: number) =>
      host.sh(`"$MACVLAN_ROOT/usr/local/libexec/macvlan/gate" ${seconds}`, "", { MACVLAN_SYS: `${host.root}/sys` });
    expect(gate(0)).toMatchObject({ status: 1 });
    expect(gate(0).stderr).toContain("missing lan0 ");
    host.write("sys/class/net/lan0/x", "");
    expect(gate(0).status).toBe(0);
    host.remove();
  });
});
