import { ZombieFact } from "../../observe";
import { DoctorRule, Said, Weight } from "../finding";
import { LanNetwork, Setup } from "../setup";
import { bringBack, dockerIs, dockerVersion, recreate, restartDocker, several } from "../words";

/** From here on several networks may share a parent, so that a forgotten record of one hardly matters (moby 528ffa9cae). */
const SHARED_PARENTS = "27.0.1";

/**
 * The three states of a ghost. First: dockerd started without the parent, lists the network and cannot use it. Second: somebody
 * removed such a network, and the driver's record of it stayed. Third: the network was made again, and containers still ask for
 * the one that was removed. The order of the cure matters: the parent, then dockerd, and no `network rm` before.
 */
export const ghostRules: readonly DoctorRule<Setup>[] = [
  {
    id: "ghost-parent-missing",
    severity: Weight.Problem,
    find: (setup) =>
      setup.networks
        .filter((network) => network.ghost && isMissing(network, setup))
        .map((network) => ({
          where: `network ${network.name}`,
          means: `${network.name} is a ghost: its parent ${network.parent} was missing when Docker started, so Docker lists the network and no container can start on it; the parent alone, made now, does not change that.`,
          remedy: `in this order: (1) ${bringBack(network, setup)}; (2) ${restartDocker(setup.facts)}; ${afterwards(network)}`,
        })),
  },
  {
    id: "ghost",
    severity: Weight.Problem,
    find: (setup) =>
      setup.networks
        .filter((network) => network.ghost && !isMissing(network, setup) && claimantOf(network, setup) === undefined)
        .map((network) => ({
          where: `network ${network.name}`,
          means: `${network.name} is a ghost: its parent ${network.parent} is there now but was missing when Docker started, so Docker lists the network and no container can start on it until Docker is started again.`,
          remedy: `${restartDocker(setup.facts)}; ${afterwards(network)}`,
        })),
  },
  {
    id: "zombie-claims-parent",
    severity: Weight.Problem,
    find: (setup) =>
      setup.networks.flatMap((network) => {
        const zombie = network.ghost && !isMissing(network, setup) ? claimantOf(network, setup) : undefined;
        return zombie === undefined ? [] : [claimed(network, zombie, setup)];
      }),
  },
  {
    id: "zombie",
    severity: Weight.Risk,
    find: (setup) =>
      zombies(setup)
        .filter((zombie) => !setup.networks.some((network) => network.ghost && claimantOf(network, setup) === zombie))
        .map((zombie) => ({
          where: `removed network ${short(zombie)}`,
          means: `A network was removed while it was a ghost, and Docker's macvlan driver kept its record: from the next start of Docker on it claims ${parentOf(zombie)}, and a network made there fails with "network dm-${short(zombie)} is already using parent interface" or becomes a ghost itself.`,
          remedy: cure(zombie, setup),
        })),
  },
  {
    id: "zombie-harmless",
    severity: Weight.Note,
    find: (setup) =>
      dockerIs(setup.facts, SHARED_PARENTS)
        ? setup.facts.zombies.map((zombie) => ({
            where: `removed network ${short(zombie)}`,
            means: `A network was removed while it was a ghost, and Docker's macvlan driver kept its record; from Docker ${SHARED_PARENTS} on, where networks may share a parent, that hinders only networks in mode passthru.`,
            remedy: "",
          }))
        : [],
  },
  {
    id: "dead-network",
    severity: Weight.Problem,
    find: ({ facts }) => {
      const known = new Set(facts.networks.map(({ id }) => id));
      if (known.size === 0) return [];
      return facts.containers.flatMap((container) =>
        Object.entries(container.networks)
          .filter(([, { NetworkID }]) => NetworkID !== "" && !known.has(NetworkID))
          .map(([name, { NetworkID, IPAMConfig, MacAddress }]) => ({
            where: `container ${container.name}`,
            means: `${container.name} asks for the network ${name} by the id ${NetworkID.slice(0, 12)}, which was removed${facts.networks.some((network) => network.name === name) ? "; the present one of that name has another id" : ""}: it cannot start any more.`,
            remedy: recreate(
              { container, ip: IPAMConfig?.IPv4Address, ...(MacAddress === "" ? {} : { mac: MacAddress }) },
              name,
            ),
          })),
      );
    },
  },
  {
    id: "parent-missing",
    severity: Weight.Problem,
    find: (setup) =>
      setup.networks
        .filter((network) => !network.ghost && isMissing(network, setup))
        .map((network) => ({
          where: `network ${network.name}`,
          means: `The parent ${network.parent} of ${network.name} is gone: no container can start there, those that run may have lost eth0, and the next start of Docker makes the network a ghost.`,
          remedy: `before Docker is restarted: ${bringBack(network, setup)}${starts(network)}`,
        })),
  },
];

