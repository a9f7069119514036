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

/** Length of a macvlan's queue for broadcasts, in frames, where nothing is said. Docker's containers ask for it, so that less has no effect. */
export const BCQUEUELEN = 1000;
