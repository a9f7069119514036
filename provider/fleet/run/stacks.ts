// The stacks of a fleet, one per host, in whatever backend Pulumi is told to use.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { randomBytes } from "node:crypto";
import { runtime } from "@pulumi/pulumi";
import { LocalWorkspace, PulumiFn, Stack } from "@pulumi/pulumi/automation";
import { parse, stringify } from "yaml";
import { clearPendingCreates, clearStaleLocks } from "../recover-backend";
import { Engine, EngineError, findEngine } from "./engine";
import { FleetError, faultOf } from "./faults";

export interface FleetOptions {
  /** Name of the project. Default: that of a Pulumi.yaml in `folder`, else macvlan. */
  readonly fleet?: string;
  /** URL of the state backend. Default: what Pulumi itself would take. */
  readonly backend?: string;
  /** The folder of the inventory, where a Pulumi.yaml and a Pulumi.HOST.yaml per host may be. */
  readonly folder: string;
}

const DEFAULT_PROJECT = "macvlan";

/** The only stack of the throw-away backend: empty, and no preview writes to it. */
const EMPTY = "empty";

// Engines come and go with their ports. A pool of connections for the whole process would take the port of an engine that
// ended for dead, also when the next engine has it.
Object.assign((runtime as { grpcChannelOptions?: object }).grpcChannelOptions ?? {}, {
  "grpc.use_local_subchannel_pool": 1,
});

/** A folder for the run with what `pulumi` wants to find in one, and the stacks that are there already. */
export class Stacks {
  private readonly folder = mkdtempSync(join(tmpdir(), "macvlan-fleet-"));
  private readonly known = new Set<string>();
  private empty?: Promise<Record<string, string>>;

  private constructor(
    private readonly engine: Engine | undefined,
    readonly project: string,
    private readonly env: Record<string, string>,
  ) {}

  /** Finds `pulumi`, and the stacks in the backend. Throws FleetError where that does not go. */
  static async open(options: FleetOptions): Promise<Stacks> {
    const stacks = Stacks.make(options, await findEngine());
    try {
      const { stdout } = await stacks.pulumi(["stack", "ls", "--json", "--project", stacks.project]);
      for (const { name } of JSON.parse(stdout) as { name: string }[]) stacks.known.add(name.split("/").at(-1)!);
      return stacks;
    } catch (error) {
      stacks.close();
      throw startFault(error);
    }
  }

  /** For what needs no backend and no `pulumi`: no stack is there, and none can be made. */
  static withoutState(options: Pick<FleetOptions, "fleet" | "folder">): Stacks {
    return Stacks.make(options);
  }

  private static make({ fleet, backend, folder }: FleetOptions, engine?: Engine): Stacks {
    const settings = projectSettings(folder);
    const project = fleet ?? settings.name ?? DEFAULT_PROJECT;
    const stacks = new Stacks(engine, project, {
      PULUMI_SKIP_UPDATE_CHECK: "true",
      ...(backend === undefined ? {} : { PULUMI_BACKEND_URL: backend }),
    });
    writeFileSync(
      join(stacks.folder, "Pulumi.yaml"),
      stringify({ name: project, runtime: "nodejs", ...(settings.backend ? { backend: settings.backend } : {}) }),
    );
    stacks.settingsFrom = folder;
    return stacks;
  }

  private settingsFrom = "";

  has(name: string): boolean {
    return this.known.has(name);
  }

  /** Names of all stacks of the project. */
  get names(): string[] {
    return [...this.known].sort();
  }

  /** The stack of a host that has one. */
  async stack(name: string, program?: PulumiFn): Promise<Stack> {
    this.copySettings(name);
    return this.workspace(name, this.folder, this.env, program);
  }

  /** The same, made where it is missing. */
  async made(name: string, program: PulumiFn): Promise<Stack> {
    if (!this.known.has(name)) {
      this.copySettings(name);
      await this.pulumi(["stack", "init", name, "--no-select"]);
      this.known.add(name);
    }
    return this.stack(name, program);
  }

