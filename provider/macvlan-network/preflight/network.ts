import { overlaps, overlaps6, parseCidr, readCidr6 } from "../../address";
import { compareVersions, HostFacts, NetworkFact, Rule, Severity } from "../../observe";
import { differences, equalsSpec, observedNetwork } from "../observed";
import type { ResolvedNetwork } from "../resolve";

/** On the Docker network, so that ours are told from those that somebody made by hand. */
export const NETWORK_LABEL = "pulumi-macvlan.managed";

/** Before, a parent could have one network only (moby 528ffa9cae). */
const SHARED_PARENTS = "27.0.1";

function isOurs({ labels }: NetworkFact): boolean {
  return labels[NETWORK_LABEL] === "true";
}

function describe(network: NetworkFact): string {
  const subnets = network.ipam.Config.flatMap(({ Subnet }) => Subnet ?? []).join(", ");
  const { parent } = network.options;
  // Docker says nothing of an option that it does not know: `-o Parent=…`, `-o parrent=…`.
  const place =
    parent !== undefined
      ? ` on ${parent}`
      : network.driver === "macvlan" || network.driver === "ipvlan"
        ? ", made without a parent and so cut off from the LAN"
        : "";
  return `${network.driver}${subnets === "" ? "" : `, ${subnets}`}${place}`;
}

/** How to be rid of a network; one that is a ghost would leave its record in Docker's store behind. */
function removal(facts: HostFacts, network: NetworkFact): string {
  const command = `docker network rm ${network.name}`;
  if (isOurs(network)) return "a stack has it: remove it there, in an update of its own";
  if (network.name === "bridge") return 'give Docker\'s own bridge other addresses: "bip" in /etc/docker/daemon.json';
  if (!facts.ghosts.includes(network.id)) return `remove it on the host: ${command}`;
  return `remove it on the host once it is healed, for it is a ghost: its parent ${network.options.parent ?? ""} up, systemctl restart docker, ${command}`;
}

/** Networks that stay beside the one of the specification. */
function others(facts: HostFacts, spec: ResolvedNetwork): NetworkFact[] {
  return facts.networks.filter(({ name }) => name !== spec.name);
}

/** Whether a later Docker would let both networks have one parent. */
function driverIsShared({ driver }: NetworkFact, spec: ResolvedNetwork): boolean {
  return driver === "macvlan" && spec.driver === "macvlan";
}

/** The version of Docker, if it is one that lets a parent have one network alone. */
function exclusive({ docker }: HostFacts): string | undefined {
  const version = docker?.server?.version;
  return version === undefined || compareVersions(version, SHARED_PARENTS) >= 0 ? undefined : version;
}

