import { Address4 } from "ip-address";
import { Parsed, valueOf } from "../errors";

/** Consecutive IPv4 addresses, both ends included, as 32-bit numbers. */
export interface Ipv4Range {
  readonly first: number;
  readonly last: number;
}

/** A subnet in canonical form (no host bits). */
export interface Cidr extends Ipv4Range {
  readonly prefix: number;
}

const [DOT, ZERO, NINE] = [46, 48, 57];

/**
 * An address as nearly every one is written; undefined for any other text, right or wrong. The library takes fifty times as long,
 * which a fleet of thousands would notice.
 */
function canonical(text: string): number | undefined {
  let [address, octet, dots] = [0, -1, 0];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (octet < 0 || ++dots > 3) return undefined;
      address = address * 256 + octet;
      octet = -1;
    } else if (code < ZERO || code > NINE || octet === 0) return undefined;
    else {
      octet = Math.max(octet, 0) * 10 + code - ZERO;
      if (octet > 255) return undefined;
    }
  }
  return dots === 3 && octet >= 0 ? address * 256 + octet : undefined;
}

/** A subnet as nearly every one is written; undefined for any other text. */
function canonicalCidr(text: string): Cidr | undefined {
  const [, network = "", length = ""] = /^([^/]+)\/([12]?\d|3[0-2])$/.exec(text) ?? [];
  const [first, prefix] = [canonical(network), Number(length)];
  const size = 2 ** (32 - prefix);
  if (first === undefined || length === "" || first % size !== 0) return undefined;
  return { first, last: first + size - 1, prefix };
}

/** `192.168.76.53`: four decimal numbers, no prefix length. */
export function parseIpv4(text: string): Parsed<number> {
  const value = canonical(text);
  if (value !== undefined) return { value };
  if (text.includes("/"))
    return {
      fault: { message: `${text} has a prefix length`, remedy: `write the address alone: ${text.split("/")[0]}` },
    };
  if (Address4.isValid(text)) return { value: Number(new Address4(text).bigInt()) };
  const decimal = text.replace(/\b0+(?=\d)/g, "");
  if (Address4.isValid(decimal))
    return {
      fault: { message: `${text} has leading zeros, which some programs read as octal`, remedy: `write ${decimal}` },
    };
  return {
    fault: {
      message: `${quoted(text)} is not an IPv4 address`,
      remedy: "write four numbers of 0 to 255, such as 192.168.1.53",
    },
  };
}

/** The number as dotted text. */
export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((bits) => (address >>> bits) & 255).join(".");
}

/** `192.168.76.0/24`. Host bits are refused: Docker and the plan would show two different texts for one subnet. */
export function parseCidr(text: string): Parsed<Cidr> {
  const value = canonicalCidr(text);
  if (value !== undefined) return { value };
  if (!/^[^/]+\/\d{1,2}$/.test(text) || !Address4.isValid(text))
    return {
      fault: {
        message: `${quoted(text)} is not a subnet`,
        remedy: "write network/prefix length, such as 192.168.1.0/24",
      },
    };
  const address = new Address4(text);
  const first = Number(address.startAddress().bigInt());
  const written = `${formatIpv4(first)}/${address.subnetMask}`;
  return { fault: { message: `${text} has host bits set or is not in canonical form`, remedy: `write ${written}` } };
}

/** `192.168.76.128-192.168.76.250`, or a subnet as short form of its whole range. */
export function parseRange(text: string): Parsed<Ipv4Range> {
  if (text.includes("/")) return parseCidr(text);
  const parts = text.split("-").map((part) => part.trim());
  if (parts.length !== 2)
    return {
      fault: {
        message: `${quoted(text)} is not a range of addresses`,
        remedy: "write first-last, such as 192.168.1.100-192.168.1.199",
      },
    };
  const [first, last] = [parseIpv4(parts[0]!), parseIpv4(parts[1]!)];
  if (first.fault) return { fault: first.fault };
  if (last.fault) return { fault: last.fault };
  if (first.value > last.value)
    return { fault: { message: `the range ${text} ends before it begins`, remedy: `write ${parts[1]}-${parts[0]}` } };
  return { value: { first: first.value, last: last.value } };
}

/** What one address, `first-last` or a subnet covers. Throws where the text, which a schema has passed, is none of these. */
export function rangeOf(text: string): Ipv4Range {
  const single = parseIpv4(text);
  return single.fault ? valueOf(parseRange(text)) : { first: single.value, last: single.value };
}

/** `a-b`, or `a` if it is one address. */
export function formatRange(range: Ipv4Range): string {
  const first = formatIpv4(range.first);
  return range.first === range.last ? first : `${first}-${formatIpv4(range.last)}`;
}

export function contains(range: Ipv4Range, address: number): boolean {
  return address >= range.first && address <= range.last;
}

export function containsRange(outer: Ipv4Range, inner: Ipv4Range): boolean {
  return inner.first >= outer.first && inner.last <= outer.last;
}

export function overlaps(a: Ipv4Range, b: Ipv4Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** The range of usable host addresses: without network and broadcast address, which /31 and /32 do not have (RFC 3021). */
export function hostRange(subnet: Cidr): Ipv4Range {
  if (subnet.prefix >= 31) return { first: subnet.first, last: subnet.last };
  return { first: subnet.first + 1, last: subnet.last - 1 };
}

/**
 * The lowest host address of `subnet` at or above `from` that is in none of the `taken` ranges; from the start of the
 * subnet if there is none above; undefined if all are taken. Cost grows with the number of ranges, not of addresses.
 */
export function nextFree(subnet: Cidr, taken: readonly Ipv4Range[], from?: number): number | undefined {
  const hosts = hostRange(subnet);
  const sorted = [...taken].sort((a, b) => a.first - b.first);
  const search = (start: number): number | undefined => {
    let candidate = Math.max(start, hosts.first);
    for (const range of sorted) if (contains(range, candidate)) candidate = range.last + 1;
    return candidate <= hosts.last ? candidate : undefined;
  };
  return search(from ?? hosts.first) ?? search(hosts.first);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
