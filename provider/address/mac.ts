import { createHash } from "node:crypto";
import { Fault, Parsed, valueOf } from "../errors";
import { parseIpv4 } from "./ipv4";

/** Reads six octets apart by `:` or `-`, in either case, as lower case with `:`. */
export function parseMac(text: string): Parsed<string> {
  const octets = /^([0-9a-f]{2})([:-][0-9a-f]{2}){5}$/i.test(text) ? text.toLowerCase().split(/[:-]/) : undefined;
  if (octets === undefined)
    return {
      fault: {
        message: `${JSON.stringify(text)} is not a MAC address`,
        remedy: "write six octets, such as 02:42:c0:a8:01:35",
      },
    };
  return { value: octets.join(":") };
}

/** A group address: no interface may have one (bit 0 of the first octet, IEEE 802). */
export function isMulticast(mac: string): boolean {
  return (firstOctet(mac) & 1) !== 0;
}

/** Assigned by a manufacturer rather than chosen by whoever runs the network (bit 1 of the first octet is clear). */
export function isUniversal(mac: string): boolean {
  return (firstOctet(mac) & 2) === 0;
}

/** Why a MAC cannot be given to an interface of ours; `allowUniversal` for one that copies a real device on purpose. */
export function macFault(mac: string, allowUniversal = false): Fault | undefined {
  const example = `02${mac.slice(2)}`;
  if (isMulticast(mac))
    return { message: `${mac} is a multicast address`, remedy: `the first octet must be even: ${example}` };
  if (mac === "00:00:00:00:00:00")
    return { message: "the MAC is all zero", remedy: "leave it out to have one derived" };
  if (!allowUniversal && isUniversal(mac))
    return {
      message: `${mac} belongs to a manufacturer's range and may be on the network already`,
      remedy: `use a locally administered one, such as ${example}, or leave it out to have one derived`,
    };
  return undefined;
}

const HEX = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, "0"));

/** `02:42:` and the address: what Docker up to 27 derived itself, so that adopting a container keeps its MAC. Throws RangeError. */
export function defaultMac(ip: string): string {
  const address = valueOf(parseIpv4(ip));
  return `02:42:${[24, 16, 8, 0].map((bits) => HEX[(address >>> bits) & 255]).join(":")}`;
}

/**
 * A locally administered MAC that is always the same for the same seed. Never 02:42:…, where it could meet the default
 * MAC of an appliance.
 */
export function derivedMac(seed: string): string {
  const digest = createHash("sha256").update(seed).digest();
  if (digest[1] === 0x42) digest[1] = 0xc2;
  return `02:${[...digest.subarray(1, 6)].map((octet) => octet.toString(16).padStart(2, "0")).join(":")}`;
}

function firstOctet(mac: string): number {
  return parseInt(mac.slice(0, 2), 16);
}
