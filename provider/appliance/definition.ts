import { stringify } from "yaml";
import { formatPath, nearest, Path, Problem } from "../errors";
import { group, list } from "../validate";
import { checkCompose } from "./check";
import { parseCompose } from "./compose-file";
import { ComposeContext } from "./model";
import { Seen } from "./seen";
import type { ApplianceSpec } from "./spec";

/** What Compose is to run, however the specification gives it. */
export interface Definition {
  /** The compose file as it goes to the host: the user's own text, or the inline service written out. */
  readonly text: string;
  /** So many bytes the text has at most. */
  readonly atMost: number;
  /** The same, read. */
  readonly file: Record<string, unknown>;
  /** The service on the LAN. */
  readonly lanService: string;
}

/** A definition with everything that is wrong with it; no definition if there is nothing to look at. */
export interface ReadDefinition {
  readonly definition?: Definition;
  readonly problems: Problem[];
}

/** The parts of a specification that decide on the definition, with the pins filled in. */
export type DefinitionSpec = Pick<ApplianceSpec, "service" | "compose" | "lanService" | "files" | "secrets">;

type Context = Pick<ComposeContext, "ip" | "ip6" | "mac" | "place">;

const MARK = "# managed by pulumi-macvlan";

/** Reads and checks what Compose is to run. Problems are below the specification; those of a file have its line and column. */
export function readDefinition(spec: DefinitionSpec, context: Context, seen = new Seen()): ReadDefinition {
  if (spec.compose !== undefined && spec.service !== undefined)
    return problem([], "has both service and compose", "give one of them");
  if (spec.compose !== undefined) return fromFile(spec.compose, spec, context, seen);
  if (spec.service !== undefined) return fromService(spec.service, spec, context);
  return problem([], "says nothing to run", "give service (inline) or compose (the path of a compose file)");
}

function fromService(service: unknown, spec: DefinitionSpec, context: Context): ReadDefinition {
  const unfit = notPlain(service, ["service"]);
  if (unfit.length > 0) return { problems: unfit };
  const name = context.place?.name ?? "appliance";
  const problems: Problem[] = [];
  if (spec.lanService !== undefined && spec.lanService !== name)
    problems.push({
      path: ["lanService"],
      message: "is for a compose file of several services",
      remedy: "leave it out",
    });
  const volumes = namedVolumes(group(service));
  const file = {
    services: { [name]: service },
    ...(volumes.length === 0 ? {} : { volumes: Object.fromEntries(volumes.map((volume) => [volume, {}])) }),
  };
  const found = checkCompose(file, { lanService: name, ...context, ...delivered(spec) });
  problems.push(...found.map((each) => ({ ...each, path: inline(each.path, name) })));
  return { definition: new Inline(file, name), problems };
}

/** An inline service; its text is made when somebody asks for it, which who only checks a fleet never does. */
class Inline implements Definition {
  private written?: string;
  private bytes?: number;

  constructor(
    readonly file: Record<string, unknown>,
    readonly lanService: string,
  ) {}

  /** Every character of the JSON could be a line of its own, with the indentation of the deepest. */
  get atMost(): number {
    return (this.bytes ??= MARK.length + Buffer.byteLength(JSON.stringify(this.file)) * (2 * depthOf(this.file) + 6));
  }

  get text(): string {
    // YAML 1.1 rules for quoting: Compose's reader takes 1_000 for a number, others take yes for true.
    return (this.written ??= `${MARK}\n${stringify(this.file, { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false })}`);
  }
}

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Object.values(value).reduce<number>((deepest, each) => Math.max(deepest, depthOf(each)), 0);
}

