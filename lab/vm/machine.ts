import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { sleep, tryRun } from "../run";
import { hostName, LAN_NIC, lanDevice, lanMac, qemuArguments, secondDevice, type MachineSpec } from "./arguments";
import { Qmp } from "./qmp";

/** How long a guest may take to let go of its LAN interface. */
const UNPLUG_MS = 30_000;

/** What a machine is started with. */
type StartSpec = Omit<MachineSpec, "number" | "dir" | "sshPort" | "nic" | "snapshot">;

/** What the lab remembers of a virtual machine, in its folder's machine.json. */
interface Memory {
  spec: StartSpec;
  sshPort: number;
  /** By snapshot: whether the LAN interface was plugged in; only the same devices can take the state back. */
  snapshots: Record<string, { nic: boolean }>;
}

/** One lab host's virtual machine. Its state is in its folder: any process can take it in hand. */
export class Machine {
  readonly name: string;

  constructor(
    readonly dir: string,
    readonly number: number,
  ) {
    this.name = hostName(number);
  }

  /** Process id, or undefined when the machine does not run. */
  get pid(): number | undefined {
    const pid = Number(readText(path.join(this.dir, "pid")));
    return pid && this.isMine(pid) ? pid : undefined;
  }

  /** Loopback port that leads to the guest's SSH server. */
  get sshPort(): number {
    return this.memory().sshPort;
  }

  /** Whether the LAN interface is plugged in. */
  plugged(): Promise<boolean> {
    return this.qmp(isPlugged);
  }

  get snapshots(): string[] {
    return Object.keys(this.memory().snapshots);
  }

  /** Starts the machine; with `snapshot`, one that its disk holds, it continues from there. Its LAN port must be listening. */
  async start(spec: StartSpec, snapshot?: string): Promise<void> {
    fs.mkdirSync(this.dir, { recursive: true });
    const snapshots = snapshot ? { [snapshot]: { nic: true } } : {};
    await this.launch({ spec, snapshots }, { nic: true, snapshot });
  }

  /** Ends the machine at once, as by pulling its plug, and waits until it is gone. */
  async stop(): Promise<void> {
    const pid = this.pid;
    if (!pid) return;
    await this.qmp((qmp) => qmp.execute("quit")).catch(() => process.kill(pid, "SIGKILL"));
    // Not by the pid file: QEMU removes it before it closes the disk.
    for (let i = 0; this.isMine(pid); i++) {
      if (i === 100) process.kill(pid, "SIGKILL");
      await sleep(50);
    }
  }

  /** Saves memory, devices and disk under `tag`, replacing a snapshot of that name. */
  async save(tag: string): Promise<void> {
    if (!/^[A-Za-z0-9][\w.-]*$/.test(tag)) throw new Error(`snapshot name "${tag}": use letters, digits, - _ .`);
    const nic = await this.qmp(async (qmp) => {
      await qmp.human(`savevm ${tag}`);
      return isPlugged(qmp);
    });
    const memory = this.memory();
    this.remember({ ...memory, snapshots: { ...memory.snapshots, [tag]: { nic } } });
  }

  /**
   * Goes back to the snapshot `tag`, with the LAN interface plugged in or not as it was then, and its cable in.
   * In a new process: QEMU's emulated time stamp counter never runs backwards within one (cpu_get_ticks), so that the guest's
   * clock would leap ahead by all the time since the snapshot, and systemd's watchdogs would kill what they watch.
   */
  async load(tag: string): Promise<void> {
    const memory = this.memory();
    const saved = memory.snapshots[tag];
    if (!saved) throw new Error(`${this.name} has no snapshot ${tag}; it has: ${this.snapshots.join(", ") || "none"}`);
    await this.stop();
    await this.launch(memory, { nic: saved.nic, snapshot: tag }, memory.sshPort);
  }

  /** Takes the LAN interface out of the running machine, as a USB or Thunderbolt adapter is pulled. */
  async unplug(): Promise<void> {
    await this.qmp(async (qmp) => {
      if (!(await isPlugged(qmp))) return;
      const gone = qmp.waitFor("DEVICE_DELETED", UNPLUG_MS, (data) => data.device === LAN_NIC);
      await Promise.all([gone, qmp.execute("device_del", { id: LAN_NIC })]);
    });
  }

  /** Puts the LAN interface back in, or one with another MAC: same slot. */
  async plug(mac = lanMac(this.number)): Promise<void> {
    await this.qmp(async (qmp) => {
      if (!(await isPlugged(qmp))) await qmp.execute("device_add", lanDevice(this.number, mac));
    });
  }

