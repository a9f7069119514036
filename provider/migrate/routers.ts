import { parseCompose } from "../appliance/compose-file";
import { Problem } from "../errors";
import { group, list } from "../validate";

/** The service of a compose file that runs macvlan-router. */
export interface Router {
  readonly service: string;
  /** Its environment as the file has it; null where the value comes from the shell. */
  readonly environment: ReadonlyMap<string, string | null>;
  /** Files with further environment, which are not read. */
  readonly envFiles: readonly string[];
  /** The other services of the file. */
  readonly others: readonly string[];
}

/** Finds the service in the text of a compose file. */
export function routerOf(text: string): { router?: Router; problems: Problem[] } {
  const { file, faults } = parseCompose(text);
  if (faults.length > 0)
    return {
      problems: faults.map(({ message, place }) => ({
        path: [],
        message: `${place === "" ? "" : `${place.slice(1)} `}is not YAML: ${message}`,
        remedy: "correct the file",
      })),
    };
  const services = Object.entries(group(group(file)["services"])).map(([name, value]) => [name, group(value)] as const);
  const [found, ...more] = services.filter(([, { image }]) => isRouter(image));
  if (found === undefined)
    return {
      problems: [
        {
          path: ["services"],
          message: "no service runs macvlan-router: none has an image of that name",
          remedy: "give the compose file that starts it",
        },
      ],
    };
  if (more.length > 0)
    return {
      problems: [
        {
          path: ["services"],
          message: `several services run macvlan-router: ${[found, ...more].map(([name]) => name).join(", ")}`,
          remedy: "give each in a file of its own: the inventory of a host has one network",
        },
      ],
    };
  const [service, { environment, env_file }] = found;
  const others = services.map(([name]) => name).filter((name) => name !== service);
  const values = environmentOf(environment, ["services", service, "environment"]);
  const router = { service, environment: values.environment, envFiles: envFilesOf(env_file), others };
  return values.problems.length > 0 ? { problems: values.problems } : { router, problems: [] };
}

/** `ghcr.io/somebody/macvlan-router:latest@sha256:…`, whoever built it. */
function isRouter(image: unknown): boolean {
  return typeof image === "string" && /(^|\/)macvlan-router$/.test(image.replace(/@.*$/, "").replace(/:[^/]*$/, ""));
}

/** Both forms that Compose takes: a group, or a list of NAME=VALUE. */
function environmentOf(
  given: unknown,
  path: readonly string[],
): { environment: ReadonlyMap<string, string | null>; problems: Problem[] } {
  if (given === undefined || given === null) return { environment: new Map(), problems: [] };
  const isScalar = (value: unknown): boolean => ["string", "number", "boolean"].includes(typeof value);
  const entries = Array.isArray(given)
    ? given.map((entry: unknown): [string, unknown] => {
        const [name = "", ...value] = scalar(entry).split("=");
        return [name, value.length === 0 ? null : value.join("=")];
      })
    : Object.entries(group(given));
  const bad = entries.filter(([, value]) => value !== null && !isScalar(value));
  const whole = Array.isArray(given) ? given.every(isScalar) : typeof given === "object";
  if (!whole || bad.length > 0)
    return {
      environment: new Map(),
      problems: [
        {
          path: [...path, ...bad.slice(0, 1).map(([name]) => name)],
          message: "is not what Compose takes for an environment",
          remedy: "write NAME: VALUE, or a list of NAME=VALUE",
        },
      ],
    };
  return {
    environment: new Map(entries.map(([name, value]) => [name, value === null ? null : scalar(value)])),
    problems: [],
  };
}

function envFilesOf(given: unknown): string[] {
  return list(given).map((file) => scalar(typeof file === "string" ? file : group(file)["path"]));
}

function scalar(value: unknown): string {
  return ["string", "number", "boolean"].includes(typeof value) ? String(value) : "";
}
