import { quote, quoteAll } from "./quote";
import { SshArgs } from "./spec";

/** The one program on the host that Commands call. */
export const HELPER = "/usr/local/libexec/macvlan/macvlan-host";

/** Ends the installer within the stream that `installerCommand` sends. */
export const INSTALLER_END = "#end of installer";

/** A local socket beside the user's keys; %C keeps it within the 90 bytes that fit with ssh's temporary suffix. */
export const CONTROL_PATH = "~/.ssh/mv-%C";

/**
 * What every connection of ours has in common. First in the argument list, since ssh takes the first value of an option:
 * - BatchMode: a run never stops at a prompt that nobody sees;
 * - StrictHostKeyChecking: an unknown host is refused, never trusted silently;
 * - LogLevel=ERROR: `-q` would also hide the reason of a failure;
 * - forwardings of ~/.ssh/config are for people: a second use of a forwarded port would fail.
 */
const COMMON = ["-oBatchMode=yes", "-oStrictHostKeyChecking=yes", "-oLogLevel=ERROR", "-oClearAllForwardings=yes"];

/** After the user's own options, which take precedence: a host that dies is noticed within a minute. */
const DEFAULTS = ["-oConnectTimeout=20", "-oServerAliveInterval=15", "-oServerAliveCountMax=4"];

/**
 * The arguments of ssh before the destination, the same in every resource: a shared connection is used when there is
 * one (`openMaster`) and never made here, because a master made by a resource keeps the engine's pipes open and hangs it.
 */
export function sshOptions(ssh: SshArgs): string[] {
  return [...COMMON, "-oControlMaster=no", `-oControlPath=${CONTROL_PATH}`, ...(ssh.options ?? []), ...DEFAULTS];
}

/** A master that lost its host must be noticed before the calls that want to use it give up. */
const MASTER_DEFAULTS = ["-oConnectTimeout=20", "-oServerAliveInterval=5", "-oServerAliveCountMax=3"];

/** The arguments of ssh that open the shared connection, which stays for 60 s after its last use. */
export function masterArguments(ssh: SshArgs): string[] {
  return [
    ...COMMON,
    "-oControlMaster=auto",
    "-oControlPersist=60",
    `-oControlPath=${CONTROL_PATH}`,
    "-fN",
    ...(ssh.options ?? []),
    ...MASTER_DEFAULTS,
    "--",
    ssh.destination,
  ];
}

/** `$(…)` is nothing for root and `sudo -n` for everybody else. */
const ELEVATE = 'exec $(test "$(id -u)" = 0 || echo sudo -n)';

/**
 * `ssh DEST '…'`. The script is handed to sh whatever the login shell is (fish and csh know no "$(…)" as POSIX does). `first`
 * are options before all others, so that they win, as they stand in the shell.
 */
export function sshCommand(ssh: SshArgs, script: string, first = ""): string {
  return `ssh ${first && `${first} `}${quoteAll(sshOptions(ssh))} -- ${quote(ssh.destination)} ${quote(`exec sh -c ${quote(script)}`)}`;
}

/** Runs the helper with the frames of $FILES and, after them, of stdin (the secret part) as its input. */
export function remoteCommand(ssh: SshArgs, helperArguments: readonly string[]): string {
  return `{ printf '%s\\n' "$FILES"; cat; } | ${sshCommand(ssh, `${ELEVATE} ${HELPER} ${quoteAll(helperArguments)}`)}`;
}

/** Seconds that a host waits for the confirmation of a change before it takes it back (wayback.sh). */
const CONFIRM_SECONDS = 90;

/** A connection of its own, which shows that one can be made. */
const FRESH = '-oLogLevel="$level" -oControlPath=none -oConnectTimeout=8';

/**
 * Like remoteCommand, for a change that could cut the host off. The helper prints `confirm WHAT TIME` before it touches
 * anything; after the change it is told, over a new connection, that the host can still be reached. If it cannot be told, the
 * host goes back by itself. 255 is ssh's own failure: the connection broke, and the helper went on to the end without it.
 */
export function confirmedCommand(ssh: SshArgs, apply: readonly string[], confirm: readonly string[]): string {
  const host = ssh.destination;
  const stranded = [
    `${host} was changed and cannot be reached over a new connection since. It takes the change back by itself, at`,
    " at the latest; nothing else is to be done. Before the next run find out what cut the connection: journalctl -u 'macvlan-wayback*'",
  ];
  return [
    `said=$(${remoteCommand(ssh, apply)}); code=$?`,
    'case $code:$said in 0:"confirm "* | 255:"confirm "*) ;; *) exit $code ;; esac',
    `level=QUIET end=$(($(date +%s) + ${CONFIRM_SECONDS}))`,
    `while ${sshCommand(ssh, `${ELEVATE} ${HELPER} ${quoteAll(confirm)}`, FRESH)}; code=$?; [ $code$level = 255QUIET ]; do`,
    "  sleep 3",
    "  [ $(date +%s) -lt $end ] || level=ERROR",
    "done",
    "[ $code = 255 ] || exit $code",
    `echo ${quote(stranded[0]!)} "\${said##* }"${quote(stranded[1]!)} >&2`,
    "exit 1",
  ].join("\n");
}

/**
 * Runs the helper without input and takes its absence for done. Short and the same for ever: it is kept in the state and
 * run by versions to come, and a delete that fails inside a replacement blocks the stack.
 */
export function deleteCommand(ssh: SshArgs, helperArguments: readonly string[]): string {
  return sshCommand(ssh, `test -x ${HELPER} || exit 0; ${ELEVATE} ${HELPER} ${quoteAll(helperArguments)}`);
}

/**
 * Sends $INSTALLER, which ends with INSTALLER_END, and then the frames of $FILES. The installer is read with the `read`
 * builtin, which takes no byte more than its lines, by root (sudo would log it whole as an argument). One that was cut off
 * is not run.
 */
export function installerCommand(ssh: SshArgs): string {
  const reader = `s=; while IFS= read -r l; do test "$l" = "${INSTALLER_END}" && { eval "$s"; exit; }; s="$s$l\n"; done; exit 2`;
  return `printf '%s\\n' "$INSTALLER" "$FILES" | ${sshCommand(ssh, `${ELEVATE} sh -c ${quote(reader)}`)}`;
}

/** `ssh://…` for Docker's connection helper, which runs the same ssh binary. */
export function dockerHost(ssh: SshArgs): string {
  if (ssh.destination.startsWith("ssh://")) return ssh.destination;
  const at = ssh.destination.lastIndexOf("@");
  const host = ssh.destination.slice(at + 1);
  const bracketed = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return at < 0 ? `ssh://${bracketed}` : `ssh://${encodeURIComponent(ssh.destination.slice(0, at))}@${bracketed}`;
}
