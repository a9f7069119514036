import * as net from "node:net";
import { step } from "../progress";
import { sleep, type RunOptions, type RunResult } from "../run";
import { lanAddress, lanMac } from "./arguments";
import type { Machine } from "./machine";

/** How long a host may take to boot; under emulation 45 s is usual, and several may boot at once. */
const BOOT_MS = 240_000;

/**
 * QEMU keeps every connection for a guest that does not answer yet, also one that was given up, and hands all of them over when it does: with more
 * than ten of them sshd drops the next (MaxStartups). Its title says how many it has.
 */
const NOBODY_WAITS = "timeout 20 sh -c 'until grep -qs \"[l]istener. 0 of \" /proc/[0-9]*/cmdline; do sleep 0.5; done'";

/** Users of a lab host: `admin` has sudo and the docker group, `plain` neither. */
export type Login = "root" | "admin" | "plain";

/** How {@link Host.reboot} goes. */
export interface RebootOptions {
  /**
   * When the LAN interface comes: so many seconds after the start of the new boot, or when this promise, made once SSH answers,
   * is fulfilled. It is there from the start when left out.
   */
  nicLate?: number | (() => Promise<void>);
  /** Cut the power instead of shutting down. */
  hard?: boolean;
  /** Return as soon as SSH answers, while units may still be starting. */
  noSettle?: boolean;
}

/** A lab host: its machine, and what is done in it over SSH. */
export class Host {
  readonly name: string;
  /** LAN address and MAC of the host itself. */
  readonly ip: string;
  readonly mac: string;

  constructor(
    readonly machine: Machine,
    private readonly run: (file: string, args: readonly string[], options?: RunOptions) => Promise<RunResult>,
    private readonly afterLoad: (host: string) => Promise<void>,
  ) {
    this.name = machine.name;
    this.ip = lanAddress(machine.number);
    this.mac = lanMac(machine.number);
  }

  /** The name to give to ssh: `lab1`, `lab1-admin`, `lab1-plain`. */
  alias(login: Login = "root"): string {
    return login === "root" ? this.name : `${this.name}-${login}`;
  }

  /** Runs a shell command in the host and returns what came of it, whatever its exit code. */
  tryShell(command: string, options: RunOptions & { as?: Login } = {}): Promise<RunResult> {
    return this.run("ssh", ["-o", "LogLevel=ERROR", this.alias(options.as), "--", command], options);
  }

  /** Runs a shell command in the host and returns its stdout. @throws when its exit code is not 0 */
  async shell(command: string, options: RunOptions & { as?: Login } = {}): Promise<string> {
    const result = await this.tryShell(command, options);
    if (result.code !== 0) {
      throw new Error(`${this.name}: ${command}: exit ${result.code}\n${(result.stderr || result.stdout).trim()}`);
    }
    return result.stdout;
  }

  /** Waits until the SSH server answers. */
  async waitForSsh(timeout = BOOT_MS): Promise<void> {
    for (const end = Date.now() + timeout; Date.now() < end; await sleep(300)) {
      // The port itself always answers: QEMU forwards it. Only the server's greeting tells.
      if ((await greeting(this.machine.sshPort)) && (await this.tryShell(NOBODY_WAITS, { timeout: 30_000 })).code === 0)
        return;
      if (!this.machine.pid) throw new Error(`${this.name} stopped; its console is ${this.machine.dir}/serial.log`);
    }
    throw new Error(
      `${this.name} does not answer within ${timeout / 1000} s; its console is ${this.machine.dir}/serial.log`,
    );
  }

  /** Waits until no unit is starting any more. Failed units are the caller's business. */
  async waitUntilSettled(timeout = BOOT_MS): Promise<void> {
    await this.waitForSsh(timeout);
    // An exit code other than 0 says that a unit failed: settled all the same.
    await this.tryShell(`timeout ${Math.ceil(timeout / 1000)} systemctl is-system-running --wait`);
  }

  /** Sets the host's clock, which stands still in a snapshot. Also proves that the host answers. */
  async setClock(): Promise<void> {
    await this.waitForSsh(30_000);
    await this.shell(`date -u -s @${(Date.now() / 1000 + 0.5).toFixed(1)} >/dev/null`);
  }

  /** Saves the whole host, memory and disk, under `tag`. */
  async save(tag: string): Promise<void> {
    await this.machine.save(tag);
  }

  /** Goes back to `tag`; returns when the host answers and its clock is right. */
  async load(tag: string): Promise<void> {
    await this.machine.load(tag);
    await this.afterLoad(this.name);
    await this.setClock();
  }

  /** Reboots and waits until the host has come up again. */
  async reboot(options: RebootOptions = {}): Promise<void> {
    await step(`reboot of ${this.name}`, async (progress) => {
      const before = await this.bootId();
      // The connection dies with the host, so its exit code says nothing.
      const shutDown = async () => void (await this.tryShell("systemctl reboot", { timeout: 60_000 }));
      let plugged: Promise<void> = Promise.resolve();
      let booted: Promise<void> | undefined;
      const newBoot = () => (booted ??= this.waitForNewBoot(before));
      if (options.nicLate === undefined) {
        await (options.hard ? this.machine.reset() : shutDown());
      } else {
        await this.machine.rebootWithoutNic(options.hard ? undefined : shutDown);
        const { nicLate } = options;
        const from = Date.now();
        const due = typeof nicLate === "number" ? sleep(nicLate * 1000) : newBoot().then(nicLate);
        plugged = due.then(async () => {
          await this.machine.plug();
          progress.say(`LAN interface plugged in ${Math.round((Date.now() - from) / 1000)} s after the start`);
        });
      }
      await Promise.all([plugged, newBoot()]);
      if (!options.noSettle) await this.waitUntilSettled();
    });
  }

  private async bootId(): Promise<string> {
    return (await this.shell("cat /proc/sys/kernel/random/boot_id")).trim();
  }

  private async waitForNewBoot(before: string): Promise<void> {
    for (const end = Date.now() + BOOT_MS; Date.now() < end; await sleep(500)) {
      await this.waitForSsh();
      const now = await this.tryShell("cat /proc/sys/kernel/random/boot_id", { timeout: 30_000 });
      if (now.code === 0 && now.stdout.trim() !== before) return;
    }
    throw new Error(`${this.name} did not reboot; its console is ${this.machine.dir}/serial.log`);
  }
}

/** Whether something at this loopback port greets as an SSH server within 5 s. */
function greeting(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    const finish = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(5000, () => finish(false));
    socket.on("data", (data) => finish(data.toString("latin1").startsWith("SSH-")));
    socket.on("error", () => finish(false)).on("close", () => resolve(false));
  });
}
