import * as fs from "node:fs";
import * as path from "node:path";
import { hostName } from "./arguments";

/** A host as the SSH client sees it. */
export interface SshHost {
  number: number;
  /** Loopback port that leads to the host's port 22. */
  port: number;
  /** Type and base64 key. */
  hostKey: string;
}

/** Logins of a lab host and the suffix of their alias: `lab1`, `lab1-admin` (sudo, docker group), `lab1-plain` (neither). */
const LOGINS = { "": "root", "-admin": "admin", "-plain": "plain" } as const;

/** Text of an ssh_config with an alias per host and login, and of the known_hosts that it names. */
export function sshConfig(dir: string, key: string, hosts: readonly SshHost[]): { config: string; knownHosts: string } {
  const config = hosts.map(({ number, port }) => {
    const name = hostName(number);
    const users = Object.entries(LOGINS).map(([suffix, user]) => `Host ${name}${suffix}\n  User ${user}\n`);
    const common = [
      `Host ${Object.keys(LOGINS)
        .map((suffix) => name + suffix)
        .join(" ")}`,
      "  HostName 127.0.0.1",
      `  Port ${port}`,
      `  HostKeyAlias ${name}`,
      `  UserKnownHostsFile "${dir}/known_hosts"`,
      "  GlobalKnownHostsFile /dev/null",
      "  StrictHostKeyChecking yes",
      `  IdentityFile "${key}"`,
      "  IdentitiesOnly yes",
      // The default exchange is post-quantum: seconds on an emulated processor.
      "  KexAlgorithms curve25519-sha256",
      "",
    ].join("\n");
    return users.join("") + common;
  });
  const knownHosts = hosts.map(({ number, hostKey }) => `${hostName(number)} ${hostKey}\n`);
  return { config: `# Written by the lab.\n${config.join("")}`, knownHosts: knownHosts.join("") };
}

/**
 * Writes ssh_config, known_hosts and bin/ssh in `dir`. With bin first on PATH every program that calls plain `ssh lab1`
 * reaches the lab, and the user's own ~/.ssh/config is left alone.
 */
export function writeSshConfig(dir: string, key: string, hosts: readonly SshHost[]): void {
  const { config, knownHosts } = sshConfig(dir, key, hosts);
  fs.mkdirSync(path.join(dir, "bin"), { recursive: true });
  replace(path.join(dir, "known_hosts"), knownHosts, 0o644);
  replace(path.join(dir, "ssh_config"), config, 0o644);
  replace(path.join(dir, "bin", "ssh"), `#!/bin/sh\nexec ${sshBinary(dir)} -F '${dir}/ssh_config' "$@"\n`, 0o755);
}

/** The environment in which `ssh labN` reaches the lab in `dir`. */
export function sshEnv(dir: string, env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return { ...env, PATH: `${path.join(dir, "bin")}:${env.PATH ?? ""}` };
}

/** The real ssh, never a lab's wrapper (a lab may be started from within another one's environment). */
function sshBinary(dir: string): string {
  const folders = (process.env.PATH ?? "").split(":").filter((folder) => folder && folder !== path.join(dir, "bin"));
  const found = folders
    .map((folder) => path.join(folder, "ssh"))
    .find((file) => fs.existsSync(file) && !isWrapper(file));
  if (!found) throw new Error("ssh is not installed: apt-get install openssh-client");
  return found;
}

function isWrapper(file: string): boolean {
  const head = fs.readFileSync(file).subarray(0, 200).toString("latin1");
  return head.startsWith("#!/bin/sh\nexec ") && head.includes(" -F '");
}

function replace(file: string, text: string, mode: number): void {
  fs.writeFileSync(`${file}.new`, text, { mode });
  fs.renameSync(`${file}.new`, file);
}
