/** Reading and writing of Ethernet, ARP, IPv4, ICMP, UDP and TCP: just what a machine on the lab's LAN needs. */

export const BROADCAST = "ff:ff:ff:ff:ff:ff";

export const EtherType = {
  Ipv4: 0x0800,
  Arp: 0x0806,
  /** Not a type itself: the tag of a VLAN (802.1Q), which stands before the type. */
  Vlan: 0x8100,
} as const;

export const Protocol = {
  Icmp: 1,
  Tcp: 6,
  Udp: 17,
} as const;

export const TcpFlag = {
  Fin: 1,
  Syn: 2,
  Rst: 4,
  Psh: 8,
  Ack: 16,
} as const;

export interface Ethernet {
  destination: string;
  source: string;
  /** Id of the VLAN that the frame is tagged with. */
  vlan?: number;
  type: number;
  payload: Buffer;
}

export interface Arp {
  operation: "request" | "reply";
  senderMac: string;
  senderIp: string;
  targetMac: string;
  targetIp: string;
}

export interface Ipv4 {
  source: string;
  destination: string;
  protocol: number;
  payload: Buffer;
}

export interface IcmpEcho {
  type: "request" | "reply";
  id: number;
  sequence: number;
  data: Buffer;
}

export interface Udp {
  sourcePort: number;
  destinationPort: number;
  data: Buffer;
}

export interface Tcp {
  sourcePort: number;
  destinationPort: number;
  sequence: number;
  acknowledgement: number;
  flags: number;
  window: number;
  data: Buffer;
}

/** Least length of a frame without its checksum; shorter payloads are padded (IEEE 802.3). */
const SHORTEST = 60;

export const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(":", ""), "hex");
export const macText = (bytes: Buffer): string => bytes.toString("hex").replace(/..(?=.)/g, "$&:");
export const ipBytes = (ip: string): Buffer => Buffer.from(ip.split(".").map(Number));
export const ipText = (bytes: Buffer): string => [...bytes].join(".");

/** The frame's parts, or undefined when it is too short to be one. */
export function readEthernet(frame: Buffer): Ethernet | undefined {
  if (frame.length < 14) return undefined;
  const tagged = frame.readUInt16BE(12) === EtherType.Vlan;
  if (tagged && frame.length < 18) return undefined;
  const at = tagged ? 16 : 12;
  return {
    destination: macText(frame.subarray(0, 6)),
    source: macText(frame.subarray(6, 12)),
    ...(tagged ? { vlan: frame.readUInt16BE(14) & 0xfff } : {}),
    type: frame.readUInt16BE(at),
    payload: frame.subarray(at + 2),
  };
}

export function writeEthernet({ destination, source, vlan, type, payload }: Ethernet): Buffer {
  const at = vlan === undefined ? 12 : 16;
  const frame = Buffer.alloc(Math.max(SHORTEST, at + 2 + payload.length));
  macBytes(destination).copy(frame, 0);
  macBytes(source).copy(frame, 6);
  if (vlan !== undefined) {
    frame.writeUInt16BE(EtherType.Vlan, 12);
    frame.writeUInt16BE(vlan, 14);
  }
  frame.writeUInt16BE(type, at);
  payload.copy(frame, at + 2);
  return frame;
}

/** An ARP packet about IPv4 over Ethernet, or undefined. */
export function readArp(payload: Buffer): Arp | undefined {
  if (payload.length < 28 || payload.subarray(0, 6).toString("hex") !== "000108000604") return undefined;
  const operation = payload.readUInt16BE(6);
  if (operation !== 1 && operation !== 2) return undefined;
  return {
    operation: operation === 1 ? "request" : "reply",
    senderMac: macText(payload.subarray(8, 14)),
    senderIp: ipText(payload.subarray(14, 18)),
    targetMac: macText(payload.subarray(18, 24)),
    targetIp: ipText(payload.subarray(24, 28)),
  };
}

export function writeArp(arp: Arp): Buffer {
  const head = Buffer.from("0001080006040000", "hex");
  head.writeUInt16BE(arp.operation === "request" ? 1 : 2, 6);
  const parts = [macBytes(arp.senderMac), ipBytes(arp.senderIp), macBytes(arp.targetMac), ipBytes(arp.targetIp)];
  return Buffer.concat([head, ...parts]);
}

/** An unfragmented IPv4 packet, or undefined. */
export function readIpv4(payload: Buffer): Ipv4 | undefined {
  if (payload.length < 20 || payload[0]! >> 4 !== 4) return undefined;
  const header = (payload[0]! & 15) * 4;
  const total = payload.readUInt16BE(2);
  const fragmented = (payload.readUInt16BE(6) & 0x3fff) !== 0;
  if (header < 20 || total < header || total > payload.length || fragmented) return undefined;
  return {
    source: ipText(payload.subarray(12, 16)),
    destination: ipText(payload.subarray(16, 20)),
    protocol: payload[9]!,
    payload: payload.subarray(header, total),
  };
}

