import { spawn } from "node:child_process";
import * as readline from "node:readline";

/** How to run a program. */
export interface RunOptions {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Text for its stdin; nothing when left out. */
  stdin?: string;
  /** Milliseconds after which it is killed, with whatever it has started; no limit when left out. */
  timeout?: number;
  /** Called with each line of stdout and stderr as it comes. */
  onLine?: (line: string) => void;
}

/** What a program left behind; `code` is null when a signal ended it. */
export interface RunResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end, whatever its exit code. Rejects only when it cannot be started. */
export function tryRun(file: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    // With a limit it gets a process group of its own: a child of it that went on would hold its output open.
    const detached = options.timeout !== undefined;
    const child = spawn(file, args, { env: options.env, cwd: options.cwd, stdio: "pipe", detached });
    const kill = () => {
      if (child.pid !== undefined && alive(-child.pid)) process.kill(-child.pid, "SIGKILL");
    };
    if (detached) process.once("exit", kill);
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    if (options.onLine) {
      eachLine(child.stdout, options.onLine);
      eachLine(child.stderr, options.onLine);
    }
    const timer = detached ? setTimeout(kill, options.timeout) : undefined;
    const finish = () => {
      clearTimeout(timer);
      process.off("exit", kill);
    };
    child.stdin.on("error", () => undefined); // a program may end without reading its input
    child.stdin.end(options.stdin ?? "");
    child.on("error", (error: NodeJS.ErrnoException) => {
      finish();
      reject(error.code === "ENOENT" ? new Error(`${file} is not installed`) : error);
    });
    child.on("close", (code) => {
      finish();
      resolve({ code, stdout, stderr });
    });
  });
}

/**
 * Runs a program and returns its stdout.
 * @throws with the end of what it said when its exit code is not 0
 */
export async function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await tryRun(file, args, options);
  if (result.code !== 0) {
    const said = (result.stderr.trim() || result.stdout.trim()).split("\n").slice(-15).join("\n");
    throw new Error(
      `${file} ${args.slice(0, 3).join(" ")}: ${result.code === null ? "killed" : `exit ${result.code}`}\n${said}`,
    );
  }
  return result.stdout;
}

/** Resolves after `ms` milliseconds. */
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether a process of this id, or a group of this id with a minus, exists (also one that belongs to somebody else). */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Calls `onLine` with each line of a stream. Errors of the stream stay with the stream's own listeners. */
export function eachLine(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  readline
    .createInterface(stream)
    .on("line", onLine)
    .on("error", () => undefined); // readline repeats the stream's errors as its own
}
