import { Address6 } from "ip-address";
import { Fault, Parsed, valueOf } from "../errors";
import { parseIpv4 } from "./ipv4";

/** An IPv6 subnet in canonical form (no host bits); both ends are included. */
export interface Cidr6 {
  readonly first: bigint;
  readonly last: bigint;
  readonly prefix: number;
}

/** What of the address space is no LAN's, with the reason. */
const UNFIT: readonly [text: string, is: string][] = [
  ["ff00::/8", "is of the multicast addresses"],
  ["fe80::/10", "is of the link-local addresses, which every interface gives itself"],
  ["::/8", "is of a reserved range"],
];

/** `fd00:76::53` in the form of RFC 5952, the one that the kernel and Docker print: other spellings of it would be drift for ever. */
export function parseIpv6(text: string): Parsed<bigint> {
  if (text.includes("/"))
    return {
      fault: { message: `${text} has a prefix length`, remedy: `write the address alone: ${text.split("/")[0]}` },
    };
  if (text.includes("%"))
    return { fault: { message: `${text} has a zone`, remedy: `write the address alone: ${text.split("%")[0]}` } };
  if (!Address6.isValid(text))
    return {
      fault: {
        message: `${JSON.stringify(text)} is not an IPv6 address`,
        remedy: "write up to eight groups of hexadecimal digits, such as fd00:76::53",
      },
    };
  const address = new Address6(text);
  const written = address.correctForm();
  if (text !== written) return { fault: { message: `${text} is not in canonical form`, remedy: `write ${written}` } };
  return { value: address.bigInt() };
}

/** The number in canonical form. */
export function formatIpv6(address: bigint): string {
  return Address6.fromBigInt(address).correctForm();
}

/** `fd00:76::/64`. Host bits and other spellings are refused, as those of IPv4 are. */
export function parseCidr6(text: string): Parsed<Cidr6> {
  const value = readCidr6(text);
  if (value === undefined)
    return {
      fault: {
        message: `${JSON.stringify(text)} is not an IPv6 subnet`,
        remedy: "write prefix/length, such as fd00:76::/64",
      },
    };
  const written = formatCidr6(value);
  if (text !== written)
    return {
      fault: { message: `${text} has host bits set or is not in canonical form`, remedy: `write ${written}` },
    };
  return { value };
}

/** The subnet that a text of any form stands for; undefined if it stands for none. */
export function readCidr6(text: string): Cidr6 | undefined {
  if (!/^[^/%]+\/(\d|[1-9]\d|1[01]\d|12[0-8])$/.test(text) || !Address6.isValid(text)) return undefined;
  const address = new Address6(text);
  return {
    first: address.startAddress().bigInt(),
    last: address.endAddress().bigInt(),
    prefix: address.subnetMask,
  };
}

export function formatCidr6({ first, prefix }: Cidr6): string {
  return `${formatIpv6(first)}/${prefix}`;
}

/** Why a subnet cannot be that of a LAN: it must be one that routers route, with room for the addresses that machines choose. */
export function lanSubnet6Fault(text: string): Fault | undefined {
  const { value, fault } = parseCidr6(text);
  if (fault) return fault;
  const remedy = "use the prefix that the LAN's router announces, or one of your own such as fd00:76::/64";
  for (const [range, is] of UNFIT)
    if (overlaps6(valueOf(parseCidr6(range)), value)) return { message: `${text} ${is}`, remedy };
  if (value.prefix < 64 || value.prefix > 126)
    return { message: `${text} is no subnet for a LAN`, remedy: "use a prefix length of 64 to 126, best 64" };
  return undefined;
}

export function contains6({ first, last }: Cidr6, address: bigint): boolean {
  return address >= first && address <= last;
}

export function overlaps6(a: Cidr6, b: Cidr6): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/**
 * The address of `subnet` with the IPv4 address as its last 32 bits: who is one in IPv4 is one in IPv6. Undefined where the subnet
 * is smaller than that. Throws RangeError if `ip` is no IPv4 address.
 */
export function embeddedIpv6(subnet: Cidr6, ip: string): string | undefined {
  if (subnet.prefix > 96) return undefined;
  return formatIpv6(subnet.first + BigInt(valueOf(parseIpv4(ip))));
}
