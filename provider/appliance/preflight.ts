import { Path, Problem } from "../errors";
import { answeredFault, compareVersions, ContainerFact, HostFacts, Rule, Severity } from "../observe";

/** Compose pins the MAC at create from here on (2.23 still set it on the container alone). */
const MIN_COMPOSE = "2.24.0";
/** First versions with settings for one end of a network. */
const END_SETTINGS = "27.0.0";
const END_SETTINGS_COMPOSE = "2.27.1";

/** An appliance's identity, and where the specification says so. */
export interface Pin {
  /** Where the appliance stands in the specification. */
  readonly path: Path;
  readonly name: string;
  readonly ip: string;
  /** On a network with IPv6. */
  readonly ip6?: string;
  /** Absent on a network of driver ipvlan. */
  readonly mac?: string;
  /** Given where it is not what Docker does by itself. */
  readonly slaac?: boolean;
}

function at(pin: Pin, key: string, message: string, remedy: string): Problem {
  return { path: [...pin.path, key], message, remedy };
}

function each(pins: readonly Pin[], find: (pin: Pin) => Problem | undefined): Problem[] {
  return pins.flatMap((pin) => find(pin) ?? []);
}

/** Containers that are not going to be what the specification says of them: others' and those of appliances that left it. */
function foreign(facts: HostFacts, pins: readonly Pin[]): ContainerFact[] {
  return facts.containers.filter(
    (container) => !pins.some((pin) => pin.name === container.appliance || isRemade(facts, pin, container)),
  );
}

/**
 * The appliance's own container, made anew by something that knows no Compose and kept no labels: an appliance of this name was
 * applied to the host, and it has its pins. An update replaces it.
 */
function isRemade({ applianceConfs }: HostFacts, pin: Pin, container: ContainerFact): boolean {
  const conf = applianceConfs.get(pin.name);
  if (conf === undefined || container.appliance !== "" || container.project !== "") return false;
  const itsMac = macsOf(container).every((mac) => pin.mac === undefined || mac === "" || mac === pin.mac);
  return container.name === (conf["CONTAINER"] ?? pin.name) && ipsOf(container).includes(pin.ip) && itsMac;
}

function ipsOf({ networks }: ContainerFact): (string | undefined)[] {
  return Object.values(networks).flatMap(({ IPAddress, GlobalIPv6Address, IPAMConfig }) => {
    return [IPAddress, IPAMConfig?.IPv4Address, GlobalIPv6Address, IPAMConfig?.IPv6Address];
  });
}

/** The addresses of a pin, each with the field that gives it. */
function keyedAddresses({ ip, ip6 }: Pin): [key: string, address: string][] {
  return [["ip", ip], ...(ip6 === undefined ? [] : [["ip6", ip6] satisfies [string, string]])];
}

function macsOf({ networks }: ContainerFact): string[] {
  return Object.values(networks).map(({ MacAddress }) => MacAddress);
}

/** Every MAC that answers from this host itself. */
function ownMacs({ links, containers }: HostFacts): string[] {
  return [...links.map(({ address }) => address), ...containers.flatMap(macsOf)];
}

function describe({ name, appliance }: ContainerFact): string {
  return appliance === ""
    ? `the container ${name} on this host`
    : `the appliance ${appliance}, which runs on this host`;
}

function remedyFor({ name, appliance }: ContainerFact, what: string): string {
  return appliance === ""
    ? `choose another ${what}, or remove the container: docker rm -f ${name}`
    : `choose another ${what}; if this one takes its place, remove ${appliance} in an update of its own first`;
}

function composePlugin({ docker }: HostFacts) {
  return docker?.info?.cliPlugins.find(({ Name }) => Name === "compose");
}

