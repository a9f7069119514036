import { Problem } from "../../errors";
import { compareVersions, Rule, Severity } from "../../observe";

/** A MAC per endpoint needs API 1.44; 25.0.0 to 25.0.2 lose it at a restart (moby#47304). */
const MIN_DOCKER = "25.0.3";
const MIN_API = "1.44";

function problem(message: string, remedy: string): Problem[] {
  return [{ path: ["ssh", "destination"], message, remedy }];
}

export const dockerRules: readonly Rule<unknown>[] = [
  {
    id: "docker-access",
    severity: Severity.Refuse,
    about:
      "The account that ssh logs in to gets no answer from Docker. The network is made through Docker's own connection over ssh, " +
      "which knows no `sudo`: the account has to be root or in the group `docker` (which is as good as root).",
    find: ({ docker, account, units }) => {
      if (docker === undefined || docker.server !== undefined) return [];
      if (/permission denied/i.test(docker.refusal ?? ""))
        return problem(
          `the account ${account.name} may not use Docker, whose connection over ssh knows no sudo`,
          `on the host: usermod -aG docker ${account.name}; then close a shared connection with: ssh -O exit`,
        );
      const disabled = units.get("docker.service")?.properties.UnitFileState === "disabled";
      return problem(
        `Docker does not answer: ${docker.refusal ?? "no reason given"}`,
        disabled
          ? "docker.service is disabled; on the host: systemctl enable --now docker"
          : "on the host: systemctl start docker; journalctl -u docker has the reason",
      );
    },
  },
  {
    id: "docker-version",
    severity: Severity.Refuse,
    about:
      `Docker is older than ${MIN_DOCKER}. Before 25.0 (API ${MIN_API}) it has no MAC for each end of a network, and 25.0.0 to ` +
      "25.0.2 lose it when a container is started again: a reservation in the router is for a MAC that is gone.",
    find: ({ docker }) => {
      const server = docker?.server;
      if (server === undefined) return [];
      if (compareVersions(server.version, MIN_DOCKER) >= 0 && compareVersions(server.apiVersion, MIN_API) >= 0)
        return [];
      return problem(
        `Docker ${server.version} (API ${server.apiVersion}) does not keep the MAC of a container`,
        `install ${MIN_DOCKER} or later (Debian 13, or docker.com)`,
      );
    },
  },
  {
    id: "docker-28-0",
    severity: Severity.Warn,
    about:
      "Docker is 28.0.0 or 28.0.1. The first restarts a container whose network cannot be set up again and again, without a pause; " +
      "both fail to start one while the NIC has no carrier (moby#49593). 28.0.2 has both put right.",
    find: ({ docker }) => {
      const version = docker?.server?.version ?? "0";
      if (compareVersions(version, "28.0.0") < 0 || compareVersions(version, "28.0.2") >= 0) return [];
      return problem(
        `Docker ${version} does not start containers while their NIC has no carrier`,
        "install 28.0.2 or later",
      );
    },
  },
  {
    id: "docker-macvlan",
    severity: Severity.Refuse,
    about: "Docker names its network drivers, and macvlan is not one of them: it is no Docker Engine for Linux.",
    find: ({ docker }) => {
      const plugins = docker?.info?.networkPlugins ?? [];
      if (plugins.length === 0 || plugins.includes("macvlan")) return [];
      return problem("this Docker has no macvlan driver", "install Docker Engine as a system service");
    },
  },
];
