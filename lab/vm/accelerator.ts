import { spawn } from "node:child_process";
import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { run } from "../run";
import { cpuModel, type Accelerator } from "./arguments";

/** Longest time that the trial of hardware virtualisation may take; where it works, the kernel is through in 1 to 3 s. */
const TRIAL_MS = 15_000;

/**
 * What the kernel says when it has come up and finds no disk: everything before that (processors, memory, timers, drivers) works.
 */
const KERNEL_IS_UP = /Unable to mount root fs|No working init found|end Kernel panic/;

/**
 * Chooses hardware virtualisation only where it boots this very kernel. That /dev/kvm exists says little: on nested or
 * filtered hosts a guest hangs with it. The answer is kept in `cache` for this kernel, QEMU and image; `LAB_ACCEL=tcg|kvm` overrides it.
 */
export async function chooseAccelerator(kernel: string, cache: string, env = process.env): Promise<Accelerator> {
  if (env.LAB_ACCEL === "tcg" || env.LAB_ACCEL === "kvm") return env.LAB_ACCEL;
  if (env.LAB_ACCEL) throw new Error(`LAB_ACCEL is "${env.LAB_ACCEL}"; it can be tcg or kvm`);
  if (!usable("/dev/kvm")) return "tcg";
  const about = [os.release(), os.cpus()[0]?.model, await qemuVersion(), kernel].join("\n");
  const file = path.join(cache, `kvm-${crypto.createHash("sha256").update(about).digest("hex").slice(0, 16)}`);
  if (!fs.existsSync(file)) {
    fs.mkdirSync(cache, { recursive: true });
    fs.writeFileSync(file, (await boots(kernel)) ? "kvm" : "tcg");
  }
  return fs.readFileSync(file, "utf8") === "kvm" ? "kvm" : "tcg";
}

/** First line of `qemu-system-x86_64 --version`: snapshots fit the version that made them. */
export async function qemuVersion(): Promise<string> {
  return (await run("qemu-system-x86_64", ["--version"])).split("\n")[0] ?? "";
}

function usable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.R_OK | fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Boots the bare kernel under KVM and watches the serial console, for at most {@link TRIAL_MS}. */
function boots(kernel: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(
      "qemu-system-x86_64",
      [
        ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio"],
        ...["-machine", "pc", "-accel", "kvm", "-cpu", cpuModel("kvm"), "-m", "512", "-smp", "2"],
        ...["-kernel", kernel, "-append", "console=ttyS0 panic=-1"],
      ],
      { stdio: ["ignore", "pipe", "ignore"] },
    );
    let output = "";
    const finish = (works: boolean) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      resolve(works);
    };
    const timer = setTimeout(() => finish(false), TRIAL_MS);
    child.stdout.on("data", (data: Buffer) => {
      output += data.toString("latin1");
      if (KERNEL_IS_UP.test(output)) finish(true);
    });
    child.on("error", () => finish(false)).on("close", () => finish(KERNEL_IS_UP.test(output)));
  });
}
