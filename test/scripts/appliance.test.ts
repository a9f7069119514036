import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { versionDigest } from "../../provider/appliance/render";
import { ApplianceHost, filesOf, Version } from "./appliance-host";
import { Run } from "./sandbox";

// The script against a Docker that is a folder: what it decides and in what order. What Docker does is seen on lab hosts.
let host: ApplianceHost;
beforeEach(() => void (host = new ApplianceHost()));
afterEach(() => host.remove());

const ready = { status: 0, stdout: "web 192.168.76.80 02:42:c0:a8:4c:50\n" };
const applied = () => host.tree()["etc/macvlan/appliances/web/applied"]?.split("\n")[0];
const digest = (version: Version) => versionDigest(filesOf(version));
const mode = (path: string) => host.sh(`stat -c %a "$MACVLAN_ROOT/etc/macvlan/appliances/web/${path}"`).stdout.trim();

describe("apply", () => {
  test("puts the files in place, starts, verifies, and writes the digest last", () => {
    const version = { files: { "conf/a b.txt": "== x\ny" }, secrets: { TOKEN: "it's\n== two lines" } };
    const run = host.apply(version);
    expect(run).toMatchObject(ready);
    expect(run.stderr).toBe("web: starting\nweb: ready, 192.168.76.80 is at 02:42:c0:a8:4c:50\n");
    expect(applied()).toBe(digest(version));
    expect(host.read("etc/macvlan/appliances/web/files/conf/a b.txt")).toBe("== x\ny\n");
    expect([".", "secrets.sh", "compose.yaml", "files", "files/conf", "files/conf/a b.txt"].map(mode)).toEqual([
      "700",
      "600",
      "600",
      "755",
      "755",
      "644",
    ]);
    expect(host.read("docker/ups")).not.toContain("force-recreate");
  });

  test("again: two calls of Docker, not a word, nothing touched", () => {
    host.apply({ secrets: { TOKEN: "x" } });
    host.docker();
    const stamps = () => host.sh('find "$MACVLAN_ROOT/etc" -type f -exec stat -c "%n %i %Y" {} + | sort').stdout;
    const before = stamps();
    expect(host.apply({ secrets: { TOKEN: "x" } })).toEqual({ ...ready, stderr: "" });
    expect(host.docker().map((call) => call.split(" ")[1])).toEqual(["ps", "inspect"]);
    expect(stamps()).toBe(before);
  });

  test.each<[string, Version]>([
    ["image", { image: "good:2" }],
    ["secret", { secrets: { TOKEN: "y" } }],
    ["file", { files: { a: "2" } }],
  ])("a changed %s is started, and nothing of the version before stays", (_, change) => {
    host.apply({ secrets: { TOKEN: "x" }, files: { a: "1", b: "1" } });
    expect(host.apply(change)).toMatchObject(ready);
    expect(host.read("docker/ups").trim().split("\n")).toHaveLength(2);
    expect(applied()).toBe(digest(change));
    const files = Object.keys(host.state()).filter((path) => path.startsWith("etc"));
    expect(files.some((path) => path.endsWith("files/b"))).toBe(false);
    expect(files.some((path) => path.endsWith("secrets.sh"))).toBe(change.secrets !== undefined);
    expect(Object.keys(host.state()).filter((path) => path.includes("previous"))).toEqual([]);
  });

  test("a container that is not as pinned any more is started again although nothing changed", () => {
    host.apply();
    host.write("docker/row/c1", host.read("docker/row/c1").replace("running|healthy", "exited|none"));
    expect(host.apply()).toMatchObject(ready);
    expect(host.read("docker/ups").trim().split("\n")).toHaveLength(2);
  });

  test("files that stay the same stay the same file, and what a container wrote beside them stays", () => {
    host.apply({ files: { "d/a": "1", "d/b": "1", "gone/c": "1" } });
    const inode = () => host.sh('stat -c %i "$MACVLAN_ROOT/etc/macvlan/appliances/web/files/d/a"').stdout;
    const before = inode();
    host.write("etc/macvlan/appliances/web/files/d/written", "by the container");
    expect(host.apply({ files: { "d/a": "1", "d/b": "2" } })).toMatchObject(ready);
    expect(inode()).toBe(before);
    expect(
      Object.keys(host.state())
        .filter((path) => path.includes("/files/"))
        .map((path) => path.split("/files/")[1]),
    ).toEqual(["d/a", "d/b", "d/written"]);
    expect(host.sh('ls "$MACVLAN_ROOT/etc/macvlan/appliances/web/files"').stdout).toBe("d\n");
  });

  test("what is missing is pulled before anything is changed", () => {
    host.apply();
    host.docker();
    expect(host.apply({ image: "example.com/good:3" }).stderr).toContain("web: pulling example.com/good:3\n");
    const calls = host.docker();
    const position = (what: string) => calls.findIndex((call) => call.includes(what));
    expect(position("docker pull")).toBeGreaterThan(position("config --images"));
    expect(position("docker pull")).toBeLessThan(position("up -d"));
    expect(host.read("var/lib/macvlan/appliances/web/images")).toBe("example.com/good:3\n");
  });
});

