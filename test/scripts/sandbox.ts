import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const provider = join(__dirname, "../../provider");

export interface Run {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Why scripts cannot be run in a network of their own here; undefined if they can. */
export function whyNoNetwork(): string | undefined {
  const probe =
    "ip link add nic0 type veth peer name sw0 && ip link add link nic0 name lan0 type macvlan mode bridge && mount -t sysfs sysfs /sys";
  const run = spawnSync("unshare", ["-n", "-m", "sh", "-c", probe], { encoding: "utf8" });
  if (run.error) return run.error.message;
  return run.status === 0 ? undefined : `no network namespace with macvlan: ${run.stderr.trim()}`;
}

/**
 * A folder that stands for a host's root, with the scripts installed in it and stubs for what only a booted host has. `stubs`
 * are POSIX sh texts by command name; each call of a stub is recorded in `calls`.
 */
export class Sandbox {
  readonly root = mkdtempSync(join(tmpdir(), "macvlan-scripts-"));
  readonly libexec = join(this.root, "usr/local/libexec/macvlan");
  private readonly bin = join(this.root, "bin");

  constructor(stubs: Record<string, string> = {}) {
    for (const folder of [
      this.libexec,
      this.bin,
      "etc/udev/rules.d",
      "var/lib",
      "etc/systemd/system",
      "run/systemd/system",
    ])
      mkdirSync(join(folder.startsWith("/") ? "/" : this.root, folder), { recursive: true });
    for (const stage of ["boot-shim", "host-interface"]) {
      const from = join(provider, stage, "host/libexec");
      for (const file of readdirSync(from)) cpSync(join(from, file), join(this.libexec, file));
    }
    for (const name of ["systemctl", "systemd-run", "udevadm", "networkctl", "journalctl", "modprobe", "docker"])
      this.stub(name, ":");
    for (const [name, body] of Object.entries(stubs)) this.stub(name, body);
  }

  stub(name: string, body: string): void {
    const path = join(this.bin, name);
    writeFileSync(path, `#!/bin/sh\nprintf '%s\\n' "${name} $*" >>"$MACVLAN_ROOT/calls"\n${body}\n`);
    chmodSync(path, 0o755);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), "utf8");
  }

  calls(): string[] {
    try {
      return this.read("calls").trim().split("\n");
    } catch {
      return [];
    }
  }

  /** Every file below the root that is not the sandbox's own, with its content. */
  tree(): Record<string, string> {
    const files = readdirSync(this.root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return Object.fromEntries(
      files
        .map((entry) => join(entry.parentPath, entry.name).slice(this.root.length + 1))
        .filter((path) => !/^(bin\/|calls$|run\/|payload)/.test(path))
        .sort()
        .map((path) => [path, this.read(path)]),
    );
  }

  /** Runs a text under dash, in this host's root alone. */
  sh(script: string, input = "", env: Record<string, string> = {}): Run {
    return this.spawn("dash", ["-c", script], input, env);
  }

  /**
   * The same in a network of its own: `nic0` and `nic1` are cables into the switch `sw`, and nic0 has 192.0.2.10/24. Several texts
   * run there one after the other only as one script: the network ends with it.
   */
  net(script: string, input = ""): Run {
    const set = [
      "mount -t sysfs sysfs /sys",
      "ip link add sw type bridge; ip link set dev sw up",
      "for n in 0 1; do ip link add nic$n type veth peer name port$n; ip link set dev port$n master sw up; done",
      "ip link set dev nic0 up; ip addr add 192.0.2.10/24 dev nic0",
      // what it says to the workstation's Command is in run/said
      'l() { "$MACVLAN_ROOT/usr/local/libexec/macvlan/macvlan-host" link "$@" >>"$MACVLAN_ROOT/run/said"; }',
      "show() { ip -d -o link show dev lan0 | sed 's/.*link.ether \\([^ ]*\\) .* macvlan mode \\([a-z]*\\) .*/\\1 \\2/'; }",
      script,
    ].join("\n");
    return this.spawn("unshare", ["-n", "-m", "dash", "-c", set], input, {});
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  private spawn(command: string, args: string[], input: string, env: Record<string, string>): Run {
    const path = `${this.bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
    const run = spawnSync(command, args, {
      input,
      encoding: "utf8",
      timeout: 50_000,
      env: {
        PATH: path,
        MACVLAN_ROOT: this.root,
        MACVLAN_UDEV: join(this.root, "run/udev"),
        MACVLAN_NETIF: join(this.root, "run/netif"),
        MACVLAN_SETTLE: "0",
        ...env,
      },
    });
    return { status: run.status, stdout: run.stdout, stderr: run.stderr };
  }
}