export function writeIpv4({ source, destination, protocol, payload }: Ipv4): Buffer {
  const packet = Buffer.alloc(20 + payload.length);
  packet[0] = 0x45;
  packet.writeUInt16BE(packet.length, 2);
  packet.writeUInt16BE(0x4000, 6); // do not fragment
  packet[8] = 64;
  packet[9] = protocol;
  ipBytes(source).copy(packet, 12);
  ipBytes(destination).copy(packet, 16);
  packet.writeUInt16BE(checksum(packet.subarray(0, 20)), 10);
  payload.copy(packet, 20);
  return packet;
}

export function readIcmpEcho(payload: Buffer): IcmpEcho | undefined {
  if (payload.length < 8 || (payload[0] !== 8 && payload[0] !== 0) || checksum(payload) !== 0) return undefined;
  return {
    type: payload[0] === 8 ? "request" : "reply",
    id: payload.readUInt16BE(4),
    sequence: payload.readUInt16BE(6),
    data: payload.subarray(8),
  };
}

export function writeIcmpEcho({ type, id, sequence, data }: IcmpEcho): Buffer {
  const packet = Buffer.alloc(8 + data.length);
  packet[0] = type === "request" ? 8 : 0;
  packet.writeUInt16BE(id, 4);
  packet.writeUInt16BE(sequence, 6);
  data.copy(packet, 8);
  packet.writeUInt16BE(checksum(packet), 2);
  return packet;
}

/** "Port unreachable" for `refused`, as RFC 792 has it: with that packet's header and first 8 bytes. */
export function writeIcmpPortUnreachable(refused: Buffer): Buffer {
  const packet = Buffer.concat([Buffer.from([3, 3, 0, 0, 0, 0, 0, 0]), refused.subarray(0, 28)]);
  packet.writeUInt16BE(checksum(packet), 2);
  return packet;
}

export function readUdp(payload: Buffer): Udp | undefined {
  if (payload.length < 8) return undefined;
  const length = payload.readUInt16BE(4);
  if (length < 8 || length > payload.length) return undefined;
  return {
    sourcePort: payload.readUInt16BE(0),
    destinationPort: payload.readUInt16BE(2),
    data: payload.subarray(8, length),
  };
}

export function writeUdp({ sourcePort, destinationPort, data }: Udp, source: string, destination: string): Buffer {
  const packet = Buffer.alloc(8 + data.length);
  packet.writeUInt16BE(sourcePort, 0);
  packet.writeUInt16BE(destinationPort, 2);
  packet.writeUInt16BE(packet.length, 4);
  data.copy(packet, 8);
  // 0 means "none" in UDP: a sum of 0 is sent as its other form.
  packet.writeUInt16BE(pseudoChecksum(packet, source, destination, Protocol.Udp) || 0xffff, 6);
  return packet;
}

export function readTcp(payload: Buffer): Tcp | undefined {
  if (payload.length < 20) return undefined;
  const header = (payload[12]! >> 4) * 4;
  if (header < 20 || header > payload.length) return undefined;
  return {
    sourcePort: payload.readUInt16BE(0),
    destinationPort: payload.readUInt16BE(2),
    sequence: payload.readUInt32BE(4),
    acknowledgement: payload.readUInt32BE(8),
    flags: payload[13]!,
    window: payload.readUInt16BE(14),
    data: payload.subarray(header),
  };
}

export function writeTcp(tcp: Tcp, source: string, destination: string): Buffer {
  const packet = Buffer.alloc(20 + tcp.data.length);
  packet.writeUInt16BE(tcp.sourcePort, 0);
  packet.writeUInt16BE(tcp.destinationPort, 2);
  packet.writeUInt32BE(tcp.sequence, 4);
  packet.writeUInt32BE(tcp.acknowledgement, 8);
  packet[12] = 5 << 4;
  packet[13] = tcp.flags;
  packet.writeUInt16BE(tcp.window, 14);
  tcp.data.copy(packet, 20);
  packet.writeUInt16BE(pseudoChecksum(packet, source, destination, Protocol.Tcp), 16);
  return packet;
}

/** The Internet checksum (RFC 1071) of `data`; 0 when `data` holds its own right checksum. */
export function checksum(data: Buffer): number {
  let sum = 0;
  for (let i = 0; i < data.length; i += 2) sum += (data[i]! << 8) | (data[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** UDP and TCP also sum the addresses. */
export function pseudoChecksum(packet: Buffer, source: string, destination: string, protocol: number): number {
  const tail = Buffer.alloc(4);
  tail.writeUInt16BE(protocol, 0);
  tail.writeUInt16BE(packet.length, 2);
  return checksum(Buffer.concat([ipBytes(source), ipBytes(destination), tail, packet]));
}