describe("on a network of driver ipvlan", () => {
  const { conf, image } = { conf: { DRIVER: "ipvlan", MAC: "" }, image: "shared:1" };

  test("no MAC is pinned, and the address is read back", () => {
    host.write("docker/network", "ipvlan lan0\n");
    expect(host.apply({ image, conf })).toMatchObject({ status: 0, stdout: "web 192.168.76.80\n" });
    expect(host.apply({ image, conf })).toMatchObject({ status: 0, stdout: "web 192.168.76.80\n", stderr: "" });
    expect(host.read("docker/ups").trim().split("\n")).toHaveLength(1);
    expect(host.calls()).toContain("nsenter -t 77 -n ip -o -batch -");
    host.write("inside", "7: eth0@if3: <UP> mtu 1500 \\    link/ether 52:54:00:00:02:01 brd ff\n");
    expect(host.apply({ image, conf }).stderr).toContain("inside the container eth0 does not have 192.168.76.80");
  });

  test("other containers with the MAC of the NIC, or none, are in nobody's way", () => {
    host.write("docker/network", "ipvlan lan0\n");
    host.write("docker/all/x1", "x1|/nas||||running|lan,192.168.76.81,, \n");
    expect(host.apply({ image, conf })).toMatchObject({ status: 0 });
  });

  test("one of the other driver is refused, and so is ipvlan for an appliance with a MAC", () => {
    expect(host.apply({ image, conf }).stderr).toContain(
      "the Docker network lan is of the kind macvlan, where ipvlan is wanted: name a network of that driver on lan0",
    );
    host.write("docker/network", "ipvlan lan0\n");
    expect(host.apply().stderr).toContain("of the kind ipvlan, where macvlan is wanted");
  });

  test("a gateway that answers the host alone is not a matter of MACs", () => {
    host.write("docker/network", "ipvlan lan0\n");
    host.write("neighbour", "192.168.76.1 FAILED\n");
    expect(host.apply({ image, conf }).stderr).toMatch(
      /the gateway 192\.168\.76\.1 (does not answer|answers this host but not 192\.168\.76\.80)/,
    );
  });
});

