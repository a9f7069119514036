import { Fault } from "../errors";
import { AddressFact, HostFacts } from "./facts";

/** IPv4 addresses that somebody gave to an interface, without those that it gave to itself (RFC 3927). */
export function givenIpv4({ addresses }: HostFacts, name: string | undefined): readonly AddressFact[] {
  return (addresses.get(name ?? "") ?? []).filter(
    ({ family, address }) => family === "inet" && !address.startsWith("169.254."),
  );
}

/** Why an address cannot be taken that somebody on the LAN answered for; that one of `ours` did is no reason. */
export function answeredFault(
  { probed }: HostFacts,
  address: string,
  ours: readonly (string | undefined)[],
): Fault | undefined {
  const others = (probed.get(address) ?? []).filter((mac) => !ours.includes(mac));
  if (others.length === 0) return undefined;
  return {
    message: `${address} is in use on the LAN by the device with MAC ${others.join(" and ")}`,
    remedy: "choose another address, or give that device one",
  };
}
