import { bootShimRules } from "../../boot-shim";
import { hostInterfaceRules, ResolvedInterface } from "../../host-interface";
import { macvlanNetworkRules } from "../../macvlan-network";
import { AnyRule, Rule } from "../../observe";
import { DoctorRule, fromProblem, Said, Weight } from "../finding";
import { Setup } from "../setup";
import { dockerIs, dockerVersion } from "../words";

/** Preflight rules that hold for any host with MACVLAN, and how much they matter where it is in use already. */
const HOST_RULES: readonly [string, Weight][] = [
  ["platform", Weight.Risk],
  ["container-host", Weight.Risk],
  ["cloud", Weight.Problem],
  ["docker-kind", Weight.Problem],
  ["docker-of-kubernetes", Weight.Risk],
  ["systemd", Weight.Note],
  ["docker-version", Weight.Risk],
];

/** Those that hold for any device that containers are on. */
const NIC_RULES: readonly [string, Weight][] = [
  ["nic-unfit", Weight.Problem],
  ["nic-wifi", Weight.Problem],
  ["nic-bond-alb", Weight.Problem],
  ["nic-bond-tlb", Weight.Risk],
  ["nic-taken", Weight.Problem],
  ["nic-carrier", Weight.Problem],
  ["hypervisor", Weight.Note],
];

const whole = (): Subject[] => [["host", undefined]];

/** As a specification would name them: for a link that is not there yet. */
const nics = ({ networks }: Setup): Subject[] =>
  [...new Set(networks.filter(({ driver }) => driver === "macvlan").flatMap(({ lower }) => lower ?? []))].map(
    (name) => [
      `NIC ${name}`,
      { name: "", nic: { name }, driver: "macvlan", mac: "", reach: "none", waitForNic: 0 } satisfies ResolvedInterface,
    ],
  );

/** What a preflight rule is asked about, and what to call it. */
type Subject = readonly [where: string, spec: unknown];

/** Docker and the machine, as far as MACVLAN needs them: nothing is said of a host that has none. */
export const hostRules: readonly DoctorRule<Setup>[] = [
  {
    id: "docker-unseen",
    severity: Weight.Risk,
    find: ({ facts: { docker, account, units } }) => {
      if (docker === undefined || docker.info !== undefined || units.get("docker.service")?.activeState !== "active")
        return [];
      return [
        {
          where: "host",
          means: `The account ${account.name} may not ask Docker, so that its networks and containers were not seen: ${docker.refusal ?? "no reason given"}`,
          remedy: `look as root or as a member of the group docker (on the host: usermod -aG docker ${account.name})`,
        },
      ];
    },
  },
  {
    id: "docker-stopped",
    severity: Weight.Problem,
    find: ({ facts: { docker, units } }) => {
      const unit = units.get("docker.service");
      if (docker === undefined || docker.info !== undefined || docker.server !== undefined) return [];
      if (unit === undefined || unit.loadState !== "loaded" || unit.activeState === "active") return [];
      return [
        {
          where: "docker.service",
          means: `Docker does not run (${unit.activeState}), so that its networks and containers were not seen.`,
          remedy: "journalctl -b -u docker has the reason; systemctl start docker",
        },
      ];
    },
  },
  ...HOST_RULES.map(([id, severity]) =>
    inUse(id, severity, [...bootShimRules, ...macvlanNetworkRules] as Rule<unknown>[], whole),
  ),
  ...NIC_RULES.map(([id, severity]) => inUse(id, severity, hostInterfaceRules as readonly Rule<unknown>[], nics)),
  {
    id: "taken-back",
    severity: Weight.Risk,
    find: ({ facts: { undone } }) =>
      [...undone].map(([link, { time, reason }]) => ({
        where: `link ${link}`,
        means: `The last change of ${link} was taken back by this host at ${time}: ${reason}. It is as it was before that change, not as its program says.`,
        remedy: "correct the change, if it cut the host off, and run it again from where the host is reached by",
      })),
  },
  {
    id: "docker-28-start",
    severity: Weight.Risk,
    find: (setup) =>
      gate(
        setup,
        ["28.0.0", "28.0.2"],
        "starts no container with IPv6 while the parent is down, and 28.0.0 restarts one that cannot join its network without a pause",
      ),
  },
  {
    id: "docker-29-wipe",
    severity: Weight.Risk,
    find: (setup) =>
      gate(
        setup,
        // moby#51758 is open; its fix, moby#52480, was in no release up to 29.7.2.
        ["29.0.0", "29.7.3"],
        "forgets address and MAC of a container that cannot join its network (parent gone, MAC taken), and starts it without any the next time",
        "after each boot compare docker inspect with what was asked for, and make anew what differs",
      ),
  },
];

/** A preflight rule on a host that uses MACVLAN; `subjects` are what it is asked about, each with its name. */
function inUse(
  id: string,
  severity: Weight,
  rules: readonly Rule<unknown>[],
  subjects: (setup: Setup) => readonly Subject[],
): DoctorRule<Setup> {
  const rule = rules.find((candidate: AnyRule) => candidate.id === id);
  if (rule === undefined) throw new RangeError(`there is no preflight rule ${id}`);
  return {
    id,
    severity,
    find: (setup) =>
      isInUse(setup)
        ? subjects(setup).flatMap(([where, subject]) =>
            rule.find(setup.facts, subject).map((problem) => fromProblem(where, problem)),
          )
        : [],
  };
}

function isInUse({ links, networks }: Setup): boolean {
  return networks.length > 0 || links.some(({ kind }) => kind === "macvlan" || kind === "ipvlan");
}

function gate(
  { facts, networks }: Setup,
  [from, before]: readonly [string, string],
  what: string,
  remedy = `install Docker ${before} or later`,
): Said[] {
  if (networks.length === 0 || !dockerIs(facts, from, before)) return [];
  return [{ where: "host", means: `Docker ${dockerVersion(facts)} ${what}.`, remedy }];
}