describe("a container that Compose is content with", () => {
  const change = (from: string | RegExp, to: string) => () => {
    for (const kind of ["row", "all"])
      host.write(`docker/${kind}/c1`, host.read(`docker/${kind}/c1`).replace(from, to));
  };
  test.each<[string, () => void, string, string]>([
    ["has another MAC", change(/,02:42:[^, ]*/, ",3e:00:00:00:00:01"), "", "on lan Docker has lan,192.168.76.80,3e:00"],
    ["has another network", change("lan,192", "bridge,172"), "", "its container is not on network lan"],
    ["has lost its network (Docker 29)", change(/lan,[^|]*/, ""), "", "its container is not on network lan"],
    [
      "has lost its interface",
      () => host.write("inside", "1: lo    inet 127.0.0.1/8 scope host lo\n"),
      "",
      "inside the container there are 0 LAN interfaces",
    ],
    [
      "is on another NIC than its link",
      () => host.write("inside", host.sh('"$MACVLAN_ROOT/bin/nsenter"').stdout.replace("@if3", "@if4")),
      "",
      "inside the container eth0 is on another NIC than lan0",
    ],
    [
      "is bound to a network that is gone",
      change("running|healthy", "exited|none"),
      `Error response from daemon: network ${"5f".repeat(32)} not found\n`,
      `network ${"5f".repeat(32)} not found`,
    ],
  ])("but which %s is made anew", (_, harm, content, reason) => {
    host.apply();
    const before = host.state();
    harm();
    host.write("docker/content", content);
    const run = host.apply();
    expect(run).toMatchObject(ready);
    expect(run.stderr).toContain(`web: ${reason}`);
    expect(run.stderr).toContain("; its container is made anew\n");
    expect(host.read("docker/ups").trim().split("\n").at(-1)).toContain("--force-recreate --no-deps web");
    expect(host.state()).toEqual(before);
  });

  test("and which is paused goes on", () => {
    host.apply();
    change("running", "paused")();
    host.write("docker/content", "");
    const run = host.apply();
    expect(run).toMatchObject(ready);
    expect(run.stderr).toContain("web: was paused, runs again\n");
    expect(host.read("docker/ups")).not.toContain("--force-recreate");
  });
});

test("a restart policy that somebody changed is set again, in the same container", () => {
  host.apply();
  const before = host.state();
  host.sh('sed -i "s/|unless-stopped|/|no|/" "$MACVLAN_ROOT"/docker/row/c1');
  host.docker();
  const run = host.apply();
  expect(run).toMatchObject(ready);
  expect(run.stderr).toBe("web: its restart policy is unless-stopped again\n");
  expect(host.docker().filter((call) => / (up|rm|stop|update) /.test(call))).toEqual([
    "docker update --restart unless-stopped c1",
  ]);
  expect(host.state()).toEqual(before);
});

describe("a container that something else made in place of ours", () => {
  const replaced = (row: string) => {
    host.sh('rm "$MACVLAN_ROOT"/docker/all/* "$MACVLAN_ROOT"/docker/row/*');
    host.write("docker/all/x1", `x1|${row}\n`);
  };
  test.each([
    ["with its name and pins", "/web||||running|lan,192.168.76.80,02:42:C0:A8:4C:50, "],
    ["with its name and pins, stopped", "/web||||exited|lan,,,192.168.76.80 "],
    ["with its label", "/web|||web|running|lan,192.168.76.80,3e:00:00:00:00:01, "],
  ])("%s is replaced", (_, row) => {
    host.apply();
    replaced(row);
    const run = host.apply();
    expect(run).toMatchObject(ready);
    expect(run.stderr).toContain("web: the container web (x1), which is ours, was made anew by something else");
    expect(host.sh('ls "$MACVLAN_ROOT/docker/all"').stdout).toBe("c1\n");
  });

  test.each([
    ["with another MAC", true, "/web||||running|lan,192.168.76.80,3e:00:00:00:00:01, "],
    ["with another address", true, "/web||||running|lan,192.168.76.81,02:42:c0:a8:4c:50, "],
    ["on another network", true, "/web||||running|iot,192.168.76.80,02:42:c0:a8:4c:50, "],
    ["of another project", true, "/web|other|/srv||running|lan,192.168.76.80,02:42:c0:a8:4c:50, "],
    ["where there was no such appliance", false, "/web||||running|lan,192.168.76.80,02:42:c0:a8:4c:50, "],
  ])("%s is not ours: refused before anything is touched", (_, applied, row) => {
    if (applied) host.apply();
    replaced(row);
    const before = host.state();
    host.docker();
    const run = host.apply();
    expect(run.status).toBe(1);
    expect(run.stderr).toContain("there is a container web (x1) of that name, not ours: rename it (docker rename)");
    expect(host.state()).toEqual(before);
    expect(host.docker().filter((call) => / (up|pull|down|rm|stop) /.test(call))).toEqual([]);
  });
});

