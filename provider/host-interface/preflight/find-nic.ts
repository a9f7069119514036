import { Fault, nearest, Problem } from "../../errors";
import { HostFacts, LinkFact } from "../../observe";
import type { ResolvedInterface } from "../resolve";
import type { NicArgs } from "../spec";

/** The NIC's permanent MAC: iproute2 prints it only where it differs from the one in use. */
function permanentMac(link: LinkFact): string {
  return link.permaddr ?? link.address;
}

/** The interfaces of the host that a NIC selection means. */
export function findNics(facts: HostFacts, nic: NicArgs): LinkFact[] {
  const physical = (link: LinkFact) => facts.nics.some(({ name }) => name === link.ifname);
  return facts.links.filter((link) => {
    if (nic.name !== undefined) return link.ifname === nic.name;
    if (nic.mac !== undefined) return physical(link) && permanentMac(link) === nic.mac;
    return facts.nics.some(({ name, idPath }) => name === link.ifname && idPath === nic.path);
  });
}

/** The 802.1Q device of an interface with that id: the kernel has one at most, whatever it is called. */
export function vlanOf(facts: HostFacts, nic: LinkFact, id: number): LinkFact | undefined {
  return facts.links.find(({ link, linkinfo }) => {
    const { protocol = "802.1Q", id: own } = linkinfo?.info_data ?? {};
    return link === nic.ifname && linkinfo?.info_kind === "vlan" && own === id && protocol === "802.1Q";
  });
}

/** What the link is to be put on: the NIC, or its VLAN; undefined while that is not there, or the NIC is not certain. */
export function deviceUnder(
  facts: HostFacts,
  { nic: selected, vlan }: Pick<ResolvedInterface, "nic" | "vlan">,
): LinkFact | undefined {
  const [nic, ...more] = findNics(facts, selected);
  if (nic === undefined || more.length > 0) return undefined;
  return vlan === undefined ? nic : vlanOf(facts, nic, vlan.id);
}

/** The field by which the specification selects the NIC. */
export function selection(nic: NicArgs): { key: string; value: string } {
  const [key, value] = Object.entries(nic).find(([, given]) => given !== undefined) as [string, string];
  return { key, value };
}

/** What a field by which a NIC is selected is called in a sentence. */
export function wordFor(key: string): string {
  return key === "mac" ? "MAC" : key;
}

/** The NICs of the host with all by which they can be selected. */
export function inventory(facts: HostFacts): string {
  const known = facts.nics.map(({ name, idPath }) => {
    const link = facts.links.find(({ ifname }) => ifname === name);
    return `${name} (MAC ${link ? permanentMac(link) : "unknown"}${idPath === "" ? "" : `, path ${idPath}`})`;
  });
  return known.length === 0 ? "none" : known.join(", ");
}

/** Why no interface is the one that is selected, and which it may be. */
export function missing(facts: HostFacts, nic: NicArgs): Fault {
  const { key, value } = selection(nic);
  const alias = key === "name" ? facts.links.find(({ altnames }) => altnames.includes(value)) : undefined;
  if (alias) return { message: `${value} is another name of ${alias.ifname}`, remedy: `write ${alias.ifname}` };
  const renamed =
    key === "mac" ? facts.links.find(({ address, permaddr }) => permaddr && address === value) : undefined;
  if (renamed)
    return {
      message: `${value} is the MAC that ${renamed.ifname} has at the moment, not its permanent one`,
      remedy: `write ${renamed.permaddr}`,
    };
  const near =
    key === "name"
      ? nearest(
          value,
          facts.nics.map(({ name }) => name),
        )
      : undefined;
  return {
    message: `the host has no interface with the ${wordFor(key)} ${value}`,
    remedy: `${near === undefined ? "" : `did you mean ${near}? `}its interfaces: ${inventory(facts)}`,
  };
}

/** What is to be said of the NIC, if it is there and the only one. */
export function onNic(
  facts: HostFacts,
  { nic: selected }: ResolvedInterface,
  find: (nic: LinkFact) => readonly Fault[],
): Problem[] {
  const [nic, ...more] = findNics(facts, selected);
  if (nic === undefined || more.length > 0) return [];
  return find(nic).map((fault) => ({ path: ["nic", selection(selected).key], ...fault }));
}

/** What is to be said of the device that the link is to be put on, if it is there. */
export function onDevice(
  facts: HostFacts,
  link: ResolvedInterface,
  find: (device: LinkFact) => readonly Fault[],
): Problem[] {
  const device = deviceUnder(facts, link);
  return device === undefined ? [] : onNic(facts, link, () => find(device));
}

/** An interface with all that it stands on: the device of a VLAN, the members of a bond or a bridge. */
export function withLower(facts: HostFacts, link: LinkFact): LinkFact[] {
  const lower = facts.links.filter(
    ({ ifname, master }) => ifname !== link.ifname && (ifname === link.link || master === link.ifname),
  );
  return [link, ...lower.flatMap((other) => withLower(facts, other))];
}
