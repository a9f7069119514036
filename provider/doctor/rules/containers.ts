import { pinRules } from "../../appliance";
import { findAll, HostFacts } from "../../observe";
import { DoctorRule, fromProblem, Said, Weight } from "../finding";
import { LanNetwork, Member, Setup } from "../setup";
import { dockerIs, dockerVersion, recreate } from "../words";

/** From here on a MAC that nobody asked for is a new one at each start; before, it was derived from the address. */
const RANDOM_MACS = "28.0.0";

/** Of the rules for appliances, those that hold for any container with that address. */
const IDENTITY = ["ip-of-host", "ip-taken", "mac-taken"];

/** The containers of the LAN, and what becomes of them. */
export const containerRules: readonly DoctorRule<Setup>[] = [
  {
    id: "wiped",
    severity: Weight.Problem,
    find: ({ facts, networks }) =>
      facts.containers
        .filter(
          ({ networks: own, networkMode }) =>
            Object.keys(own).length === 0 &&
            networks.some(({ name, id }) => networkMode === name || networkMode === id),
        )
        .map((container) => ({
          where: `container ${container.name}`,
          means: `Docker has forgotten that ${container.name} belongs on ${container.networkMode}, with its address and its MAC (Docker 29 does that when a container cannot join its network): it starts without any network.`,
          remedy: recreate({ container }, container.networkMode),
        })),
  },
  {
    id: "no-eth0",
    severity: Weight.Problem,
    find: (setup) =>
      each(setup, ({ name, running, container, mac, ip }, network) => {
        const inside = setup.facts.inside.get(container.id);
        if (!running || inside === undefined) return [];
        const macs = Object.values(inside.macs);
        if (mac === undefined ? macs.length > 0 : macs.includes(mac)) return [];
        return [
          {
            where: `container ${name}`,
            means: `${name} runs without its interface on ${network.name}, although Docker still shows ${ip ?? "its address"}: the device below was removed, by a NIC that was unplugged or a link that was made anew.`,
            remedy: `docker restart ${name}`,
          },
        ];
      }),
  },
  {
    id: "not-started",
    severity: Weight.Problem,
    find: (setup) =>
      each(setup, ({ name, running, container: { error } }, network) => {
        // What a ghost or a missing parent does is said of the network.
        const known = network.ghost || (network.parent !== undefined && network.parentLink === undefined);
        if (running || known || !/network|endpoint|address|interface/i.test(error)) return [];
        return [
          {
            where: `container ${name}`,
            means: `${name} could not join its network when it was started last, and Docker does not try again by itself: ${error.trim()}`,
            remedy: `docker start ${name}`,
          },
        ];
      }),
  },
  {
    id: "identity-taken",
    severity: Weight.Problem,
    find: (setup) =>
      each(setup, (member) => {
        const { name, ip, mac, container } = member;
        if (ip === undefined || mac === undefined) return [];
        const pin = { path: [], name, ip, mac };
        return findAll(pinRules, without(setup.facts, container.id), [pin])
          .filter(({ id }) => IDENTITY.includes(id))
          .map((finding) => fromProblem(`container ${name}`, finding));
      }),
  },
  {
    id: "mac-not-pinned",
    severity: Weight.Risk,
    find: (setup) =>
      each(setup, (member, network) => {
        const version = dockerVersion(setup.facts);
        if (member.macPinned !== false || network.driver !== "macvlan" || version === undefined) return [];
        const now = member.mac === undefined ? "" : ` ${member.mac}`;
        return [
          {
            where: `container ${member.name}`,
            means: dockerIs(setup.facts, RANDOM_MACS)
              ? `The MAC${now} of ${member.name} is not pinned: Docker ${version} gives it another one at every start, and the LAN (DHCP reservations, firewall rules, licences) takes it for another machine.`
              : `The MAC${now} of ${member.name} is not pinned: Docker ${version} derives it from the address, and from Docker 28 on every start brings another one.`,
            remedy: recreate(member, network.name),
          },
        ];
      }),
  },
  {
    id: "ip-not-pinned",
    severity: Weight.Risk,
    find: (setup) =>
      each(setup, (member, network) =>
        member.ipPinned || network.subnet === undefined
          ? []
          : [
              {
                where: `container ${member.name}`,
                means: `The address${member.ip === undefined ? "" : ` ${member.ip}`} of ${member.name} is not pinned: containers without one get theirs in the order in which they happen to start, so that a restart of Docker may swap them.`,
                remedy: recreate(member, network.name),
              },
            ],
      ),
  },
  {
    id: "no-restart-policy",
    severity: Weight.Risk,
    find: (setup) =>
      each(setup, ({ name, running, container }) =>
        !running || container.appliance !== "" || !["", "no"].includes(container.restart)
          ? []
          : [
              {
                where: `container ${name}`,
                means: `${name} has no restart policy: after a reboot, or a restart of Docker, it stays stopped.`,
                remedy: `docker update --restart unless-stopped ${name}`,
              },
            ],
      ),
  },
];

function each({ networks }: Setup, say: (member: Member, network: LanNetwork) => Said[]): Said[] {
  return networks.flatMap((network) => network.members.flatMap((member) => say(member, network)));
}

/** The host without one container, so that it is not found to be in its own way. */
function without(facts: HostFacts, id: string): HostFacts {
  return { ...facts, containers: facts.containers.filter((container) => container.id !== id) };
}
