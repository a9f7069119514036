import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { formatProblem } from "../errors";
import { findAll, HostFacts } from "../observe";
import { fixture } from "../observe/fixtures/fixture";
import { parse } from "../validate";
import { hostInterfaceRules } from "./preflight";
import { renderLink, renderLinkConf } from "./render";
import { hostInterfaceSchema, InterfaceSpec, Reach, resolveInterface } from "./spec";

const resolve = (spec: InterfaceSpec) => resolveInterface(spec, "gw1");

describe("what the host gets", () => {
  it.each<[string, InterfaceSpec]>([
    ["by MAC", { nic: { mac: "52-54-00-00-02-07" } }],
    ["by name", { name: "iot", nic: { name: "bond0" }, mac: "02:AA:00:00:00:01", reach: Reach.Pinned, waitForNic: 0 }],
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

describe("the specification", () => {
  const lines = (spec: object) =>
    parse(hostInterfaceSchema, { ssh: { destination: "gw1" }, ...spec }).problems.map(formatProblem);
  it.each<[object, string]>([
    [{ nic: {} }, "nic: names no interface; give exactly one of name, mac and path"],
    [{ nic: { name: "a", mac: "52:54:00:00:02:07" } }, "nic: names the interface in several ways"],
    [{ nic: { name: "ens4" }, name: "a-name-that-is-too-long" }, "name: "],
    [{ nic: { name: "ens4" }, mac: "01:00:00:00:00:01" }, "mac: 01:00:00:00:00:01 is a multicast address"],
    [{ nic: { name: "ens4" }, mac: "00:1b:21:00:00:01" }, "mac: 00:1b:21:00:00:01 belongs to a manufacturer's range"],
    [{ nic: { name: "ens4" }, reach: "all" }, "reach: has a value that is not known here"],
    [{ nic: { path: "it's" } }, "nic.path: "],
  ])("%j", (spec, expected) => expect(lines(spec).join("\n")).toContain(expected));
});

describe("preflight", () => {
  const bare = fixture("trixie-bare");
  const find = (spec: InterfaceSpec, facts: HostFacts = bare) =>
    findAll(hostInterfaceRules, facts, resolve(spec)).map((finding) => `${finding.id} ${formatProblem(finding)}`);
  const nic = { mac: "52:54:00:00:02:07" };
  const changed = (name: string, change: object) =>
    ({ ...bare, links: bare.links.map((link) => (link.ifname === name ? { ...link, ...change } : link)) }) as HostFacts;

  it.each<[string, InterfaceSpec]>([
    ["MAC", { nic }],
    ["name", { nic: { name: "ens4" } }],
    ["path", { nic: { path: "pci-0000:00:04.0" } }],
  ])("finds nothing on a bare host, by %s", (_, spec) => expect(find(spec)).toEqual([]));

  it("finds nothing where the link is there already", () => {
    expect(find({ nic }, fixture("trixie-in-use"))).toEqual([]);
  });

  it.each<[string, InterfaceSpec, HostFacts, string]>([
    [
      "a missing NIC",
      { nic: { mac: "52:54:00:00:02:99" } },
      bare,
      "nic-missing nic.mac: the host has no interface with the mac 52:54:00:00:02:99; its interfaces: ens3 (MAC 52:54:00:00:01:07, path pci-0000:00:03.0), ens4 (MAC 52:54:00:00:02:07, path pci-0000:00:04.0)",
    ],
    ["a mistyped name", { nic: { name: "ens5" } }, bare, "did you mean ens3?"],
    [
      "another name of it",
      { nic: { name: "enp0s4" } },
      bare,
      "nic-missing nic.name: enp0s4 is another name of ens4; write ens4",
    ],
    [
      "two with one MAC",
      { nic },
      changed("ens3", { permaddr: "52:54:00:00:02:07" }),
      "nic-ambiguous nic.mac: several interfaces have the mac 52:54:00:00:02:07: ens3, ens4",
    ],
    [
      "Wi-Fi",
      { nic },
      { ...bare, nics: [{ name: "ens4", wireless: true, idPath: "" }] },
      "nic-unfit nic.mac: ens4 is Wi-Fi",
    ],
    [
      "a member of a bridge",
      { nic },
      changed("ens4", { master: "br0", linkinfo: { info_slave_kind: "bridge" } }),
      "nic-unfit nic.mac: ens4 is a member of the bridge br0; put the link on br0",
    ],
    ["Docker's bridge", { nic: { name: "docker0" } }, bare, "nic-unfit nic.name: docker0 is a bridge of Docker's own"],
    ["the loopback", { nic: { name: "lo" } }, bare, "nic-unfit nic.name: lo is not an Ethernet interface"],
    [
      "ipvlan beside it",
      { nic },
      changed("docker0", { link: "ens4", linkinfo: { info_kind: "ipvlan" } }),
      "nic-taken nic.mac: ens4 carries the ipvlan docker0",
    ],
    [
      "passthru beside it",
      { nic },
      changed("docker0", { link: "ens4", linkinfo: { info_kind: "macvlan", info_data: { mode: "passthru" } } }),
      "nic-taken nic.mac: docker0 has ens4 for itself",
    ],
    [
      "another kind of that name",
      { nic, name: "ens3" },
      bare,
      "link-name-taken name: the host has another interface called ens3 (ether)",
    ],
    ["an altname of that name", { nic, name: "enp0s3" }, bare, "link-name-taken"],
    [
      "the MAC of a NIC",
      { nic, mac: "52:54:00:00:01:07" },
      bare,
      "link-mac-taken mac: 52:54:00:00:01:07 is the MAC of the interface ens3",
    ],
    [
      "the MAC of a container",
      { nic, mac: "02:42:c0:a8:4c:35" },
      fixture("trixie-in-use"),
      "link-mac-taken mac: 02:42:c0:a8:4c:35 is the MAC of the container pinned",
    ],
    ["a kernel without macvlan", { nic }, { ...bare, macvlan: false }, "kernel-macvlan ssh.destination: the kernel"],
  ])("%s", (_, spec, facts, expected) => {
    const found = find(spec, facts);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(expected);
  });
});
