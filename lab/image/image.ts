import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { locked } from "../lock";
import { step, type Step } from "../progress";
import { run, tryRun } from "../run";
import { cpuModel, KERNEL_OPTIONS, MEMORY, PROCESSORS } from "../vm/arguments";

/** The Debian suites that the lab knows: Docker 26.1, Docker 28.5 and Docker 20.10 without Compose. */
export const SUITES = ["trixie", "sid", "bookworm"] as const;
export type Suite = (typeof SUITES)[number];

/** A disk image of a lab host and what goes with it; paths. */
export interface Image {
  /** Folder of the image; things made from it (prepared hosts) lie there too. */
  dir: string;
  disk: string;
  kernel: string;
  initrd: string;
  /** SSH key that every user of the host accepts. */
  key: string;
  /** The hosts' Docker version. */
  docker: string;
}

/** The image of `suite`, built when there is none for the present recipe (2 to 4 minutes). */
export async function ensureImage(suite: Suite, cache: string): Promise<Image> {
  const dir = path.join(cache, "images", `${suite}-${recipeHash(__dirname, suite)}`);
  const done = path.join(dir, "docker-version");
  if (!fs.existsSync(done)) {
    const waiting = (pid: number) => process.stderr.write(`waiting for the image that process ${pid} is building\n`);
    await locked(`${dir}.lock`, () => (fs.existsSync(done) ? Promise.resolve() : build(suite, dir)), waiting);
  }
  return imageIn(dir, fs.readFileSync(done, "utf8").trim());
}

/** Removes every image of `suite`, so that the next use builds it anew (newer packages). */
export function forgetImages(suite: Suite, cache: string): void {
  const images = path.join(cache, "images");
  for (const name of fs.existsSync(images) ? fs.readdirSync(images) : []) {
    if (name.startsWith(`${suite}-`)) fs.rmSync(path.join(images, name), { recursive: true, force: true });
  }
}

/** Installs missing programs: at once when root or with sudo, else says what to install. */
export async function ensureTools(): Promise<void> {
  const script = path.join(__dirname, "..", "setup.sh");
  const result = await tryRun("sh", [script], { onLine: (line) => process.stderr.write(`  ${line}\n`) });
  if (result.code !== 0) throw new Error(result.stderr.trim() || "the lab's programs could not be installed");
}

/** Digest of everything that decides what an image holds. */
export function recipeHash(folder: string, suite: Suite): string {
  const hash = crypto.createHash("sha256").update(suite);
  for (const file of files(folder).filter((name) => !name.endsWith(".ts"))) {
    hash.update(`\0${file}\0`).update(fs.readFileSync(path.join(folder, file)));
  }
  return hash.digest("hex").slice(0, 12);
}

function files(folder: string, prefix = ""): string[] {
  return fs
    .readdirSync(path.join(folder, prefix), { withFileTypes: true })
    .flatMap((entry) => {
      const name = path.join(prefix, entry.name);
      return entry.isDirectory() ? files(folder, name) : [name];
    })
    .sort();
}

function imageIn(dir: string, docker: string): Image {
  const file = (name: string) => path.join(dir, name);
  return { dir, disk: file("disk.qcow2"), kernel: file("vmlinuz"), initrd: file("initrd"), key: file("key"), docker };
}

async function build(suite: Suite, dir: string): Promise<void> {
  const work = `${dir}.new`;
  fs.rmSync(work, { recursive: true, force: true });
  fs.mkdirSync(work, { recursive: true });
  try {
    await step(`host image of Debian ${suite}`, async (progress) => {
      await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", path.join(work, "key")]);
      await run("sh", [path.join(__dirname, "build.sh"), suite, work, path.join(work, "key.pub")], {
        onLine: (line) => /^(I: |installing|making|packing)/.test(line) && progress.say(line.replace(/^I: /, "")),
      });
      await bake(imageIn(work, ""), progress);
    });
    fs.renameSync(work, dir);
  } catch (error) {
    fs.rmSync(work, { recursive: true, force: true });
    throw error;
  }
}

/** Boots the new disk once, so that Docker and the registry hold the lab's container images. */
async function bake(image: Image, progress: Step): Promise<void> {
  let docker = "";
  let ended = "no sign of life";
  const onLine = (line: string) => {
    // Not at the start of the line: systemd 262 marks a service's terminal with escape sequences.
    const [, said] = /LAB-BAKE ([\w./:+~ -]+)/.exec(line) ?? [];
    if (said) progress.say(said);
    docker = /^Docker (\S+)/.exec(said ?? "")?.[1] ?? docker;
    if (line.trim()) ended = line.trim();
    if (line.includes("LAB-BAKE-OK")) baked = true;
  };
  let baked = false;
  progress.say("first boot: loading the container images");
  await run(
    "qemu-system-x86_64",
    [
      ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio", "-machine", "pc"],
      ...["-accel", "tcg", "-cpu", cpuModel("tcg"), "-m", String(MEMORY), "-smp", String(PROCESSORS)],
      ...["-kernel", image.kernel, "-initrd", image.initrd],
      ...["-append", `${KERNEL_OPTIONS} lab.bake`],
      ...[
        "-drive",
        `file=${image.disk},if=none,id=disk,format=qcow2,cache=unsafe`,
        "-device",
        "virtio-blk-pci,drive=disk",
      ],
    ],
    { onLine, timeout: 10 * 60_000 },
  );
  if (!baked || !docker) throw new Error(`the host image did not come up properly; the last it said: ${ended}`);
  fs.writeFileSync(path.join(image.dir, "docker-version"), `${docker}\n`);
}