describe("files changed on the host", () => {
  const version = { files: { a: "1" }, secrets: { TOKEN: "x" } };
  const at = "etc/macvlan/appliances/web";
  const modes = () => host.sh(`cd "$MACVLAN_ROOT/${at}"; stat -c "%a %u:%g %n" . * files/*`).stdout;
  test.each([
    ["edited", "echo more >>files/a", true],
    ["removed", "rm files/a", true],
    ["removed, and Docker made a folder of it at a boot", "rm files/a; mkdir files/a", true],
    ["edited, compose.yaml", "echo '# more' >>compose.yaml", true],
    ["writable for others", "chmod 666 files/a", false],
    ["secrets for all to read", "chmod 644 secrets.sh", false],
    ["somebody else's", "chown 1000:1000 compose.yaml", false],
    ["open folder", "chmod 755 .", false],
  ])("%s: as delivered again", (_, harm, anew) => {
    host.apply(version);
    const before = [host.state(), modes()];
    host.sh(`cd "$MACVLAN_ROOT/${at}"; ${harm}`);
    expect(host.apply(version)).toMatchObject(ready);
    expect([{ ...host.state(), "docker/ups": "" }, modes()]).toEqual([
      { ...(before[0] as object), "docker/ups": "" },
      before[1],
    ]);
    // a container keeps the file that it has mounted
    expect(host.read("docker/ups").includes("--force-recreate")).toBe(anew);
    expect(host.apply(version).stderr).toBe("");
  });
});

describe("an update that fails", () => {
  test.each<[string, string]>([
    ["sick:1", "web: web is unhealthy; its last words:\n  last words of c1"],
    ["crash:1", "web: web ended with code 3; its last words:\n"],
    [
      "odd:1",
      "web: on lan Docker has lan,192.168.76.80,02:42:00:00:00:99, where one container with 192.168.76.80 and 02:42:c0:a8:4c:50 is wanted",
    ],
    ["fails:1", "web: Compose could not start it:\n  Error response from daemon: no space\n"],
  ])("with %s goes back to the version that ran, and says why", (image, reason) => {
    const good = { files: { a: "1" }, secrets: { TOKEN: "old" } };
    host.apply(good);
    const before = host.state();
    const run = host.apply({ image, files: { a: "2" }, secrets: { TOKEN: "new" } });
    expect(run).toMatchObject({ status: 1, stdout: "" });
    expect(run.stderr).toContain(reason);
    expect(run.stderr.trim().split("\n").at(-1)).toBe(
      "web: not updated; the version before is back and runs at 192.168.76.80, 02:42:c0:a8:4c:50",
    );
    expect(host.state()).toEqual(before);
    expect(host.runs()).toBe("good:1");
  });

  test.each<[string, string]>([
    ["nowhere:1", "web: the image nowhere:1 cannot be pulled; nothing was changed:\n  manifest unknown"],
    ["bad:1", "web: Compose does not accept it:\n  validating compose.yaml: no good"],
  ])("with %s touches nothing", (image, reason) => {
    host.apply();
    const before = host.state();
    const run = host.apply({ image });
    expect(run.status).toBe(1);
    expect(run.stderr).toContain(reason);
    expect({ ...host.state(), "var/lib/macvlan/appliances/web/images": "" }).toEqual({
      ...before,
      "var/lib/macvlan/appliances/web/images": "",
    });
    expect(host.read("docker/ups").trim().split("\n")).toHaveLength(1);
  });

  test("and a way back that fails as well is told; the next apply ends it", () => {
    host.apply();
    host.write("docker/images", "good:1\ngood:2\nfails:1\n");
    host.sh('sed -i "s/^.compose up.) /&[ ! -e \\"\\$db\\/broken\\" ] || exit 1; /" "$MACVLAN_ROOT/bin/docker"');
    host.write("docker/broken", "");
    const run = host.apply({ image: "good:2" });
    expect(run.status).toBe(1);
    expect(run.stderr).toContain("and the version before does not start either");
    expect(applied()).toBeUndefined();
    host.sh('rm "$MACVLAN_ROOT/docker/broken"');
    expect(host.apply({ image: "good:2" })).toMatchObject(ready);
    expect(applied()).toBe(digest({ image: "good:2" }));
    expect(Object.keys(host.state()).filter((path) => path.includes("previous"))).toEqual([]);
  });
});

