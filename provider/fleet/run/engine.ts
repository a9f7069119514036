// The `pulumi` executable, run by the Automation API through this, so that a Ctrl-C reaches it in our time and not the
// terminal's.
import { spawn } from "node:child_process";
import { PulumiCommand } from "@pulumi/pulumi/automation";
import { FleetError } from "./faults";

/** What one call of `pulumi` printed, when it ended in an error. */
export class EngineError extends Error {
  constructor(
    readonly stdout: string,
    readonly stderr: string,
  ) {
    super([stderr, stdout].map((text) => text.trim()).find((text) => text !== "") ?? "pulumi ended without a word");
    this.name = "EngineError";
  }
}

/** What one call of `pulumi` printed. */
export interface Printed {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** The Automation API's command, with the one method by which the API itself calls it (3.248: not in its declarations). */
export type Engine = PulumiCommand & {
  run(
    args: string[],
    cwd: string,
    env: Record<string, string>,
    onOutput?: (text: string) => void,
    onError?: (text: string) => void,
    signal?: AbortSignal,
  ): Promise<Printed>;
};

const INSTALL = "install it (https://www.pulumi.com/docs/install), and see that `pulumi version` works";

/** Finds `pulumi` on PATH. Throws FleetError where there is none, or one that is too old. */
export async function findEngine(): Promise<Engine> {
  let command: Engine;
  try {
    command = (await PulumiCommand.get()) as Engine;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const absent = /ENOENT|not found/.test(text);
    const message = absent ? "there is no `pulumi` on PATH" : `\`pulumi\` cannot be used: ${text.trim()}`;
    throw new FleetError([{ path: [], message, remedy: INSTALL }]);
  }
  command.run = (args, cwd, env, onOutput, onError, signal) =>
    run(command.command, args, { cwd, env: { ...env, PULUMI_AUTOMATION_API: "true" } }, { onOutput, onError, signal });
  return command;
}

interface Listeners {
  readonly onOutput?: (text: string) => void;
  readonly onError?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * A session of its own: a Ctrl-C of the terminal goes to every process in the foreground, and the engine would take the
 * second one, from us, as the order to drop everything.
 */
function run(
  command: string,
  args: readonly string[],
  { cwd, env }: { cwd: string; env: Record<string, string> },
  { onOutput, onError, signal }: Listeners,
): Promise<Printed> {
  const given = args.includes("--non-interactive") ? args : [...args, "--non-interactive"];
  return new Promise((resolve, reject) => {
    const child = spawn(command, given, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const interrupt = (): void => void child.kill("SIGINT");
    signal?.addEventListener("abort", interrupt);
    if (signal?.aborted) interrupt();
    const [out, err] = [new Tail(), new Tail()];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out.add(text), onOutput?.(text)));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err.add(text), onError?.(text)));
    child.on("error", reject).on("close", (code) => {
      signal?.removeEventListener("abort", interrupt);
      if (code === 0) resolve({ stdout: out.text, stderr: err.text, code: 0 });
      else reject(new EngineError(out.text, err.text));
    });
  });
}

/** The last characters of a text: outputs of a stack fit many times, a hundred megabytes of messages do not. */
class Tail {
  text = "";

  add(text: string): void {
    const LIMIT = 16 * 1024 * 1024;
    this.text += text;
    if (this.text.length > 2 * LIMIT) this.text = this.text.slice(-LIMIT);
  }
}
