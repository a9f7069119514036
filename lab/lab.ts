import * as fs from "node:fs";
import * as path from "node:path";
import { ensureImage, ensureTools, type Image, type Suite } from "./image/image";
import { Lan } from "./lan/client";
import { daemonPid, startDaemon, stopDaemon } from "./lan/daemon-process";
import { locked } from "./lock";
import { ensurePackages, installArchives } from "./packages";
import { cacheDir, labDir } from "./paths";
import { step } from "./progress";
import { tryRun, type RunOptions, type RunResult } from "./run";
import { chooseAccelerator } from "./vm/accelerator";
import { hostName, type Accelerator } from "./vm/arguments";
import { Host } from "./vm/host";
import { identity } from "./vm/identity";
import { Machine } from "./vm/machine";
import { BOOTED, copyDisk, newDisk, preparedDisk } from "./vm/prepared";
import { sshEnv, writeSshConfig } from "./vm/ssh-config";

/** Most hosts of a lab: their addresses and MACs are numbered with one digit. */
export const MAX_HOSTS = 9;

/** What a lab is made of, kept in its lab.json. */
interface LabFacts {
  suite: Suite;
  image: Image;
  accelerator: Accelerator;
}

/** State of a lab and its hosts, for people and programs. */
export interface LabStatus {
  lab: string;
  dir: string;
  suite?: Suite;
  accelerator?: Accelerator;
  /** Docker version of the hosts. */
  docker?: string;
  /** Whether the LAN's switch runs. */
  lan: boolean;
  hosts: {
    name: string;
    running: boolean;
    ip: string;
    mac: string;
    /** Loopback port of its SSH server. */
    sshPort: number;
    /** Whether the LAN interface is plugged in. */
    nic: boolean;
    /** Whether its switch port is open. */
    port: boolean;
    snapshots: string[];
  }[];
}

/** A lab: hosts on one LAN. Its state is in its folder, so any process can take it in hand by its name. */
export class Lab {
  /** The LAN: probes, ports, faked machines. */
  readonly lan: Lan;

  private constructor(
    readonly name: string,
    readonly dir: string,
  ) {
    this.lan = new Lan(path.join(dir, "lan.sock"));
  }

  /** The lab of this name, running or not. @throws when the name is no plain word */
  static named(name = "default"): Lab {
    return new Lab(name, labDir(name));
  }

  /** The suite that the lab's hosts run, or undefined when there is no lab. */
  get suite(): Suite | undefined {
    return this.facts()?.suite;
  }

  /** Hosts that were started, by number. */
  get hosts(): Host[] {
    const all = Array.from({ length: MAX_HOSTS }, (_, i) => i + 1);
    return all
      .filter((number) => fs.existsSync(path.join(this.hostDir(number), "machine.json")))
      .map((number) => this.host(number));
  }

  /** One host by number or name. */
  host(which: number | string): Host {
    const number = typeof which === "number" ? which : Number(/^lab([1-9])$/.exec(which)?.[1]);
    if (!Number.isInteger(number) || number < 1 || number > MAX_HOSTS) {
      throw new Error(`no host ${which}: hosts are called lab1 to lab${MAX_HOSTS}`);
    }
    const run = (file: string, args: readonly string[], options?: RunOptions) => this.run(file, args, options);
    return new Host(new Machine(this.hostDir(number), number), run, (name) => this.afterLoad(name));
  }

  /**
   * Sees to it that hosts lab1 to labN run and answer: builds the image and boots each host once if that was never done
   * (minutes), else continues from there (seconds). `cold` boots instead of continuing.
   * @throws when the lab runs with another suite
   */
  async up(count = 1, suite?: Suite, cold = false): Promise<void> {
    if (!Number.isInteger(count) || count < 1 || count > MAX_HOSTS)
      throw new Error(`a lab has 1 to ${MAX_HOSTS} hosts`);
    const busy = (pid: number) => process.stderr.write(`waiting for process ${pid}, which is starting this lab\n`);
    await locked(`${this.dir}.lock`, () => this.start(count, suite, cold), busy);
  }

  /** Stops everything and removes the lab. Images and prepared hosts stay for the next one. */
  async down(): Promise<void> {
    for (const host of this.hosts) await host.machine.stop();
    await stopDaemon(this.dir);
    fs.rmSync(this.dir, { recursive: true, force: true });
  }

  /**
   * Installs Debian packages, with what they need, on a host, which itself reaches no mirror. None of their services is started.
   * The archives are kept with the image. @throws when this machine's apt reaches no mirror
   */
  async install(host: Host, names: readonly string[]): Promise<void> {
    const facts = this.facts();
    if (!facts) throw new Error(`there is no lab ${this.name}: start it with \`npm run lab -- up\``);
    const archives = await ensurePackages(path.join(facts.image.dir, "packages"), facts.suite, host, names);
    const there = "/var/tmp/lab-packages";
    await step(`${host.name}: installing ${names.join(", ")}`, async () => {
      const copy = `tar -cC "$1" . | ssh -o LogLevel=ERROR ${host.alias()} -- 'mkdir ${there} && tar -xC ${there}'`;
      const { code, stderr } = await this.run("sh", ["-c", copy, "sh", archives]);
      if (code !== 0) throw new Error(`${host.name}: the packages cannot be copied there: ${stderr.trim()}`);
      await host.shell(installArchives(there));
    });
  }

