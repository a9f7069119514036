import { spawn } from "node:child_process";

export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Seconds after which the command and its children are killed; its code is then 124. */
  timeout: number;
}

/** Runs a command in a process group of its own; a command that cannot start ends with code 127. */
export function run(command: string, args: string[], options: RunOptions): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let stdout = "";
    let stderr = "";
    let code: number | undefined;
    const stop = (): void => {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    };
    const timer = setTimeout(() => {
      code = 124;
      stop();
    }, options.timeout * 1000);
    process.once("exit", stop);
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("error", (error) => {
      stderr += error.message;
      code = 127;
    });
    child.on("close", (exit) => {
      clearTimeout(timer);
      process.off("exit", stop);
      resolve({ code: code ?? exit ?? 1, stdout, stderr });
    });
  });
}
