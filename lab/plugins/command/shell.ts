// Runs a command as the official plugin's local.Command does, output and error texts included.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";

export interface ShellInput {
  command: string;
  interpreter?: string[];
  dir?: string;
  environment?: Record<string, string>;
  stdin?: string;
  /** What is said line by line while it runs. */
  logging?: string;
  /** Output of the run before, for PULUMI_COMMAND_STDOUT and PULUMI_COMMAND_STDERR. */
  previous?: { stdout?: string; stderr?: string };
}

export interface ShellOutput {
  stdout: string;
  stderr: string;
}

const withoutLastNewline = (text: string): string => text.replace(/\n$/, "");

/** Passes whole lines on; the rest is kept until it is complete or the stream ends. */
function byLine(say: (line: string) => void): { write: (text: string) => void; end: () => void } {
  let rest = "";
  return {
    write: (text) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      lines.forEach(say);
    },
    end: () => {
      if (rest !== "") say(rest);
    },
  };
}

/** How Go names the signals that end commands. */
const SIGNALS: Partial<Record<NodeJS.Signals, string>> = {
  SIGHUP: "hangup",
  SIGINT: "interrupt",
  SIGKILL: "killed",
  SIGSEGV: "segmentation fault",
  SIGTERM: "terminated",
};

const reason = (code: number | null, signal: NodeJS.Signals | null): string =>
  signal ? `signal: ${SIGNALS[signal] ?? signal}` : `exit status ${code}`;

/** Rejects with "REASON: running COMMAND:" and everything the command printed, as the official plugin does. */
export function runShell(input: ShellInput, say: (line: string) => void): Promise<ShellOutput> {
  const [program = "/bin/sh", ...args] = input.interpreter?.length ? input.interpreter : ["/bin/sh", "-c"];
  const env: NodeJS.ProcessEnv = { ...process.env, ...input.environment };
  if (input.previous?.stdout) env.PULUMI_COMMAND_STDOUT = input.previous.stdout;
  if (input.previous?.stderr) env.PULUMI_COMMAND_STDERR = input.previous.stderr;
  const logs = (stream: "stdout" | "stderr"): boolean => [undefined, "stdoutAndStderr", stream].includes(input.logging);
  return new Promise((resolve, reject) => {
    const fail = (why: string, printed: string): void =>
      reject(new Error(`${why}: running ${JSON.stringify(input.command)}:\n${printed}`));
    const dir = input.dir ?? process.cwd();
    if (!existsSync(dir)) return fail(`chdir ${dir}: no such file or directory`, "");
    const child = spawn(program, [...args, input.command], {
      cwd: dir,
      env,
      stdio: [input.stdin ? "pipe" : "ignore", "pipe", "pipe"],
    });
    // Decoded at the end, so that a character cut in two by a pipe's chunks comes out whole.
    const chunks: Record<"stdout" | "stderr" | "both", Buffer[]> = { stdout: [], stderr: [], both: [] };
    const text = (name: keyof typeof chunks): string => Buffer.concat(chunks[name]).toString();
    const lines = byLine(say);
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.on("data", (chunk: Buffer) => {
        chunks[name].push(chunk);
        chunks.both.push(chunk);
        if (logs(name)) lines.write(chunk.toString());
      });
    }
    // A command that does not read its input to the end is no failure.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input.stdin);
    child.on("error", (error) => fail(`fork/exec ${program}: ${error.message}`, ""));
    child.on("close", (code, signal) => {
      lines.end();
      if (code === 0)
        resolve({ stdout: withoutLastNewline(text("stdout")), stderr: withoutLastNewline(text("stderr")) });
      else fail(reason(code, signal), text("both"));
    });
  });
}
