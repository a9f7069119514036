import { Path, Problem } from "../errors";
import { compareVersions, ContainerFact, HostFacts, Rule, Severity } from "../observe";

/** Compose pins the MAC at create from here on (2.23 still set it on the container alone). */
const MIN_COMPOSE = "2.24.0";

/** An appliance's identity, and where the specification says so. */
export interface Pin {
  /** Where the appliance stands in the specification. */
  readonly path: Path;
  readonly name: string;
  readonly ip: string;
  readonly mac: string;
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
  const itsMac = macsOf(container).every((mac) => mac === "" || mac === pin.mac);
  return container.name === (conf["CONTAINER"] ?? pin.name) && ipsOf(container).includes(pin.ip) && itsMac;
}

function ipsOf({ networks }: ContainerFact): (string | undefined)[] {
  return Object.values(networks).flatMap(({ IPAddress, IPAMConfig }) => [IPAddress, IPAMConfig?.IPv4Address]);
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

export const pinRules: readonly Rule<readonly Pin[]>[] = [
  {
    id: "compose-version",
    severity: Severity.Refuse,
    about:
      `The Compose plugin is missing or older than ${MIN_COMPOSE}. Older ones set the MAC on the container instead of its end of the ` +
      "network, where Docker from 25.0 on looks for it.",
    find: ({ docker }) => {
      if (docker?.info === undefined) return [];
      const path = ["ssh", "destination"];
      const remedy = `install the Compose plugin ${MIN_COMPOSE} or later (Debian 13: apt install docker-compose)`;
      const compose = docker.info.cliPlugins.find(({ Name }) => Name === "compose");
      if (compose === undefined) return [{ path, message: "Docker on the host has no Compose plugin", remedy }];
      // Not looked at where an appliance was applied with it before.
      if (compose.Version === undefined || compareVersions(compose.Version, MIN_COMPOSE) >= 0) return [];
      return [{ path, message: `Docker Compose ${compose.Version} does not pin the MAC of a container`, remedy }];
    },
  },
  {
    id: "ip-of-host",
    severity: Severity.Refuse,
    about:
      "The pinned address is one of the host's own. Docker does not notice, and hands the host's address to a container.",
    find: ({ addresses }, pins) =>
      each(pins, (pin) => {
        const owner = [...addresses].find(([, list]) => list.some(({ address }) => address === pin.ip))?.[0];
        return owner === undefined
          ? undefined
          : at(pin, "ip", `${pin.ip} is the host's own address (on ${owner})`, "choose another address");
      }),
  },
  {
    id: "ip-of-workstation",
    severity: Severity.Refuse,
    about:
      "The pinned address is that of the machine which this run comes from. The run would cut itself off. Where the appliance has " +
      "the address already, it is the way in (a VPN, a proxy), and no finding.",
    find: (facts, pins) =>
      each(pins, (pin) => {
        if (facts.connection?.client !== pin.ip) return undefined;
        const owner = facts.containers.find((container) => ipsOf(container).includes(pin.ip));
        if (owner?.appliance === pin.name) return undefined;
        return at(pin, "ip", `${pin.ip} is the address that you are connected from`, "choose another address");
      }),
  },
  {
    id: "ip-taken",
    severity: Severity.Refuse,
    about: "Another container of this host has the pinned address, or is to have it when it is started.",
    find: (facts, pins) =>
      pins.flatMap((pin) =>
        foreign(facts, pins)
          .filter((other) => ipsOf(other).includes(pin.ip))
          .map((other) => at(pin, "ip", `${pin.ip} is taken by ${describe(other)}`, remedyFor(other, "address"))),
      ),
  },
  {
    id: "ip-on-lan",
    severity: Severity.Refuse,
    overridable: true,
    about:
      "The host asked the LAN for the pinned address (ARP), and somebody answered with another MAC than the pinned one. Docker " +
      "asks nobody: two devices would have one address, now one of them reached and now the other. An appliance that has the " +
      "address already, on this host or another one, answers with the pinned MAC and is no finding. To pass it over is right " +
      "where the device is about to be switched off, or where a router answers for everybody (proxy ARP).",
    find: (facts, pins) =>
      each(pins, (pin) => {
        const own = [pin.mac, ...ownMacs(facts)];
        const others = (facts.probed.get(pin.ip) ?? []).filter((mac) => !own.includes(mac));
        if (others.length === 0) return undefined;
        const message = `${pin.ip} is in use on the LAN by the device with MAC ${others.join(" and ")}`;
        return at(pin, "ip", message, "choose another address, or give that device one");
      }),
  },
  {
    id: "mac-taken",
    severity: Severity.Refuse,
    about:
      "An interface of the host or another container of it has the pinned MAC: the kernel brings up no second one on a NIC.",
    find: (facts, pins) =>
      each(pins, (pin) => {
        const link = facts.links.find(({ address, permaddr }) => [address, permaddr].includes(pin.mac));
        if (link)
          return at(pin, "mac", `${pin.mac} is the MAC of the host's interface ${link.ifname}`, "choose another MAC");
        const other = foreign(facts, pins).find((container) => macsOf(container).includes(pin.mac));
        return other && at(pin, "mac", `${pin.mac} is taken by ${describe(other)}`, remedyFor(other, "MAC"));
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
        if (ownMacs(facts).includes(pin.mac)) return undefined;
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
