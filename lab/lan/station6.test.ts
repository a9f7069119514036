import * as fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import * as f from "./frame";
import * as six from "./frame6";
import { lanMethods, type LanMethods } from "./methods";
import { Station6 } from "./station6";
import { Switch } from "./switch";

const IP = "fd00:76::53";
const MAC = "02:42:c0:a8:4c:35";

describe("packets", () => {
  test("a solicitation is byte for byte what RFC 4861 describes", () => {
    const { ip, mac } = six.solicited(IP);
    expect([ip, mac]).toEqual(["ff02::1:ff00:53", "33:33:ff:00:00:53"]);
    const question = six.writeNeighbour({ type: six.Icmp6Type.Solicitation, target: IP, mac: MAC });
    const packet = six.writeIcmp6(question, { source: "fd00:76::fe", destination: ip });
    expect(packet.toString("hex")).toBe(
      "6000000000203aff" +
        "fd0000760000000000000000000000fe" +
        "ff0200000000000000000001ff000053" +
        "8700" +
        packet.subarray(42, 44).toString("hex") +
        "00000000fd0000760000000000000000000000530101" +
        "0242c0a84c35",
    );
  });

  test("what is written is read back, and a wrong checksum is not", () => {
    const ip = fc.ipV6().map((text) => six.ip6Text(six.ip6Bytes(text)));
    fc.assert(
      fc.property(ip, ip, fc.uint8Array({ maxLength: 200 }), (source, destination, body) => {
        const written = six.writeIcmp6({ type: 128, body: Buffer.from(body) }, { source, destination });
        const packet = six.readIpv6(written)!;
        expect(packet).toMatchObject({ source, destination, hopLimit: 255 });
        expect(six.readIcmp6(packet)).toEqual({ type: 128, body: Buffer.from(body) });
        packet.payload[0]! ^= 1;
        expect(six.readIcmp6(packet)).toBeUndefined();
      }),
    );
  });
});

describe("the LAN", () => {
  let lan: Switch;
  let methods: LanMethods;

  beforeEach(() => {
    lan = new Switch();
    methods = lanMethods(lan);
  });

  test("finds who has an address, and that two have it", async () => {
    new Station6(lan, "lab1", MAC, IP);
    new Station6(lan, "lab2", "02:00:00:00:00:77", IP);
    const found = await methods.probe6([IP, "fd00:76::54"], 30);
    expect(found["fd00:76::54"]).toEqual([]);
    expect(found[IP]!.map(({ mac, port }) => [mac, port])).toEqual([
      [MAC, "lab1"],
      ["02:00:00:00:00:77", "lab2"],
    ]);
  });

  test("a router announces itself and a prefix to everybody on its VLAN", () => {
    const heard: Buffer[] = [];
    lan.addPort("lab1", (frame) => heard.push(frame) > 0);
    methods.advertise("fd00:76::", 64, { vlan: 20, ip: "fd00:20::fe" });
    expect(heard).toHaveLength(1);
    const ethernet = f.readEthernet(heard[0]!)!;
    expect(ethernet).toMatchObject({ destination: "33:33:00:00:00:01", vlan: 20, type: six.IPV6 });
    const packet = six.readIpv6(ethernet.payload)!;
    expect(packet).toMatchObject({ source: "fe80::fe", destination: "ff02::1", hopLimit: 255 });
    const { type, body } = six.readIcmp6(packet)!;
    expect([type, body.readUInt16BE(2), body.subarray(12, 16).toString("hex")]).toEqual([134, 1800, "030440c0"]);
    expect(six.ip6Text(body.subarray(28, 44))).toBe("fd00:76::");
  });

  test("refuses what is no address", async () => {
    await expect(methods.probe6(["fd00::76::1"], 10)).rejects.toThrow('"fd00::76::1" is no IPv6 address');
  });

  test("pings, also on a VLAN, and says how far it came", async () => {
    new Station6(lan, "lab1", MAC, IP, 20);
    const on = { vlan: 20, ip: "fd00:20::fe" };
    expect(await methods.ping6(IP, 1000, on)).toEqual({ mac: MAC });
    await expect(methods.ping6(IP, 100)).rejects.toThrow(`nobody on the LAN has ${IP}`);
    lan.addPort("mute", (frame) => {
      const ethernet = f.readEthernet(frame)!;
      const asked = ethernet.type === six.IPV6 ? six.readIpv6(ethernet.payload) : undefined;
      if (asked?.destination !== six.solicited("fd00:76::99").ip) return true;
      const said = six.writeNeighbour({ type: six.Icmp6Type.Advertisement, target: "fd00:76::99", mac: MAC });
      const payload = six.writeIcmp6(said, { source: "fd00:76::99", destination: asked.source });
      setImmediate(() =>
        lan.receive("mute", f.writeEthernet({ destination: ethernet.source, source: MAC, type: six.IPV6, payload })),
      );
      return true;
    });
    await expect(methods.ping6("fd00:76::99", 100)).rejects.toThrow("is a neighbour, but answers no ping");
  });
});
