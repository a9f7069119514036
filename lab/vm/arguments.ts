/** Emulation (works everywhere) or hardware virtualisation. */
export type Accelerator = "tcg" | "kvm";

/** What a virtual machine is started with. All paths absolute. */
export interface MachineSpec {
  /** Lab host number, 1 to 9: host labN has LAN address 192.168.76.(10+N). */
  number: number;
  accelerator: Accelerator;
  kernel: string;
  initrd: string;
  disk: string;
  /** Tar of the files that make the host itself. */
  identity: string;
  /** 32 hexadecimal digits. */
  machineId: string;
  /** Folder for control socket, pid file and serial log. */
  dir: string;
  /** Loopback port that leads to the guest's port 22. */
  sshPort: number;
  /** Unix socket of the host's switch port. */
  lanSocket: string;
  /** Whether the LAN interface is plugged in at the start. */
  nic: boolean;
  /** Name of the snapshot to continue from instead of booting. */
  snapshot?: string;
}

/** MiB and processors of a lab host; part of what a snapshot fits. */
export const MEMORY = 1536;
export const PROCESSORS = 2;

/** `labN`. */
export const hostName = (number: number): string => `lab${number}`;

/** MAC of the LAN interface of host labN (ens4). */
export const lanMac = (number: number): string => `52:54:00:00:02:0${number}`;

/** MAC of the second LAN interface of host labN (ens6), which it has only once that is plugged in. */
export const secondMac = (number: number): string => `52:54:00:00:03:0${number}`;

/** LAN address of host labN. */
export const lanAddress = (number: number): string => `192.168.76.${10 + number}`;

/** What QEMU calls the LAN interface. */
export const LAN_NIC = "lan-nic";

/** The LAN interface as a device to plug in. A fixed slot, so that it comes back under the same name and fits every snapshot. */
export const lanDevice = (number: number, mac = lanMac(number)): Record<string, string> => ({
  driver: "virtio-net-pci",
  id: LAN_NIC,
  netdev: "lan",
  mac,
  bus: "pci.0",
  addr: "0x4",
  romfile: "", // no network boot: saves its ROM at every start, and the package that holds it
});

/** A second LAN interface, beside that one, on a cable of its own. */
export const secondDevice = (number: number): Record<string, string> => ({
  ...lanDevice(number, secondMac(number)),
  id: "second-nic",
  netdev: "second",
  addr: "0x6",
});

/**
 * The processor. Under emulation an old one without cmpxchg16b: `max` and models with cx16 crash the guest on some hosts
 * (QEMU 7.2 under a nested kernel).
 */
export const cpuModel = (accelerator: Accelerator): string => (accelerator === "kvm" ? "host" : "Nehalem,-cx16");

/**
 * For every kernel of the lab. On a machine under load an emulated processor's time stamp counter looks unstable to the kernel, which
 * then patches its own code while it runs; now and then the emulator still runs the old code beside the new, and the kernel
 * panics (QEMU 7.2, Linux 7.2). So it is told to trust the counter, and a panic is a reboot, not a host that hangs for good.
 */
export const KERNEL_OPTIONS = "root=/dev/vda rw console=ttyS0 quiet mitigations=off tsc=reliable panic=5";

/** Command line for qemu-system-x86_64. */
export function qemuArguments(spec: MachineSpec): string[] {
  const append = [
    KERNEL_OPTIONS,
    `systemd.hostname=${hostName(spec.number)} systemd.machine_id=${spec.machineId}`,
  ].join(" ");
  return [
    ...["-name", hostName(spec.number), "-nodefaults", "-no-user-config", "-display", "none", "-daemonize"],
    ...["-machine", "pc", "-accel", spec.accelerator, "-cpu", cpuModel(spec.accelerator)],
    ...["-m", String(MEMORY), "-smp", String(PROCESSORS), "-rtc", "base=utc"],
    ...["-kernel", spec.kernel, "-initrd", spec.initrd, "-append", append],
    ...["-drive", `file=${escapeCommas(spec.disk)},if=none,id=disk,format=qcow2,cache=unsafe`],
    ...["-device", "virtio-blk-pci,drive=disk,bus=pci.0,addr=0x5"],
    ...["-fw_cfg", `name=opt/lab/identity,file=${escapeCommas(spec.identity)}`],
    // A machine that goes on from a snapshot forgets which VLANs its driver asked for (QEMU 7.2): without this filter it takes them all.
    ...["-global", "virtio-net-pci.ctrl_vlan=off"],
    // restrict: the guest reaches neither this machine nor the world through its management interface.
    ...["-netdev", `user,id=management,restrict=on,hostfwd=tcp:127.0.0.1:${spec.sshPort}-:22`],
    ...["-device", `virtio-net-pci,netdev=management,mac=52:54:00:00:01:0${spec.number},bus=pci.0,addr=0x3,romfile=`],
    ...["-netdev", `stream,id=lan,server=off,addr.type=unix,addr.path=${escapeCommas(spec.lanSocket)}`],
    ...(spec.nic ? ["-device", device(lanDevice(spec.number))] : []),
    ...["-chardev", `file,id=serial,path=${escapeCommas(spec.dir)}/serial.log,append=on`, "-serial", "chardev:serial"],
    ...["-qmp", `unix:${escapeCommas(spec.dir)}/qmp.sock,server=on,wait=off`, "-pidfile", `${spec.dir}/pid`],
    ...(spec.snapshot ? ["-loadvm", spec.snapshot] : []),
  ];
}

function device(options: Record<string, string>): string {
  const { driver, ...rest } = options;
  return [driver, ...Object.entries(rest).map(([key, value]) => `${key}=${value}`)].join(",");
}

/** QEMU's option syntax doubles a comma that belongs to the value. */
const escapeCommas = (text: string): string => text.replaceAll(",", ",,");