export const networkRules: readonly Rule<ResolvedNetwork>[] = [
  {
    id: "network-name-taken",
    severity: Severity.Refuse,
    about:
      "The host has a Docker network of that name that is not ours and differs from the specification. Docker changes no network, " +
      "so that it would have to go. One that somebody made by hand exactly so is taken over.",
    find: (facts, spec) => {
      const observed = observedNetwork(facts, spec.name);
      if (observed === undefined || isOurs(observed) || equalsSpec(observed, spec)) return [];
      return [
        {
          path: ["name"],
          message: `the host has another network called ${spec.name} (${describe(observed)}), which is not managed here`,
          remedy: `choose another name, or ${removal(facts, observed)}`,
        },
      ];
    },
  },
  {
    id: "network-in-use",
    severity: Severity.Refuse,
    about:
      "The network is to be made anew, which Docker refuses while containers are on it. Appliances are taken down before and " +
      "brought back after; other containers are their owners'. Found before anything is taken down.",
    find: (facts, spec) => {
      const observed = observedNetwork(facts, spec.name);
      if (observed === undefined || !isOurs(observed)) return [];
      const changes = differences(observed, spec);
      const users = facts.containers
        .filter(({ appliance, status }) => appliance === "" && status !== "exited" && status !== "created")
        .filter(({ networks }) => Object.values(networks).some(({ NetworkID }) => NetworkID === observed.id))
        .map(({ name }) => name);
      if (changes.length === 0 || users.length === 0) return [];
      return [
        {
          path: ["name"],
          message: `the network ${spec.name} is to be made anew (${changes.join(", ")}), and there are other containers on it: ${users.join(", ")}`,
          remedy: `take them off it first: docker network disconnect ${spec.name} ${users[0]}`,
        },
      ];
    },
  },
  {
    id: "subnet-taken",
    severity: Severity.Refuse,
    about:
      "Another Docker network of the host has the subnet, or a part of it. Docker gives out each address once per network, not once " +
      "per LAN. A network that was made without a parent, or with a misspelt option, is on no LAN at all and still in the way.",
    find: (facts, spec) => {
      const { ipv6 } = spec;
      const inTheWay = (path: string, subnet: string, isIn: (other: string) => boolean) =>
        others(facts, spec)
          .filter(({ ipam }) => ipam.Config.some(({ Subnet }) => isIn(Subnet ?? "")))
          .map((other) => ({
            path: [path],
            message: `${subnet} overlaps with the Docker network ${other.name} (${describe(other)})`,
            remedy: removal(facts, other),
          }));
      const overlapping = inTheWay("subnet", spec.subnet, (other) => {
        const cidr = parseCidr(other);
        return !cidr.fault && overlaps(cidr.value, spec.cidr);
      });
      if (ipv6 === undefined) return overlapping;
      const overlapping6 = inTheWay("subnet6", ipv6.subnet, (other) => {
        const cidr = readCidr6(other);
        return cidr !== undefined && overlaps6(cidr, ipv6.cidr);
      });
      return [...overlapping, ...overlapping6];
    },
  },
  {
    id: "ipv6-off",
    severity: Severity.Refuse,
    about:
      "The network has `subnet6`, and the host's kernel was started without IPv6 (`ipv6.disable=1`). Docker would start no container on " +
      "it. Where IPv6 is only switched off on interfaces (`disable_ipv6`) nothing is in the way: a container has settings of its own.",
    find: ({ sysctls }, spec) => {
      // Of a host that was not looked at there is nothing at all.
      const off = sysctls.has("ipv4/conf/all/arp_filter") && !sysctls.has("ipv6/conf/all/disable_ipv6");
      if (spec.ipv6 === undefined || !off) return [];
      const remedy = "take ipv6.disable=1 out of the kernel's command line and restart the host, or leave subnet6 out";
      return [{ path: ["subnet6"], message: "the host's kernel has no IPv6", remedy }];
    },
  },
  {
    id: "parent-taken",
    severity: Severity.Refuse,
    about:
      `Another Docker network is on the parent link. Before ${SHARED_PARENTS} Docker allows one macvlan network for each parent, and of ` +
      "ipvlan every version does; a macvlan and an ipvlan network on one parent the kernel does not allow.",
    find: (facts, spec) => {
      const version = exclusive(facts);
      const why = ({ driver }: NetworkFact): string | undefined => {
        if (driver !== "macvlan" && driver !== "ipvlan") return undefined;
        if (driver !== spec.driver) return `a device carries macvlans or ipvlans, not both`;
        if (driver === "ipvlan") return "Docker allows one ipvlan network there";
        return version && `Docker ${version} allows one`;
      };
      return others(facts, spec)
        .filter(({ options }) => options.parent === spec.parent)
        .flatMap((other) => {
          const reason = why(other);
          if (reason === undefined) return [];
          const newer = driverIsShared(other, spec) ? `; or use Docker ${SHARED_PARENTS} or later` : "";
          return [
            {
              path: ["parent"],
              message: `the Docker network ${other.name} is on ${spec.parent} already, and ${reason}`,
              remedy: `${removal(facts, other)}${newer}`,
            },
          ];
        });
    },
  },
  {
    id: "parent-zombie",
    severity: Severity.Refuse,
    overridable: true,
    about:
      "Docker's store (`/var/lib/docker/network/files/local-kv.db`) has a network that Docker itself does not know any more: " +
      "somebody removed a ghost with `docker network rm`. At each start of dockerd its record may come first and take the parent, " +
      `and Docker before ${SHARED_PARENTS} then leaves ours out: a ghost at every boot, that no restart heals. Another name for the ` +
      "link is the mildest cure: the link, the network and the appliances on it are made anew under it, with the same MACs and " +
      `addresses; no other container stops. Docker ${SHARED_PARENTS} or later shares parents, and the record is harmless. To delete the ` +
      "store, as is often said, takes every network of the host with it.",
    find: (facts, spec) => {
      const version = exclusive(facts);
      // Each driver has records of its own.
      if (version === undefined || spec.driver !== "macvlan") return [];
      return facts.zombies
        .filter(({ parent }) => parent === spec.parent)
        .map(({ id }) => ({
          path: ["parent"],
          message: `a network that was removed as a ghost (${id.slice(0, 12)}) is still in Docker's store and takes ${spec.parent} at each start of Docker ${version}`,
          remedy: `give the link another name: the link, this network and its appliances are made anew with the same MACs and addresses, and nothing else stops; or use Docker ${SHARED_PARENTS} or later`,
        }));
    },
  },
];
