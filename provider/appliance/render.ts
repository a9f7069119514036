import { stringify } from "yaml";
import { NetworkDriver } from "../host-interface";
import { fileDigest, sha256 } from "../observe";
import { encodeConf, encodeFrames } from "../ssh";
import { group } from "../validate";
import { filesAt, mountedPaths, networksOf, relativePath, takesEnvironment, usesDefaultNetwork } from "./model";
import { ResolvedAppliance } from "./resolve";
import { slaacPins } from "./slaac";

/** On every container of an appliance, so that it is found again. */
export const APPLIANCE_LABEL = "pulumi-macvlan.appliance";

/** Restart policy of services that say nothing of it. */
const RESTART = "unless-stopped";

const MARK = "# managed by pulumi-macvlan";

/** The files of an appliance on the host, secrets apart, by their path below its folder. */
export function applianceFiles(appliance: ResolvedAppliance): Record<string, string> {
  return {
    "compose.yaml": appliance.definition.text,
    "pins.yaml": `${MARK}\n${stringify(pins(appliance), { version: "1.1", lineWidth: 0 })}`,
    "appliance.conf": renderConf(appliance),
    ...Object.fromEntries(
      Object.entries(appliance.files)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([path, content]) => [`files/${path}`, content]),
    ),
  };
}

/** The payload of `appliance apply` that anybody may see. Its first line is not YAML, so Pulumi shows changes line by line. */
export function renderFiles(appliance: ResolvedAppliance): string {
  return encodeFrames(applianceFiles(appliance));
}

/** The secret payload, which follows the other on the helper's input. */
export function renderSecrets(secrets: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(secrets).sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = encodeConf(Object.fromEntries(sorted)).map((line) => `export ${line}`);
  return `${encodeFrames({ "secrets.sh": `${[MARK, ...lines].join("\n")}\n` })}\n`;
}

/**
 * What the host writes as the first line of `applied` once this version runs as pinned: a digest of the lines that sha256sum
 * prints for the files, sorted by path.
 */
export function versionDigest(files: Readonly<Record<string, string>>): string {
  const lines = Object.entries(files)
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([path, content]) => `${fileDigest(content)}  ${path}\n`);
  return sha256(lines.join(""));
}

function renderConf(appliance: ResolvedAppliance): string {
  const policy = restartPolicy(appliance);
  const values = {
    NAME: appliance.name,
    NETWORK: appliance.network,
    PARENT: appliance.parent,
    SERVICE: appliance.definition.lanService,
    CONTAINER: containerName(appliance),
    // Nothing stands for macvlan.
    DRIVER: appliance.driver === NetworkDriver.Macvlan ? undefined : appliance.driver,
    IP: appliance.ip,
    MAC: appliance.mac,
    IP6: appliance.ip6,
    START_AFTER: appliance.startAfter.join(" "),
    READY_TIMEOUT: String(appliance.readyTimeout),
    DELETE_VOLUMES: appliance.deleteVolumes ? "1" : "0",
    // Nothing stands for the usual one.
    RESTART: policy === RESTART ? undefined : (policy ?? ""),
  };
  return `${[MARK, ...encodeConf(values)].join("\n")}\n`;
}

/** Name of the container on the LAN. */
export function containerName(appliance: ResolvedAppliance): string {
  const name = lanServiceOf(appliance)["container_name"];
  return typeof name === "string" ? name : appliance.name;
}

/** Restart policy of the container on the LAN, as Docker writes it; undefined where only Compose can tell. */
export function restartPolicy(appliance: ResolvedAppliance): string | undefined {
  const service = lanServiceOf(appliance);
  const { restart } = service;
  if (!restartOf(service)) return finishedIn(appliance).has(appliance.definition.lanService) ? undefined : RESTART;
  if (group(service["deploy"])["restart_policy"] !== undefined) return undefined;
  return typeof restart === "string" && !restart.includes("$") ? restart : undefined;
}

function lanServiceOf({ definition }: ResolvedAppliance): Record<string, unknown> {
  return group(group(definition.file["services"])[definition.lanService]);
}

/**
 * The override file that makes the user's services an appliance. Compose 2.26 merges what it says with what the service says:
 * labels and networks are united, and a service that names a network loses the default one unless that is named too.
 */
