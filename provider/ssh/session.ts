import { masterArguments, sshOptions } from "./command";
import { classify, SshFailure } from "./failure";
import { ensureSshFolder, SshFlow } from "./run";
import { SshArgs } from "./spec";

/** The output of a script that ran on the host, or why it could not run. */
export type SessionResult =
  | { readonly stdout: string; readonly failure?: undefined }
  | { readonly stdout?: undefined; readonly failure: SshFailure };

const CONNECT_TIMEOUT = 45_000;

/**
 * Opens the shared connection unless there is one; it stays for 60 seconds after its last use. Undefined if it is open.
 */
export function* openMaster(ssh: SshArgs): SshFlow<SshFailure | undefined> {
  ensureSshFolder();
  const check = yield { args: control(ssh, "check"), timeout: 10_000 };
  if (check.status === 0) return undefined;
  const opened = yield { args: masterArguments(ssh), timeout: CONNECT_TIMEOUT, background: true };
  return opened.status === 0 ? undefined : classify(ssh, opened);
}

/** Sends a POSIX sh script to the host and gives its output. The script may take `timeout` milliseconds. */
export function* runScript(ssh: SshArgs, script: string, timeout: number): SshFlow<SessionResult> {
  const refused = yield* openMaster(ssh);
  if (refused) return { failure: refused };
  const run = { args: [...sshOptions(ssh), "--", ssh.destination, "exec sh -s"], input: script, timeout };
  let result = yield run;
  if (result.status === 255 || result.timedOut) {
    // The shared connection may be one to a host that has been restarted since: once more, on a new one.
    yield { args: control(ssh, "exit"), timeout: 10_000 };
    const failure = yield* openMaster(ssh);
    if (failure) return { failure };
    result = yield run;
  }
  if (result.status === 0) return { stdout: result.stdout };
  return { failure: classify(ssh, result) };
}

function control(ssh: SshArgs, command: string): string[] {
  return ["-O", command, ...sshOptions(ssh), "--", ssh.destination];
}
