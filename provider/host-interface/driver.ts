import { Problem } from "../errors";
import type { InterfaceSpec } from "./spec";

/**
 * Docker's driver of the network, which is also the kind of the parent link and of the containers' interfaces: on one device the
 * kernel has one of the two.
 */
export const NetworkDriver = {
  /** Every container has a MAC of its own. */
  Macvlan: "macvlan",
  /** Every container has the MAC of the NIC: for Wi-Fi, and for switches and hypervisors that know one MAC. */
  Ipvlan: "ipvlan",
} as const;
export type NetworkDriver = (typeof NetworkDriver)[keyof typeof NetworkDriver];

/** The mode of the parent link, as `ip -d link` prints it. */
export const LINK_MODES: Readonly<Record<NetworkDriver, string>> = { macvlan: "bridge", ipvlan: "l2" };

/** A kind of interface with its article. */
export function aLink(kind: string): string {
  return `${/^[aeiou]/.test(kind) ? "an" : "a"} ${kind}`;
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
