import fc from "fast-check";
import { isIPv6 } from "node:net";
import { describe, expect, it } from "vitest";
import { Parsed, valueOf } from "../errors";
import {
  contains6,
  embeddedIpv6,
  formatCidr6,
  formatIpv6,
  lanSubnet6Fault,
  overlaps6,
  parseCidr6,
  parseIpv6,
  readCidr6,
} from ".";

/** Many zero groups, which is where the spellings differ. */
const address = fc
  .array(fc.oneof(fc.constant(0), fc.nat({ max: 0xffff })), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.reduce((all, group) => all * 65536n + BigInt(group), 0n));
const cidr = fc.tuple(address, fc.nat({ max: 128 })).map(([n, prefix]) => {
  const size = 1n << BigInt(128 - prefix);
  return { first: n - (n % size), last: n - (n % size) + size - 1n, prefix };
});

function fault(parsed: Parsed<unknown>): string {
  return `${parsed.fault?.message}; ${parsed.fault?.remedy}`;
}

describe("an address", () => {
  it("is read as it is written, in the form that Node's own reader takes", () => {
    fc.assert(fc.property(address, (n) => isIPv6(formatIpv6(n)) && valueOf(parseIpv6(formatIpv6(n))) === n));
  });

  it("is in lower case, with the longest run of zeros left out, and no single one", () => {
    fc.assert(
      fc.property(address, (n) => {
        const groups = Array.from({ length: 8 }, (_, i) => ((n >> BigInt(16 * (7 - i))) & 0xffffn).toString(16));
        const runs = [
          ...groups
            .map((group) => (group === "0" ? "0" : "x"))
            .join("")
            .matchAll(/0{2,}/g),
        ];
        const longest = runs.reduce<{ at: number; length: number } | undefined>(
          (best, run) => (run[0].length > (best?.length ?? 0) ? { at: run.index, length: run[0].length } : best),
          undefined,
        );
        const expected =
          longest === undefined
            ? groups.join(":")
            : `${groups.slice(0, longest.at).join(":")}::${groups.slice(longest.at + longest.length).join(":")}`;
        return formatIpv6(n) === expected;
      }),
    );
  });

  it("is refused in any other spelling, with the right one", () => {
    fc.assert(
      fc.property(address, (n) => {
        const long = Array.from({ length: 8 }, (_, i) =>
          ((n >> BigInt(16 * (7 - i))) & 0xffffn).toString(16).padStart(4, "0"),
        ).join(":");
        const written = formatIpv6(n);
        return long === written || fault(parseIpv6(long)).endsWith(`is not in canonical form; write ${written}`);
      }),
    );
  });

  it.each([
    ["FD00:76::53", "FD00:76::53 is not in canonical form; write fd00:76::53"],
    ["fd00:76:0:0::53", "write fd00:76::53"],
    ["fd00:76::192.168.76.53", "write fd00:76::c0a8:4c35"],
    ["fd00:76::53/64", "fd00:76::53/64 has a prefix length; write the address alone: fd00:76::53"],
    ["fe80::1%eth0", "has a zone; write the address alone: fe80::1"],
    ["192.168.76.53", "is not an IPv6 address"],
    ["[fd00:76::53]", "is not an IPv6 address"],
    ["fd00:76::53::1", "is not an IPv6 address"],
    ["fd00:76::53\n", "is not an IPv6 address"],
    ["fd00:76:::53", "is not an IPv6 address"],
    ["fd00", "is not an IPv6 address"],
    ["", "is not an IPv6 address"],
  ])("%s is refused", (text, expected) => expect(fault(parseIpv6(text))).toContain(expected));
});

describe("a subnet", () => {
  it("is accepted in exactly its canonical form", () => {
    fc.assert(
      fc.property(address, fc.nat({ max: 128 }), (n, prefix) => {
        const parsed = parseCidr6(`${formatIpv6(n)}/${prefix}`);
        const size = 1n << BigInt(128 - prefix);
        if (n % size !== 0n) return fault(parsed).endsWith(`write ${formatIpv6(n - (n % size))}/${prefix}`);
        const value = valueOf(parsed);
        return value.first === n && value.last === n + size - 1n && formatCidr6(value) === `${formatIpv6(n)}/${prefix}`;
      }),
    );
  });

  it("overlaps exactly when some address is in both", () => {
    fc.assert(
      fc.property(cidr, cidr, (a, b) => {
        const common = a.first > b.first ? a.first : b.first;
        return overlaps6(a, b) === (contains6(a, common) && contains6(b, common));
      }),
    );
  });

  it("is read in any spelling where it is somebody else's", () => {
    expect(readCidr6("FD00:76:0::1/64")).toEqual(valueOf(parseCidr6("fd00:76::/64")));
    for (const text of ["fd00:76::", "fd00:76::/129", "fd00:76::/064", "10.0.0.0/8", "fe80::%1/64"])
      expect(readCidr6(text)).toBeUndefined();
  });

  it.each([
    ["fd00:76::1/64", "fd00:76::1/64 has host bits set or is not in canonical form; write fd00:76::/64"],
    ["fd00:76::", '"fd00:76::" is not an IPv6 subnet; write prefix/length, such as fd00:76::/64'],
    ["192.168.76.0/24", "is not an IPv6 subnet"],
    ["fd00::/48", "fd00::/48 is no subnet for a LAN; use a prefix length of 64 to 126, best 64"],
    ["fd00:76::/127", "is no subnet for a LAN"],
    ["fe80::/64", "fe80::/64 is of the link-local addresses, which every interface gives itself; use the prefix that"],
    ["ff02::/64", "ff02::/64 is of the multicast addresses"],
    ["::/64", "::/64 is of a reserved range"],
    ["::/0", "::/0 is of the multicast addresses"],
    ["::ffff:0:0/96", "is of a reserved range"],
  ])("%s is no LAN's", (text, expected) => {
    const found = lanSubnet6Fault(text);
    expect(`${found?.message}; ${found?.remedy}`).toContain(expected);
  });

  it.each(["fd00:76::/64", "2001:db8:1:2::/64", "fd00:76::/112", "fd00:76::/126"])("%s may be a LAN's", (text) =>
    expect(lanSubnet6Fault(text)).toBeUndefined(),
  );
});

describe("the address that goes with an IPv4 address", () => {
  it("is in the subnet, and another one for another address", () => {
    const subnet = valueOf(parseCidr6("fd00:76::/64"));
    const ip = fc.ipV4();
    fc.assert(
      fc.property(ip, ip, (a, b) => {
        const [first, second] = [embeddedIpv6(subnet, a)!, embeddedIpv6(subnet, b)!];
        return contains6(subnet, valueOf(parseIpv6(first))) && (first === second) === (a === b);
      }),
    );
    expect(embeddedIpv6(subnet, "192.168.76.53")).toBe("fd00:76::c0a8:4c35");
    expect(embeddedIpv6(valueOf(parseCidr6("fd00:76::/97")), "192.168.76.53")).toBeUndefined();
  });
});
