import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { encodeFrames, INSTALLER_END } from "../ssh";

/** A file as it is to be on the host. */
export interface HostFile {
  readonly path: string;
  /** Octal, as chmod takes it. */
  readonly mode: string;
  readonly content: string;
}

const PROVIDER = join(__dirname, "..");
const STAGES = ["boot-shim", "host-interface", "appliance"];
/** The folder of our scripts on the host. */
export const LIBEXEC = "/usr/local/libexec/macvlan";
export const UNITS = "/etc/systemd/system";

/** Everything that the boot shim puts on a host, in the order of their paths. */
export function hostFiles(failClosed: boolean): HostFile[] {
  const own = join(PROVIDER, "boot-shim", "host");
  const scripts = STAGES.flatMap((stage) => {
    const folder = join(PROVIDER, stage, "host", "libexec");
    return names(folder).map((name) => file(join(folder, name), `${LIBEXEC}/${name}`, "0755"));
  });
  const units = names(join(own, "systemd")).map((name) => file(join(own, "systemd", name), `${UNITS}/${name}`, "0644"));
  const dropIn = join(own, "docker", failClosed ? "fail-closed.conf" : "fail-open.conf");
  return [
    ...scripts,
    ...units,
    file(dropIn, `${UNITS}/docker.service.d/50-macvlan.conf`, "0644"),
    file(join(own, "modules-load.conf"), "/etc/modules-load.d/macvlan.conf", "0644"),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** $FILES of the installer: frames named `PATH MODE`. */
export function renderFiles(files: readonly HostFile[]): string {
  return encodeFrames(Object.fromEntries(files.map(({ path, mode, content }) => [`${path} ${mode}`, content])));
}

/** $INSTALLER: the script, with the line that ends it in the stream. */
export function renderInstaller(): string {
  const script = readFileSync(join(PROVIDER, "boot-shim", "host", "install.sh"), "utf8");
  return `${script.replace(/\n*$/, "")}\n${INSTALLER_END}`;
}

function names(folder: string): string[] {
  return readdirSync(folder).sort();
}

function file(from: string, path: string, mode: string): HostFile {
  return { path, mode, content: readFileSync(from, "utf8") };
}
