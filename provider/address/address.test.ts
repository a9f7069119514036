import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Parsed, valueOf } from "../errors";
import {
  contains,
  containsRange,
  defaultMac,
  derivedMac,
  formatIpv4,
  formatRange,
  hostRange,
  isMulticast,
  isUniversal,
  linkNameFault,
  macFault,
  nextFree,
  overlaps,
  parseCidr,
  parseIpv4,
  parseMac,
  parseRange,
} from ".";

const address = fc.nat({ max: 0xffffffff });
const range = fc.tuple(address, address).map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));

function fault(parsed: Parsed<unknown>): string {
  return `${parsed.fault?.message}; ${parsed.fault?.remedy}`;
}

describe("IPv4", () => {
  it("reads what it writes", () => {
    fc.assert(fc.property(address, (n) => valueOf(parseIpv4(formatIpv4(n))) === n));
  });

  it.each([
    ["192.168.76", "is not an IPv4 address"],
    ["192.168.76.256", "is not an IPv4 address"],
    ["fe80::1", "is not an IPv4 address"],
    ["", "is not an IPv4 address"],
    ["1.2.3.4.", "is not an IPv4 address"],
    ["1.2.3.4\n", "is not an IPv4 address"],
    ["1.2.3.4.5", "is not an IPv4 address"],
    ["192.168.76.1/24", "write the address alone: 192.168.76.1"],
    ["192.168.076.001", "192.168.76.1"],
  ])("refuses %s", (text, expected) => expect(fault(parseIpv4(text))).toContain(expected));

  it("says the canonical form of a subnet with host bits", () => {
    expect(fault(parseCidr("192.168.76.10/24"))).toContain("write 192.168.76.0/24");
    expect(fault(parseCidr("192.168.76.0"))).toContain("is not a subnet");
    expect(fault(parseCidr("192.168.76.0/33"))).toContain("is not a subnet");
  });

  it("accepts exactly the canonical form of any subnet", () => {
    fc.assert(
      fc.property(address, fc.nat({ max: 32 }), (n, prefix) => {
        const text = `${formatIpv4(n)}/${prefix}`;
        const parsed = parseCidr(text);
        const size = 2 ** (32 - prefix);
        if (n % size !== 0) return fault(parsed).includes(`write ${formatIpv4(n - (n % size))}/${prefix}`);
        const cidr = valueOf(parsed);
        return cidr.first === n && cidr.last === n + size - 1;
      }),
    );
  });

  it("reads ranges, in both forms", () => {
    expect(valueOf(parseRange("10.0.0.1-10.0.0.3"))).toEqual({ first: 0x0a000001, last: 0x0a000003 });
    expect(valueOf(parseRange("10.0.0.1 - 10.0.0.3"))).toEqual({ first: 0x0a000001, last: 0x0a000003 });
    expect(formatRange(valueOf(parseRange("10.0.0.0/30")))).toBe("10.0.0.0-10.0.0.3");
    expect(fault(parseRange("10.0.0.3-10.0.0.1"))).toContain("write 10.0.0.1-10.0.0.3");
    expect(fault(parseRange("10.0.0.1"))).toContain("is not a range");
    expect(fault(parseRange("10.0.0.1-3"))).toContain("is not an IPv4 address");
  });

  it("overlaps exactly when some address is in both", () => {
    fc.assert(
      fc.property(range, range, (a, b) => {
        const common = Math.max(a.first, b.first);
        const shared = contains(a, common) && contains(b, common);
        return overlaps(a, b) === shared && overlaps(b, a) === shared && (!containsRange(a, b) || shared);
      }),
    );
  });

  it("proposes the lowest address that nobody has", () => {
    const small = fc.nat({ max: 40 });
    fc.assert(
      fc.property(fc.array(fc.tuple(small, small)), fc.option(small), (pairs, from) => {
        const subnet = valueOf(parseCidr("10.0.0.0/27"));
        const taken = pairs.map(([a, b]) => ({
          first: subnet.first + Math.min(a, b),
          last: subnet.first + Math.max(a, b),
        }));
        const hosts = hostRange(subnet);
        const free: number[] = [];
        for (let n = hosts.first; n <= hosts.last; n++) if (!taken.some((r) => contains(r, n))) free.push(n);
        const start = from === null ? undefined : subnet.first + from;
        const expected = free.find((n) => n >= (start ?? 0)) ?? free[0];
        return nextFree(subnet, taken, start) === expected;
      }),
    );
  });
});

describe("MAC", () => {
  it("reads any spelling as one", () => {
    expect(valueOf(parseMac("02-42-C0-A8-4C-35"))).toBe("02:42:c0:a8:4c:35");
    for (const text of ["", "02:42:c0:a8:4c", "0242c0a84c35", "02:42:c0:a8:4c:3g"])
      expect(fault(parseMac(text))).toContain("is not a MAC address");
  });

  it("says why a MAC cannot be given", () => {
    expect(macFault("01:00:5e:00:00:01")?.message).toContain("multicast");
    expect(macFault("00:00:00:00:00:00")?.message).toContain("zero");
    expect(macFault("52:54:00:00:02:01")).toBeUndefined();
    expect(macFault("b8:27:eb:00:00:01")?.message).toContain("manufacturer");
    expect(macFault("b8:27:eb:00:00:01", true)).toBeUndefined();
  });

  it("derives the default from the address as Docker did", () => {
    expect(defaultMac("192.168.76.53")).toBe("02:42:c0:a8:4c:35");
  });

  it("derives MACs that are fit, stable and never an appliance's default", () => {
    fc.assert(
      fc.property(fc.string(), (seed) => {
        const mac = derivedMac(seed);
        return (
          mac === derivedMac(seed) &&
          valueOf(parseMac(mac)) === mac &&
          !isMulticast(mac) &&
          !isUniversal(mac) &&
          !mac.startsWith("02:42:")
        );
      }),
    );
    expect(derivedMac("52:54:00:00:02:01 lan0")).not.toBe(derivedMac("52:54:00:00:02:02 lan0"));
  });
});

describe("link names", () => {
  it.each(["lan0", "lan", "mv_home", "iot2", "a_fifteen_chars"])("accepts %s", (name) =>
    expect(linkNameFault(name)).toBeUndefined(),
  );

  it.each([
    ["", "empty"],
    ["a_sixteen_chars_", "at most 15"],
    ["lan.10", "VLAN"],
    ["lan 0", "spaces"],
    ["lan/0", "slashes"],
    ["lan-0", "letters, digits and _"],
    ["lo", "reserved"],
    ["all", "reserved"],
    ["docker0", "Docker makes itself"],
    ["veth12", "Docker makes itself"],
    ["br-12ab", "letters, digits and _"],
    ["m", 'the word "m'],
    ["dev", 'the word "dev"'],
    ["li", 'the word "li'],
    ["mtu", 'the word "mtu"'],
  ])("refuses %s", (name, expected) => {
    const found = linkNameFault(name);
    expect(`${found?.message}; ${found?.remedy}`).toContain(expected);
  });
});