  /** The environment in which plain `ssh lab1`, and programs that call it, reach this lab's hosts. */
  env(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
    return sshEnv(this.dir, env);
  }

  /** Runs a program in the lab's environment. */
  run(file: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return tryRun(file, args, { ...options, env: this.env(options.env) });
  }

  /** What runs; asks the machines, not the systems in them: also while a host does not answer. */
  async status(): Promise<LabStatus> {
    const facts = this.facts();
    const ports = daemonPid(this.dir) ? await this.lan.ports() : undefined;
    const hosts = this.hosts.map(async ({ name, ip, mac, machine }) => ({
      ...{ name, running: machine.pid !== undefined, ip, mac, sshPort: machine.sshPort },
      nic: machine.pid !== undefined && (await machine.plugged()),
      port: ports?.find((port) => port.name === name)?.up ?? false,
      snapshots: machine.snapshots,
    }));
    const { suite, accelerator, image } = facts ?? {};
    return {
      lab: this.name,
      dir: this.dir,
      suite,
      accelerator,
      docker: image?.docker,
      lan: ports !== undefined,
      hosts: await Promise.all(hosts),
    };
  }

  private async start(count: number, suite: Suite | undefined, cold: boolean): Promise<void> {
    const before = this.facts();
    if (before && suite && before.suite !== suite) {
      throw new Error(`lab ${this.name} runs ${before.suite}; take it down first, or choose another with --lab NAME`);
    }
    const facts = before ?? (await this.create(suite ?? "trixie"));
    await startDaemon(this.dir, MAX_HOSTS);
    for (let number = 1; number <= count; number++) {
      const host = this.host(number);
      if (!host.machine.pid) await this.startHost(host, facts, cold);
    }
  }

  private async startHost(host: Host, facts: LabFacts, cold: boolean): Promise<void> {
    const disk = path.join(host.machine.dir, "disk.qcow2");
    const prepared = await preparedDisk(facts.image, facts.accelerator, host.machine.number);
    const what = `${host.name} (Debian ${facts.suite}, Docker ${facts.image.docker}, ${facts.accelerator})`;
    if (cold || !fs.existsSync(prepared)) {
      await step(`${what}: boot`, async () => {
        await newDisk(facts.image, disk);
        await this.startMachine(host, facts);
        await host.waitUntilSettled();
        if (cold) return;
        await host.save(BOOTED);
        await host.machine.stop(); // a disk is whole only when nobody has it open
        copyDisk(disk, prepared);
      });
    }
    if (cold) return;
    await step(what, async () => {
      copyDisk(prepared, disk);
      await this.startMachine(host, facts, BOOTED);
      await host.setClock();
    });
  }

  private async startMachine(host: Host, { image, accelerator }: LabFacts, snapshot?: string): Promise<void> {
    const { archive, machineId } = await identity(path.join(image.dir, "hosts"), host.machine.number);
    const { kernel, initrd } = image;
    const { dir } = host.machine;
    const disk = path.join(dir, "disk.qcow2");
    const lanSocket = path.join(dir, "port.sock");
    await host.machine.start({ accelerator, kernel, initrd, disk, identity: archive, machineId, lanSocket }, snapshot);
    await this.writeSsh(image);
  }

  /** A host that went back in time may have got another SSH port, and starts on an open switch port. */
  private async afterLoad(host: string): Promise<void> {
    await this.lan.setPort(host, true);
    const { image } = this.facts() ?? {};
    if (image) await this.writeSsh(image);
  }

  private async writeSsh(image: Image): Promise<void> {
    const hosts = this.hosts.map(async ({ machine }) => ({
      number: machine.number,
      port: machine.sshPort,
      hostKey: (await identity(path.join(image.dir, "hosts"), machine.number)).hostKey,
    }));
    writeSshConfig(this.dir, image.key, await Promise.all(hosts));
  }

  private async create(suite: Suite): Promise<LabFacts> {
    await ensureTools();
    const image = await ensureImage(suite, cacheDir());
    const facts = { suite, image, accelerator: await chooseAccelerator(image.kernel, cacheDir()) };
    fs.mkdirSync(this.dir, { recursive: true, mode: 0o700 });
    fs.writeFileSync(path.join(this.dir, "lab.json"), JSON.stringify(facts));
    return facts;
  }

  private facts(): LabFacts | undefined {
    const file = path.join(this.dir, "lab.json");
    return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, "utf8")) as LabFacts) : undefined;
  }

  private hostDir(number: number): string {
    return path.join(this.dir, hostName(number));
  }
}