function fromFile(path: string, spec: DefinitionSpec, context: Context, seen: Seen): ReadDefinition {
  let text: string;
  try {
    text = seen.read(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const message = code === "ENOENT" ? `there is no file ${path}` : `${path} cannot be read (${code})`;
    return problem(["compose"], message, `give a path that is right from ${process.cwd()}`);
  }
  return readCompose(text, path, spec, context);
}

/** Reads and checks the text of a compose file; `name` is what problems call it. */
export function readCompose(text: string, name: string, spec: DefinitionSpec, context: Context): ReadDefinition {
  const { file, faults, placeOf } = parseCompose(text);
  if (faults.length > 0)
    return {
      problems: faults.map(({ message, place }) => ({
        path: ["compose"],
        message: `${name}${place} ${message}`,
        remedy: "correct the YAML",
      })),
    };
  const fault = (path: Path, message: string, remedy: string): Problem => ({
    path: ["compose"],
    message: `${name}${placeOf(path)} ${[formatPath(path), message].filter((part) => part !== "").join(" ")}`,
    remedy,
  });
  const services = Object.keys(group(group(file)["services"]));
  if (services.length === 0)
    return { problems: [fault([], "has no services", "a compose file begins with services:")] };
  const lan = lanService(services, spec.lanService);
  if (typeof lan !== "string") return { problems: [lan] };
  const definition: Definition = { text, atMost: Buffer.byteLength(text), file: group(file), lanService: lan };
  const found = checkCompose(definition.file, { lanService: lan, ...context, ...delivered(spec) });
  return {
    definition,
    problems: found.map(({ path, message, remedy }) =>
      path[0] === "secrets" && group(definition.file["secrets"])[String(path[1])] === undefined
        ? { path, message, remedy }
        : fault(path, message, remedy),
    ),
  };
}

function lanService(services: readonly string[], wanted: string | undefined): string | Problem {
  if (wanted === undefined) {
    if (services.length === 1) return services[0]!;
    return {
      path: ["lanService"],
      message: `the compose file has several services: ${services.join(", ")}`,
      remedy: "say with lanService which one is on the LAN",
    };
  }
  if (services.includes(wanted)) return wanted;
  const near = nearest(wanted, services);
  return {
    path: ["lanService"],
    message: `the compose file has no service ${JSON.stringify(wanted)}`,
    remedy: near === undefined ? `it has ${services.join(", ")}` : `did you mean ${near}?`,
  };
}

function delivered(spec: DefinitionSpec): Pick<ComposeContext, "files" | "secrets"> {
  return { files: spec.files ?? {}, secrets: Object.keys(spec.secrets ?? {}) };
}

function problem(path: Path, message: string, remedy: string): ReadDefinition {
  return { problems: [{ path, message, remedy }] };
}

/** services.NAME.ports is service.ports in the specification; what is about the secrets stays there. */
function inline(path: Path, name: string): Path {
  return path[0] === "services" && path[1] === name ? ["service", ...path.slice(2)] : path;
}

/** Named volumes of an inline service, which has no other place to declare them. */
function namedVolumes(service: Record<string, unknown>): string[] {
  const names = list(service["volumes"]).flatMap((volume) => {
    if (typeof volume === "string") {
      const [source, target] = volume.split(":");
      return target !== undefined && /^[a-zA-Z0-9]/.test(source!) ? [source!] : [];
    }
    const { type, source } = group(volume);
    return type === "volume" && typeof source === "string" ? [source] : [];
  });
  return [...new Set(names)];
}

/** Where an inline service is not plain data: an Output has no value yet when the specification is checked. */
function notPlain(value: unknown, path: Path): Problem[] {
  if (path.length > 1 && (value === null || ["string", "number", "boolean", "undefined"].includes(typeof value)))
    return [];
  if (path.length > 1 && Array.isArray(value)) return value.flatMap((entry, i) => notPlain(entry, [...path, i]));
  const prototype: unknown = typeof value === "object" && value !== null ? Object.getPrototypeOf(value) : undefined;
  if (prototype === Object.prototype || prototype === null)
    return Object.entries(value as object).flatMap(([key, entry]) => notPlain(entry, [...path, key]));
  const message = path.length === 1 ? "is not a service" : "is not plain data";
  return [
    { path, message, remedy: "give text, numbers, lists and groups; what is secret or computed goes into secrets" },
  ];
}
