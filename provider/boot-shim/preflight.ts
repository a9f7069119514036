import { HostFacts, Rule, Severity } from "../observe";
import { Problem } from "../errors";

const SSH = ["ssh", "destination"];
const INSTALL = "install Docker Engine as a system service (Debian: apt install docker.io docker-compose)";

/** What the scripts on the host are made of; all of it is in any Debian with Docker. */
const TOOLS =
  "awk cmp flock ip journalctl modprobe mktemp sed sha256sum sort stat systemctl timeout tsort udevadm".split(" ");

function problem(message: string, remedy: string): Problem[] {
  return [{ path: SSH, message, remedy }];
}

function dockerKind(facts: HostFacts): string | undefined {
  const { docker } = facts;
  const snap = facts.units.get("snap.docker.dockerd.service")?.loadState === "loaded";
  if (snap || docker?.path.startsWith("/snap/")) return "Docker from the snap store";
  if (/podman/i.test([docker?.path, docker?.refusal, ...(docker?.server?.components ?? [])].join(" "))) return "Podman";
  if (docker?.info?.security.some((option) => option.includes("rootless"))) return "rootless Docker";
  if (docker?.info?.os === "Docker Desktop") return "Docker Desktop";
  return undefined;
}

export const bootShimRules: readonly Rule<unknown>[] = [
  {
    id: "account-rights",
    severity: Severity.Refuse,
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
    find: ({ systemd }) =>
      systemd === undefined
        ? problem(
            "the host was not started by systemd, which brings the parent up before Docker",
            "use a host with systemd",
          )
        : [],
  },
  {
    id: "docker-missing",
    severity: Severity.Refuse,
    find: ({ docker }) => (docker === undefined ? problem("there is no Docker on the host", INSTALL) : []),
  },
  {
    id: "docker-kind",
    severity: Severity.Refuse,
    find: (facts) => {
      const kind = dockerKind(facts);
      return kind === undefined
        ? []
        : problem(`the host has ${kind}, which offers no macvlan on the host's NIC`, INSTALL);
    },
  },
  {
    id: "docker-unit",
    severity: Severity.Refuse,
    find: (facts) => {
      if (facts.docker === undefined || facts.systemd === undefined || dockerKind(facts) !== undefined) return [];
      const state = facts.units.get("docker.service")?.loadState;
      if (state === "loaded") return [];
      if (state === "masked") return problem("docker.service is masked", "systemctl unmask docker.service");
      return problem("Docker is not run by docker.service, so nothing can be ordered before it", INSTALL);
    },
  },
  {
    id: "tools",
    severity: Severity.Refuse,
    find: ({ tools }) => {
      const missing = TOOLS.filter((tool) => !tools.includes(tool));
      if (missing.length === 0) return [];
      return problem(
        `the host lacks ${missing.join(", ")}`,
        "apt install coreutils diffutils iproute2 kmod mawk udev util-linux",
      );
    },
  },
];
