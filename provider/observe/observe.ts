import * as pulumi from "@pulumi/pulumi";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Problem, SpecError } from "../errors";
import { FailureKind, quote, quoteAll, runAsync, runScript, runSync, SessionResult, SshArgs, SshFlow } from "../ssh";
import { HostFacts } from "./facts";
import { ObservationError, parseFacts } from "./parse";

/** A host's state, or why it could not be read. */
export type Observation =
  | { readonly facts: HostFacts; readonly problem?: undefined }
  | { readonly facts?: undefined; readonly problem: Problem };

/**
 * An address that the LAN is asked for in the same session, before somebody pins it, and the device to ask on: the NIC, or
 * what the link of that name is on. The host leaves out addresses that an appliance of its own has.
 */
export interface Probe {
  readonly ip: string;
  readonly on: {
    readonly name?: string;
    readonly mac?: string;
    readonly path?: string;
    readonly link?: string;
    /** Id of the VLAN of that NIC. Nobody is asked on one that the host does not have yet. */
    readonly vlan?: number;
  };
}

/** Milliseconds that the script may take: its commands are bounded by 15 s each, and a slow host needs some at once. */
const TIMEOUT = 120_000;

/** Observations that were made ahead of a run; the run that takes one uses it up, so that the next one looks again. */
const ahead = new Map<string, Observation>();

/** One observation per host and run: several components of one program look at the same moment. */
const perRun = new WeakMap<object, Map<string, Observation>>();

/**
 * The state of a host, or undefined when hosts are not to be contacted (MACVLAN_OFFLINE=1, or the Pulumi configuration
 * macvlan:offline). Blocks, since constructors cannot wait. Throws SpecError, with `path` in front, if the host cannot be read.
 */
export function factsOf(ssh: SshArgs, path: readonly string[], probes: readonly Probe[] = []): HostFacts | undefined {
  if (isOffline()) return undefined;
  const observation = observe(ssh, probes);
  if (observation.problem)
    throw new SpecError([{ ...observation.problem, path: [...path, ...observation.problem.path] }]);
  return observation.facts;
}

/**
 * Reads the state of a host, once per run of a program: addresses that only a later call names are not asked for, and are
 * missing in `probed`.
 */
export function observe(ssh: SshArgs, probes: readonly Probe[] = []): Observation {
  const key = keyOf(ssh);
  const known = cacheOfRun();
  let observation = known.get(key);
  if (observation === undefined) {
    observation = ahead.get(key) ?? runSync(flow(ssh, probes));
    ahead.delete(key);
    known.set(key, observation);
  }
  return observation;
}

/** Reads the state of a host ahead of the program that will ask for it, while others are read. What is wrong, if anything. */
export async function observeAhead(ssh: SshArgs, probes: readonly Probe[] = []): Promise<Problem | undefined> {
  const observation = await runAsync(flow(ssh, probes));
  if (observation.problem) return observation.problem;
  provideObservation(ssh, observation);
  return undefined;
}

/** Lays an observation ready for the next run that asks for this host. */
export function provideObservation(ssh: SshArgs, observation: Observation): void {
  ahead.set(keyOf(ssh), observation);
}

/** Whether hosts are left alone: no observation, no connection, the plan is the specification's own. */
export function isOffline(): boolean {
  const variable = process.env.MACVLAN_OFFLINE ?? "";
  if (variable !== "") return variable !== "0" && variable !== "false";
  return new pulumi.Config("macvlan").getBoolean("offline") ?? false;
}

function* flow(ssh: SshArgs, probes: readonly Probe[]): SshFlow<Observation> {
  return toObservation(yield* runScript(ssh, observeScript(probes), TIMEOUT));
}

/** The text of the host's part: the functions first, then what calls them. */
export function observeText(): string {
  return ["docker.sh", "probe.sh", "observe.sh"]
    .map((name) => readFileSync(join(__dirname, "host", name), "utf8"))
    .join("\n");
}

/** What is sent to the host. The script also has its own text, which it hands on to the root that sudo gives it. */
export function observeScript(probes: readonly Probe[] = []): string {
  const text = observeText();
  const asked = probes.flatMap(({ ip, on: { vlan, ...on } }) =>
    Object.entries(on).flatMap(([key, value]) =>
      value === undefined ? [] : [`${ip} ${key}:${value}${vlan === undefined ? "" : ` ${vlan}`}`],
    ),
  );
  return `OBSERVE=${quote(text)}\nset -- ${quoteAll(asked)}\neval "$OBSERVE"\n`;
}

function toObservation(result: SessionResult): Observation {
  if (result.failure) {
    const { kind, message, remedy } = result.failure;
    const without = kind === FailureKind.Unreachable ? ", or set MACVLAN_OFFLINE=1 to preview without the host" : "";
    return { problem: { path: ["ssh", "destination"], message, remedy: remedy + without } };
  }
  try {
    return { facts: parseFacts(result.stdout) };
  } catch (error) {
    if (!(error instanceof ObservationError)) throw error;
    return {
      problem: { path: ["ssh", "destination"], message: error.message, remedy: "try again; if it stays, report it" },
    };
  }
}

/** Every run of a program has a monitor of its own, also those of one process (Automation API inline programs). */
function cacheOfRun(): Map<string, Observation> {
  const run = (pulumi.runtime.getMonitor() as object | undefined) ?? perRun;
  let cache = perRun.get(run);
  if (cache === undefined) perRun.set(run, (cache = new Map<string, Observation>()));
  return cache;
}

function keyOf(ssh: SshArgs): string {
  return JSON.stringify([ssh.destination, ...(ssh.options ?? [])]);
}
