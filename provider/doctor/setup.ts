import { defaultMac } from "../address";
import { ContainerFact, HostFacts, LinkFact, NetworkFact, UnitFact } from "../observe";
import { BootFacts, Sight } from "./look";

/** The MACVLAN set-up of a host, whoever made it. */
export interface Setup {
  readonly facts: HostFacts;
  readonly boot: BootFacts;
  /** Links made by software that are on a device of the LAN: macvlan, ipvlan, VLAN. */
  readonly links: readonly HostLink[];
  /** Docker networks that put containers on the LAN. */
  readonly networks: readonly LanNetwork[];
}

export interface HostLink {
  readonly name: string;
  /** The device that it is on. */
  readonly on: string;
  readonly kind: string;
  readonly mode: string;
  readonly mac: string;
  readonly up: boolean;
  /** Whether this project made it. */
  readonly ours: boolean;
  /** IPv4 addresses with their prefix. */
  readonly addresses: readonly string[];
  readonly makers: readonly Maker[];
  /** Docker networks whose parent it is. */
  readonly parentOf: readonly string[];
}

/** What makes a link at boot. */
export interface Maker {
  /** The file that says so. */
  readonly path: string;
  readonly kind: "unit" | "networkd" | "NetworkManager" | "ifupdown" | "script" | "docker drop-in";
  /** The unit that runs it, for units. */
  readonly unit?: string;
  readonly fact?: UnitFact;
}

export interface LanNetwork {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly parent?: string;
  /** The parent as the host has it now, also under another name of its. */
  readonly parentLink?: LinkFact;
  /** The device that its containers are really on: the kernel puts a macvlan of a macvlan on the lower device. */
  readonly lower?: string;
  readonly subnet?: string;
  readonly gateway?: string;
  readonly ipRange?: string;
  readonly auxAddresses: readonly string[];
  readonly ghost: boolean;
  readonly fact: NetworkFact;
  /** Whoever makes the parent if the host does not have it. */
  readonly makers: readonly Maker[];
  readonly members: readonly Member[];
}

/** A container on a network of the LAN. */
export interface Member {
  readonly container: ContainerFact;
  readonly name: string;
  readonly running: boolean;
  /** The address that it has, or that it asks for. */
  readonly ip?: string;
  readonly ipPinned: boolean;
  readonly mac?: string;
  /** Undefined where that cannot be told. */
  readonly macPinned?: boolean;
}

/** Whether a link is one that takes care of itself: Docker's own, or one of our parents. */
const OUR_ALIAS = "pulumi-macvlan";

export function survey({ facts, boot }: Sight): Setup {
  const networks = facts.networks
    .filter(({ driver }) => driver === "macvlan" || driver === "ipvlan")
    .map((fact) => lanNetwork(fact, facts, boot));
  const links = facts.links
    .filter((link) => link.link !== undefined && ["macvlan", "macvtap", "ipvlan", "vlan"].includes(kindOf(link)))
    .map((link): HostLink => ({
      name: link.ifname,
      on: link.link!,
      kind: kindOf(link),
      mode: link.linkinfo?.info_data?.mode ?? "",
      mac: link.address,
      up: link.flags.includes("UP"),
      ours: facts.linkConfs.has(link.ifname) || link.ifalias === OUR_ALIAS,
      addresses: ipv4Of(facts, link.ifname).map(({ address, prefix }) => `${address}/${prefix}`),
      makers: makersOf(link.ifname, boot),
      parentOf: networks.filter(({ parentLink }) => parentLink === link).map(({ name }) => name),
    }));
  return { facts, boot, links, networks };
}

function lanNetwork(fact: NetworkFact, facts: HostFacts, boot: BootFacts): LanNetwork {
  const parent = fact.options.parent || undefined;
  const parentLink = parent === undefined ? undefined : findLink(facts, parent);
  const [config] = fact.ipam.Config;
  return {
    id: fact.id,
    name: fact.name,
    driver: fact.driver,
    ...(parent === undefined ? {} : { parent }),
    ...(parentLink === undefined ? {} : { parentLink, lower: lowerOf(parentLink) }),
    ...(config?.Subnet ? { subnet: config.Subnet } : {}),
    ...(config?.Gateway ? { gateway: config.Gateway } : {}),
    ...(config?.IPRange ? { ipRange: config.IPRange } : {}),
    auxAddresses: Object.values(config?.AuxiliaryAddresses ?? {}),
    ghost: isGhost(fact, facts),
    fact,
    makers: parent === undefined ? [] : makersOf(parent, boot),
    members: facts.containers.flatMap((container) => memberOf(container, fact, facts, boot) ?? []),
  };
}