  /**
   * Puts a second LAN interface in beside the first, on the switch port of `neighbour`, which must not run. It is there until this
   * machine is stopped or loaded; no snapshot may be saved with it.
   */
  async plugSecond(neighbour: Machine): Promise<void> {
    const addr = { type: "unix", path: path.join(neighbour.dir, "port.sock") };
    await this.qmp(async (qmp) => {
      await qmp.execute("netdev_add", { type: "stream", id: "second", server: false, addr });
      await qmp.execute("device_add", secondDevice(this.number));
    });
  }

  /** Carrier of the LAN interface. */
  async cable(up: boolean): Promise<void> {
    await this.qmp((qmp) => qmp.execute("set_link", { name: "lan", up }));
  }

  /** Restarts the machine at once, as by its reset button. */
  async reset(): Promise<void> {
    await this.qmp((qmp) => qmp.execute("system_reset"));
  }

  /**
   * Restarts the machine without its LAN interface, which is taken out between the end of the old boot and the start of the
   * new one: the new kernel never sees it. `reboot` makes the guest shut down; left out, the power is cut.
   */
  async rebootWithoutNic(reboot?: () => Promise<void>): Promise<void> {
    await this.qmp(async (qmp) => {
      if (reboot) await this.pauseAtReboot(qmp, reboot);
      else await qmp.execute("stop");
      if (await isPlugged(qmp)) await this.resetWithoutNic(qmp);
      else await qmp.execute("system_reset");
      await qmp.execute("cont");
    });
  }

  private async pauseAtReboot(qmp: Qmp, reboot: () => Promise<void>): Promise<void> {
    await qmp.execute("set-action", { reboot: "shutdown", shutdown: "pause" });
    try {
      await Promise.all([qmp.waitFor("STOP", 180_000), reboot()]);
    } finally {
      // Before anything resets the machine: the reset would be taken for a reboot and pause it again.
      await qmp.execute("set-action", { reboot: "reset", shutdown: "poweroff" });
    }
  }

  /** Starts QEMU; the loopback port of the guest's SSH server is `preferred` if that is still free. */
  private async launch(
    memory: Omit<Memory, "sshPort">,
    now: Pick<MachineSpec, "nic" | "snapshot">,
    preferred?: number,
  ): Promise<void> {
    for (const stale of ["pid", "qmp.sock"]) fs.rmSync(path.join(this.dir, stale), { force: true });
    for (let attempt = 1; ; attempt++) {
      const sshPort = attempt === 1 && preferred ? preferred : await freePort();
      // First of all: a machine whose starter is interrupted is still known to the lab.
      this.remember({ ...memory, sshPort });
      const spec = { ...memory.spec, ...now, number: this.number, dir: this.dir, sshPort };
      const { code, stderr } = await tryRun("qemu-system-x86_64", qemuArguments(spec));
      if (code === 0) return;
      // Another program may have taken the port in between.
      if (attempt === 5 || !/host forwarding|address already in use/i.test(stderr)) {
        throw new Error(`${this.name} does not start: ${stderr.trim()}`);
      }
    }
  }

  /** A guest has to agree to an unplug; a reset carries it out for one that is not running. */
  private async resetWithoutNic(qmp: Qmp): Promise<void> {
    const gone = qmp.waitFor("DEVICE_DELETED", UNPLUG_MS, (data) => data.device === LAN_NIC);
    await qmp.execute("device_del", { id: LAN_NIC });
    await Promise.all([gone, qmp.execute("system_reset")]);
  }

  private async qmp<T>(work: (qmp: Qmp) => Promise<T>): Promise<T> {
    if (!this.pid) throw new Error(`${this.name} is not running: start it with \`npm run lab -- up\``);
    const qmp = await Qmp.connect(path.join(this.dir, "qmp.sock"));
    try {
      return await work(qmp);
    } finally {
      qmp.close();
    }
  }

  /** By the command line: the number alone may belong to somebody else, or to a dead process that nobody has collected. */
  private isMine(pid: number): boolean {
    return readText(`/proc/${pid}/cmdline`).includes(`${this.dir}/`);
  }

  private memory(): Memory {
    const text = readText(path.join(this.dir, "machine.json"));
    if (!text)
      throw new Error(`there is no ${this.name} in this lab: start it with \`npm run lab -- up ${this.number}\``);
    return JSON.parse(text) as Memory;
  }

  private remember(memory: Memory): void {
    const file = path.join(this.dir, "machine.json");
    fs.writeFileSync(`${file}.new`, JSON.stringify(memory));
    fs.renameSync(`${file}.new`, file);
  }
}

/** The machine's own word: a command that was interrupted leaves no wrong memory of it. */
async function isPlugged(qmp: Qmp): Promise<boolean> {
  const devices = (await qmp.execute("qom-list", { path: "/machine/peripheral" })) as { name: string }[];
  return devices.some(({ name }) => name === LAN_NIC);
}

function readText(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** A TCP port of the loopback interface that nobody listens on. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