describe("an IPv6 address", () => {
  const conf = { IP6: "fd00:76::80" };
  const inside = (address: string) =>
    host.write(
      "inside",
      `${host.sh('"$MACVLAN_ROOT/bin/nsenter"').stdout}7: eth0    inet6 ${address}/64 scope global nodad\n`,
    );
  /** Docker gives the container this address beside its others. */
  const given = (address: string) => {
    const docker = host.read("bin/docker");
    host.write("bin/docker", docker.replaceAll("$mac |", `$mac,${address} |`));
    host.sh('chmod 755 "$MACVLAN_ROOT/bin/docker"');
  };

  test("is read back from Docker and from the kernel", () => {
    given("fd00:76::80");
    inside("fd00:76::80");
    expect(host.apply({ conf })).toMatchObject({ status: 0 });
  });

  test.each<[string, string, string]>([
    [
      "fd00:76::81",
      "fd00:76::80",
      "on lan Docker has lan,192.168.76.80,02:42:c0:a8:4c:50,fd00:76::81, where one container with 192.168.76.80, fd00:76::80 and 02:42:c0:a8:4c:50 is wanted",
    ],
    ["fd00:76::80", "fd00:76::8", "inside the container eth0 does not have fd00:76::80"],
  ])("fails the apply where Docker says %s and the kernel %s", (docker, kernel, reason) => {
    given(docker);
    inside(kernel);
    const run = host.apply({ conf });
    expect(run).toMatchObject({ status: 1, stdout: "" });
    expect(run.stderr).toContain(reason);
  });

  test.each([",fd00:76::80", ",fd00:76::80,fd00:76::80", ",fd00:76::80,fd00:76::99"])(
    "is refused while another container has it (%s)",
    (further) => {
      host.write("docker/all/x", `x|/other||||running|lan,192.168.76.9,02:42:00:00:00:09,${further} |\n`);
      expect(host.apply({ conf }).stderr.trim()).toBe(
        "web: the container other (x) has the address fd00:76::80 on lan: stop and remove it, or choose another ip6",
      );
      expect(host.apply().stderr).not.toContain("ip6");
    },
  );

  test("is refused while another appliance has it", () => {
    const other = { ...filesOf({ conf: { ...conf, NAME: "dns", IP: "192.168.76.53", MAC: "02:42:c0:a8:4c:35" } }) };
    host.write("etc/macvlan/appliances/dns/appliance.conf", other["appliance.conf"]!);
    expect(host.apply({ conf }).stderr).toContain("web: fd00:76::80 is the address of the appliance dns on this host");
  });
});

