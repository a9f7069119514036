import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Sandbox } from "./sandbox";

const shim = join(__dirname, "../../provider/boot-shim/host");
const installer = readFileSync(join(shim, "install.sh"), "utf8");
const frame = (path: string, mode: string, text: string) => `== ${path} ${mode}\n${text.replace(/^==/gm, "===")}`;
const files = (): Record<string, [string, string]> => ({
  ...Object.fromEntries(
    readdirSync(join(shim, "libexec")).map((name) => [
      `/usr/local/libexec/macvlan/${name}`,
      ["0755", readFileSync(join(shim, "libexec", name), "utf8")],
    ]),
  ),
  ...Object.fromEntries(
    readdirSync(join(shim, "systemd")).map((name) => [
      `/etc/systemd/system/${name}`,
      ["0644", readFileSync(join(shim, "systemd", name), "utf8")],
    ]),
  ),
  "/etc/systemd/system/docker.service.d/50-macvlan.conf": [
    "0644",
    readFileSync(join(shim, "docker/fail-open.conf"), "utf8"),
  ],
  "/etc/modules-load.d/macvlan.conf": ["0644", readFileSync(join(shim, "modules-load.conf"), "utf8")],
});
const payload = (of = files()) =>
  Object.entries(of)
    .map(([path, [mode, text]]) => frame(path, mode, text))
    .join("");

const systemctl = `case $* in
*UnitFileState*) cat "$MACVLAN_ROOT/docker-enabled" 2>/dev/null || echo enabled ;;
"-q enable docker.service") echo enabled >"$MACVLAN_ROOT/docker-enabled" ;;
*LoadState*) cat "$MACVLAN_ROOT/docker-unit" 2>/dev/null || echo loaded ;;
"-q is-enabled"*) [ -e "$MACVLAN_ROOT/enabled" ] ;;
"-q enable"*) : >"$MACVLAN_ROOT/enabled" ;;
"-q is-active"*) [ -e "$MACVLAN_ROOT/enabled" ] ;;
*disable*) rm -f "$MACVLAN_ROOT/enabled" ;;
esac`;

