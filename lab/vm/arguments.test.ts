import { describe, expect, test } from "vitest";
import { LAN_NIC, lanAddress, lanDevice, qemuArguments, secondDevice, type MachineSpec } from "./arguments";

const spec: MachineSpec = {
  ...{ number: 2, accelerator: "tcg", kernel: "/i/vmlinuz", initrd: "/i/initrd", disk: "/l/disk.qcow2" },
  ...{
    identity: "/i/identity.tar",
    machineId: "0".repeat(32),
    dir: "/l",
    sshPort: 40_000,
    lanSocket: "/l/port.sock",
    nic: true,
  },
};

/** Values of an option, which may come several times. */
const values = (args: string[], option: string) => args.flatMap((arg, i) => (args[i - 1] === option ? [arg] : []));

describe("qemuArguments", () => {
  test("management is closed off and on the loopback interface alone", () => {
    expect(values(qemuArguments(spec), "-netdev")[0]).toBe(
      "user,id=management,restrict=on,hostfwd=tcp:127.0.0.1:40000-:22",
    );
  });

  test("the LAN card that is plugged in later is the one of the start", () => {
    const { driver, ...rest } = lanDevice(2);
    const options = Object.entries(rest).map(([key, value]) => `${key}=${value}`);
    expect(values(qemuArguments(spec), "-device")).toContain([driver, ...options].join(","));
    expect(rest).toMatchObject({ mac: "52:54:00:00:02:02", addr: "0x4" });
    expect(lanAddress(2)).toBe("192.168.76.12");
  });

  test("a second LAN card has another slot, MAC and cable", () => {
    expect(secondDevice(2)).toMatchObject({ mac: "52:54:00:00:03:02", netdev: "second", addr: "0x6" });
    expect(Object.values(lanDevice(2))).not.toContain(secondDevice(2).id);
  });

  test("without its card the LAN's cable is still there for one that is plugged in later", () => {
    const args = qemuArguments({ ...spec, nic: false });
    expect(args.join(" ")).not.toContain(LAN_NIC);
    expect(values(args, "-netdev")[1]).toBe("stream,id=lan,server=off,addr.type=unix,addr.path=/l/port.sock");
  });

  test("an emulated processor has no cmpxchg16b", () => {
    expect(values(qemuArguments(spec), "-cpu")).toEqual(["Nehalem,-cx16"]);
    expect(values(qemuArguments({ ...spec, accelerator: "kvm" }), "-cpu")).toEqual(["host"]);
  });

  test("a snapshot is continued from", () => {
    expect(values(qemuArguments(spec), "-loadvm")).toEqual([]);
    expect(values(qemuArguments({ ...spec, snapshot: "booted" }), "-loadvm")).toEqual(["booted"]);
  });

  test("commas in paths do not end an option", () => {
    expect(values(qemuArguments({ ...spec, disk: "/a,b/disk" }), "-drive")[0]).toContain("file=/a,,b/disk,if=none");
  });

  test("each host has its own name, id and addresses", () => {
    const [one, two] = [1, 2].map((number) => qemuArguments({ ...spec, number }).join(" "));
    expect(one).toContain("systemd.hostname=lab1 ");
    expect(two).toContain("systemd.hostname=lab2 ");
    expect(one).toContain("52:54:00:00:01:01");
  });
});
