import { Fault, Path } from "../errors";
import { NetworkDriver } from "../host-interface";
import { group, list } from "../validate";

/** Something is wrong at a place in a compose file or in an inline service. */
export interface ComposeProblem extends Fault {
  /** The place, from the root of the compose file. */
  readonly path: Path;
}

/** What the compose file is checked against. */
export interface ComposeContext {
  /** Which service is on the LAN. */
  readonly lanService: string;
  /** The pins; undefined while they cannot be read. */
  readonly ip?: string;
  readonly ip6?: string;
  readonly mac?: string;
  /** Delivered files by their path. */
  readonly files: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  /** Name of the appliance, name and driver (default macvlan) of the LAN's Docker network; undefined while only the appliance by itself is looked at. */
  readonly place?: { readonly name: string; readonly network: string; readonly driver?: NetworkDriver };
}

/** The service's networks by their key in the file; undefined if it names none, so that Compose takes the default one. */
export function networksOf(service: Record<string, unknown>): Record<string, Record<string, unknown>> | undefined {
  const { networks } = service;
  if (networks === undefined || networks === null) return undefined;
  if (Array.isArray(networks)) return Object.fromEntries(networks.map((name) => [String(name), {}]));
  return Object.fromEntries(Object.entries(group(networks)).map(([name, value]) => [name, group(value)]));
}

/** Whether Compose puts the service on the project's default network. */
export function usesDefaultNetwork(service: Record<string, unknown>): boolean {
  if (service["network_mode"] !== undefined) return false;
  const networks = networksOf(service);
  return networks === undefined || "default" in networks;
}

/** The path of a host file or folder that something in the compose file refers to, and where. */
export interface LocalPath {
  readonly path: Path;
  readonly source: string;
}

/** The host side of a bind mount, in short (`./a:/b:ro`) or long form; undefined for a volume. */
function bindSource(volume: unknown): string | undefined {
  if (typeof volume === "string") {
    const [source, target] = volume.split(":");
    return target !== undefined && /^[./~]/.test(source!) ? source : undefined;
  }
  const { type, source } = group(volume);
  return type === "bind" && typeof source === "string" ? source : undefined;
}

/** Files and folders that a service mounts, with those of the configs and secrets that it takes. */
export function mountedPaths(
  name: string,
  service: Record<string, unknown>,
  file: Record<string, unknown>,
): LocalPath[] {
  const volumes = list(service["volumes"]).flatMap((volume, i) => {
    const source = bindSource(volume);
    return source === undefined ? [] : [{ path: ["services", name, "volumes", i], source }];
  });
  return [
    ...volumes,
    ...["configs", "secrets"].flatMap((kind) =>
      list(service[kind]).flatMap((entry) => {
        const key = typeof entry === "string" ? entry : String(group(entry)["source"]);
        const source = group(group(file[kind])[key])["file"];
        return typeof source === "string" ? [{ path: [kind, key, "file"], source }] : [];
      }),
    ),
  ];
}

/** Files from which a service takes its environment. */
export function environmentFiles(name: string, service: Record<string, unknown>): LocalPath[] {
  return list(service["env_file"]).flatMap((entry, i) => {
    const source = typeof entry === "string" ? entry : group(entry)["path"];
    const path: Path = ["services", name, "env_file", ...(Array.isArray(service["env_file"]) ? [i] : [])];
    return typeof source === "string" ? [{ path, source }] : [];
  });
}

/** Whether a service takes a config or a secret whose value comes from the environment of Compose. */
export function takesEnvironment(service: Record<string, unknown>, file: Record<string, unknown>): boolean {
  return ["configs", "secrets"].some((kind) =>
    list(service[kind]).some((entry) => {
      const key = typeof entry === "string" ? entry : String(group(entry)["source"]);
      return group(group(file[kind])[key])["environment"] !== undefined;
    }),
  );
}

/** `./a//b/` as `a/b`; undefined if it leads out of the folder or is not below it (absolute, or below a home folder). */
export function relativePath(source: string): string | undefined {
  if (/^[/~]/.test(source)) return undefined;
  const parts = source.split("/").filter((part) => part !== "" && part !== ".");
  return parts.includes("..") ? undefined : parts.join("/");
}

/** The delivered files that a path stands for: one file, or all that are below a folder. */
export function filesAt(path: string, files: readonly string[]): string[] {
  return files.filter((file) => path === "" || file === path || file.startsWith(`${path}/`));
}