describe("the kernel's word counts, not Docker's", () => {
  const link = (mac: string) => `7: eth0@if3: <UP> mtu 1500 \\    link/ether ${mac} brd ff:ff:ff:ff:ff:ff\n`;
  const pinned = link("02:42:c0:a8:4c:50");
  const address = "7: eth0    inet 192.168.76.80/24 scope global eth0\n";
  test.each<[string, string]>([
    ["", "inside the container there are 0 LAN interfaces instead of one"],
    [pinned + pinned + address, "inside the container there are 2 LAN interfaces instead of one"],
    [
      link("02:42:00:00:00:01") + address,
      "inside the container the MAC is 02:42:00:00:00:01 instead of 02:42:c0:a8:4c:50",
    ],
    [pinned, "inside the container eth0 does not have 192.168.76.80"],
    [pinned + address.replaceAll("eth0", "eth1"), "inside the container eth0 does not have 192.168.76.80"],
    [
      pinned + address + "default via 172.17.0.1 dev eth1 \n",
      "the default route is not on the LAN: Docker took another network of web for it",
    ],
  ])("%j", (inside, reason) => {
    host.write("inside", inside);
    const run = host.apply();
    expect(run).toMatchObject({ status: 1, stdout: "" });
    expect(run.stderr).toContain(reason);
  });
});

describe("the gateway is asked for from inside the container", () => {
  const silent = "192.168.76.1 FAILED\n";
  const warned = (run: Run) => run.stderr.split("\n").filter((line) => line.includes("gateway"));

  test("and nothing is said where it answers, or where there is none", () => {
    expect(warned(host.apply())).toEqual([]);
    host.write("neighbour", silent);
    host.write("inside", host.sh('"$MACVLAN_ROOT/bin/nsenter"').stdout.replace(/^default.*\n/m, ""));
    expect(warned(host.apply({ image: "good:2" }))).toEqual([]);
  });

  test("one that answers the host alone is behind something that lets no further MAC through", () => {
    host.write("neighbour", silent);
    host.stub("ip", 'case $* in *"neigh show"*) echo "192.168.76.1 lladdr 52:54:00:00:00:01 REACHABLE" ;; esac');
    host.write("sys/class/net/lan0/lower_nic0/x", "");
    const run = host.apply({}, { MACVLAN_SYS: `${host.root}/sys` });
    expect(run).toMatchObject({ status: 0, stdout: "web 192.168.76.80 02:42:c0:a8:4c:50\n" });
    expect(warned(run)).toEqual([
      expect.stringContaining(
        "the gateway 192.168.76.1 answers this host but not 02:42:c0:a8:4c:50: something between",
      ),
    ]);
  });

  test("one that answers nobody is told as that", () => {
    host.write("neighbour", silent);
    expect(warned(host.apply())).toEqual([expect.stringContaining("the gateway 192.168.76.1 does not answer")]);
  });
});

describe("a creation that fails leaves nothing", () => {
  test.each(["sick:1", "crash:1", "odd:1", "fails:1", "nowhere:1", "bad:1"])("%s", (image) => {
    const before = host.state();
    const run = host.apply({ image, secrets: { TOKEN: "x" } });
    expect(run).toMatchObject({ status: 1, stdout: "" });
    expect(host.state()).toEqual(before);
  });
});