  /** A stack without any state, for previews of hosts that have none: the backend is not written to. */
  async emptyStack(program: PulumiFn): Promise<Stack> {
    const folder = join(this.folder, EMPTY);
    this.empty ??= this.makeEmpty(folder);
    return this.workspace(EMPTY, folder, await this.empty, program);
  }

  private async makeEmpty(folder: string): Promise<Record<string, string>> {
    const state = join(folder, "state");
    mkdirSync(state, { recursive: true });
    writeFileSync(join(folder, "Pulumi.yaml"), stringify({ name: this.project, runtime: "nodejs" }));
    const env = {
      ...this.env,
      PULUMI_BACKEND_URL: `file://${state}`,
      PULUMI_CONFIG_PASSPHRASE: randomBytes(16).toString("hex"),
      PULUMI_CONFIG_PASSPHRASE_FILE: "",
    };
    await this.run(["stack", "init", EMPTY, "--no-select"], folder, env);
    return env;
  }

  private async workspace(
    name: string,
    workDir: string,
    envVars: Record<string, string>,
    program?: PulumiFn,
  ): Promise<Stack> {
    const workspace = await LocalWorkspace.create({ workDir, envVars, program, pulumiCommand: this.engine });
    // Selecting would leave a file per host in PULUMI_HOME; every command names its stack.
    workspace.selectStack = () => Promise.resolve();
    return Stack.select(name, workspace);
  }

  /** Configuration and secrets provider of a stack, if somebody keeps them beside the inventory. */
  private copySettings(name: string): void {
    const [from, to] = [this.settingsFrom, this.folder].map((folder) => join(folder, `Pulumi.${name}.yaml`));
    if (existsSync(from!) && !existsSync(to!)) copyFileSync(from!, to!);
  }

  /** Runs `pulumi` itself; rejects with EngineError. */
  pulumi(args: string[]): Promise<{ stdout: string; stderr: string }> {
    return this.run(args, this.folder, this.env);
  }

  private run(
    args: string[],
    folder: string,
    env: Record<string, string>,
  ): Promise<{ stdout: string; stderr: string }> {
    if (this.engine === undefined) throw new Error("these stacks have no backend");
    return this.engine.run(args, folder, env);
  }

  /** Outputs of a stack; secrets are masked. */
  async outputs(name: string): Promise<unknown> {
    return JSON.parse((await this.pulumi(["stack", "output", "--json", "--stack", name])).stdout);
  }

  /** Clears what an engine that was killed left, so that the next run needs nobody; a line for the person per thing found. */
  async recover(name: string): Promise<string[]> {
    const url = this.env.PULUMI_BACKEND_URL ?? process.env.PULUMI_BACKEND_URL ?? "";
    const locks = url.startsWith("file://") ? clearStaleLocks(folderOf(url), this.project, name) : [];
    const cli = async (args: string[]): Promise<void> => void (await this.pulumi(args));
    return [...locks, ...(await clearPendingCreates(cli, name))];
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** `file://~/state` and `file://./state` are Pulumi's own, and no URLs. */
function folderOf(url: string): string {
  const path = url.slice("file://".length);
  if (path.startsWith("~")) return join(process.env.HOME ?? "", path.slice(1));
  return path.startsWith("/") ? fileURLToPath(url.split("?")[0]!) : path;
}

function projectSettings(folder: string): { name?: string; backend?: object } {
  const file = join(folder, "Pulumi.yaml");
  if (!existsSync(file)) return {};
  const { name, backend } = (parse(readFileSync(file, "utf8")) ?? {}) as { name?: string; backend?: object };
  return { name, backend };
}

function startFault(error: unknown): unknown {
  if (!(error instanceof EngineError)) return error;
  const fault = faultOf(error.message);
  const { message, remedy } = fault ?? {
    message: `the stacks cannot be listed: ${error.message}`,
    remedy: "see that --backend, PULUMI_BACKEND_URL or `pulumi login` name a backend that can be read",
  };
  return new FleetError([{ path: [], message, remedy }]);
}