/** A VLAN `base.N` that is missing is made by Docker itself. */
function isMissing({ parent, parentLink }: LanNetwork, { facts }: Setup): boolean {
  if (parent === undefined || parentLink !== undefined || facts.links.length === 0) return false;
  const base = /^([^.]+)\.\d+$/.exec(parent)?.[1];
  return base === undefined || !facts.links.some(({ ifname }) => ifname === base);
}

function zombies({ facts }: Setup): readonly ZombieFact[] {
  return dockerVersion(facts) === undefined || dockerIs(facts, SHARED_PARENTS) ? [] : facts.zombies;
}

/** The record that took the parent from a network when dockerd started. */
function claimantOf({ parent }: LanNetwork, setup: Setup): ZombieFact | undefined {
  return zombies(setup).find((zombie) => zombie.parent === undefined || zombie.parent === parent);
}

function claimed(network: LanNetwork, zombie: ZombieFact, setup: Setup): Said {
  return {
    where: `network ${network.name}`,
    means: `${network.name} is a ghost at every start of Docker: a network that was removed while it was a ghost left a record (${short(zombie)}) in Docker's macvlan driver, which is read first and claims ${parentOf(zombie)}.`,
    remedy: cure(zombie, setup),
  };
}

/** The least destructive first, each with what it stops. */
function cure(zombie: ZombieFact, { facts, networks }: Setup): string {
  const there = networks.filter(({ parent }) => parent !== undefined && parent === zombie.parent);
  const members = [...new Set(there.flatMap((network) => network.members.map(({ name }) => name)))];
  const parent = zombie.parent ?? "PARENT";
  const running = facts.containers.filter(({ status }) => status === "running").map(({ name }) => name);
  const stops = running.length === 0 ? "" : ` (it stops ${several(running)})`;
  return [
    `least destructive first: (1) Docker ${SHARED_PARENTS} or later lets networks share a parent: upgrade it${stops}`,
    `(2) give the parent a second name and make the network on that: ip link property add dev ${parent} altname ${parent}x; docker network create -d macvlan -o parent=${parent}x … (at boot too)${members.length === 0 ? "" : `; containers to make anew: ${members.join(", ")}`}`,
    `(3) last: systemctl stop docker docker.socket; mv /var/lib/docker/network/files/local-kv.db /root/; systemctl start docker: every network made by somebody is lost, and every container on one has to be made anew${stops}`,
  ].join("; ");
}

function afterwards(network: LanNetwork): string {
  return `never docker network rm ${network.name} before: its record would stay in the driver and claim ${network.parent}${starts(network)}`;
}

/** A restart policy brings the others back. */
function starts({ members }: LanNetwork): string {
  const idle = members.filter(({ running, container }) => !running && ["", "no"].includes(container.restart));
  return idle.length === 0 ? "" : `; then: docker start ${idle.map(({ name }) => name).join(" ")}`;
}

function short({ id }: ZombieFact): string {
  return id.slice(0, 12);
}

function parentOf({ parent }: ZombieFact): string {
  return parent === undefined ? "its parent" : `the parent ${parent}`;
}