export const pinRules: readonly Rule<readonly Pin[]>[] = [
  {
    id: "compose-version",
    severity: Severity.Refuse,
    about:
      `The Compose plugin is missing or older than ${MIN_COMPOSE}. Older ones set the MAC on the container instead of its end of the ` +
      "network, where Docker from 25.0 on looks for it.",
    find: (facts) => {
      if (facts.docker?.info === undefined) return [];
      const path = ["ssh", "destination"];
      const remedy = `install the Compose plugin ${MIN_COMPOSE} or later (Debian 13: apt install docker-compose)`;
      const compose = composePlugin(facts);
      if (compose === undefined) return [{ path, message: "Docker on the host has no Compose plugin", remedy }];
      // Not looked at where an appliance was applied with it before.
      if (compose.Version === undefined || compareVersions(compose.Version, MIN_COMPOSE) >= 0) return [];
      return [{ path, message: `Docker Compose ${compose.Version} does not pin the MAC of a container`, remedy }];
    },
  },
  {
    id: "slaac-version",
    severity: Severity.Refuse,
    about:
      "An appliance is to hear the LAN's routers (`slaac`) where Docker switches IPv6 off, or not to hear them where it has IPv6. " +
      `Docker takes the setting for that from ${END_SETTINGS} on, and the Compose plugin passes it on from ${END_SETTINGS_COMPOSE} on. Only to ` +
      "switch IPv6 on needs neither with a Docker before that.",
    find: (facts, pins) => {
      const server = facts.docker?.server;
      const compose = composePlugin(facts)?.Version;
      return each(pins, (pin) => {
        if (pin.slaac === undefined || server === undefined) return undefined;
        const way = pin.slaac ? "to have it take what a router announces" : "to keep it from what a router announces";
        const tooOld = (program: string, newer: string) =>
          at(pin, "slaac", `${program} has no way ${way}`, `leave it out, or use ${newer} or later`);
        if (compareVersions(server.version, END_SETTINGS) < 0)
          return pin.slaac ? undefined : tooOld(`Docker ${server.version}`, `Docker ${END_SETTINGS}`);
        if (compose === undefined || compareVersions(compose, END_SETTINGS_COMPOSE) >= 0) return undefined;
        return tooOld(`Docker Compose ${compose}`, `the Compose plugin ${END_SETTINGS_COMPOSE}`);
      });
    },
  },
  {
    id: "ip-of-host",
    severity: Severity.Refuse,
    about:
      "The pinned address is one of the host's own. Docker does not notice, and hands the host's address to a container.",
    find: ({ addresses }, pins) =>
      pins.flatMap((pin) =>
        keyedAddresses(pin).flatMap(([key, own]) => {
          const owner = [...addresses].find(([, list]) => list.some(({ address }) => address === own))?.[0];
          if (owner === undefined) return [];
          return [at(pin, key, `${own} is the host's own address (on ${owner})`, "choose another address")];
        }),
      ),
  },
  {
    id: "ip-of-workstation",
    severity: Severity.Refuse,
    about:
      "The pinned address is that of the machine which this run comes from. The run would cut itself off. Where the appliance has " +
      "the address already, it is the way in (a VPN, a proxy), and no finding.",
    find: (facts, pins) =>
      each(pins, (pin) => {
        const client = keyedAddresses(pin).find(([, own]) => own === facts.connection?.client);
        if (client === undefined) return undefined;
        const owner = facts.containers.find((container) => ipsOf(container).includes(client[1]));
        if (owner?.appliance === pin.name) return undefined;
        return at(pin, client[0], `${client[1]} is the address that you are connected from`, "choose another address");
      }),
  },
  {
    id: "ip-taken",
    severity: Severity.Refuse,
    about: "Another container of this host has the pinned address, or is to have it when it is started.",
    find: (facts, pins) =>
      pins.flatMap((pin) =>
        keyedAddresses(pin).flatMap(([key, own]) =>
          foreign(facts, pins)
            .filter((other) => ipsOf(other).includes(own))
            .map((other) => at(pin, key, `${own} is taken by ${describe(other)}`, remedyFor(other, "address"))),
        ),
      ),
  },
  {
    id: "ip-on-lan",
    severity: Severity.Refuse,
    overridable: true,
    about:
      "The host asked the LAN for the pinned address (ARP; of IPv6 with ND, if it has IPv6 on the NIC itself), and somebody answered with another MAC than the pinned one. Docker " +
      "asks nobody: two devices would have one address, now one of them reached and now the other. An appliance that has the " +
      "address already, on this host or another one, answers with the pinned MAC and is no finding; one on an ipvlan network answers with " +
      "the MAC of its host's NIC, and is one while it runs on another host. To pass it over is right " +
      "where the device is about to be switched off, or where a router answers for everybody (proxy ARP).",
    find: (facts, pins) =>
      pins.flatMap((pin) => {
        const ours = [pin.mac, ...ownMacs(facts)];
        return keyedAddresses(pin).flatMap(([key, own]) => {
          const fault = answeredFault(facts, own, ours);
          return fault === undefined ? [] : [at(pin, key, fault.message, fault.remedy)];
        });
      }),
  },
  {
    id: "mac-taken",
    severity: Severity.Refuse,
    about:
      "An interface of the host or another container of it has the pinned MAC: the kernel brings up no second one on a NIC.",
    find: (facts, pins) =>
      each(pins, (pin) => {
        const { mac } = pin;
        if (mac === undefined) return undefined;
        const link = facts.links.find(({ address, permaddr }) => [address, permaddr].includes(mac));
        if (link)
          return at(pin, "mac", `${mac} is the MAC of the host's interface ${link.ifname}`, "choose another MAC");
        const other = foreign(facts, pins).find((container) => macsOf(container).includes(mac));
        return other && at(pin, "mac", `${mac} is taken by ${describe(other)}`, remedyFor(other, "MAC"));
      }),
  },
  {
    id: "mac-on-lan",
    severity: Severity.Refuse,
    overridable: true,
    about:
      "The host knows a device on the LAN with the pinned MAC and another address. Two devices with one MAC take each other's " +
      "packets away at the switch. The host may remember a device that is gone by now: then, and where the appliance comes from " +
      "another host with a new address, it is right to pass it over.",
    find: (facts, pins) =>
      each(pins, (pin) => {
        if (pin.mac === undefined || ownMacs(facts).includes(pin.mac)) return undefined;
        const seen = facts.neighbours.filter(({ lladdr, dst }) => lladdr === pin.mac && !dst.includes(":"));
        const [other] = seen;
        if (other === undefined || seen.some(({ dst }) => dst === pin.ip)) return undefined;
        return at(pin, "mac", `${pin.mac} is the MAC of the device ${other.dst} on the LAN`, "choose another MAC");
      }),
  },
  {
    id: "container-name-taken",
    severity: Severity.Refuse,
    about: "A container that is not this appliance has its name. Names of containers are unique on a host.",
    find: (facts, pins) =>
      each(pins, (pin) => {
        const other = facts.containers.find(({ name, appliance }) => name === pin.name && appliance !== pin.name);
        if (other === undefined || isRemade(facts, pin, other)) return undefined;
        const message = `the host has a container called ${pin.name} that is not this appliance`;
        return { path: pin.path, message, remedy: `choose another name, or remove it: docker rm -f ${other.name}` };
      }),
  },
];
