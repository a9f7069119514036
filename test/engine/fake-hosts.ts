// Docker hosts behind an ssh of our own, for the CLI in a process of its own: each is a folder.
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const tsx = join(__dirname, "..", "..", "node_modules", "tsx", "dist");

/** The CLI from its sources, as arguments of node. */
export const CLI = [
  "--import",
  `file://${join(tsx, "loader.mjs")}`,
  join(__dirname, "..", "..", "provider", "cli", "main.ts"),
];

/**
 * Makes FOLDER/hosts/NAME for each host and FOLDER/bin/ssh. In the folder of a host: its Docker (state.json), `down`, `slow` (seconds that
 * applying an appliance takes), `observation` (what it says when it is looked at), `late` (seconds that looking takes), and `steps`, which everything else appends to.
 */
export function fakeHosts(folder: string, names: readonly string[]): void {
  for (const name of names) mkdirSync(join(folder, "hosts", name), { recursive: true });
  mkdirSync(join(folder, "bin"));
  const ssh = join(folder, "bin", "ssh");
  writeFileSync(
    ssh,
    [
      "#!/bin/sh",
      `for h in ${names.join(" ")}; do case " $* " in *" $h "*) break ;; esac; done`,
      `FAKE_DOCKER='${folder}/hosts'/$h; export FAKE_DOCKER; cd "$FAKE_DOCKER" || exit 1`,
      `[ ! -e down ] || { echo "ssh: connect to host $h port 22: No route to host" >&2; exit 255; }`,
      `case "$*" in *dial-stdio) exec node -r '${join(tsx, "cjs", "index.cjs")}' '${join(__dirname, "fake-ssh.ts")}' "$@" ;; esac`,
      `cat >/dev/null; case "$*" in *"exec sh -s") if [ -e observation ]; then [ ! -e late ] || sleep "$(cat late)"; exec cat observation; fi ;; esac`,
      `case "$*" in *appliance*) if [ -e slow ]; then echo begun >>steps; sleep "$(cat slow)"; fi ;; esac`,
      `echo done >>steps`,
    ].join("\n"),
  );
  chmodSync(ssh, 0o755);
}
