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
      info_data: z.object({ mode: z.string().optional() }).catch({}),
    })
    .partial()
    .optional(),
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
  cliPlugins: z
    .array(z.object({ Name: z.string(), Version: z.string().optional() }))
    .nullish()
    .transform((list) => list ?? []),
});

const strings = z
  .record(z.string(), z.string())
  .nullish()
  .transform((map) => map ?? {});

const networkSchema = z.object({
  id: z.string(),
  name: z.string(),
  driver: z.string(),
  internal: z.boolean(),
  ipv6: z.boolean(),
  options: strings,
  labels: strings,
  ipam: z.object({
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
});

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

export type LinkFact = z.output<typeof linkSchema>;
export type NetworkFact = z.output<typeof networkSchema>;
export type ContainerFact = z.output<typeof containerSchema>;

/** A device of the machine itself (not one made by software). */
export interface NicFact {
  readonly name: string;
  readonly wireless: boolean;
  /** udev's name of the place where it is plugged in, such as pci-0000:00:04.0. */
  readonly idPath: string;
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
  readonly info?: z.output<typeof infoSchema>;
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
  /** IPv4 addresses of each interface, without prefix length. */
  readonly addresses: ReadonlyMap<string, readonly string[]>;
  readonly nics: readonly NicFact[];
  readonly macvlan: boolean;
  readonly virtualization: string;
  /** Version of systemd; absent if the host was not started by it. */
  readonly systemd?: number;
  readonly units: ReadonlyMap<string, UnitFact>;
  readonly docker?: DockerFact;
  readonly networks: readonly NetworkFact[];
  readonly containers: readonly ContainerFact[];
  /** Ids of networks that dockerd could not restore since it was started. */
  readonly ghosts: readonly string[];
  /** Our files on the host and their SHA-256. */
  readonly files: ReadonlyMap<string, string>;
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
  const systemd = text("systemd");
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
        addr_info.flatMap(({ family, local }) => (family === "inet" && local !== undefined ? [local] : [])),
      ]),
    ),
    nics: list("nics").map((line) => {
      const [name = "", wireless, idPath = ""] = line.split("|");
      return { name, wireless: wireless === "wireless", idPath };
    }),
    macvlan: text("macvlan") === "yes",
    virtualization: text("virt"),
    ...(systemd === "" ? {} : { systemd: Number(systemd) }),
    units: new Map(
      [...frames.keys()]
        .filter((key) => /^unit\./.test(key) && !key.endsWith(".failed"))
        .map((key) => [key.slice(5), toUnit(list(key))]),
    ),
    ...(frames.has("docker.path") ? { docker: toDocker(frames, text("docker.path")) } : {}),
    networks: list("docker.networks").map((line) => networkSchema.parse(JSON.parse(line))),
    containers: list("docker.containers").map((line) => containerSchema.parse(JSON.parse(line))),
    ghosts: list("ghosts").flatMap((line) => /network for id ([0-9a-f]{64})/.exec(line)?.[1] ?? []),
    files: new Map(
      list("files").map((line) => {
        const [digest = "", path = ""] = line.split(/ [ *]/);
        return [path, digest];
      }),
    ),
    applied: new Map(
      list("applied").map((line) => {
        const [name = "", digest = ""] = line.split(" ");
        return [name, digest];
      }),
    ),
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
    ...(info === undefined ? {} : { info: infoSchema.parse(JSON.parse(info)) }),
  };
}

function toUnit(lines: readonly string[]): UnitFact {
  const properties = pairs(lines);
  return {
    loadState: properties.LoadState ?? "",
    activeState: properties.ActiveState ?? "",
    fragmentPath: properties.FragmentPath ?? "",
    properties,
  };
}

function pairs(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1).replace(/^"(.*)"$/, "$1")];
    }),
  );
}
