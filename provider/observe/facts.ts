import { z } from "zod";
import { decodeFrames } from "../ssh";

/** A network interface, from `ip -j -d link`. */
const linkSchema = z.object({
  ifname: z.string(),
  link_type: z.string(),
  address: z.string().default(""),
  /** Printed only where it differs from `address`. */
  permaddr: z.string().optional(),
  flags: z.array(z.string()).default([]),
  operstate: z.string().default("UNKNOWN"),
  mtu: z.number().optional(),
  altnames: z.array(z.string()).default([]),
  ifalias: z.string().optional(),
  /** The lower device of a macvlan, ipvlan or VLAN. */
  link: z.string().optional(),
  /** The bridge or bond that it is a member of. */
  master: z.string().optional(),
  linkinfo: z
    .object({
      info_kind: z.string().optional(),
      info_slave_kind: z.string().optional(),
      info_data: z
        .object({
          mode: z.string().optional(),
          /** VLAN id. */
          id: z.number().optional(),
        })
        .catch({}),
    })
    .partial()
    .optional(),
});

const routeSchema = z.object({
  dst: z.string(),
  dev: z.string().optional(),
  gateway: z.string().optional(),
  protocol: z.string().optional(),
  prefsrc: z.string().optional(),
  metric: z.number().optional(),
});

const neighbourSchema = z.object({
  dst: z.string(),
  dev: z.string(),
  lladdr: z.string().optional(),
});

const addressesSchema = z.object({
  ifname: z.string(),
  addr_info: z
    .array(z.object({ family: z.string().optional(), local: z.string().optional(), prefixlen: z.number().optional() }))
    .default([]),
});

const versionSchema = z.object({
  Server: z
    .object({
      Version: z.string(),
      ApiVersion: z.string(),
      Components: z
        .array(z.object({ Name: z.string() }))
        .nullish()
        .transform((list) => list ?? []),
    })
    .nullish(),
});

const infoSchema = z.object({
  serverVersion: z.string(),
  os: z.string(),
  security: z
    .array(z.string())
    .nullish()
    .transform((list) => list ?? []),
  root: z.string(),
  liveRestore: z.boolean(),
  networkPlugins: z
    .array(z.string())
    .nullish()
    .transform((list) => list ?? []),
});

const composeSchema = z.object({ Version: z.string().optional(), version: z.string().optional() });

const strings = z
  .record(z.string(), z.string())
  .nullish()
  .transform((map) => map ?? {});

/** A network in Docker's API. */
const networkSchema = z
  .object({
    Id: z.string(),
    Name: z.string(),
    Driver: z.string(),
    Internal: z.boolean(),
    EnableIPv6: z.boolean(),
    Options: strings,
    Labels: strings,
    IPAM: z.object({
      Driver: z.string(),
      Config: z
        .array(
          z.object({
            Subnet: z.string().optional(),
            IPRange: z.string().optional(),
            Gateway: z.string().optional(),
            AuxiliaryAddresses: strings,
          }),
        )
        .nullish()
        .transform((list) => list ?? []),
    }),
  })
  .transform(({ Id: id, Name: name, Driver: driver, Internal, EnableIPv6, Options, Labels, IPAM }) => ({
    ...{ id, name, driver, internal: Internal, ipv6: EnableIPv6, options: Options, labels: Labels, ipam: IPAM },
  }));

