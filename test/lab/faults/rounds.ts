// Which faults are made together. Two of one round must not hide each other, and what one of them does to a boot must not decide
// what becomes of another there.
import { applianceFaults } from "./appliance";
import { bootFaults } from "./boot";
import type { Fault } from "./fault";
import { linkFaults } from "./link";
import { networkFaults } from "./network";
import { trunkFaults } from "./trunk";

export interface Round {
  name: string;
  /** Made, told by the preview, repaired by `up`. */
  faults: Fault[];
  /** Made again before a boot; the same where left out. */
  boot?: Fault[];
}

/** Those of a host on the untagged LAN. */
export const faults = [...bootFaults, ...linkFaults, ...networkFaults, ...applianceFaults];

const pick = (ids: string): Fault[] =>
  ids.split(" ").map((id) => {
    const found = [...faults, ...trunkFaults].find((fault) => fault.id === id);
    if (!found) throw new Error(`no fault ${id}`);
    return found;
  });

const round = (name: string, together: string, boot?: string): Round => ({
  name,
  faults: pick(together),
  ...(boot === undefined ? {} : { boot: boot === "" ? [] : pick(boot) }),
});

/** On a host with many appliances. */
export const manyRounds: Round[] = [
  round(
    "many at once",
    "script-edited drop-in-removed link-mac link-queue link-address networkd-file " +
      "stopped paused updated disconnected file-edited restart-policy interface-lost half-applied",
  ),
  round(
    "many others at once",
    "script-writable modules-load-removed stage3-stopped link-ipv6 link-arp-filter udev-rule " +
      "killed removed other-network unpinned address-lost compose-edited file-removed secrets-readable folder-removed",
  ),
];

/** On a host with two appliances. */
export const fewRounds: Round[] = [
  round("stage 3 disabled", "stage3-disabled link-foreign link-conf by-hand", "stage3-disabled link-conf by-hand"),
  round("the network made again", "network-remade"),
  round("a ghost", "ghost"),
  round("stage 3 masked", "stage3-masked link-mode"),
  round("Docker disabled", "docker-disabled link-elsewhere", "docker-disabled"),
  round("the network gone", "network-pruned"),
  round("the link's unit masked", "link-unit-masked"),
  round("no scripts", "scripts-removed link-missing", "scripts-removed"),
  // Beside a missing udev rule nothing would start the link at a boot.
  round("link and NIC down", "link-down nic-down link-unit-disabled", "link-unit-disabled"),
];

/** On a VLAN with IPv6. */
export const trunkRounds: Round[] = [
  round(
    "many on a VLAN",
    "vlan-mtu vlan-mac vlan-ipv6 link-mac link-queue link-second-address6 link-hears-router route6-missing route6-left address6-lost other-address6",
  ),
  round("the VLAN gone", "vlan-missing"),
  round("another VLAN in its place", "vlan-by-hand"),
  round("link and NIC of a VLAN down", "link-without-ipv6 vlan-down nic-down"),
  round("the link on a VLAN gone", "link-on-vlan-missing link-conf", "link-conf"),
];
