import { AddressFact, HostFacts } from "./facts";

/** IPv4 addresses that somebody gave to an interface, without those that it gave to itself (RFC 3927). */
export function givenIpv4({ addresses }: HostFacts, name: string | undefined): readonly AddressFact[] {
  return (addresses.get(name ?? "") ?? []).filter(
    ({ family, address }) => family === "inet" && !address.startsWith("169.254."),
  );
}
