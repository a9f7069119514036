// Pulumi for the lab, the tests and `npm start`: the engine with a state of its own in a folder, inline programs, and
// what happened in each run as data.
import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { LocalWorkspace, PulumiCommand, type PulumiFn, type Stack, type UpOptions } from "@pulumi/pulumi/automation";
import { clearPendingCreates, clearStaleLocks } from "../provider/fleet/recover-backend";
import { ensureEngine, type Progress } from "./engine";
import { recorder, type Diagnostic, type Ended, type Recording } from "./engine/events";
import { ensurePlugins } from "./plugins/download";
import type { Plugins } from "./plugins/select";

export type { Diagnostic, Ended, Recording, Step } from "./engine/events";
export type { Plugins } from "./plugins/select";

export interface EngineEnv {
  /** The `pulumi` executable. */
  engine: string;
  plugins: Plugins;
  /** What the engine needs in its environment; also right for running `pulumi` itself. */
  env: Record<string, string>;
}

export interface EngineOptions {
  /** Folder of the state (a file backend); made where it is missing. */
  dir: string;
  /** Passphrase of the secrets in the state; default empty. */
  passphrase?: string;
  /** Additions to the environment. A PATH here replaces the process's own, under the engine and the plugins. */
  env?: Record<string, string>;
  progress?: Progress;
}

/** Finds (or gets) the engine and the plugins, and says how to run them with a state in `dir`. */
export async function engineEnv(options: EngineOptions): Promise<EngineEnv> {
  const progress = options.progress ?? ((): void => undefined);
  const engine = await ensureEngine(progress);
  const plugins = await ensurePlugins(engine, progress);
  mkdirSync(options.dir, { recursive: true });
  const standIn = plugins.kind === "stand-in";
  const path = [...plugins.folders, options.env?.PATH ?? process.env.PATH ?? "", dirname(engine)];
  return {
    engine,
    plugins,
    env: {
      PULUMI_BACKEND_URL: `file://${options.dir}`,
      PULUMI_CONFIG_PASSPHRASE: options.passphrase ?? "",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // The stand-ins serve less than a program could ask for: no download is to fill the gap unseen.
      ...(standIn ? { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" } : {}),
      ...options.env,
      PATH: path.join(delimiter),
    },
  };
}

export interface StackOptions extends EngineOptions {
  /** Name of the stack; a state holds any number. */
  name: string;
  /** Name of the project; default "lab". */
  project?: string;
  program: PulumiFn;
}

export interface RunOptions extends Pick<UpOptions, "parallel" | "refresh" | "target" | "signal" | "continueOnError"> {
  /** Another program than the stack's own, for this run. */
  program?: PulumiFn;
  /** Report a failed run instead of throwing it. */
  mayFail?: boolean;
  onStep?: (step: Ended) => void;
  onDiagnostic?: (diagnostic: Diagnostic) => void;
}

/** What one run did. */
export interface RunResult extends Recording {
  ok: boolean;
  /** What the engine printed, as a person would have seen it; previews with the full diff. */
  output: string;
  outputs: Record<string, unknown>;
  seconds: number;
}

/** A run that failed; its message holds the engine's error diagnostics. */
export class RunError extends Error {
  constructor(
    what: string,
    readonly result: RunResult,
  ) {
    const errors = result.diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message);
    super(`${what} failed:\n${errors.join("\n") || result.output}`);
  }
}

/** The file backend's folder of this stack and the Automation API's own stack for what is not wrapped here. */
export interface LabStack {
  stack: Stack;
  dir: string;
  engine: EngineEnv;
  up(options?: RunOptions): Promise<RunResult>;
  preview(options?: RunOptions): Promise<RunResult>;
  refresh(options?: RunOptions): Promise<RunResult>;
  destroy(options?: RunOptions): Promise<RunResult>;
  /** Clears what a killed engine left; a line for the person per thing found. Never contacts a host. */
  recover(): Promise<string[]>;
  /** SIGKILLs the running engine of this stack; false where none runs. */
  kill(): boolean;
  /** The state as it lies on disk, secrets encrypted. */
  state(): string;
}

/** The API's PulumiCommand takes a root folder: one that holds a link to the engine and nothing else. */
async function commandOf(engine: string, dir: string): Promise<PulumiCommand> {
  const link = join(dir, ".engine", "bin", "pulumi");
  mkdirSync(dirname(link), { recursive: true });
  const current = ((): string | undefined => {
    try {
      return readlinkSync(link);
    } catch {
      return undefined;
    }
  })();
  if (current !== engine) {
    rmSync(link, { force: true });
    symlinkSync(engine, link);
  }
  return PulumiCommand.get({ root: join(dir, ".engine") });
}

type Operation = "up" | "preview" | "refresh" | "destroy";

/**
 * The program was taken for one of another engine of this process: gRPC's pool still held the port of one that has ended as dead, or the
 * end of a program whose engine was killed was taken for its own (one in some hundred runs). Nothing was done then.
 */
const missedEngine = ({ ok, started, output }: RunResult): boolean =>
  !ok &&
  started.every(({ type }) => type.startsWith("pulumi:")) &&
  /No connection established\. Last error: null|Resource monitor is terminating/.test(output);

async function act(stack: Stack, operation: Operation, options: RunOptions): Promise<RunResult> {
  let result = await attempt(stack, operation, options);
  if (missedEngine(result)) result = await attempt(stack, operation, options);
  if (!result.ok && !options.mayFail) throw new RunError(`${operation} of ${stack.name}`, result);
  return result;
}

async function attempt(stack: Stack, operation: Operation, options: RunOptions): Promise<RunResult> {
  const { onStep, onDiagnostic, program, parallel, refresh, target, signal, continueOnError } = options;
  const from = Date.now();
  const { recording, onEvent } = recorder(Date.now, onStep, onDiagnostic);
  let output = "";
  const common = {
    ...{ parallel, refresh, target, signal, onEvent, color: "never" as const },
    onOutput: (text: string): void => void (output += text),
    onError: (text: string): void => void (output += text),
  };
  let outputs: Record<string, unknown> = {};
  let failure: Error | undefined;
  try {
    if (operation === "up") {
      const result = await stack.up({ ...common, program, continueOnError });
      outputs = Object.fromEntries(Object.entries(result.outputs).map(([key, { value }]) => [key, value as unknown]));
    } else if (operation === "preview") await stack.preview({ ...common, program, diff: true });
    else if (operation === "refresh") await stack.refresh({ parallel, target, onEvent, onOutput: common.onOutput });
    else await stack.destroy({ ...common, continueOnError });
  } catch (error) {
    failure = error as Error;
    if (!output.includes(failure.message)) output += `\n${failure.message}`;
  }
  return { ...recording, ok: !failure, output, outputs, seconds: (Date.now() - from) / 1000 };
}

/** Children of this process, from /proc: the Automation API does not say which process is its engine. */
function enginesOf(folder: string): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        const parent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0] ?? "";
        return parent === process.pid && command === join(folder, ".engine", "bin", "pulumi");
      } catch {
        return false;
      }
    });
}

