import { stringify } from "yaml";
import { formatIpv4, linkNameFault, parseCidr, parseIpv4 } from "../address";
import { Fault, Problem } from "../errors";
import { InterfaceSpec, Reach } from "../host-interface";
import { networkNameFault, NetworkSpec } from "../macvlan-network";
import { Router, routerOf } from "./routers";

/** What macvlan-router was told to do, as a part of a host. */
export interface MigratedHost {
  /** Without the NIC, of which its compose file says nothing. */
  readonly interface: Omit<InterfaceSpec, "nic">;
  /** Without subnet and gateway, of which it says nothing either. */
  readonly network: Pick<NetworkSpec, "name">;
}

/** A compose file of macvlan-router in the terms of this package. */
export interface Migration {
  /** Absent if there are problems. */
  readonly host?: MigratedHost;
  /** The same as an inventory of one host; comments say what is to be filled in and what became of each variable. */
  readonly yaml?: string;
  readonly problems: Problem[];
}

/** A value of the file, as it is taken over, or why it is not. */
interface Taken<T> {
  readonly value?: T;
  /** Comments, a line each. */
  readonly notes: readonly string[];
}

/** The variables that macvlan-router knows. */
const KNOWN = [
  "MACVLAN_DOCKER_NETWORK",
  "MACVLAN_BRIDGE_IP",
  "MACVLAN_BRIDGE_INTERFACE_NAME",
  "ADDITIONAL_ROUTES",
  "INTERVAL",
  "CLEANUP_ON_EXIT",
  "TZ",
  "DEBUG",
] as const;
type Variable = (typeof KNOWN)[number];

/**
 * Reads the text of a compose file that runs macvlan-router (an image of that name, whoever built it) and says the same as
 * an inventory of one host. Values that Compose would interpolate (`${NAME:-default}`) are not resolved but told.
 */
export function migrateMacvlanRouter(compose: string): Migration {
  const { router, problems } = routerOf(compose);
  if (router === undefined) return { problems };
  const name = take(router, "MACVLAN_DOCKER_NETWORK", networkName);
  const link = take(router, "MACVLAN_BRIDGE_INTERFACE_NAME", linkName, {
    // macvlan-router calls its link after the network
    otherwise: name.value === undefined ? undefined : linkName(name.value),
  });
  const address = take(router, "MACVLAN_BRIDGE_IP", bridgeAddress);
  const routes = take(router, "ADDITIONAL_ROUTES", routesOf);
  const host: MigratedHost = {
    interface: {
      ...(link.value === undefined ? {} : { name: link.value }),
      reach: Reach.Watch,
      ...(address.value === undefined ? {} : { address: address.value }),
      ...(routes.value === undefined || routes.value.length === 0 ? {} : { routes: routes.value }),
    },
    network: name.value === undefined ? {} : { name: name.value },
  };
  return { host, yaml: render(router, host, { name, link, address, routes }), problems: [] };
}

