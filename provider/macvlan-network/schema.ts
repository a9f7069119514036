import { z } from "zod";
import { lanSubnet6Fault, linkNameFault, parseCidr, parseIpv4, parseIpv6, parseRange } from "../address";
import { Fault } from "../errors";
import { NetworkDriver } from "../host-interface";
import { overridesSchema } from "../observe";
import { sshSchema } from "../ssh";
import { choice, text } from "../validate";
import { macvlanNetworkRules } from "./preflight";
import { NetworkMode } from "./spec";

const passthru: Fault = {
  message:
    "passthru gives the whole NIC to one container, and puts it into promiscuous mode: neither a parent link nor a second container can be beside it",
  remedy: "choose bridge, private or vepa; a NIC for one container alone is a case for docker network create by hand",
};

/** Why a Docker network cannot have this name. */
export function networkNameFault(name: string): Fault | undefined {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name) && !["bridge", "host", "none", "default"].includes(name))
    return undefined;
  return {
    message: `${JSON.stringify(name)} cannot be the name of a Docker network`,
    remedy: "use letters, digits, _, . and -",
  };
}

const fields = {
  name: text(networkNameFault).optional(),
  driver: z.enum(NetworkDriver).optional(),
  subnet: text((value) => {
    const cidr = parseCidr(value);
    if (cidr.fault) return cidr.fault;
    if (cidr.value.prefix > 30 || cidr.value.prefix < 8)
      return { message: `${value} is no subnet for a LAN`, remedy: "use a prefix length of 8 to 30" };
    return undefined;
  }, "an IPv4 subnet, such as 192.168.76.0/24"),
  gateway: text((value) => parseIpv4(value).fault, "the IPv4 address of the LAN's router, such as 192.168.76.1"),
  ipRange: text((value) => parseCidr(value).fault).optional(),
  dhcpPool: text((value) => parseRange(value).fault).optional(),
  hostAddress: text((value) => parseIpv4(value).fault).optional(),
  auxAddresses: z
    .record(
      text((value) =>
        value === "host"
          ? { message: '"host" is the name of the host itself', remedy: "give it as hostAddress" }
          : undefined,
      ),
      text((value) => parseIpv4(value).fault),
    )
    .optional(),
  mode: choice(NetworkMode, { passthru }).optional(),
  subnet6: text(lanSubnet6Fault).optional(),
  gateway6: text((value) => parseIpv6(value).fault).optional(),
};

export const networkSchema = z.strictObject(fields);
export const macvlanNetworkSchema = z.strictObject({
  ssh: sshSchema,
  parent: text(linkNameFault).optional(),
  overrides: overridesSchema(macvlanNetworkRules),
  ...fields,
});