describe("install", () => {
  let host: Sandbox;
  beforeEach(() => {
    host = new Sandbox({
      systemctl,
      "systemd-analyze": 'case $1 in --help) echo recursive-errors ;; esac; [ ! -e "$MACVLAN_ROOT/faulty" ]',
    });
    host.sh('rm -r "$MACVLAN_ROOT/usr"');
  });
  afterEach(() => host.remove());
  // as the component sends it: the program first, then what it reads
  const install = (text = payload()) =>
    host.sh(
      'I=; while IFS= read -r l && [ "$l" != "#end of installer" ]; do I="$I$l\n"; done; eval "$I"'.replace(
        "\\n",
        "\n",
      ),
      `${installer}#end of installer\n${text}`,
    );
  const tree = () => Object.fromEntries(Object.entries(host.tree()).filter(([path]) => /^(etc|usr)/.test(path)));
  const changes = () => host.calls().filter((call) => !/ (show|-q is-)|--help/.test(call));

  test("puts everything in place with its mode; again: quiet, nothing touched", () => {
    const run = install();
    expect(run).toMatchObject({ status: 0, stdout: "" });
    expect(run.stderr.trim().split("\n")).toHaveLength(Object.keys(files()).length);
    for (const [path, [mode, text]] of Object.entries(files())) {
      expect(host.read(path)).toBe(text);
      expect(host.sh(`stat -c %a "$MACVLAN_ROOT${path}"`).stdout).toBe(`${mode.slice(1)}\n`);
    }
    expect(changes()).toContain("systemctl daemon-reload");
    expect(changes().filter((call) => call.includes("docker"))).toEqual([]);
    host.sh('rm "$MACVLAN_ROOT/calls"');
    const stamps = () => host.sh('cd "$MACVLAN_ROOT"; find etc usr -type f | sort | xargs stat -c "%n %i %Y"').stdout;
    const before = stamps();
    expect(install()).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(stamps()).toBe(before);
    expect(changes()).toEqual(["modprobe macvlan"]);
  });

  test("a Docker that would not start at a boot is enabled, once", () => {
    host.write("docker-enabled", "disabled\n");
    expect([install().status, install().status]).toEqual([0, 0]);
    expect(changes().filter((call) => call.includes("docker.service"))).toEqual(["systemctl -q enable docker.service"]);
  });

  test("a script alone needs no daemon-reload; a drop-in does", () => {
    install();
    host.sh('rm "$MACVLAN_ROOT/calls"');
    const changed = files();
    changed["/usr/local/libexec/macvlan/gate"]![1] += "# more\n";
    expect(install(payload(changed)).stderr).toBe("installed /usr/local/libexec/macvlan/gate\n");
    expect(changes()).toEqual(["modprobe macvlan"]);
    changed["/usr/local/libexec/macvlan/lib.sh"]![1] += "# more\n";
    install(payload(changed));
    expect(changes()).toContain("systemctl -q --no-block try-restart macvlan-watch@*.service");
    changed["/etc/systemd/system/docker.service.d/50-macvlan.conf"]![1] = readFileSync(
      join(shim, "docker/fail-closed.conf"),
      "utf8",
    );
    install(payload(changed));
    expect(changes()).toContain("systemctl daemon-reload");
  });

  test("what an older version left goes, if it carries our mark", () => {
    install();
    host.write("usr/local/libexec/macvlan/old", "#!/bin/sh\n# managed by pulumi-macvlan\n");
    host.write("usr/local/libexec/macvlan/theirs", "#!/bin/sh\n");
    host.write("etc/systemd/system/macvlan-old.service", "# managed by pulumi-macvlan\n[Unit]\n");
    const run = install();
    expect(run.stderr).toBe(
      "removed /usr/local/libexec/macvlan/old\nremoved /etc/systemd/system/macvlan-old.service\n",
    );
    expect(Object.keys(tree())).toContain("usr/local/libexec/macvlan/theirs");
    expect(changes()).toContain("systemctl -q disable macvlan-old.service");
  });

  test.each(["first", "second"])(
    "units that systemd does not take: everything as before the %s installation",
    (time) => {
      const changed = files();
      if (time === "second") {
        install();
        changed["/etc/systemd/system/macvlan-appliances.service"]![1] += "[Nonsense]\n";
        changed["/usr/local/libexec/macvlan/more"] = ["0755", "#!/bin/sh\n# managed by pulumi-macvlan\n"];
      }
      const before = host.tree();
      host.write("faulty", "");
      const run = install(payload(changed));
      expect(run.status).toBe(1);
      expect(run.stderr).toContain("installation failed, everything is as before");
      // systemd has read the new units, and then the old ones again
      expect(changes().filter((call) => call === "systemctl daemon-reload")).toHaveLength(time === "first" ? 2 : 3);
      host.sh('rm "$MACVLAN_ROOT/faulty"');
      expect(host.tree()).toEqual(before);
    },
  );

  test("refuses a host without docker.service or with a masked one, before touching anything", () => {
    const before = host.tree();
    host.write("docker-unit", "not-found\n");
    expect(install()).toMatchObject({ status: 1 });
    expect(install().stderr).toContain("this host has no docker.service: install Docker");
    host.write("docker-unit", "masked\n");
    expect(install().stderr).toContain("systemctl unmask docker.service");
    host.sh(
      'rm "$MACVLAN_ROOT/docker-unit"; [ ! -d "$MACVLAN_ROOT/var/lib/macvlan" ] || touch "$MACVLAN_ROOT/etc/touched"',
    );
    expect(host.tree()).toEqual(before);
  });

  test("refuses a host without systemd", () => {
    host.sh('rm -r "$MACVLAN_ROOT/run/systemd"');
    expect(install().stderr).toContain("not booted with systemd");
  });

  test.each([...Object.keys(files())])("refuses to replace a %s that is not ours, and to remove it", (path) => {
    host.write(path, "#!/bin/sh\n# somebody's\n");
    const before = tree();
    expect(install()).toMatchObject({
      status: 1,
      stderr: `there already and not ours, move it away first: ${host.root}${path} \n`,
    });
    expect(tree()).toEqual(before);
    host.sh(`rm "$MACVLAN_ROOT${path}"`);
    install();
    host.write(path, "#!/bin/sh\n# somebody's\n");
    if (!/lib\.sh|uninstall|macvlan-host/.test(path))
      host.sh('"$MACVLAN_ROOT/usr/local/libexec/macvlan/macvlan-host" uninstall');
    expect(host.read(path)).toBe("#!/bin/sh\n# somebody's\n");
  });

  describe("repairs", () => {
    const unit = "etc/systemd/system/macvlan-appliances.service";
    const dropIn = "etc/systemd/system/docker.service.d/50-macvlan.conf";
    const script = "usr/local/libexec/macvlan/gate";
    test.each<[string, string, string | undefined]>([
      ["an edited script", `echo "# more" >>${script}`, "daemon-reload is not needed"],
      ["a wrong mode", `chmod 777 ${script}`, "daemon-reload is not needed"],
      ["a wrong owner", `chown 1000:1000 ${script}`, "daemon-reload is not needed"],
      [
        "a script that is a link",
        `mv ${script} aside; ln -s ../../../../aside ${script}`,
        "daemon-reload is not needed",
      ],
      ["a removed script", `rm ${script}`, "daemon-reload is not needed"],
      ["a masked unit", `rm ${unit} enabled; ln -s /dev/null ${unit}`, undefined],
      ["a masked drop-in", `ln -sf /dev/null ${dropIn}`, undefined],
      ["an edited drop-in", `sed -i 's/^Wants=.*//' ${dropIn}`, undefined],
      ["an edited unit", `echo "[Nonsense]" >>${unit}`, undefined],
      ["a disabled unit", "rm enabled", "daemon-reload is not needed"],
      ["a folder that others may write to", "chmod 777 usr/local/libexec/macvlan", "daemon-reload is not needed"],
    ])("%s", (_, damage, reload) => {
      install();
      const state = () =>
        host.sh(
          'cd "$MACVLAN_ROOT"; ls enabled; find etc usr -exec stat -c "%A %u:%g %N" {} + | sort; find etc usr -type f | sort | xargs sha256sum',
        ).stdout;
      const before = state();
      host.sh(`cd "$MACVLAN_ROOT"; rm calls; ${damage}`);
      expect(state()).not.toBe(before);
      expect(install().status).toBe(0);
      expect(state()).toBe(before);
      expect(changes().includes("systemctl daemon-reload")).toBe(reload === undefined);
      expect(changes().filter((call) => /docker/.test(call))).toEqual([]);
    });
  });

  test("has systemd read again what it goes on with from before", () => {
    install();
    host.stub("systemctl", `case $* in *NeedDaemonReload*) echo NeedDaemonReload=yes ;; esac\n${systemctl}`);
    host.sh('rm "$MACVLAN_ROOT/calls"');
    expect(install().status).toBe(0);
    expect(changes()).toEqual(["systemctl daemon-reload", "modprobe macvlan"]);
  });

  test.each([
    ["nothing", ""],
    ["text before the first frame", `x\n${payload()}`],
    ["a path outside our folders", frame("/root/x", "0644", "# managed by pulumi-macvlan\n")],
    ["a path that climbs", frame("/etc/../root/x", "0644", "# managed by pulumi-macvlan\n")],
    ["a file twice", payload() + frame("/etc/modules-load.d/macvlan.conf", "0644", "# managed by pulumi-macvlan\n")],
    ["a file without our mark", frame("/etc/x", "0644", "x\n")],
    [
      "a script that is cut off",
      frame("/usr/local/libexec/macvlan/x", "0755", "#!/bin/sh\n# managed by pulumi-macvlan\nif true\n"),
    ],
  ])("refuses a payload with %s", (_, text) => {
    const before = tree();
    expect(install(text).status).toBe(2);
    expect(tree()).toEqual(before);
  });

  test("uninstall leaves the host as it was, put off until the last of ours is gone, unless it is installed again", () => {
    const listing = () => host.sh('cd "$MACVLAN_ROOT"; find etc usr var | sort').stdout;
    const before = listing();
    install();
    host.write("etc/macvlan/links/lan0.conf", "# managed by pulumi-macvlan\n");
    const helper = (what: string) => host.sh(`"$MACVLAN_ROOT/usr/local/libexec/macvlan/macvlan-host" ${what}`);
    const putOff = "in use by: lan0 - goes with the last of them\n";
    expect(helper("uninstall")).toMatchObject({ status: 0, stderr: putOff });
    expect(helper("uninstall")).toMatchObject({ status: 0, stderr: "" });
    install();
    const link = '#!/bin/sh\n# managed by pulumi-macvlan\nrm "$MACVLAN_ROOT/etc/macvlan/links/$2.conf"\n';
    host.write("usr/local/libexec/macvlan/link", link);
    host.sh('chmod +x "$MACVLAN_ROOT/usr/local/libexec/macvlan/link"');
    expect(helper("link remove lan0")).toMatchObject({ status: 0, stderr: "" });
    host.write("etc/macvlan/links/lan0.conf", "# managed by pulumi-macvlan\n");
    expect(helper("uninstall")).toMatchObject({ status: 0, stderr: putOff });
    expect(helper("link remove lan0")).toMatchObject({ status: 0, stderr: "removed from this host\n" });
    expect(listing()).toBe(before);
    expect(host.sh('ls "$MACVLAN_ROOT/run"').stdout).not.toContain("macvlan");
  });
});