/** A variable of the service, read by `read`; one that is not there is `otherwise`. */
function take<T>(
  { environment }: Router,
  variable: Variable,
  read: (text: string) => Taken<T>,
  { otherwise = { notes: [] } }: { otherwise?: Taken<T> } = {},
): Taken<T> {
  const given = environment.get(variable);
  if (given === undefined || given?.trim() === "") return otherwise;
  if (given === null) return { notes: [`fill in: ${variable} comes from the shell that starts macvlan-router`] };
  if (/\$(\{|[A-Za-z_])/.test(given)) return { notes: [`fill in: ${variable} is ${given}, which Compose looks up`] };
  const taken = read(given.trim());
  return { ...taken, notes: taken.notes.map((note) => `${note} (${variable})`) };
}

function left(what: string, { message, remedy }: Fault): string {
  return `fill in: ${what} was not taken over: ${message}; ${remedy}`;
}

function networkName(text: string): Taken<string> {
  const fault = networkNameFault(text);
  return fault ? { notes: [`${left("the network's name", fault)}; lan until then`] } : { value: text, notes: [] };
}

function linkName(text: string): Taken<string> {
  const fault = linkNameFault(text);
  return fault ? { notes: [`${left("the link's name", fault)}; lan0 until then`] } : { value: text, notes: [] };
}

/** macvlan-router takes a prefix length as well, and makes the whole subnet a route of its link. Ours is a /32 always. */
function bridgeAddress(text: string): Taken<string> {
  const [alone = ""] = text.split("/");
  const { fault } = parseIpv4(alone);
  if (fault) return { notes: [left("the link's address", fault)] };
  return { value: alone, notes: [] };
}

function routesOf(text: string): Taken<string[]> {
  const all = text.split(/\s+/).map(routeOf);
  return { value: [...new Set(all.flatMap(({ value }) => value ?? []))], notes: all.flatMap(({ notes }) => notes) };
}

function routeOf(text: string): Taken<string> {
  const [alone = "", length] = text.split("/");
  const address = parseIpv4(alone);
  if (address.fault) return { notes: [left(text, address.fault)] };
  if (length === undefined || length === "32") return { value: alone, notes: [] };
  const bits = Number(length);
  if (!/^\d+$/.test(length) || bits > 32 || bits < 8)
    return {
      notes: [left(text, { message: "is no subnet behind one link", remedy: "use a prefix length of 8 or more" })],
    };
  const first = formatIpv4(address.value - (address.value % 2 ** (32 - bits)));
  const canonical = `${first}/${length}`;
  if (parseCidr(text).fault === undefined) return { value: text, notes: [] };
  return { value: canonical, notes: [`${text} has host bits: ${canonical}`] };
}

interface Parts {
  readonly name: Taken<string>;
  readonly link: Taken<string>;
  readonly address: Taken<string>;
  readonly routes: Taken<string[]>;
}

function render(router: Router, host: MigratedHost, { name, link, address, routes }: Parts): string {
  const { interface: made, network } = host;
  const own = made.name ?? "lan0";
  const lan = network.name ?? "lan";
  return [
    '# What macvlan-router was told, as an inventory of one host. Its file does not say everything: search for "fill in".',
    ...before(router, own),
    "",
    "# fill in: whatever `ssh DESTINATION` understands",
    "# ssh: { destination: gw1 }",
    "",
    "interface:",
    "  # fill in: the NIC on the LAN, by exactly one of mac, name and path: the parent of the network is on it",
    `  # (docker network inspect -f '{{.Options.parent}}' ${lan}; ip link)`,
    "  # nic: { mac: 52:54:00:00:02:01 }",
    ...line("name", made.name, link.notes),
    "  # every container on the network, as it comes and goes; with `pinned` the appliances of this file alone, and no service",
    `  reach: ${made.reach}`,
    ...line("address", made.address, address.notes),
    ...(made.address === undefined && address.notes.length === 0
      ? ["  # no address: the link needs none, the host speaks to its containers from its own"]
      : []),
    ...line("routes", made.routes, routes.notes),
    "",
    "network:",
    ...line("name", network.name, name.notes),
    ...(network.name === undefined && name.notes.length === 0
      ? ["  # fill in: MACVLAN_DOCKER_NETWORK is not in the file; lan until then"]
      : []),
    `  # fill in: docker network inspect -f '{{json .IPAM.Config}}' ${lan}`,
    "  # subnet: 192.168.1.0/24",
    "  # gateway: 192.168.1.1",
    "  # Docker gives out no address of the LAN unless it is told from where; for containers that ask for none:",
    "  # ipRange: 192.168.1.64/27",
    "",
    "# Containers that are to have a MAC and an IP of their own; others may use the network as before.",
    "appliances: {}",
    ...remarks(router, own),
    "",
  ].join("\n");
}

/** What is in the way on a host where macvlan-router runs. */
function before({ service, environment }: Router, link: string): string[] {
  const network = plain(environment.get("MACVLAN_DOCKER_NETWORK"));
  const theirs = plain(environment.get("MACVLAN_BRIDGE_INTERFACE_NAME")) ?? network;
  return [
    "# Before the first `macvlan up`, on the host:",
    `#   docker compose rm -sf ${plain(service) ?? "SERVICE"}`,
    "#   (it leaves its link, and with that a second route to the LAN)",
    `#   ip link del dev ${theirs ?? "LINK"}`,
    "#   (with no container on it, also no stopped one: it would go on asking for the network that is gone;",
    `#   the parent is to be ${link}, and Docker changes no network)`,
    `#   docker network rm ${network ?? "NETWORK"}`,
  ];
}

/** A word that a shell reads as itself. */
function plain(text: string | null | undefined): string | undefined {
  return text && /^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(text) ? text : undefined;
}

function line(key: string, value: string | readonly string[] | undefined, notes: readonly string[]): string[] {
  const comments = notes.map((note) => `  # ${key}: ${oneLine(note)}`);
  if (value === undefined) return comments;
  const text = stringify(value, { collectionStyle: "flow", flowCollectionPadding: false, lineWidth: 0 });
  return [...comments, `  ${key}: ${text.trim()}`];
}

/** What became of the rest, each in a comment. */
function remarks({ environment, envFiles, others }: Router, link: string): string[] {
  const given = (variable: Variable): string => JSON.stringify(environment.get(variable) ?? "from the shell");
  const known: Record<string, string> = {
    INTERVAL:
      "nothing to be set. Docker tells of each container as it comes and goes; all of them are looked at once a minute besides",
    CLEANUP_ON_EXIT:
      "nothing to be set. Links, routes and files are always taken away with `macvlan destroy`, and stay over restarts of Docker and of the host's services",
    TZ: "nothing to be set. What the host does is in its journal, in the host's own time zone (timedatectl set-timezone)",
    DEBUG: `nothing to be set. Every change of a route is in the journal: journalctl -u macvlan-watch@${link}`,
  };
  const lines = [
    ...Object.entries(known).flatMap(([variable, text]) =>
      environment.has(variable) ? [`${variable} (${given(variable as Variable)}): ${text}.`] : [],
    ),
    ...[...environment.keys()]
      .filter((variable) => !(KNOWN as readonly string[]).includes(variable))
      .map((variable) => `${variable} is no variable of macvlan-router that is known here: left out.`),
    ...envFiles.map((file) => `fill in: the environment in ${file} was not read.`),
    ...(others.length === 0 ? [] : [`Not looked at: the services ${others.join(", ")} of the same file.`]),
  ];
  return lines.length === 0 ? [] : ["", ...lines.map((text) => `# ${oneLine(text)}`)];
}

/** A comment ends with its line, whatever a value of the file has in it. */
function oneLine(text: string): string {
  return text.replace(/[\r\n\u0085\u2028\u2029]+/g, " ");
}
