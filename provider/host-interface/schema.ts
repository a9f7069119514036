import { z } from "zod";
import { interfaceNameFault, linkNameFault, macFault, parseCidr, parseIpv4, parseIpv6, parseMac } from "../address";
import { Fault, Problem } from "../errors";
import { overridesSchema } from "../observe";
import { sshSchema } from "../ssh";
import { report, text } from "../validate";
import { BCQUEUELEN, NetworkDriver } from "./driver";
import { hostInterfaceRules } from "./preflight";
import { InterfaceSpec, Reach } from "./spec";

const anyMac = text((value) => parseMac(value).fault);
const ourMac = text((value) => {
  const parsed = parseMac(value);
  return parsed.fault ?? macFault(parsed.value);
});

const nicSchema = z
  .strictObject({
    name: text(interfaceNameFault).optional(),
    mac: anyMac.optional(),
    path: text((value) =>
      /^[\w.:+@-]+$/.test(value)
        ? undefined
        : { message: `${JSON.stringify(value)} is not an ID_PATH of udev`, remedy: "such as pci-0000:03:00.0" },
    ).optional(),
  })
  .superRefine((nic, context) => {
    const given = Object.values(nic).filter((value) => value !== undefined).length;
    if (given !== 1)
      report(context, [
        {
          message: given === 0 ? "names no interface" : "names the interface in several ways",
          remedy: "give exactly one of name, mac and path",
        },
      ]);
  });

const fields = {
  name: text(linkNameFault).optional(),
  nic: nicSchema,
  vlan: z.number().int().min(1).max(4094).optional(),
  mac: ourMac.optional(),
  mtu: z.number().int().min(68).max(65535).optional(),
  bcqueuelen: z.number().int().min(BCQUEUELEN).max(100_000).optional(),
  reach: z.enum(Reach).optional(),
  address: text((value) => parseIpv4(value).fault).optional(),
  address6: text((value) => parseIpv6(value).fault).optional(),
  inbound: z.boolean().optional(),
  routes: z.array(text(destinationFault)).optional(),
  waitForNic: z.number().int().min(0).max(600).optional(),
};

export const interfaceSchema = z
  .strictObject(fields)
  .superRefine((spec, context) => report(context, reachProblems(spec)));
export const hostInterfaceSchema = z
  .strictObject({
    ssh: sshSchema,
    overrides: overridesSchema(hostInterfaceRules),
    ipRange: text((value) => parseCidr(value).fault).optional(),
    driver: z.enum(NetworkDriver).optional(),
    ...fields,
  })
  .superRefine((spec, context) => {
    const problems = reachProblems(spec);
    if (spec.reach === Reach.Range && spec.ipRange === undefined)
      problems.push({
        path: ["reach"],
        message: "range is the route to ipRange, which is not given",
        remedy: "give the network's ipRange, or set reach: pinned",
      });
    report(context, [...problems, ...driverProblems(spec, spec.driver ?? NetworkDriver.Macvlan)]);
  });

/** An address, or a subnet that leaves the way to everything else alone. */
function destinationFault(value: string): Fault | undefined {
  if (!value.includes("/")) return parseIpv4(value).fault;
  const cidr = parseCidr(value);
  if (cidr.fault) return cidr.fault;
  if (cidr.value.prefix === 32)
    return { message: `${value} is one address`, remedy: `write it alone: ${value.split("/")[0]}` };
  return cidr.value.prefix < 8
    ? { message: `${value} is no subnet behind one link`, remedy: "use a prefix length of 8 or more" }
    : undefined;
}

function reachProblems({
  reach = Reach.None,
  routes = [],
  inbound,
}: Pick<InterfaceSpec, "reach" | "routes" | "inbound">): Problem[] {
  const problems: Problem[] = [];
  if (routes.length > 0 && reach === Reach.None)
    problems.push({
      path: ["routes"],
      message: "with reach: none the host reaches nothing over the link",
      remedy: "set reach: pinned, or leave routes out",
    });
  if (inbound !== undefined && reach === Reach.None)
    problems.push({
      path: ["inbound"],
      message: "with reach: none nothing comes to the host over the link",
      remedy: "set reach: pinned, or leave inbound out",
    });
  const twice = routes.findIndex((route, i) => routes.indexOf(route) < i);
  if (twice >= 0)
    problems.push({
      path: ["routes", twice],
      message: `${routes[twice]} is there twice`,
      remedy: "take one of them away",
    });
  return problems;
}

/** What a link cannot be with the driver of its network; paths below the link. */
export function driverProblems(
  { mac, bcqueuelen, reach = "none", address }: Pick<InterfaceSpec, "mac" | "bcqueuelen" | "reach" | "address">,
  driver: NetworkDriver,
): Problem[] {
  if (driver === NetworkDriver.Macvlan) return [];
  const problems: Problem[] = [];
  if (mac !== undefined)
    problems.push({
      path: ["mac"],
      message: "an ipvlan link has the MAC of its NIC and takes no other",
      remedy: "leave it out, or use the driver macvlan",
    });
  if (bcqueuelen !== undefined)
    problems.push({
      path: ["bcqueuelen"],
      message: "the kernel's queue for the broadcasts of ipvlans has a length that nobody can set",
      remedy: "leave it out, or use the driver macvlan",
    });
  // The kernel delivers by the addresses of the ipvlans: what is for that of the NIC goes to the NIC, also the answer to ARP on the link.
  if (reach !== "none" && address === undefined)
    problems.push({
      path: ["reach"],
      message:
        "an ipvlan link without an address reaches no container: the kernel gives the answers to the NIC, whose address they are for",
      remedy: "give the link one that is free on the LAN: interface.address; or set reach: none",
    });
  return problems;
}
