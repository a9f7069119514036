import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { formatProblem } from "../errors";
import { parse } from "../validate";
import { renderLink, renderLinkConf } from "./render";
import { resolveInterface } from "./resolve";
import { hostInterfaceSchema } from "./schema";
import { InterfaceSpec, Reach } from "./spec";

const resolve = (spec: InterfaceSpec) => resolveInterface(spec, "gw1");

describe("what the host gets", () => {
  it.each<[string, InterfaceSpec]>([
    ["by MAC", { nic: { mac: "52-54-00-00-02-07" } }],
    ["by name", { name: "iot", nic: { name: "bond0" }, mac: "02:AA:00:00:00:01", reach: Reach.Pinned, waitForNic: 0 }],
    ["on a VLAN", { nic: { name: "ens4" }, vlan: 20, mtu: 1400, bcqueuelen: 5000 }],
    ["by path", { nic: { path: "pci-0000:00:04.0" }, waitForNic: 90 }],
  ])("%s", (_, spec) => expect(renderLink(resolve(spec))).toMatchSnapshot());

  it("can be read by a shell", () => {
    const conf = renderLinkConf(resolve({ nic: { path: "pci-0000:00:04.0" }, reach: Reach.Pinned }));
    const out = execFileSync("sh", ["-c", 'eval "$CONF"; echo "$NAME|$NIC_PATH|$REACH|$WAIT"'], {
      encoding: "utf8",
      env: { ...process.env, CONF: conf },
    });
    expect(out).toBe("lan0|pci-0000:00:04.0|pinned|30\n");
  });
});

describe("the MAC of the link", () => {
  it("follows the NIC where it is known, and the host where not", () => {
    const byMac = (mac: string, name = "lan0") => resolve({ name, nic: { mac } }).mac;
    expect(byMac("52:54:00:00:02:07")).toBe(byMac("52-54-00-00-02-07"));
    expect(byMac("52:54:00:00:02:07")).not.toBe(byMac("52:54:00:00:02:08"));
    expect(byMac("52:54:00:00:02:07")).not.toBe(byMac("52:54:00:00:02:07", "iot"));
    const byName = (host: string) => resolveInterface({ nic: { name: "ens4" } }, host).mac;
    expect(byName("gw1")).not.toBe(byName("gw2"));
  });
});

describe("the name of a VLAN that we make", () => {
  const name = (spec: InterfaceSpec) => resolve(spec).vlan!.device;
  it("fits, has no dot, and is one for each way to a NIC and each id", () => {
    const nics: InterfaceSpec["nic"][] = [{ name: "ens4" }, { name: "a-long-nic-name" }, { mac: "52:54:00:00:02:07" }];
    const names = nics.flatMap((nic) => [1, 20, 4094].map((vlan) => name({ nic, vlan })));
    expect(new Set(names).size).toBe(names.length);
    for (const each of names) expect(each).toMatch(/^vlan\d+_[0-9a-f]{6}$/);
    expect(Math.max(...names.map((each) => each.length))).toBe(15);
  });
  it("is the same for two links on one VLAN", () => {
    const nic = { mac: "52:54:00:00:02:07" };
    expect(name({ name: "iot", nic, vlan: 20 })).toBe(name({ nic: { mac: "52-54-00-00-02-07" }, vlan: 20 }));
  });
});

describe("the specification", () => {
  const lines = (spec: object) =>
    parse(hostInterfaceSchema, { ssh: { destination: "gw1" }, ...spec }).problems.map(formatProblem);
  it.each<[object, string]>([
    [{ nic: {} }, "nic: names no interface; give exactly one of name, mac and path"],
    [{ nic: { name: "a", mac: "52:54:00:00:02:07" } }, "nic: names the interface in several ways"],
    [{ nic: { name: "ens4" }, name: "a-name-that-is-too-long" }, "name: "],
    [{ nic: { name: "ens4" }, mac: "01:00:00:00:00:01" }, "mac: 01:00:00:00:00:01 is a multicast address"],
    [{ nic: { name: "ens4" }, mac: "00:1b:21:00:00:01" }, "mac: 00:1b:21:00:00:01 belongs to a manufacturer's range"],
    [{ nic: { name: "ens4" }, vlan: 0 }, "vlan: "],
    [{ nic: { name: "ens4" }, vlan: 4095 }, "vlan: "],
    [{ nic: { name: "ens4" }, vlan: "20" }, "vlan: "],
    [{ nic: { name: "ens4" }, mtu: 67 }, "mtu: "],
    [{ nic: { name: "ens4" }, mtu: 65536 }, "mtu: "],
    [{ nic: { name: "ens4" }, bcqueuelen: 999 }, "bcqueuelen: "],
    [{ nic: { name: "ens4" }, bcqueuelen: 100_001 }, "bcqueuelen: "],
    [{ nic: { name: "ens4" }, reach: "all" }, "reach: has a value that is not known here"],
    [{ nic: { path: "it's" } }, "nic.path: "],
  ])("%j", (spec, expected) => expect(lines(spec).join("\n")).toContain(expected));
});
