import { Setup, LanNetwork, Member, Maker, ipv4Of, runningNames } from "./setup";
import { contains, parseCidr, parseIpv4 } from "../address";
import { compareVersions, ContainerFact, HostFacts } from "../observe";

/** How several rules say the same thing: commands, and what they stop. */

export function dockerVersion(facts: HostFacts): string | undefined {
  return facts.docker?.server?.version ?? facts.docker?.info?.serverVersion;
}

/** Whether the host has a Docker of at least `from` and, if given, before `before`. False where the version is not known. */
export function dockerIs(facts: HostFacts, from: string, before?: string): boolean {
  const version = dockerVersion(facts);
  if (version === undefined || compareVersions(version, from) < 0) return false;
  return before === undefined || compareVersions(version, before) < 0;
}

/** `systemctl restart docker`, and whom it stops. */
export function restartDocker(facts: HostFacts): string {
  const names = runningNames(facts);
  if (names.length === 0) return "systemctl restart docker";
  const effect = facts.docker?.info?.liveRestore
    ? "live-restore is on: what runs goes on"
    : `it stops every container of this host: ${names.join(", ")}`;
  return `systemctl restart docker (${effect})`;
}

/** What makes a container anew with the identity that it has. */
export function recreate(member: Pick<Member, "container" | "ip" | "mac">, network?: string): string {
  const { container } = member;
  if (isManaged(container)) return again(member, network);
  return `docker rm -f ${container.name}; ${again(member, network)}`;
}

function again({ container, ip, mac }: Pick<Member, "container" | "ip" | "mac">, network?: string): string {
  if (container.appliance !== "") return `pulumi up for ${container.name}`;
  if (container.project !== "")
    return `in the folder of the Compose project ${container.project}: docker compose up -d --force-recreate ${container.service}`;
  const pins = [network && `--network ${network}`, ip && `--ip ${ip}`, mac && `--mac-address ${mac}`].filter(Boolean);
  return `docker run ${container.name} as before${pins.length === 0 ? "" : `, with ${pins.join(" ")}`}`;
}

/** Whether something knows how the container was made. */
function isManaged({ appliance, project }: ContainerFact): boolean {
  return appliance !== "" || project !== "";
}

/**
 * What makes a network anew as it should be: a network cannot be changed. Its containers go first and come back after. A pool of
 * the gateway alone gives out no address, so that nobody gets one who did not ask for it.
 */
export function remake(
  network: LanNetwork,
  { facts }: Setup,
  change: { [Key in keyof LanNetwork]?: LanNetwork[Key] | undefined } = {},
): string {
  const { name, driver, parent, subnet, ipRange, members, fact, ...rest } = { ...network, ...change };
  const gateway = rest.gateway ?? routerOf(network, facts);
  const range = ipRange ?? (gateway === undefined ? "ROUTER/32" : `${gateway}/32`);
  const aux = [...named(fact.ipam.Config[0]?.AuxiliaryAddresses ?? {}), ...hostAddresses(network, facts)];
  const options = Object.entries(fact.options).filter(([key]) => key === `${driver}_mode`);
  const create = [
    `docker network create -d ${driver} -o parent=${parent ?? "NIC"}`,
    ...options.map(([key, value]) => `-o ${key}=${value}`),
    `--subnet ${subnet ?? "SUBNET"} --gateway ${gateway ?? "ROUTER"} --ip-range ${range}`,
    ...aux.map(([key, address]) => `--aux-address ${key}=${address}`),
    name,
  ].join(" ");
  const names = members.map((member) => member.name);
  return [
    ...(names.length === 0 ? [] : [`docker rm -f ${names.join(" ")}`]),
    `docker network rm ${name}`,
    create,
    ...members.map((member) => again(member, name)),
  ].join("; ");
}

/** The router that the host itself uses on that LAN. */
function routerOf({ lower }: LanNetwork, { routes }: HostFacts): string | undefined {
  return routes.find(({ dst, dev }) => dst === "default" && dev === lower)?.gateway;
}

function named(addresses: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(addresses);
}

/** The host's own addresses that Docker could give out, as it knows none of them. */
export function hostAddresses(network: LanNetwork, facts: HostFacts): [string, string][] {
  const subnet = parseCidr(network.subnet ?? "");
  if (subnet.fault) return [];
  return facts.links
    .flatMap(({ ifname }) => ipv4Of(facts, ifname).map(({ address }): [string, string] => [ifname, address]))
    .filter(([, address]) => {
      const ip = parseIpv4(address);
      if (ip.fault || address === network.gateway || network.auxAddresses.includes(address)) return false;
      return contains(subnet.value, ip.value);
    });
}

/** The wired NIC that a network belongs on: the one with an address in its subnet. */
export function nicFor(network: LanNetwork, facts: HostFacts): string | undefined {
  const subnet = parseCidr(network.subnet ?? "");
  if (subnet.fault) return undefined;
  return facts.nics.find(({ name }) =>
    ipv4Of(facts, name).some(({ address }) => {
      const ip = parseIpv4(address);
      return !ip.fault && contains(subnet.value, ip.value);
    }),
  )?.name;
}

/** How the missing parent of a network comes back, now. */
export function bringBack(network: LanNetwork, { facts }: Setup): string {
  const parent = network.parent!;
  if (facts.linkConfs.has(parent)) return `systemctl restart macvlan-parent@${parent}.service`;
  const [maker] = network.makers;
  if (maker) return startMaker(maker, parent);
  const nic = nicFor(network, facts);
  if (looksLikeNic(parent))
    return nic === undefined
      ? `give the NIC that was ${parent} this name again: ip link property add dev NIC altname ${parent}`
      : `${nic} is on that LAN: if it was called ${parent} before, give it the old name too: ip link property add dev ${nic} altname ${parent}`;
  return `ip link add link ${nic ?? "NIC"} name ${parent} type macvlan mode bridge && ip link set ${parent} up`;
}

function startMaker({ kind, unit, path }: Maker, parent: string): string {
  switch (kind) {
    case "unit":
      return `systemctl restart ${unit}`;
    case "networkd":
      return `networkctl reload (${path})`;
    case "NetworkManager":
      return `nmcli connection load ${path} && nmcli connection up ifname ${parent}`;
    case "ifupdown":
      return `ifup ${parent}`;
    case "docker drop-in":
    case "script":
      return `run what ${path} runs`;
  }
}

/** A name that the kernel or udev gives to a device of the machine. */
export function looksLikeNic(name: string): boolean {
  return /^(eth|en[opsx]|wl|bond|team|br|vmbr|ovs)[\w-]*\d/.test(name);
}

/** "dns, web and ntp". */
export function several(names: readonly string[]): string {
  return names.length <= 1 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)!}`;
}
