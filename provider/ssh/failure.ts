import { Fault } from "../errors";
import { quoteAll } from "./quote";
import { SshArgs } from "./spec";

/** What one call of the ssh program came to. */
export interface SshResult {
  /** Exit code; undefined if the program did not run or was stopped. 255 is ssh's own, for a connection that failed. */
  readonly status?: number;
  readonly stdout: string;
  readonly stderr: string;
  /** There is no ssh program on this machine. */
  readonly absent?: boolean;
  readonly timedOut?: boolean;
}

export const FailureKind = {
  UnknownHostKey: "unknown-host-key",
  ChangedHostKey: "changed-host-key",
  Unreachable: "unreachable",
  AuthenticationRefused: "authentication-refused",
  SshMissing: "ssh-missing",
  Other: "other",
} as const;
export type FailureKind = (typeof FailureKind)[keyof typeof FailureKind];

export interface SshFailure extends Fault {
  readonly kind: FailureKind;
}

const UNREACHABLE =
  /could not resolve hostname|connection refused|timed out|no route to host|network is unreachable|connection closed|connection reset|kex_exchange_identification|broken pipe/i;

/** Why a connection failed and what to do, from ssh's own words. */
export function classify(ssh: SshArgs, result: SshResult): SshFailure {
  const typed = (...extra: string[]) => quoteAll(["ssh", ...extra, ...(ssh.options ?? []), ssh.destination]);
  const host = ssh.destination;
  const { stderr } = result;
  if (result.absent)
    return {
      kind: FailureKind.SshMissing,
      message: "there is no ssh program on this machine",
      remedy: "install the OpenSSH client (Debian: apt install openssh-client)",
    };
  if (/IDENTIFICATION HAS CHANGED|host key for .* has changed|REVOKED HOST KEY/i.test(stderr)) {
    const offending = /Offending \S+ key in (.+)/i.exec(stderr)?.[1];
    return {
      kind: FailureKind.ChangedHostKey,
      message: `${host} shows another host key than the one that is known${offending ? ` (${offending})` : ""}: it was reinstalled, its address belongs to another machine now, or somebody is in between`,
      remedy:
        "find out which before anything else, by the fingerprint on the host's own console (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub)",
    };
  }
  if (/host key is known for|host key verification failed/i.test(stderr)) {
    const asked = /host key is known for (\S+)/i.exec(stderr)?.[1] ?? host;
    return {
      kind: FailureKind.UnknownHostKey,
      message: `the host key of ${asked} is not known on this machine`,
      remedy: `add it with: ${typed("-oStrictHostKeyChecking=ask")} true (and compare the fingerprint with that on the host's console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub)`,
    };
  }
  if (/permission denied|too many authentication failures|no supported authentication/i.test(stderr))
    return {
      kind: FailureKind.AuthenticationRefused,
      message: `${host} refused the login: ${lastLine(stderr)}`,
      remedy: `make "${typed("-oBatchMode=yes")} true" work: a key in the agent or in ~/.ssh/config, its public half in ~/.ssh/authorized_keys of the host`,
    };
  if (result.timedOut || UNREACHABLE.test(stderr))
    return {
      kind: FailureKind.Unreachable,
      message: `${host} cannot be reached: ${result.timedOut ? "no answer in time" : lastLine(stderr)}`,
      remedy: `make "${typed()} true" work`,
    };
  return {
    kind: FailureKind.Other,
    message: `ssh to ${host} failed: ${lastLine(stderr) || `exit code ${result.status ?? "none"}`}`,
    remedy: `make "${typed()} true" work`,
  };
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.trim() ?? "";
}
