import { formatIpv4 } from "../../address";
import { Path } from "../../errors";
import { freeIpv6 } from "../../macvlan-network";
import { at, Segment, tell } from "./conflicts";
import { Findings } from "./findings";
import { Member } from "./members";

/** Who has an address, and where it says so. */
interface Owner {
  readonly member: Member;
  readonly whose: string;
  readonly path: Path;
  /** Of an appliance: its IPv4 address. */
  readonly ip?: number;
}

/** Prefixes, routers and addresses of IPv6 against those of other hosts. A host may do without IPv6 where others have it. */
export function checkIpv6({ members, lan, title }: Segment, findings: Findings): void {
  const first = members.find(({ network }) => network?.ipv6 !== undefined);
  if (first === undefined) return;
  const wanted = lan?.ipv6 ?? first.network!.ipv6!;
  const owners = new Map<string, Owner>();
  for (const member of members) {
    const ipv6 = member.network?.ipv6;
    if (ipv6 === undefined) continue;
    const field = ipv6.subnet !== wanted.subnet ? "subnet" : ipv6.gateway !== wanted.gateway ? "gateway" : undefined;
    if (field !== undefined) {
      const path = ["network", `${field}6`];
      const [whose, where] =
        lan?.ipv6 === undefined
          ? [`host ${first.draft.name} on the same subnet`, at(first, ["network", `${field}6`])]
          : [title, ""];
      const remedy = lan?.ipv6 === undefined ? "give both the same" : "leave it out, or put the host on another LAN";
      const message = `${ipv6[field]} is not the ${field}6 of ${whose}, which is ${wanted[field]}${where}`;
      tell(member, path, message, remedy, findings);
    }
    for (const pin of member.pins) {
      if (pin.ip6 === undefined) continue;
      const twin = owners.get(pin.ip6);
      const path = ["appliances", pin.name, "ip6"];
      if (twin === undefined)
        owners.set(pin.ip6, {
          member,
          whose: `the appliance ${pin.name} of host ${member.draft.name}`,
          path: ["appliances", pin.name, pin.given6 === undefined ? "ip" : "ip6"],
          ip: pin.ip,
        });
      // Two equal addresses make two equal ones, which is told as that of the addresses.
      else if (
        twin.member.draft !== member.draft &&
        twin.ip !== pin.ip &&
        !findings.has([...member.draft.path, ...path])
      )
        tellTwin(pin.ip6, member, path, twin, freeIpv6(ipv6, formatIpv4(pin.ip), pin.given6), findings);
    }
  }
  for (const member of members) {
    const address = member.network?.ipv6 && member.link?.address6;
    if (address === undefined) continue;
    const path = ["interface", "address6"];
    const twin = owners.get(address);
    if (twin === undefined) owners.set(address, { member, whose: `the link of host ${member.draft.name}`, path });
    else if (twin.member.draft !== member.draft) tellTwin(address, member, path, twin, "give each its own", findings);
  }
}

function tellTwin(
  address: string,
  member: Member,
  path: Path,
  { whose, member: other, path: there }: Owner,
  remedy: string,
  findings: Findings,
): void {
  tell(member, path, `${address} is the IPv6 address of ${whose} too${at(other, there)}`, remedy, findings);
}
