import { overlaps, parseCidr } from "../address";
import { Path, Problem } from "../errors";
import { compareVersions, HostFacts, NetworkFact, Rule, Severity } from "../observe";
import { equalsSpec, observedNetwork } from "./observed";
import { ResolvedNetwork } from "./spec";

/** On the Docker network, so that ours are told from those that somebody made by hand. */
export const NETWORK_LABEL = "pulumi-macvlan.managed";

const DESTINATION: Path = ["ssh", "destination"];

/** A MAC per endpoint needs API 1.44; 25.0.0 to 25.0.2 lose it at a restart (moby#47304). */
const MIN_DOCKER = "25.0.3";
const MIN_API = "1.44";
/** Before, a parent could have one network only (moby 528ffa9cae). */
const SHARED_PARENTS = "27.0.1";

function dockerProblem(message: string, remedy: string): Problem[] {
  return [{ path: DESTINATION, message, remedy }];
}

function describe(network: NetworkFact): string {
  const subnets = network.ipam.Config.flatMap(({ Subnet }) => Subnet ?? []).join(", ");
  const parent = network.options.parent;
  return `${network.driver}${subnets === "" ? "" : `, ${subnets}`}${parent === undefined ? "" : ` on ${parent}`}`;
}

export const macvlanNetworkRules: readonly Rule<ResolvedNetwork>[] = [
  {
    id: "docker-access",
    severity: Severity.Refuse,
    find: ({ docker, account }) => {
      if (docker === undefined || docker.server !== undefined) return [];
      if (/permission denied/i.test(docker.refusal ?? ""))
        return dockerProblem(
          `the account ${account.name} may not use Docker, whose connection over ssh knows no sudo`,
          `on the host: usermod -aG docker ${account.name}; then close a shared connection with: ssh -O exit`,
        );
      return dockerProblem(
        `Docker does not answer: ${docker.refusal ?? "no reason given"}`,
        "on the host: systemctl start docker; journalctl -u docker has the reason",
      );
    },
  },
  {
    id: "docker-version",
    severity: Severity.Refuse,
    find: ({ docker }) => {
      const server = docker?.server;
      if (server === undefined) return [];
      if (compareVersions(server.version, MIN_DOCKER) >= 0 && compareVersions(server.apiVersion, MIN_API) >= 0)
        return [];
      return dockerProblem(
        `Docker ${server.version} (API ${server.apiVersion}) does not keep the MAC of a container`,
        `install ${MIN_DOCKER} or later (Debian 13, or docker.com)`,
      );
    },
  },
  {
    id: "docker-macvlan",
    severity: Severity.Refuse,
    find: ({ docker }) => {
      const plugins = docker?.info?.networkPlugins ?? [];
      if (plugins.length === 0 || plugins.includes("macvlan")) return [];
      return dockerProblem("this Docker has no macvlan driver", "install Docker Engine as a system service");
    },
  },
  {
    id: "network-name-taken",
    severity: Severity.Refuse,
    find: (facts, spec) => {
      const observed = observedNetwork(facts, spec.name);
      if (observed === undefined || observed.labels[NETWORK_LABEL] === "true") return [];
      // One that somebody made to the letter as the specification asks for it is taken over.
      if (equalsSpec(observed, spec)) return [];
      return [
        {
          path: ["name"],
          message: `the host has another network called ${spec.name} (${describe(observed)}), which is not managed here`,
          remedy: `choose another name, or remove it on the host: docker network rm ${spec.name}`,
        },
      ];
    },
  },
  {
    id: "subnet-taken",
    severity: Severity.Refuse,
    find: (facts, spec) =>
      others(facts, spec)
        .filter(({ ipam }) =>
          ipam.Config.some(({ Subnet }) => {
            const cidr = parseCidr(Subnet ?? "");
            return !cidr.fault && overlaps(cidr.value, spec.cidr);
          }),
        )
        .map((other) => ({
          path: ["subnet"],
          message: `${spec.subnet} overlaps with the Docker network ${other.name} (${describe(other)})`,
          remedy: `remove it on the host: docker network rm ${other.name}`,
        })),
  },
  {
    id: "parent-taken",
    severity: Severity.Refuse,
    find: (facts, spec) => {
      const version = facts.docker?.server?.version;
      if (version === undefined || compareVersions(version, SHARED_PARENTS) >= 0) return [];
      return others(facts, spec)
        .filter(({ driver, options }) => driver === "macvlan" && options.parent === spec.parent)
        .map(({ name }) => ({
          path: ["parent"],
          message: `the Docker network ${name} is on ${spec.parent} already, and Docker ${version} allows one`,
          remedy: `remove it on the host: docker network rm ${name}; or use Docker ${SHARED_PARENTS} or later`,
        }));
    },
  },
];

/** Networks that stay beside the one of the specification. */
function others(facts: HostFacts, spec: ResolvedNetwork): NetworkFact[] {
  return facts.networks.filter(({ name }) => name !== spec.name);
}
