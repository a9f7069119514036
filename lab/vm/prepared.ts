import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Image } from "../image/image";
import { run } from "../run";
import { qemuVersion } from "./accelerator";
import { hostName, qemuArguments, type Accelerator } from "./arguments";

/** The snapshot that every prepared disk holds: the host has booted and come to rest. */
export const BOOTED = "booted";

/**
 * Where the disk of a booted host labN is kept. A snapshot fits only the same QEMU, accelerator and devices, so all of them
 * are in the path.
 */
export async function preparedDisk(image: Image, accelerator: Accelerator, number: number): Promise<string> {
  const machine = qemuArguments({ ...nowhere, number, accelerator }).join("\n");
  const hash = crypto.createHash("sha256").update(`${await qemuVersion()}\n${machine}`);
  return path.join(image.dir, "booted", hash.digest("hex").slice(0, 12), `${hostName(number)}.qcow2`);
}

/** A machine's arguments with what differs from lab to lab left empty. */
const nowhere = {
  ...{ kernel: "", initrd: "", disk: "", identity: "", machineId: "", dir: "" },
  ...{ sshPort: 0, lanSocket: "", nic: true, snapshot: BOOTED },
};

/** A new disk on top of the image. */
export async function newDisk(image: Image, file: string): Promise<void> {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  await run("qemu-img", ["create", "-q", "-f", "qcow2", "-b", image.disk, "-F", "qcow2", file]);
}

/** Copies a disk so that `to` is whole or absent; shares blocks where the file system can. */
export function copyDisk(from: string, to: string): void {
  fs.mkdirSync(path.dirname(to), { recursive: true });
  const temporary = `${to}.${process.pid}`;
  fs.copyFileSync(from, temporary, fs.constants.COPYFILE_FICLONE);
  fs.renameSync(temporary, to);
}
