import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../errors";
import { HostFacts, ObservationError, observeScript, parseFacts, Probe, UnitFact } from "../observe";
import { decodeFrames, runScript, SshArgs, SshFlow } from "../ssh";

/** What the doctor sees of a host beside what every run of the project looks at. */
export interface Sight {
  readonly facts: HostFacts;
  readonly boot: BootFacts;
}

export interface BootFacts {
  /** Files that make links: the path, and the lines of it that make or name one. */
  readonly makers: ReadonlyMap<string, readonly string[]>;
  /** Units that run a script of `makers`: the script → paths of unit files or drop-ins. */
  readonly runners: ReadonlyMap<string, readonly string[]>;
  /** The units of `makers` and `runners`, and docker.service, by name. */
  readonly units: ReadonlyMap<string, UnitFact>;
  /** MACs that were asked for when a container was made, by container id; undefined where that could not be read. */
  readonly pins: ReadonlyMap<string, readonly string[]>;
  /** arp_filter, arp_ignore and rp_filter by interface: "lan0/arp_filter" → "1". */
  readonly arp: ReadonlyMap<string, string>;
}

/** The host was looked at, or why that was not possible. */
export type Look =
  { readonly sight: Sight; readonly fault?: undefined } | { readonly sight?: undefined; readonly fault: Fault };

/** Milliseconds: the commands are bounded by 15 s each, and a slow host needs some at once. */
const TIMEOUT = 150_000;

/** Looks at a host through one session of ssh; `probes` are addresses to ask the LAN for. */
export function* look(ssh: SshArgs, probes: readonly Probe[] = []): SshFlow<Look> {
  const script = `${readFileSync(join(__dirname, "host", "boot.sh"), "utf8")}\n${observeScript(probes)}`;
  const result = yield* runScript(ssh, script, TIMEOUT);
  if (result.failure) return { fault: result.failure };
  try {
    return { sight: parseSight(result.stdout) };
  } catch (error) {
    if (!(error instanceof ObservationError)) throw error;
    return { fault: { message: error.message, remedy: "try again; if it stays, report it" } };
  }
}

/** Reads what boot.sh and observe.sh print. Throws ObservationError. */
export function parseSight(output: string): Sight {
  const facts = parseFacts(output);
  const frames = decodeFrames(output);
  const list = (key: string) => (frames.get(key) ?? "").split("\n").filter(Boolean);
  return {
    facts,
    boot: {
      makers: new Map(
        list("boot.made").map((path) => [
          path,
          list("boot.lines").flatMap((line) => (line.startsWith(`${path}:`) ? [line.slice(path.length + 1)] : [])),
        ]),
      ),
      runners: grouped(list("boot.runs").map((line): [string, string] => [rest(line), first(line)])),
      units: new Map(
        [...frames].flatMap(([key, text]) =>
          key.startsWith("boot.unit.") ? [[key.slice("boot.unit.".length), toUnit(text)] as const] : [],
        ),
      ),
      pins: new Map(list("boot.pins").map((line) => [first(line), rest(line).split(" ").filter(Boolean)])),
      arp: new Map(
        list("boot.arp").flatMap((line) => {
          const [, key, value] = /^\/proc\/sys\/net\/ipv4\/conf\/(.+):(\d+)$/.exec(line) ?? [];
          return key === undefined ? [] : [[key, value!] as const];
        }),
      ),
    },
  };
}

function toUnit(text: string): UnitFact {
  const properties = Object.fromEntries(
    text.split("\n").map((line): [string, string] => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
  return {
    loadState: properties.LoadState ?? "",
    activeState: properties.ActiveState ?? "",
    fragmentPath: properties.FragmentPath ?? "",
    properties,
  };
}

function grouped(entries: readonly (readonly [string, string])[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [key, value] of entries) groups.set(key, [...(groups.get(key) ?? []), value]);
  return groups;
}

function first(line: string): string {
  return line.split(" ", 1)[0]!;
}

function rest(line: string): string {
  const at = line.indexOf(" ");
  return at < 0 ? "" : line.slice(at + 1);
}
