// A bench for programs under the real engine: a stack with its own state, a fake Docker host behind a fake ssh, and a
// journal that commands write to, so that what ran and in which order can be read.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { stackFor, type LabStack } from "../../lab/pulumi";
import { emptyDocker, type FakeDockerState } from "./fake-docker";

export interface Bench {
  folder: string;
  /** The file that commands of a test append lines to. */
  journal: string;
  lines(): string[];
  docker(): FakeDockerState;
  /** Changes the fake daemon's state behind the provider's back. */
  tamper(change: (state: FakeDockerState) => void): void;
  /** Arguments of every ssh call since the last look. */
  sshCalls(): string[][];
  /** What helpers on the host were told and given since the last look. */
  helperCalls(): { command: string; input: string }[];
  /** Every file of the backend as text: states, their history and backups. */
  everything(): string;
  stack(program: PulumiFn, name?: string): Promise<LabStack>;
  dispose(): void;
}

const root = join(__dirname, "..", "..");

export function bench(): Bench {
  const folder = mkdtempSync(join(tmpdir(), "macvlan-engine-"));
  const fake = join(folder, "docker");
  const bin = join(folder, "bin");
  for (const each of [fake, bin]) mkdirSync(each);
  const ssh = join(bin, "ssh");
  const tsx = join(root, "node_modules", "tsx", "dist", "cjs", "index.cjs");
  writeFileSync(ssh, `#!/bin/sh\nexec node -r '${tsx}' '${join(__dirname, "fake-ssh.ts")}' "$@"\n`);
  chmodSync(ssh, 0o755);
  const journal = join(folder, "journal");
  const stateFile = join(fake, "state.json");
  const docker = (): FakeDockerState =>
    existsSync(stateFile) ? (JSON.parse(readFileSync(stateFile, "utf8")) as FakeDockerState) : emptyDocker();
  const read = (file: string): string[] =>
    existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
  return {
    folder,
    journal,
    lines: () => read(journal),
    docker,
    tamper: (change) => {
      const state = docker();
      change(state);
      writeFileSync(stateFile, JSON.stringify(state));
    },
    sshCalls: () => {
      const calls = read(join(fake, "calls")).map((line) => JSON.parse(line) as string[]);
      rmSync(join(fake, "calls"), { force: true });
      return calls;
    },
    helperCalls: () => {
      const calls = read(join(fake, "helper")).map((line) => JSON.parse(line) as { command: string; input: string });
      rmSync(join(fake, "helper"), { force: true });
      return calls;
    },
    everything: () =>
      readdirSync(join(folder, "state", ".pulumi"), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
        .join("\n"),
    stack: (program, name = "dev") =>
      stackFor({
        name,
        program,
        dir: join(folder, "state"),
        env: { FAKE_DOCKER: fake, PATH: `${bin}:${process.env.PATH ?? ""}` },
        passphrase: "conformance",
      }),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}
