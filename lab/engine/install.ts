// Getting an engine where there is none: the official installer where it can be reached, else a build of the Go module here.
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tryRun } from "../run";
import { PINNED_ENGINE, parseVersion } from "./version";

const INSTALLER = "https://get.pulumi.com/install.sh";

/** One line a step, for the person who waits. */
export type Progress = (line: string) => void;

/** Repeats what is going on and for how long while `work` is under way. */
export async function withProgress<T>(what: string, progress: Progress, work: Promise<T>): Promise<T> {
  const started = Date.now();
  progress(what);
  const timer = setInterval(() => progress(`${what} … ${Math.round((Date.now() - started) / 1000)} s`), 15_000);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}

async function verified(pulumi: string): Promise<void> {
  const { code, stdout, stderr } = await tryRun(pulumi, ["version"], { timeout: 30_000 });
  const [wanted, found] = [PINNED_ENGINE, parseVersion(stdout)?.join(".")];
  if (code !== 0 || found !== wanted) throw new Error(`it prints "${(stdout || stderr).trim()}" instead of v${wanted}`);
}

async function download(): Promise<string> {
  const response = await fetch(INSTALLER, { signal: AbortSignal.timeout(10_000) });
  const script = await response.text();
  if (!response.ok || !script.startsWith("#!/")) throw new Error(`${INSTALLER} answered ${response.status}`);
  return script;
}

/** Runs the official installer into `folder`; returns the path of the engine or throws with the reason. */
export async function installOfficially(folder: string, progress: Progress): Promise<string> {
  const script = await withProgress(`fetching ${INSTALLER}`, progress, download());
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(join(folder, "install-"));
  try {
    const file = join(scratch, "install.sh");
    writeFileSync(file, script);
    const root = join(scratch, "root");
    const args = [file, "--version", PINNED_ENGINE, "--install-root", root, "--no-edit-path"];
    const work = tryRun("sh", args, { timeout: 300_000 });
    const { code, stderr } = await withProgress(`installing Pulumi ${PINNED_ENGINE}`, progress, work);
    if (code !== 0)
      throw new Error(`the installer failed: ${stderr.trim().split("\n").pop() ?? `code ${String(code)}`}`);
    await verified(join(root, "bin", "pulumi"));
    const target = join(folder, `v${PINNED_ENGINE}`);
    rmSync(target, { recursive: true, force: true });
    renameSync(root, target);
    return join(target, "bin", "pulumi");
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Builds the engine from the module in this folder; returns its path or throws with the reason. */
export async function buildWithGo(folder: string, progress: Progress): Promise<string> {
  // Where there is no Go, this is what says so.
  await tryRun("go", ["version"], { timeout: 30_000 });
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(join(folder, "build-"));
  try {
    const file = join(scratch, "pulumi");
    const version = `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${PINNED_ENGINE}`;
    const flags = ["-trimpath", "-buildvcs=false", "-tags=osusergo,grpcnotrace", `-ldflags=-s -w ${version}`];
    const what = `building the Pulumi engine ${PINNED_ENGINE} with Go (once; about 5 minutes on two cores)`;
    const work = tryRun("go", ["build", ...flags, "-o", file, "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"], {
      cwd: __dirname,
      // Without cgo the result needs no C compiler and runs on any Linux.
      env: { ...process.env, CGO_ENABLED: "0" },
      timeout: 3_600_000,
    });
    const { code, stderr } = await withProgress(what, progress, work);
    if (code !== 0) throw new Error(`go build failed:\n${stderr.trim().split("\n").slice(-15).join("\n")}`);
    await verified(file);
    renameSync(file, join(folder, "pulumi"));
    return join(folder, "pulumi");
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
