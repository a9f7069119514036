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

/** Containers that are not going to be what the specification says of them: others' and those of appliances that left it. */
function foreign(facts: HostFacts, pins: readonly Pin[]): ContainerFact[] {
  return facts.containers.filter(({ appliance }) => !pins.some(({ name }) => name === appliance));
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
    find: ({ docker }) => {
      if (docker?.info === undefined) return [];
      const path = ["ssh", "destination"];
      const remedy = `install the Compose plugin ${MIN_COMPOSE} or later (Debian 13: apt install docker-compose)`;
      const compose = docker.info.cliPlugins.find(({ Name }) => Name === "compose");
      if (compose === undefined) return [{ path, message: "Docker on the host has no Compose plugin", remedy }];
      const version = compose.Version ?? "0";
      if (compareVersions(version, MIN_COMPOSE) >= 0) return [];
      return [{ path, message: `Docker Compose ${version} does not pin the MAC of a container`, remedy }];
    },
  },
  {
    id: "ip-of-host",
    severity: Severity.Refuse,
    find: ({ addresses }, pins) =>
      pins.flatMap((pin) => {
        const owner = [...addresses].find(([, list]) => list.some(({ address }) => address === pin.ip))?.[0];
        if (owner === undefined) return [];
        return [at(pin, "ip", `${pin.ip} is the host's own address (on ${owner})`, "choose another address")];
      }),
  },
  {
    id: "ip-taken",
    severity: Severity.Refuse,
    find: (facts, pins) =>
      pins.flatMap((pin) =>
        foreign(facts, pins)
          .filter(({ networks }) =>
            Object.values(networks).some(({ IPAddress, IPAMConfig }) =>
              [IPAddress, IPAMConfig?.IPv4Address].includes(pin.ip),
            ),
          )
          .map((other) => at(pin, "ip", `${pin.ip} is taken by ${describe(other)}`, remedyFor(other, "address"))),
      ),
  },
  {
    id: "mac-taken",
    severity: Severity.Refuse,
    find: (facts, pins) =>
      pins.flatMap((pin) => {
        const link = facts.links.find(({ address, permaddr }) => address === pin.mac || permaddr === pin.mac);
        const other = foreign(facts, pins).find(({ networks }) =>
          Object.values(networks).some(({ MacAddress }) => MacAddress === pin.mac),
        );
        if (link)
          return [at(pin, "mac", `${pin.mac} is the MAC of the host's interface ${link.ifname}`, "choose another MAC")];
        if (other) return [at(pin, "mac", `${pin.mac} is taken by ${describe(other)}`, remedyFor(other, "MAC"))];
        return [];
      }),
  },
  {
    id: "container-name-taken",
    severity: Severity.Refuse,
    find: ({ containers }, pins) =>
      pins.flatMap((pin) => {
        const other = containers.find(({ name, appliance }) => name === pin.name && appliance !== pin.name);
        if (other === undefined) return [];
        const message = `the host has a container called ${pin.name} that is not this appliance`;
        return [{ path: pin.path, message, remedy: `choose another name, or remove it: docker rm -f ${other.name}` }];
      }),
  },
];