describe("refused before anything is touched", () => {
  const other = (row: string) => () => host.write("docker/all/x1", `x1|${row}\n`);
  test.each<[string, () => void, string]>([
    [
      "no network",
      () => host.sh('rm "$MACVLAN_ROOT/docker/network"'),
      "Docker has no network lan: create it first. network lan not found",
    ],
    [
      "another parent",
      () => host.write("docker/network", "macvlan eth9\n"),
      "the Docker network lan is on eth9, not on lan0",
    ],
    ["another kind", () => host.write("docker/network", "bridge \n"), "the Docker network lan is of the kind bridge"],
    [
      "Docker is down",
      () => host.write("docker/stopped", ""),
      "Docker does not answer: Cannot connect to the Docker daemon",
    ],
    [
      "a project of that name",
      other("/other|web|/srv/web||running|"),
      "the Compose project web is there already, made from /srv/web, with the container other (x1)",
    ],
    ["a container of that name", other("/web||||exited|"), "there is a container web (x1) of that name, not ours"],
    [
      "the address",
      other("/nas||||running|lan,192.168.76.80,02:42:00:00:00:07, "),
      "the container nas (x1) has the address 192.168.76.80 on lan",
    ],
    [
      "the address, configured",
      other("/nas||||exited|lan,,,192.168.76.80 "),
      "the container nas (x1) has the address 192.168.76.80 on lan",
    ],
    [
      "the MAC on any network",
      other("/nas||||running|iot,10.0.0.2,02:42:C0:A8:4C:50, "),
      "the container nas (x1) has the MAC 02:42:c0:a8:4c:50 on iot",
    ],
    [
      "another appliance's address",
      () =>
        host.write(
          "etc/macvlan/appliances/dns/appliance.conf",
          "NAME='dns'\nIP='192.168.76.80'\nMAC='02:42:00:00:00:01'\n",
        ),
      "192.168.76.80 is the address of the appliance dns on this host",
    ],
    [
      "another appliance's MAC",
      () =>
        host.write(
          "etc/macvlan/appliances/dns/appliance.conf",
          "NAME='dns'\nIP='192.168.76.9'\nMAC='02:42:c0:a8:4c:50'\n",
        ),
      "02:42:c0:a8:4c:50 is the MAC of the appliance dns on this host",
    ],
  ])("%s", (_, prepare, reason) => {
    prepare();
    const before = host.state();
    const run = host.apply();
    expect(run).toMatchObject({ status: 1, stdout: "" });
    expect(run.stderr).toContain(`web: ${reason}`);
    expect(host.state()).toEqual(before);
    expect(host.docker().filter((call) => / (up|pull|down|rm) /.test(call))).toEqual([]);
  });

  test.each<[string, string, string]>([
    ["no frames", "hello\n", "text before the first"],
    ["nothing", "", "the payload has no compose.yaml"],
    ["a path out of the folder", "== ../x\ny\n", "bad or repeated file name: ../x"],
    [
      "an unknown file",
      "== compose.yaml\nx\n== pins.yaml\nx\n== appliance.conf\nNAME='web'\n== extra\n",
      "files that this version does not know: ./extra",
    ],
    [
      "commands in appliance.conf",
      "== compose.yaml\nx\n== pins.yaml\nx\n== appliance.conf\nNAME='web'; touch /x\n",
      "lines other than KEY='value'",
    ],
    [
      "another appliance",
      "== compose.yaml\nx\n== pins.yaml\nx\n== appliance.conf\nNAME='dns'\n",
      "not complete, or of another appliance",
    ],
  ])("%s", (_, payload, reason) => {
    const run = host.helper("apply", payload);
    expect(run).toMatchObject({ status: 2, stdout: "" });
    expect(run.stderr).toContain(reason);
    expect(host.docker()).toEqual([]);
  });
});

describe("killed before any call of Docker", () => {
  const good = { image: "good:1", files: { a: "1" }, secrets: { TOKEN: "x" } };
  const next = { image: "example.com/good:2", files: { a: "2", b: "2" }, secrets: { TOKEN: "y" } };

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])("of an update: %i, the next apply ends it", (KILL_AT) => {
    host.apply(good);
    host.apply(next, { KILL_AT: String(KILL_AT) });
    expect(host.apply(next)).toMatchObject(ready);
    expect(applied()).toBe(digest(next));
    expect(host.runs()).toBe("example.com/good:2");
    const clean = new ApplianceHost();
    try {
      clean.apply(good);
      clean.apply(next);
      const strip = (state: Record<string, string>) => Object.keys(state).sort();
      expect(strip(host.state())).toEqual(strip(clean.state()));
    } finally {
      clean.remove();
    }
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
    "of an update: %i, a boot brings a version that was verified",
    (KILL_AT) => {
      host.apply(good);
      host.apply(next, { KILL_AT: String(KILL_AT) });
      host.helper("restore");
      expect([digest(good), digest(next)]).toContain(applied());
    },
  );

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9])("of a creation: %i, a down leaves nothing", (KILL_AT) => {
    const before = host.state();
    host.apply(next, { KILL_AT: String(KILL_AT) });
    expect(host.helper("down")).toMatchObject({ status: 0, stdout: "" });
    expect(host.state()).toEqual(before);
  });

  test.each([1, 2, 3, 4, 5, 6])("of a removal: %i, the next ends it", (KILL_AT) => {
    const before = host.state();
    host.apply(next);
    host.helper("down", "", { KILL_AT: String(KILL_AT) });
    expect(host.helper("down").status).toBe(0);
    expect(host.state()).toEqual(before);
  });
});

