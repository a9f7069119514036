import { spawn, spawnSync, StdioOptions } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { SshResult } from "./failure";

/** One call of the ssh program. */
export interface SshRun {
  readonly args: readonly string[];
  readonly input?: string;
  /** Milliseconds after which the program is stopped. */
  readonly timeout: number;
  /** The program leaves a part of itself in the background (a master), which would keep a pipe for output open. */
  readonly background?: boolean;
}

/** A sequence of calls that looks at each result before it decides on the next; it can be run at once or asynchronously. */
export type SshFlow<T> = Generator<SshRun, T, SshResult>;

/** Runs a flow while everything else waits: for constructors, which cannot wait for a promise. */
export function runSync<T>(flow: SshFlow<T>): T {
  let step = flow.next();
  while (step.done !== true) step = flow.next(callSync(step.value));
  return step.value;
}

/** Runs a flow beside others. */
export async function runAsync<T>(flow: SshFlow<T>): Promise<T> {
  let step = flow.next();
  while (step.done !== true) step = flow.next(await call(step.value));
  return step.value;
}

/** Enough for the state of a host with some thousand containers. */
const MAX_OUTPUT = 64 * 1024 * 1024;

function callSync(run: SshRun): SshResult {
  return withStderrFile((stderr, read) => {
    const result = spawnSync("ssh", run.args, {
      input: run.input,
      stdio: [run.input === undefined ? "ignore" : "pipe", run.background ? "ignore" : "pipe", stderr],
      timeout: run.timeout,
      maxBuffer: MAX_OUTPUT,
      encoding: "utf8",
    });
    const failure: NodeJS.ErrnoException | undefined = result.error;
    return {
      status: result.status ?? undefined,
      stdout: result.stdout ?? "",
      stderr: read(),
      absent: failure?.code === "ENOENT",
      timedOut: failure?.code === "ETIMEDOUT",
    };
  });
}

async function call(run: SshRun): Promise<SshResult> {
  return withStderrFile(
    (stderr, read) =>
      new Promise((resolve) => {
        const stdio: StdioOptions = ["pipe", run.background ? "ignore" : "pipe", stderr];
        const child = spawn("ssh", run.args, { stdio, timeout: run.timeout });
        const chunks: Buffer[] = [];
        const started = Date.now();
        child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
        // ssh may end before it has read everything; its exit code says why.
        child.stdin?.on("error", () => undefined).end(run.input ?? "");
        const done = (status: number | null, error?: NodeJS.ErrnoException) =>
          resolve({
            status: status ?? undefined,
            stdout: Buffer.concat(chunks).toString("utf8"),
            stderr: read(),
            absent: error?.code === "ENOENT",
            timedOut: status === null && error === undefined && Date.now() - started >= run.timeout,
          });
        child.on("error", (error) => done(null, error)).on("close", (status) => done(status));
      }),
  );
}

/**
 * Stderr goes to a file: a master that stays in the background keeps it open, and a pipe would never end.
 */
function withStderrFile<T>(use: (stderr: number, read: () => string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "macvlan-ssh-"));
  const file = join(folder, "stderr");
  const stderr = openSync(file, "w+", 0o600);
  const clean = () => {
    closeSync(stderr);
    rmSync(folder, { recursive: true, force: true });
  };
  const result = use(stderr, () => readFileSync(file, "utf8"));
  if (result instanceof Promise) return result.finally(clean) as T;
  clean();
  return result;
}

/** ~/.ssh, where the sockets of shared connections are: ssh takes `~` from the account's entry, not from $HOME. */
export function ensureSshFolder(): void {
  mkdirSync(join(userInfo().homedir, ".ssh"), { recursive: true, mode: 0o700 });
}
