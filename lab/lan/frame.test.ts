import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as f from "./frame";

const ip = fc.ipV4();
const mac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => f.macText(Buffer.from(bytes)));
const port = fc.integer({ min: 0, max: 65_535 });
const data = fc.uint8Array({ maxLength: 1400 }).map((bytes) => Buffer.from(bytes));
const sequence = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe("known packets", () => {
  test("an ARP request is byte for byte what RFC 826 describes", () => {
    const arp = f.writeArp({
      operation: "request",
      senderMac: "02:00:00:00:0f:fe",
      senderIp: "192.168.76.254",
      targetMac: "00:00:00:00:00:00",
      targetIp: "192.168.76.53",
    });
    expect(arp.toString("hex")).toBe("00010800060400010200000" + "00ffec0a84cfe000000000000c0a84c35");
  });

  test("the checksum of RFC 1071's example", () => {
    expect(f.checksum(Buffer.from("0001f203f4f5f6f7", "hex"))).toBe(0xffff & ~0xddf2);
  });

  test("short frames are padded to the least length", () => {
    const frame = f.writeEthernet({
      destination: f.BROADCAST,
      source: "02:00:00:00:00:01",
      type: 0x0806,
      payload: Buffer.alloc(28),
    });
    expect(frame.length).toBe(60);
  });
});

describe("what is written is read back", () => {
  test("ARP in Ethernet", () => {
    const operation = fc.constantFrom("request" as const, "reply" as const);
    const arps = fc.record({ operation, senderMac: mac, senderIp: ip, targetMac: mac, targetIp: ip });
    fc.assert(
      fc.property(arps, mac, mac, (arp, destination, source) => {
        const frame = f.writeEthernet({
          destination,
          source,
          type: f.EtherType.Arp,
          payload: f.writeArp(arp),
        });
        const ethernet = f.readEthernet(frame);
        expect(ethernet).toMatchObject({ destination, source, type: f.EtherType.Arp });
        expect(f.readArp(ethernet!.payload)).toEqual(arp);
      }),
    );
  });

  test("a VLAN's tag", () => {
    const id = fc.integer({ min: 0, max: 4095 });
    fc.assert(
      fc.property(mac, mac, id, data, (destination, source, vlan, payload) => {
        const frame = f.writeEthernet({ destination, source, vlan, type: f.EtherType.Ipv4, payload });
        expect(frame.subarray(12, 16).toString("hex")).toBe(`8100${vlan.toString(16).padStart(4, "0")}`);
        const ethernet = f.readEthernet(frame)!;
        expect(ethernet).toMatchObject({ destination, source, vlan, type: f.EtherType.Ipv4 });
        expect(ethernet.payload.subarray(0, payload.length)).toEqual(payload);
      }),
    );
  });

  test("IPv4 through the padding of Ethernet, with a right checksum", () => {
    fc.assert(
      fc.property(ip, ip, data, (source, destination, payload) => {
        const packet = f.writeIpv4({ source, destination, protocol: 17, payload });
        expect(f.checksum(packet.subarray(0, 20))).toBe(0);
        expect(f.readIpv4(Buffer.concat([packet, Buffer.alloc(18)]))).toEqual({
          source,
          destination,
          protocol: 17,
          payload,
        });
      }),
    );
  });

  test("TCP, with a right checksum", () => {
    const tcps = fc.record({
      ...{ sourcePort: port, destinationPort: port, sequence, acknowledgement: sequence },
      ...{ flags: fc.integer({ min: 0, max: 63 }), window: port, data },
    });
    fc.assert(
      fc.property(tcps, ip, ip, (tcp, source, destination) => {
        const packet = f.writeTcp(tcp, source, destination);
        expect(f.readTcp(packet)).toEqual(tcp);
        expect(f.pseudoChecksum(packet, source, destination, f.Protocol.Tcp)).toBe(0);
      }),
    );
  });

  test("UDP, with a right checksum", () => {
    fc.assert(
      fc.property(fc.record({ sourcePort: port, destinationPort: port, data }), ip, ip, (udp, source, destination) => {
        const packet = f.writeUdp(udp, source, destination);
        expect(f.readUdp(packet)).toEqual(udp);
        expect(f.pseudoChecksum(packet, source, destination, f.Protocol.Udp)).toBe(0);
      }),
    );
  });

  test("ping", () => {
    fc.assert(
      fc.property(port, port, data, (id, number, bytes) => {
        const echo = { type: "request" as const, id, sequence: number, data: bytes };
        expect(f.readIcmpEcho(f.writeIcmpEcho(echo))).toEqual(echo);
      }),
    );
  });
});

describe("what is no packet", () => {
  test("arbitrary bytes never throw", () => {
    const readers = [f.readEthernet, f.readArp, f.readIpv4, f.readIcmpEcho, f.readUdp, f.readTcp];
    fc.assert(fc.property(data, (bytes) => readers.forEach((read) => read(bytes))));
  });

  test("fragments and damaged pings are left alone", () => {
    const packet = f.writeIpv4({ source: "10.0.0.1", destination: "10.0.0.2", protocol: 1, payload: Buffer.alloc(8) });
    packet.writeUInt16BE(0x2000, 6);
    expect(f.readIpv4(packet)).toBeUndefined();
    const ping = f.writeIcmpEcho({ type: "request", id: 1, sequence: 1, data: Buffer.from("x") });
    ping[8]! ^= 1;
    expect(f.readIcmpEcho(ping)).toBeUndefined();
  });
});