describe("restore", () => {
  test("is quiet when all is as pinned, and makes the service on the LAN anew when it is not", () => {
    host.apply();
    host.docker();
    expect(host.helper("restore")).toEqual({ ...ready, stderr: "" });
    expect(host.docker()).toHaveLength(2);
    host.write("docker/row/c1", host.read("docker/row/c1").replace("lan,192.168.76.80,02:42:c0:a8:4c:50", ""));
    expect(host.helper("restore")).toMatchObject(ready);
    expect(host.read("docker/ups").trim().split("\n").at(-1)).toContain("--force-recreate --no-deps web");
  });

  test("says when there is nothing to bring back", () => {
    expect(host.helper("restore")).toMatchObject({
      status: 1,
      stderr: "web: there is no such appliance on this host: apply it\n",
    });
  });
});

describe("down", () => {
  test("removes everything, images that were pulled for it too, and is content to find nothing", () => {
    const before = host.state();
    host.apply({ image: "example.com/good:3", secrets: { TOKEN: "x" } });
    expect(host.helper("down")).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(host.state()).toEqual(before);
    expect(host.helper("down")).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  test.each([
    ["0", false],
    ["1", true],
  ])("DELETE_VOLUMES=%s", (DELETE_VOLUMES, gone) => {
    host.apply({ conf: { DELETE_VOLUMES } });
    host.helper("down");
    expect("docker/volumes-gone" in host.tree()).toBe(gone);
  });

  test("finds its containers by label when its files are gone", () => {
    host.apply();
    host.sh('rm -r "$MACVLAN_ROOT/etc/macvlan/appliances/web"');
    host.docker();
    expect(host.helper("down").status).toBe(0);
    expect(host.docker().filter((call) => / (stop|rm) /.test(call))).toEqual(["docker stop c1", "docker rm -f c1"]);
    expect(host.sh('ls "$MACVLAN_ROOT/docker/all"').stdout).toBe("");
  });

  test("fails and keeps its files while Docker does not answer", () => {
    host.apply();
    host.write("docker/stopped", "");
    const run = host.helper("down");
    expect(run.status).toBe(1);
    expect(run.stderr).toContain("Docker does not answer: start it (systemctl start docker). Cannot connect");
    expect(applied()).toBeDefined();
  });
});

test("secrets are in no argument, in no message and in no file but their own", () => {
  const version = { image: "crash:1", secrets: { TOKEN: "correct-horse", PIN: "battery\nstaple-9" } };
  const run = host.apply(version, { TOKEN_FOR_LOGS: "correct-horse and staple-9" });
  expect(run.stderr).toContain("token [secret] and [secret]");
  host.apply({ ...version, image: "good:1" });
  const files = Object.entries(host.tree()).filter(([, text]) => /correct-horse|staple-9/.test(text));
  expect(files.map(([path]) => path)).toEqual(["etc/macvlan/appliances/web/secrets.sh"]);
  expect(host.calls().join("\n")).not.toMatch(/correct-horse|staple-9/);
});