function pins(appliance: ResolvedAppliance): Record<string, unknown> {
  const { definition, name, network } = appliance;
  const services = Object.entries(group(definition.file["services"]));
  const finished = finishedIn(appliance);
  const joined = lanNetworks(appliance);
  const slaac = slaacPins(appliance.slaac, networksOf(lanServiceOf(appliance))?.[network] ?? {});
  const renamed = joined.flatMap((key) => {
    const wanted = networkName(appliance, key);
    return wanted === undefined ? [] : [[key, { name: wanted }] as const];
  });
  return {
    services: Object.fromEntries(
      services.map(([service, value]) => {
        const lan = service === definition.lanService;
        return [
          service,
          {
            ...(lan && group(value)["container_name"] === undefined ? { container_name: name } : {}),
            ...(restartOf(group(value)) || finished.has(service) ? {} : { restart: RESTART }),
            labels: { [APPLIANCE_LABEL]: name, ...versions(appliance, service, group(value)) },
            ...(lan
              ? {
                  ...slaac.service,
                  networks: {
                    ...(addsDefault(appliance) ? { default: {} } : {}),
                    [network]: {
                      ipv4_address: appliance.ip,
                      ...(appliance.ip6 === undefined ? {} : { ipv6_address: appliance.ip6 }),
                      ...(appliance.mac === undefined ? {} : { mac_address: appliance.mac }),
                      ...slaac.network,
                    },
                  },
                }
              : {}),
          },
        ];
      }),
    ),
    networks: { ...Object.fromEntries(renamed), [network]: { external: true, name: network } },
  };
}

/** The other services that share the project's default network are to stay within reach of the one on the LAN. */
function addsDefault(appliance: ResolvedAppliance): boolean {
  const { definition } = appliance;
  if (networksOf(lanServiceOf(appliance)) !== undefined) return false;
  return Object.entries(group(definition.file["services"])).some(
    ([name, service]) => name !== definition.lanService && usesDefaultNetwork(group(service)),
  );
}

/** Keys of the networks of the file that the service on the LAN is on besides the LAN. */
function lanNetworks(appliance: ResolvedAppliance): string[] {
  if (addsDefault(appliance)) return ["default"];
  return Object.keys(networksOf(lanServiceOf(appliance)) ?? {}).filter((key) => key !== appliance.network);
}

/**
 * A name for a network that Compose makes, if its own would sort before the LAN's: Docker gives the default route to the
 * network whose name sorts first (seen with 26.1.5). Goes when every supported Compose knows gw_priority (Docker 28).
 */
function networkName({ definition, name, network }: ResolvedAppliance, key: string): string | undefined {
  const defined = group(group(definition.file["networks"])[key]);
  if (defined["name"] !== undefined || (defined["external"] ?? false) !== false) return undefined;
  const usual = `${name}_${key}`;
  if (usual > network) return undefined;
  return `${"z".repeat(/^z*/.exec(network)![0].length + 1)}_${usual}`;
}

function restartOf(service: Record<string, unknown>): boolean {
  return service["restart"] !== undefined || group(service["deploy"])["restart_policy"] !== undefined;
}

/** Services that others wait for to end well: to restart them would be a loop. */
function finishedIn({ definition }: ResolvedAppliance): Set<string> {
  return new Set(
    Object.values(group(definition.file["services"])).flatMap((service) =>
      Object.entries(group(group(service)["depends_on"]))
        .filter(([, how]) => group(how)["condition"] === "service_completed_successfully")
        .map(([name]) => name),
    ),
  );
}

/**
 * Labels that change with what Compose 2.26 does not compare: the content of mounted files, and of secrets from its
 * environment (seen: a changed one leaves the container as it is). The host gives the secrets a keyed digest.
 */
function versions(
  appliance: ResolvedAppliance,
  name: string,
  service: Record<string, unknown>,
): Record<string, string> {
  const { files, definition } = appliance;
  const paths = mountedPaths(name, service, definition.file).flatMap(({ source }) => {
    const path = relativePath(source);
    return path === undefined ? [] : filesAt(path, Object.keys(files));
  });
  const mounted = [...new Set(paths)].sort().map((path) => [path, files[path]!] as const);
  return {
    ...(mounted.length === 0
      ? {}
      : { "pulumi-macvlan.files": versionDigest(Object.fromEntries(mounted)).slice(0, 16) }),
    ...(takesEnvironment(service, definition.file) ? { "pulumi-macvlan.secrets": "${MACVLAN_SECRETS-}" } : {}),
  };
}
