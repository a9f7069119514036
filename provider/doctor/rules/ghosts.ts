import { ZombieFact } from "../../observe";
import { DoctorRule, Said, Weight } from "../finding";
import { LanNetwork, runningNames, Setup } from "../setup";
import { bringBack, dockerIs, dockerVersion, recreate, remake, restartDocker, several } from "../words";

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
          means: `A network was removed while it was a ghost, and Docker's macvlan driver kept its record: at each start of Docker it claims ${parentOf(zombie)} before networks whose id sorts behind it, ${outlook(zombie, setup)}.`,
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
    find: ({ facts, networks, boot }) => {
      const known = new Set(facts.networks.map(({ id }) => id));
      // Of a network that is gone nobody knows any more whether it was on the LAN.
      const wasOnLan = (name: string, id: string) =>
        networks.some((network) => network.name === name) || facts.zombies.some((zombie) => zombie.id === id);
      return facts.containers.flatMap((container) =>
        Object.entries(container.networks)
          .filter(([name, { NetworkID: id }]) => id !== "" && !known.has(id) && wasOnLan(name, id))
          .map(([name, { NetworkID, IPAMConfig, MacAddress }]) => {
            const mac = MacAddress || boot.pins.get(container.id)?.[0];
            return {
              where: `container ${container.name}`,
              means: `${container.name} asks for the network ${name} by the id ${NetworkID.slice(0, 12)}, which was removed${networks.some((network) => network.name === name) ? "; the present one of that name has another id" : ""}: it cannot start any more.`,
              remedy: recreate({ container, ip: IPAMConfig?.IPv4Address, ...(mac === undefined ? {} : { mac }) }, name),
            };
          }),
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

/**
 * The record that takes the parent from a network when dockerd starts: its driver reads all records in the order of their ids, and
 * the first has it (seen with 26.1.5, both ways round).
 */
function claimantOf({ id, parent }: LanNetwork, setup: Setup): ZombieFact | undefined {
  return zombies(setup).find((zombie) => zombie.id < id && (zombie.parent === undefined || zombie.parent === parent));
}

/** What that comes to on this host. */
function outlook(zombie: ZombieFact, setup: Setup): string {
  const victims = setup.networks.filter((network) => claimantOf(network, setup) === zombie).map(({ name }) => name);
  return victims.length > 0
    ? `so that the next start makes ${several(victims)} a ghost`
    : "so that a network that is made there is one some day";
}

function claimed(network: LanNetwork, zombie: ZombieFact, setup: Setup): Said {
  return {
    where: `network ${network.name}`,
    means: `${network.name} is a ghost at every start of Docker: a network that was removed while it was a ghost left a record (${short(zombie)}) in Docker's macvlan driver, which is read first and claims ${parentOf(zombie)}.`,
    remedy: cure(zombie, setup, network),
  };
}

/**
 * The least destructive first, each with what it stops. The second was seen to hold with 26.1.5: networks are on a parent by its
 * name, so that what claims lan0 leaves lan0x alone.
 */
function cure(zombie: ZombieFact, setup: Setup, ghost?: LanNetwork): string {
  const parent = zombie.parent ?? ghost?.parent ?? "PARENT";
  const second = `${parent.slice(0, 14)}x`;
  const running = runningNames(setup.facts);
  const stops = running.length === 0 ? "" : ` (it stops ${several(running)})`;
  const made = ghost === undefined ? `make networks on ${second}` : remake(ghost, setup, { parent: second });
  return [
    `least destructive first: (1) upgrade to Docker ${SHARED_PARENTS} or later, where networks share a parent${stops}`,
    `(2) give ${parent} a second name, now and where it is made at boot, and use that: ip link property add dev ${parent} altname ${second}; ${made}`,
    `(3) lose every network that somebody made, and make all their containers anew: systemctl stop docker docker.socket${stops}; mv /var/lib/docker/network/files/local-kv.db /root/; systemctl start docker`,
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
