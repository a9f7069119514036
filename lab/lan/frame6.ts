/** Reading and writing of IPv6 and of the ICMPv6 that finds a neighbour and pings it: just what a machine on the lab's LAN needs. */
import { Address6 } from "ip-address";
import { checksum, macBytes, macText } from "./frame";

/** EtherType of IPv6. */
export const IPV6 = 0x86dd;
/** Next header of ICMPv6. */
const ICMP6 = 58;

export const Icmp6Type = {
  EchoRequest: 128,
  EchoReply: 129,
  Router: 134,
  Solicitation: 135,
  Advertisement: 136,
} as const;
/** Everybody on the link, and the MAC for that. */
export const ALL_NODES = { ip: "ff02::1", mac: "33:33:00:00:00:01" };

export interface Ipv6 {
  source: string;
  destination: string;
  nextHeader: number;
  /** Neighbours believe only what no router has passed on: 255. */
  hopLimit: number;
  payload: Buffer;
}

export interface Icmp6 {
  type: number;
  /** What follows type, code and checksum. */
  body: Buffer;
}

/** Who has an address (`Solicitation`), or that the sender has it (`Advertisement`), with the MAC of the one who says it. */
export interface Neighbour {
  type: number;
  target: string;
  mac?: string;
}

export const ip6Bytes = (ip: string): Buffer => Buffer.from(new Address6(ip).toUnsignedByteArray());
/** In canonical form (RFC 5952). */
export const ip6Text = (bytes: Buffer): string => Address6.fromByteArray([...bytes]).correctForm();

/** The multicast group that everybody with this address is in, and its MAC (RFC 4291, RFC 2464). */
export function solicited(ip: string): { ip: string; mac: string } {
  const end = ip6Bytes(ip).subarray(13).toString("hex");
  return {
    ip: ip6Text(Buffer.from(`ff0200000000000000000001ff${end}`, "hex")),
    mac: macText(Buffer.from(`3333ff${end}`, "hex")),
  };
}

export function readIpv6(payload: Buffer): Ipv6 | undefined {
  if (payload.length < 40 || payload[0]! >> 4 !== 6) return undefined;
  const length = payload.readUInt16BE(4);
  if (40 + length > payload.length) return undefined;
  return {
    source: ip6Text(payload.subarray(8, 24)),
    destination: ip6Text(payload.subarray(24, 40)),
    nextHeader: payload[6]!,
    hopLimit: payload[7]!,
    payload: payload.subarray(40, 40 + length),
  };
}

export function writeIpv6({ source, destination, nextHeader, hopLimit, payload }: Ipv6): Buffer {
  const packet = Buffer.alloc(40);
  packet[0] = 0x60;
  packet.writeUInt16BE(payload.length, 4);
  packet[6] = nextHeader;
  packet[7] = hopLimit;
  return Buffer.concat([packet.subarray(0, 8), ip6Bytes(source), ip6Bytes(destination), payload]);
}

/** The ICMPv6 message of a packet, or undefined where there is none or its checksum is wrong. */
export function readIcmp6(packet: Ipv6): Icmp6 | undefined {
  const { nextHeader, payload } = packet;
  if (nextHeader !== ICMP6 || payload.length < 4 || checksum(summed(packet)) !== 0) return undefined;
  return { type: payload[0]!, body: payload.subarray(4) };
}

export function writeIcmp6({ type, body }: Icmp6, ends: Pick<Ipv6, "source" | "destination">): Buffer {
  const payload = Buffer.concat([Buffer.from([type, 0, 0, 0]), body]);
  const packet: Ipv6 = { ...ends, nextHeader: ICMP6, hopLimit: 255, payload };
  payload.writeUInt16BE(checksum(summed(packet)), 2);
  return writeIpv6(packet);
}

/** The checksum is also over the addresses, the length and the next header (RFC 8200). */
function summed({ source, destination, nextHeader, payload }: Ipv6): Buffer {
  const tail = Buffer.alloc(8);
  tail.writeUInt32BE(payload.length, 0);
  tail[7] = nextHeader;
  return Buffer.concat([ip6Bytes(source), ip6Bytes(destination), tail, payload]);
}

/** A neighbour's question or answer in an ICMPv6 message, or undefined. */
export function readNeighbour({ type, body }: Icmp6): Neighbour | undefined {
  if ((type !== Icmp6Type.Solicitation && type !== Icmp6Type.Advertisement) || body.length < 20) return undefined;
  // One option is enough: the MAC of the sender (1) or of the target (2), both of eight octets.
  const hasMac = body.length >= 28 && (body[20] === 1 || body[20] === 2) && body[21] === 1;
  return {
    type,
    target: ip6Text(body.subarray(4, 20)),
    ...(hasMac ? { mac: macText(body.subarray(22, 28)) } : {}),
  };
}

export function writeNeighbour({ type, target, mac }: Required<Neighbour>): Icmp6 {
  const isAnswer = type === Icmp6Type.Advertisement;
  // An answer is solicited and takes the place of what was known (RFC 4861).
  const flags = Buffer.from([isAnswer ? 0x60 : 0, 0, 0, 0]);
  return { type, body: Buffer.concat([flags, ip6Bytes(target), Buffer.from([isAnswer ? 2 : 1, 1]), macBytes(mac)]) };
}

/** A router's announcement of itself, for half an hour, and of a prefix of which everybody may take an address (RFC 4861, RFC 4862). */
export function writeRouter(prefix: string, length: number): Icmp6 {
  const body = Buffer.alloc(12 + 32);
  body[0] = 64;
  body.writeUInt16BE(1800, 2);
  const option = body.subarray(12);
  // Its type, its length in eights of octets, and the flags for "on this link" and "for addresses".
  option.set([3, 4, length, 0xc0]);
  option.writeUInt32BE(3600, 4);
  option.writeUInt32BE(3600, 8);
  ip6Bytes(prefix).copy(option, 16);
  return { type: Icmp6Type.Router, body };
}
