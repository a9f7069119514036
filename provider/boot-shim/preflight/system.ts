import { Problem } from "../../errors";
import { Rule, Severity } from "../../observe";

/** What the scripts on the host are made of; all of it is in any Debian with Docker. */
const TOOLS =
  "awk cmp flock ip journalctl modprobe mktemp nsenter sed sha256sum sort stat systemctl systemd-run timeout tsort udevadm xargs".split(
    " ",
  );

/** Connections that a `pulumi destroy`, which runs no program and so has none to share, opens at the same time. */
const CONNECTIONS = 8;

/** Files of a link, which its own stage speaks of. */
const OF_LINK = /^\/etc\/macvlan\/links\/|\/(?:82|05|50)-macvlan-/;

function problem(message: string, remedy: string): Problem[] {
  return [{ path: ["ssh", "destination"], message, remedy }];
}

export const systemRules: readonly Rule<unknown>[] = [
  {
    id: "account-rights",
    severity: Severity.Refuse,
    about:
      "The account that ssh logs in to is neither root nor has a `sudo` that asks for no password. Links, units and files in " +
      "`/etc` need root, and there is nobody to type a password in the middle of a run.",
    find: ({ account: { name, sudo } }) => {
      if (sudo === "root" || sudo === "ok") return [];
      const why = sudo === "missing" ? "and there is no sudo" : "and sudo asks it for a password";
      return problem(
        `the account ${name} is not root ${why}`,
        `log in as root, or allow it on the host: echo '${name} ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/${name}`,
      );
    },
  },
  {
    id: "systemd",
    severity: Severity.Refuse,
    about:
      "systemd is not the host's init (Unraid, Alpine, Devuan). The order parent link, Docker, appliances is an order of systemd " +
      "units; nothing else on the host would bring it about at a boot.",
    find: ({ systemd }) =>
      systemd === undefined
        ? problem(
            "the host was not started by systemd, which brings the parent up before Docker",
            "use a host with systemd, or a virtual machine with one on this host",
          )
        : [],
  },
  {
    id: "tools",
    severity: Severity.Refuse,
    about:
      "A program that the scripts on the host need is missing. All of them are part of any Debian that has Docker.",
    find: ({ tools }) => {
      const missing = TOOLS.filter((tool) => !tools.includes(tool));
      if (missing.length === 0) return [];
      return problem(
        `the host lacks ${missing.join(", ")}`,
        "apt install coreutils diffutils findutils iproute2 kmod mawk udev util-linux",
      );
    },
  },
  {
    id: "iproute2",
    severity: Severity.Refuse,
    about:
      "`ip -j -d link show` prints no JSON: `ip` is that of BusyBox, or too old. Without it nothing is known of the NICs.",
    find: ({ tools, links }) =>
      tools.includes("ip") && links.length === 0
        ? problem("ip on the host prints no JSON", "install the iproute2 of the distribution, 4.14 or later")
        : [],
  },
  {
    id: "file-not-ours",
    severity: Severity.Refuse,
    about:
      "A file stands where one of ours belongs and does not carry our mark (`# managed by pulumi-macvlan` in its first two " +
      "lines). It is somebody's: nothing overwrites it.",
    find: ({ foreign }) =>
      foreign
        .filter((path) => !OF_LINK.test(path))
        .flatMap((path) => problem(`${path} is there already and does not carry our mark`, "move it away")),
  },
  {
    id: "ssh-logins",
    severity: Severity.Warn,
    about:
      `sshd lets fewer than ${CONNECTIONS} connections log in at the same time (\`MaxStartups\`, 10:30:100 unless somebody changed ` +
      "it). An `up` shares one connection, but a `pulumi destroy` opens one per operation, and some would be refused.",
    find: ({ maxStartups }) => {
      const start = Number(maxStartups?.split(":")[0] ?? NaN);
      if (!(start < CONNECTIONS)) return [];
      return problem(
        `sshd lets ${start} connections log in at the same time (MaxStartups ${maxStartups}), and a destroy opens up to ${CONNECTIONS}`,
        "on the host: MaxStartups 10:30:100 in /etc/ssh/sshd_config, then systemctl reload ssh",
      );
    },
  },
];
