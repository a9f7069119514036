import { z } from "zod";
import { formatIpv6 } from "../address";
import { decodeFrames } from "../ssh";
import {
  AddressFact,
  ConnectionFact,
  DockerFact,
  FileFact,
  HostFacts,
  InsideFact,
  ModeFact,
  UnitFact,
  ZombieFact,
} from "./facts";
import {
  addressesSchema,
  composeSchema,
  ContainerFact,
  containerSchema,
  infoSchema,
  linkSchema,
  neighbourSchema,
  networkSchema,
  routeSchema,
  versionSchema,
} from "./schemas";

const MANAGERS = ["systemd-networkd", "NetworkManager", "dhcpcd", "networking", "connman", "wicked"];

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
  const modes = toModes(list("modes"));
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
    routes: [
      ...z.array(routeSchema).parse(json("route")),
      // `ip` leaves out what it was asked for.
      ...z
        .array(routeSchema)
        .parse(json("routes.ours"))
        .filter(({ dst }) => dst.includes(":"))
        .map((route) => ({ ...route, protocol: "201" })),
    ],
    neighbours: z.array(neighbourSchema).parse(json("neigh")),
    sysctls: new Map(Object.entries(pairs(list("sysctl")))),
    bonds: new Map(list("bonds").map((line) => words(line))),
    nics: list("nics").map((line) => {
      const [name = "", wireless, idPath = ""] = line.split("|");
      return { name, wireless: wireless === "wireless", idPath };
    }),
    macvlan: text("macvlan") === "yes",
    ...(frames.has("ipvlan") ? { ipvlan: text("ipvlan") === "yes" } : {}),
    ...(frames.has("inbound") ? { inbound: text("inbound") === "yes" } : {}),
    closed: pairs(list("closed")),
    ...(frames.has("vlan") ? { vlan: text("vlan") === "yes" } : {}),
    virtualization: manager.Virtualization ?? text("virt"),
    machine: list("machine").join(" "),
    platforms: [...list("platforms"), ...wrappers(units)],
    ...(text("connection") === "" ? {} : { connection: toConnection(pairs(list("connection"))) }),
    managers: {
      active: MANAGERS.filter((name) => units.get(`${name}.service`)?.activeState === "active"),
      networkManager: byDevice(list("nm")),
      networkd: byDevice(valuesOf(list("managers"), "networkd")),
      dhcpcd: toDhcpcd(valuesOf(list("managers"), "dhcpcd")),
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
    files: toFiles(list("files"), modes),
    foreign: list("foreign"),
    secrets: new Map([...modes].filter(([path]) => path.endsWith("/secrets.sh"))),
    folders: list("folders"),
    linkConfs: confs(list("conf"), /^\/etc\/macvlan\/links\/([^/]+)\.conf$/),
    applianceConfs: confs(list("conf"), /^\/etc\/macvlan\/appliances\/([^/]+)\/appliance\.conf$/),
    applied: new Map(list("applied").map((line) => words(line))),
    undone: new Map(
      list("undone").map((line) => {
        const [name = "", time = "", ...reason] = line.split(" ");
        return [name, { time, reason: reason.join(" ") }];
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
    ...(info === undefined
      ? {}
      : { info: { ...infoSchema.parse(JSON.parse(info)), cliPlugins: toPlugins(frames.get("compose") ?? "") } }),
  };
}

function toConnection({ client = "", server = "", device = "" }: Record<string, string>): ConnectionFact {
  return { client, server, device };
}

/** Lines `PID eth0=MAC inet=ADDRESS inet6=ADDRESS …`, one for each container that was looked into. */
function toInside(lines: readonly string[], containers: readonly ContainerFact[]): Map<string, InsideFact> {
  return new Map(
    lines.flatMap((line) => {
      const [pid = "", ...fields] = line.split(" ");
      const container = containers.find((candidate) => candidate.pid === Number(pid));
      if (container === undefined) return [];
      const macs = pairs(fields.filter((field) => !/^inet6?=/.test(field)));
      const addresses = [...valuesOf(fields, "inet"), ...valuesOf(fields, "inet6").map(address6)];
      return [[container.id, { macs, addresses }] as const];
    }),
  );
}

/** An IPv6 address as `ip` prints it, or as the kernel lists it: 32 hexadecimal digits. */
function address6(text: string): string {
  return text.includes(":") ? text : formatIpv6(BigInt(`0x${text}`));
}

/** `digests` as sha256sum prints them; `modes` are lines MODE OWNER PATH. */
/** Lines MODE OWNER PATH. */
function toModes(lines: readonly string[]): Map<string, ModeFact> {
  return new Map(
    lines.map((line) => {
      const [mode = "", owner = "", ...path] = line.split(" ");
      return [path.join(" "), { mode, owner }];
    }),
  );
}

function toFiles(digests: readonly string[], modes: ReadonlyMap<string, ModeFact>): Map<string, FileFact> {
  return new Map(
    digests.map((line) => {
      const [digest = "", path = ""] = line.split(/ [ *]/);
      return [path, { digest, ...(modes.get(path) ?? { mode: "", owner: "" }) }];
    }),
  );
}

/** Lines PATH:KEY='VALUE' of several files, by the name that `pattern` finds in the path. No value holds a quote. */
function confs(lines: readonly string[], pattern: RegExp): Map<string, Record<string, string>> {
  const found = new Map<string, Record<string, string>>();
  for (const line of lines) {
    const [path = "", key = "", value = ""] = /^([^:]+):([A-Z0-9_]+)='(.*)'$/.exec(line)?.slice(1) ?? [];
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

/** Lines `denyinterfaces NAME…` and `allowinterfaces NAME…`; names stand apart by spaces or commas. */
function toDhcpcd(lines: readonly string[]): HostFacts["managers"]["dhcpcd"] {
  const named = (key: string) =>
    lines.flatMap((line) => {
      const [first, ...names] = line.trim().split(/[\s,]+/);
      return first === key ? names : [];
    });
  return { deny: named("denyinterfaces"), allow: named("allowinterfaces") };
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