function memberOf(
  container: ContainerFact,
  network: NetworkFact,
  facts: HostFacts,
  boot: BootFacts,
): Member | undefined {
  const endpoint = Object.entries(container.networks).find(
    ([key, { NetworkID }]) =>
      NetworkID === network.id || (NetworkID === "" && [network.name, network.id].includes(key)),
  )?.[1];
  if (endpoint === undefined) return undefined;
  const ip = endpoint.IPAddress || endpoint.IPAMConfig?.IPv4Address || undefined;
  const asked = boot.pins.get(container.id);
  const mac = endpoint.MacAddress || asked?.[0] || undefined;
  return {
    container,
    name: container.name,
    running: container.status === "running",
    ...(ip === undefined ? {} : { ip }),
    ipPinned: Boolean(endpoint.IPAMConfig?.IPv4Address),
    ...(mac === undefined ? {} : { mac }),
    ...macPinned(asked, mac, ip, facts),
  };
}

/** Docker up to 27 derives a MAC that nobody asked for from the address; another one there was asked for. */
function macPinned(
  asked: readonly string[] | undefined,
  mac: string | undefined,
  ip: string | undefined,
  facts: HostFacts,
): Pick<Member, "macPinned"> {
  if (asked !== undefined) return { macPinned: asked.length > 0 };
  const major = Number(/^\d+/.exec(facts.docker?.server?.version ?? facts.docker?.info?.serverVersion ?? "")?.[0]);
  if (mac === undefined || ip === undefined || !(major < 28)) return {};
  return mac === defaultMac(ip) ? {} : { macPinned: true };
}

/**
 * dockerd says in its journal which networks it could not restore. Whoever may not read that sees it by the error of a container,
 * which stays after the cure until that container is started.
 */
function isGhost({ id }: NetworkFact, facts: HostFacts): boolean {
  if (facts.ghosts.includes(id)) return true;
  const readsJournal = ["root", "ok"].includes(facts.account.sudo);
  return (
    !readsJournal && facts.containers.some(({ error }) => new RegExp(`network id "?${id}"? not found`).test(error))
  );
}

/** Who makes a link of that name at boot. */
export function makersOf(name: string, boot: BootFacts): Maker[] {
  const word = new RegExp(`(^|[^\\w.-])${name.replace(/[.+]/g, "\\$&")}($|[^\\w.-])`);
  return [...boot.makers].flatMap(([path, lines]): Maker[] => {
    if (!lines.some((line) => word.test(line))) return [];
    const runners = boot.runners.get(path) ?? [];
    if (runners.length > 0) return runners.map((runner) => maker(runner, boot));
    return [maker(path, boot)];
  });
}

function maker(path: string, boot: BootFacts): Maker {
  if (/\/docker\.service\.d\/[^/]+\.conf$/.test(path)) return { path, kind: "docker drop-in" };
  if (path.endsWith(".service")) {
    const unit = path.slice(path.lastIndexOf("/") + 1);
    const fact = boot.units.get(unit);
    return { path, kind: "unit", unit, ...(fact ? { fact } : {}) };
  }
  if (/\.(netdev|network)$/.test(path)) return { path, kind: "networkd" };
  if (path.endsWith(".nmconnection")) return { path, kind: "NetworkManager" };
  if (path.startsWith("/etc/network/")) return { path, kind: "ifupdown" };
  return { path, kind: "script" };
}

export function findLink(facts: HostFacts, name: string): LinkFact | undefined {
  return facts.links.find(({ ifname, altnames }) => ifname === name || altnames.includes(name));
}

export function kindOf(link: LinkFact): string {
  return link.linkinfo?.info_kind ?? "";
}

/** The device that carries a macvlan or ipvlan; the device itself if it is neither. */
export function lowerOf(link: LinkFact): string {
  return ["macvlan", "ipvlan"].includes(kindOf(link)) ? (link.link ?? link.ifname) : link.ifname;
}

export function ipv4Of(facts: HostFacts, name: string): { address: string; prefix: number }[] {
  return (facts.addresses.get(name) ?? []).filter(({ family }) => family === "inet");
}

/** Names of everything that runs on the host: what a restart of dockerd stops. */
export function runningNames(facts: HostFacts): string[] {
  return facts.containers.filter(({ status }) => status === "running").map(({ name }) => name);
}
