import { Fault } from "../errors";

/** The kernel's IFNAMSIZ is 16 with the final zero. */
const MAX_LENGTH = 15;

/**
 * Words of `ip link`, `ip addr` and `ip route`. iproute2 takes any beginning of them for the word itself
 * (`ip link add m link eth0` reads "m" as "mtu"), so a name must not begin one.
 */
const IPROUTE2_WORDS = (
  "add address addrgenmode alias all allmulticast altname arp broadcast brd carrier change default delete dev down dynamic " +
  "group gso_max_segs gso_max_size help index label link link-netns link-netnsid list lladdr local lst master metric mode " +
  "mtu multicast name netns nomaster numrxqueues numtxqueues parentbus parentdev peer promisc property protocol proto " +
  "protodown protodown_reason qlen replace scope set show src state stats table trailers txqlen txqueuelen type up via vf vrf xdp"
).split(" ");

/** Why `name` cannot be that of a link we make; undefined if it can. */
export function linkNameFault(name: string): Fault | undefined {
  const shown = JSON.stringify(name);
  const pick = "choose another name, such as lan0";
  const general = interfaceNameFault(name);
  if (general) return general;
  if (name.includes("."))
    return {
      message: `${shown} has a dot, which Docker takes for a VLAN of its own making and deletes with the network`,
      remedy: "use a name without a dot, such as lan0",
    };
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name))
    return { message: `${shown} is not a plain name`, remedy: "use letters, digits and _, beginning with a letter" };
  if (/^(lo|all|default)$/.test(name)) return { message: `${shown} is reserved by the kernel`, remedy: pick };
  if (/^(docker|veth|br_|virbr|dm_|di_)/.test(name))
    return { message: `${shown} looks like an interface that Docker makes itself`, remedy: pick };
  const word = IPROUTE2_WORDS.find((candidate) => candidate.startsWith(name));
  if (word !== undefined) return { message: `${shown} is read as the word "${word}" by the ip command`, remedy: pick };
  return undefined;
}

/** Why `name` cannot be an existing interface's name at all (the kernel's dev_valid_name). */
export function interfaceNameFault(name: string): Fault | undefined {
  const shown = JSON.stringify(name);
  if (name === "") return { message: "the name is empty", remedy: "give the interface's name" };
  if (name.length > MAX_LENGTH)
    return {
      message: `${shown} has ${name.length} characters`,
      remedy: `an interface name has at most ${MAX_LENGTH}: shorten it`,
    };
  if (/[\s/:]/.test(name) || name === "." || name === "..")
    return { message: `${shown} is not a valid interface name`, remedy: "leave out spaces, slashes and colons" };
  return undefined;
}