/** A stack with an inline program and its state in `dir`. */
export async function stackFor(options: StackOptions): Promise<LabStack> {
  const { dir, name, project = "lab", program } = options;
  const engine = await engineEnv(options);
  const pulumiCommand = await commandOf(engine.engine, dir);
  const stack = await LocalWorkspace.createOrSelectStack(
    { stackName: name, projectName: project, program },
    {
      pulumiCommand,
      envVars: engine.env,
      projectSettings: { name: project, runtime: "nodejs", backend: { url: engine.env.PULUMI_BACKEND_URL as string } },
      secretsProvider: "passphrase",
    },
  );
  return {
    stack,
    dir,
    engine,
    up: (given = {}) => act(stack, "up", given),
    preview: (given = {}) => act(stack, "preview", given),
    refresh: (given = {}) => act(stack, "refresh", given),
    destroy: (given = {}) => act(stack, "destroy", given),
    recover: async () => {
      const cli = (args: string[]): Promise<string> => runCli(engine, args, stack.workspace.workDir);
      return [...clearStaleLocks(dir, project, name), ...(await clearPendingCreates(cli, name))];
    },
    kill: () => {
      const pids = enginesOf(dir);
      for (const pid of pids) process.kill(pid, "SIGKILL");
      return pids.length > 0;
    },
    state: () => readFileSync(join(dir, ".pulumi", "stacks", project, `${name}.json`), "utf8"),
  };
}

/** Runs the `pulumi` command itself, for instance in a project's folder; rejects with its output where it fails. */
export async function runCli(engine: EngineEnv, args: string[], cwd: string): Promise<string> {
  const env = { ...process.env, ...engine.env };
  const { stdout, stderr } = await promisify(execFile)(engine.engine, args, { cwd, env, maxBuffer: 64 << 20 });
  return stdout + stderr;
}

const VERBS: Record<string, string> = {
  ...{ create: "created", update: "updated", delete: "deleted", replace: "replaced", import: "imported" },
  ...{ "create-replacement": "created anew", "delete-replaced": "deleted to be replaced" },
};

/** Options that print one line per finished resource, with the time it took, and the engine's errors as they come. */
export function printing(print: Progress): Pick<RunOptions, "onStep" | "onDiagnostic"> {
  return {
    onStep: ({ op, type, name, failed, seconds }) => {
      // The stack and the providers are the engine's own affair; a replacement is told by its two halves.
      if (op === "replace" || type.startsWith("pulumi:")) return;
      const verb = failed ? `${op} FAILED` : (VERBS[op] ?? op);
      print(`${name} (${type.split(":").pop() ?? type}) ${verb} in ${seconds.toFixed(1)} s`);
    },
    onDiagnostic: ({ severity, message }) => {
      if (severity === "error") print(message);
    },
  };
}