const containerSchema = z.object({
  id: z.string(),
  name: z.string().transform((name) => name.replace(/^\//, "")),
  status: z.string(),
  error: z.string(),
  health: z.string().nullable(),
  image: z.string(),
  imageId: z.string(),
  /** The appliance whose project it belongs to; empty for containers that are not ours. */
  appliance: z.string(),
  project: z.string(),
  service: z.string(),
  restart: z.string(),
  pid: z.number().default(0),
  startedAt: z.string().default(""),
  networkMode: z.string().default(""),
  networks: z
    .record(
      z.string(),
      z.object({
        IPAMConfig: z.object({ IPv4Address: z.string().optional() }).nullish(),
        MacAddress: z.string(),
        IPAddress: z.string(),
        NetworkID: z.string(),
      }),
    )
    .nullish()
    .transform((map) => map ?? {}),
});

const MANAGERS = ["systemd-networkd", "NetworkManager", "dhcpcd", "networking", "connman", "wicked"];

export type LinkFact = z.output<typeof linkSchema>;
export type RouteFact = z.output<typeof routeSchema>;
export type NeighbourFact = z.output<typeof neighbourSchema>;
export type NetworkFact = z.output<typeof networkSchema>;
export type ContainerFact = z.output<typeof containerSchema>;

/** A device of the machine itself (not one made by software). */
export interface NicFact {
  readonly name: string;
  readonly wireless: boolean;
  /** udev's name of the place where it is plugged in, such as pci-0000:00:04.0. */
  readonly idPath: string;
}

/** An address of an interface. */
export interface AddressFact {
  readonly family: "inet" | "inet6";
  readonly address: string;
  readonly prefix: number;
}

/** A file of ours on the host, or one where ours would be. */
export interface FileFact {
  /** SHA-256, hexadecimal. */
  readonly digest: string;
  /** Octal, as stat prints it: 644, 755. */
  readonly mode: string;
  readonly owner: string;
}

/** What the kernel has inside a running container, whatever Docker says of it. */
export interface InsideFact {
  /** Interfaces other than lo: name → MAC. */
  readonly macs: Readonly<Record<string, string>>;
  /** IPv4 addresses other than 127.0.0.0/8. */
  readonly addresses: readonly string[];
}

/** A record in the macvlan driver's store of a network that Docker itself does not know any more. */
export interface ZombieFact {
  readonly id: string;
  /** The parent that it claims at each start of dockerd, where the record could be read. */
  readonly parent?: string;
}

/** The connection that the observation came through. */
export interface ConnectionFact {
  /** Address of the workstation, as the host sees it. */
  readonly client: string;
  /** The host's own address that it came to. */
  readonly server: string;
  /** The interface that answers go out by. */
  readonly device: string;
}

/** What takes care of the host's network. */
export interface NetworkManagersFact {
  /** Units that are active: systemd-networkd, NetworkManager, dhcpcd, networking, connman, wicked. */
  readonly active: readonly string[];
  /** Interfaces that NetworkManager has, by name → state as nmcli prints it. */
  readonly networkManager: Readonly<Record<string, string>>;
  /** Interfaces that networkd has set up, by name → the .network file. */
  readonly networkd: Readonly<Record<string, string>>;
}

/** The state of a unit as `systemctl show` prints it. */
export interface UnitFact {
  readonly loadState: string;
  readonly activeState: string;
  readonly fragmentPath: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** What the Docker client on the host says. */
export interface DockerFact {
  /** Where the program really is: /snap/… for the snap. */
  readonly path: string;
  /** Absent if the daemon did not answer to the account that ssh logs in to. */
  readonly server?: { readonly version: string; readonly apiVersion: string; readonly components: readonly string[] };
  /** Why the daemon did not answer to that account. */
  readonly refusal?: string;
  /** Absent if the daemon did not answer to root either (or there is no way to be root). */
  readonly info?: z.output<typeof infoSchema> & {
    /** The Compose plugin, if there is one. Without Version it is the one that an appliance was applied with. */
    readonly cliPlugins: readonly { readonly Name: string; readonly Version?: string }[];
  };
}

/** The state of a host at one moment, from observe.sh. */
export interface HostFacts {
  /** Time of the host, UTC, 2026-11-21T03:20:11Z. */
  readonly time: string;
  readonly account: {
    readonly uid: number;
    readonly name: string;
    readonly groups: readonly string[];
    /** root: it is root; ok: `sudo -n` works; password: sudo asks for one; missing: there is no sudo. */
    readonly sudo: string;
  };
  readonly tools: readonly string[];
  readonly kernel: string;
  /** The fields of /etc/os-release. */
  readonly os: Readonly<Record<string, string>>;
  readonly links: readonly LinkFact[];
  /** Addresses of each interface. */
  readonly addresses: ReadonlyMap<string, readonly AddressFact[]>;
  /** IPv4 routes of the main table. */
  readonly routes: readonly RouteFact[];
  readonly neighbours: readonly NeighbourFact[];
  /** Kernel settings that the rules ask for, by path below net/: `ipv4/conf/lan0/arp_filter`. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** Bonds and their mode: bond0 → balance-alb. */
  readonly bonds: ReadonlyMap<string, string>;
  readonly nics: readonly NicFact[];
  readonly macvlan: boolean;
  /** As systemd-detect-virt prints it: none, kvm, vmware, lxc… */
  readonly virtualization: string;
  /** Vendor and product of the machine, from its DMI: "Amazon EC2 t3.micro". */
  readonly machine: string;
  /** Systems that wrap Docker or write /etc anew: unraid, truenas-scale, synology, qnap, haos, k3s, rke2, kubelet, proxmox… */
  readonly platforms: readonly string[];
  readonly connection?: ConnectionFact;
  readonly managers: NetworkManagersFact;
  /** MaxStartups of sshd, as `sshd -T` prints it. */
  readonly maxStartups?: string;
  /** Version of systemd; absent if the host was not started by it. */
  readonly systemd?: number;
  readonly units: ReadonlyMap<string, UnitFact>;
  readonly docker?: DockerFact;
  readonly networks: readonly NetworkFact[];
  readonly containers: readonly ContainerFact[];
  /** Ids of networks that dockerd could not restore since it was started. */
  readonly ghosts: readonly string[];
  readonly zombies: readonly ZombieFact[];
  /** Running containers with an address on a macvlan or ipvlan network, by container id. */
  readonly inside: ReadonlyMap<string, InsideFact>;
  /** Who answers on the LAN for the addresses that were asked for: the MACs, none if the address is free. */
  readonly probed: ReadonlyMap<string, readonly string[]>;
  /** Our files on the host. */
  readonly files: ReadonlyMap<string, FileFact>;
  /** Of `files` those that are at our places and do not carry our mark. */
  readonly foreign: readonly string[];
  /** Of the folders from which network managers take further files, those that the host has. */
  readonly folders: readonly string[];
  /** /etc/macvlan/links/NAME.conf, by name. */
  readonly linkConfs: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** /etc/macvlan/appliances/NAME/appliance.conf, by name. */
  readonly applianceConfs: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Per appliance the digest of the last complete apply. */
  readonly applied: ReadonlyMap<string, string>;
  /** Frames of commands that failed, by name: what they said. */
  readonly failed: ReadonlyMap<string, string>;
}

/** The output of observe.sh is not what this version understands. */
export class ObservationError extends Error {}

/** Reads the output of observe.sh. Throws ObservationError if it is cut off or not of the expected form. */
export function parseFacts(output: string): HostFacts {
  const frames = decodeFrames(output);
  if (!frames.has("end")) throw new ObservationError("the observation of the host was cut off");
  try {
    return toFacts(frames);
  } catch (error) {
    throw new ObservationError(`the observation of the host cannot be read: ${(error as Error).message}`);
  }
}

function toFacts(frames: ReadonlyMap<string, string>): HostFacts {
  const text = (key: string) => (frames.get(key) ?? "").trim();
  const list = (key: string) => text(key).split("\n").filter(Boolean);
  const json = (key: string): unknown => (text(key) === "" ? [] : JSON.parse(text(key)));
  const account = pairs(list("account"));
  const addresses = z.array(addressesSchema).parse(json("addr"));
  const containers = list("docker.containers").map((line) => containerSchema.parse(JSON.parse(line)));
  const units = toUnits(text("units"));
  const manager = pairs(list("manager"));
  return {
    time: text("time"),
    account: {
      uid: Number(account.uid),
      name: account.name ?? "",
      groups: (account.groups ?? "").split(" "),
      sudo: account.sudo ?? "missing",
    },
    tools: list("tools"),
    kernel: text("kernel"),
    os: pairs(list("os")),
    // `ip -j` of old versions prints {} for entries that a filter left out.
    links: z.array(linkSchema).parse((json("link") as object[]).filter((entry) => "ifname" in entry)),
    addresses: new Map(
      addresses.map(({ ifname, addr_info }) => [
        ifname,
        addr_info.flatMap(({ family, local, prefixlen }): AddressFact[] =>
          (family === "inet" || family === "inet6") && local !== undefined && prefixlen !== undefined
            ? [{ family, address: local, prefix: prefixlen }]
            : [],
        ),
      ]),
    ),
    routes: z.array(routeSchema).parse(json("route")),
    neighbours: z.array(neighbourSchema).parse(json("neigh")),
    sysctls: new Map(Object.entries(pairs(list("sysctl")))),
    bonds: new Map(list("bonds").map((line) => words(line))),
    nics: list("nics").map((line) => {
      const [name = "", wireless, idPath = ""] = line.split("|");
      return { name, wireless: wireless === "wireless", idPath };
    }),
    macvlan: text("macvlan") === "yes",
    virtualization: manager.Virtualization ?? text("virt"),
    machine: list("machine").join(" "),
    platforms: [...list("platforms"), ...wrappers(units)],
    ...(text("connection") === "" ? {} : { connection: toConnection(pairs(list("connection"))) }),
    managers: {
      active: MANAGERS.filter((name) => units.get(`${name}.service`)?.activeState === "active"),
      networkManager: byDevice(list("nm")),
      networkd: byDevice(valuesOf(list("managers"), "networkd")),
    },
    ...(frames.has("maxstartups") ? { maxStartups: toMaxStartups(list("maxstartups")[0]) } : {}),
    ...(manager.Version === undefined ? {} : { systemd: parseInt(manager.Version, 10) }),
    units,
    ...(frames.has("docker.path") ? { docker: toDocker(frames, text("docker.path")) } : {}),
    networks: z.array(networkSchema).parse(json("docker.networks")),
    containers,
    ghosts: list("ghosts").flatMap((line) => /network for id ([0-9a-f]{64})/.exec(line)?.[1] ?? []),
    zombies: list("zombies").map((line): ZombieFact => {
      const [id, parent] = words(line);
      return parent === "" ? { id } : { id, parent };
    }),
    inside: toInside(list("inside"), containers),
    probed: new Map(
      list("probed").map((line) => {
        const [ip = "", ...macs] = line.split(" ");
        return [ip, macs];
      }),
    ),
    files: toFiles(list("files"), list("modes")),
    foreign: list("foreign"),
    folders: list("folders"),
    linkConfs: confs(list("conf"), /^\/etc\/macvlan\/links\/([^/]+)\.conf$/),
    applianceConfs: confs(list("conf"), /^\/etc\/macvlan\/appliances\/([^/]+)\/appliance\.conf$/),
    applied: new Map(list("applied").map((line) => words(line))),
    failed: new Map(
      [...frames].flatMap(([key, value]) =>
        key.endsWith(".failed") ? [[key.slice(0, -7), value.trim()] as const] : [],
      ),
    ),
  };
}

function toDocker(frames: ReadonlyMap<string, string>, path: string): DockerFact {
  const version = frames.get("docker.version");
  const server = version === undefined ? undefined : versionSchema.parse(JSON.parse(version)).Server;
  const info = frames.get("docker.info");
  const refusal = frames.get("docker.version.failed")?.trim().split("\n").at(-1);
  return {
    path,
    ...(server
      ? {
          server: {
            version: server.Version,
            apiVersion: server.ApiVersion,
            components: server.Components.map(({ Name }) => Name),
          },
        }
      : {}),
    ...(refusal === undefined ? {} : { refusal }),
    ...(info === undefined
      ? {}
      : { info: { ...infoSchema.parse(JSON.parse(info)), cliPlugins: toPlugins(frames.get("compose") ?? "") } }),
  };
}

function toConnection({ client = "", server = "", device = "" }: Record<string, string>): ConnectionFact {
  return { client, server, device };
}

/** Lines `PID eth0=MAC inet=ADDRESS …`, one for each container that was looked into. */
function toInside(lines: readonly string[], containers: readonly ContainerFact[]): Map<string, InsideFact> {
  return new Map(
    lines.flatMap((line) => {
      const [pid = "", ...fields] = line.split(" ");
      const container = containers.find((candidate) => candidate.pid === Number(pid));
      if (container === undefined) return [];
      const macs = pairs(fields.filter((field) => !field.startsWith("inet=")));
      return [[container.id, { macs, addresses: valuesOf(fields, "inet") }] as const];
    }),
  );
}

/** `digests` as sha256sum prints them; `modes` are lines MODE OWNER PATH. */
function toFiles(digests: readonly string[], modes: readonly string[]): Map<string, FileFact> {
  const known = new Map(
    modes.map((line) => {
      const [mode = "", owner = "", ...path] = line.split(" ");
      return [path.join(" "), { mode, owner }];
    }),
  );
  return new Map(
    digests.map((line) => {
      const [digest = "", path = ""] = line.split(/ [ *]/);
      return [path, { digest, ...(known.get(path) ?? { mode: "", owner: "" }) }];
    }),
  );
}

/** Lines PATH:KEY='VALUE' of several files, by the name that `pattern` finds in the path. No value holds a quote. */
function confs(lines: readonly string[], pattern: RegExp): Map<string, Record<string, string>> {
  const found = new Map<string, Record<string, string>>();
  for (const line of lines) {
    const [path = "", key = "", value = ""] = /^([^:]+):([A-Z_]+)='(.*)'$/.exec(line)?.slice(1) ?? [];
    const name = pattern.exec(path)?.[1];
    if (name === undefined) continue;
    const conf = found.get(name) ?? {};
    conf[key] = value;
    found.set(name, conf);
  }
  return found;
}

/** The values of all lines KEY=VALUE with that key. */
function valuesOf(lines: readonly string[], key: string): string[] {
  return lines.flatMap((line) => (line.startsWith(`${key}=`) ? [line.slice(key.length + 1)] : []));
}

function byDevice(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(":");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

function words(line: string): [string, string] {
  const [first = "", second = ""] = line.split(" ");
  return [first, second];
}

/** Blocks of lines KEY=VALUE as `systemctl show` prints them for several units. */
function toUnits(text: string): Map<string, UnitFact> {
  return new Map(
    text.split("\n\n").flatMap((block) => {
      const properties = pairs(block.split("\n"));
      const {
        Id: id,
        LoadState: loadState,
        ActiveState: activeState = "",
        FragmentPath: fragmentPath = "",
      } = properties;
      if (id === undefined || loadState === undefined) return [];
      return [[id, { loadState, activeState, fragmentPath, properties }] as const];
    }),
  );
}

/** Systems that run beside Docker, or around it, as a service. */
function wrappers(units: ReadonlyMap<string, UnitFact>): string[] {
  const active = (name: string) => units.get(`${name}.service`)?.activeState === "active";
  const found = { k3s: active("k3s"), rke2: active("rke2-server") || active("rke2-agent"), kubelet: active("kubelet") };
  return Object.entries(found).flatMap(([name, is]) => (is ? [name] : []));
}

/** The form that `sshd -T` has; one number N is N:100:N. Without any, OpenSSH has had the same since 6.2. */
function toMaxStartups(configured = "10:30:100"): string {
  return configured.includes(":") ? configured : `${configured}:100:${configured}`;
}

/** From what Docker's client asks of a plugin, or from `docker compose version`. */
function toPlugins(compose: string): { Name: string; Version?: string }[] {
  if (compose.trim() === "") return [];
  const found = composeSchema.parse(JSON.parse(compose));
  const version = found.Version ?? found.version;
  return [{ Name: "compose", ...(version === undefined ? {} : { Version: version }) }];
}

function pairs(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1).replace(/^"(.*)"$/, "$1")];
    }),
  );
}
