import { formatIpv4, formatRange, hostRange, Ipv4Range, overlaps, parseIpv4 } from "../../address";
import { Path, valueOf } from "../../errors";
import { FreeAddresses } from "./allocate";
import { Findings, shortPlace } from "./findings";
import { inParentheses, LanModel } from "./lans";
import { Member, MemberPin, ownPlace, ownRanges, pathOn } from "./members";
import { Owned, overlapping, Ranges } from "./ranges";

/** The hosts of one LAN with everything that is known of its addresses. */
export class Segment {
  readonly members: Member[] = [];
  private free?: FreeAddresses;

  constructor(
    /** "LAN home", or "the subnet 10.0.0.0/24" where no LAN is described. */
    readonly title: string,
    readonly lan?: LanModel,
  ) {}

  /** Everything that is somebody's. */
  taken(): Ipv4Range[] {
    const network = this.members.find((member) => member.network !== undefined)?.network;
    const claims = network?.claims.map(({ range }) => range) ?? [];
    return [
      ...claims,
      ...(this.lan === undefined ? [] : edges(this.lan)),
      ...(this.lan?.others.map(({ range }) => range) ?? []),
      ...this.members.flatMap((member) => [
        ...ownRanges(member).map(({ range }) => range),
        ...member.pins.map(({ ip }) => ({ first: ip, last: ip })),
      ]),
    ];
  }

  /** What to do about an address that cannot be: each time with another free one, so that all can be taken as they are told. */
  nextFree(): string {
    const cidr = this.lan?.cidr ?? this.members.find((member) => member.network !== undefined)?.network?.cidr;
    if (cidr === undefined) return "choose another address";
    // What is for those who ask for auto is nothing to propose.
    this.free ??= new FreeAddresses([...this.taken(), ...(this.lan?.ranges.values() ?? [])]);
    const address = this.free.from(hostRange(cidr).first);
    if (address > hostRange(cidr).last) return `make room: ${this.title} has no free address`;
    this.free.take(address);
    return `choose a free address (next free on ${this.title}: ${formatIpv4(address)})`;
  }
}

/** Network, broadcast, gateway and pool of a LAN. */
export function edges({ cidr, gateway, args }: LanModel): Ipv4Range[] {
  const one = (address: number): Ipv4Range => ({ first: address, last: address });
  const pool = args.dhcpPool?.split("-").map((end) => parseIpv4(end.trim()).value);
  const [first, last] = pool ?? [];
  return [
    one(cidr.first),
    one(cidr.last),
    one(valueOf(parseIpv4(gateway))),
    ...(first === undefined || last === undefined ? [] : [{ first, last }]),
  ];
}

/** What hosts get wrong together, wherever they are. */
export function checkHosts(members: readonly Member[], findings: Findings): void {
  const destinations = new Map<string, Member>();
  const nics = new Map<string, Member>();
  for (const member of members) {
    const { draft, destination, link } = member;
    const twin = destination === undefined ? undefined : destinations.get(destination);
    if (twin !== undefined && twin.draft !== draft)
      tell(
        member,
        ["ssh", "destination"],
        `is the destination of host ${twin.draft.name} too${at(twin, ["ssh"])}`,
        "give each host its own",
        findings,
      );
    else if (destination !== undefined) destinations.set(destination, member);
    const mac = link?.nic.mac;
    const other = mac === undefined ? undefined : nics.get(mac);
    if (other !== undefined && other.draft !== draft)
      tell(
        member,
        ["interface", "nic", "mac"],
        `${mac} is the MAC of the NIC of host ${other.draft.name} too${at(other, ["interface", "nic", "mac"])}`,
        `look it up on ${draft.name}: ip link`,
        findings,
      );
    else if (mac !== undefined && other === undefined) nics.set(mac, member);
  }
}

/** What the hosts of one LAN get wrong together. */
export function checkSegment(segment: Segment, findings: Findings): void {
  checkNetworks(segment, findings);
  checkOwnRanges(segment, findings);
  checkPins(segment, findings);
  checkMacs(segment, findings);
}

function checkNetworks({ members, lan, title }: Segment, findings: Findings): void {
  const first = members.find(({ spec }) => spec !== undefined);
  const wanted = lan?.args ?? first?.spec;
  if (wanted === undefined) return;
  const whose = lan === undefined ? `host ${first!.draft.name} on the same subnet` : title;
  for (const member of members)
    for (const key of ["subnet", "gateway"] as const) {
      const { spec } = member;
      if (spec === undefined || spec[key] === wanted[key]) continue;
      const where = lan === undefined ? at(first!, ["network", key]) : "";
      const remedy = lan === undefined ? "give both the same" : "leave it out, or put the host on another LAN";
      tell(
        member,
        ["network", key],
        `${spec[key]} is not the ${key} of ${whose}, which is ${wanted[key]}${where}`,
        remedy,
        findings,
      );
    }
}

interface OwnRange {
  readonly member: Member;
  readonly path: Path;
  readonly is: string;
}

/** Addresses of hosts, and ranges that their Dockers give out, against those of other hosts and of the LAN. */
function checkOwnRanges(segment: Segment, findings: Findings): void {
  const others = new Ranges(segment.lan?.others ?? []);
  const points = new Map<number, OwnRange>();
  const given: Owned<OwnRange>[] = [];
  for (const member of segment.members)
    for (const { path, range, is } of ownRanges(member)) {
      if (path[1] === "hostAddress" || path[1] === "address") {
        const address = range.first;
        const known = others.at(address)[0];
        const twin = points.get(address);
        if (known !== undefined)
          tell(member, path, `${formatIpv4(address)} ${known.owner}`, segment.nextFree(), findings);
        else if (twin !== undefined)
          tell(
            member,
            path,
            `${formatIpv4(address)} ${twin.is} too${at(twin.member, twin.path)}`,
            segment.nextFree(),
            findings,
          );
        else points.set(address, { member, path, is });
      }
      if (path[1] === "ipRange") given.push({ range, owner: { member, path, is } });
    }
  for (const [a, b] of overlapping(given)) {
    const [before, after] =
      segment.members.indexOf(a.owner.member) < segment.members.indexOf(b.owner.member) ? [a, b] : [b, a];
    tell(
      after.owner.member,
      after.owner.path,
      `${formatRange(after.range)} overlaps the ipRange of host ${before.owner.member.draft.name}${at(before.owner.member, before.owner.path)}: two Dockers would give out the same addresses`,
      "give each host a range of its own",
      findings,
    );
  }
  const pool = segment.lan?.args.dhcpPool;
  for (const { range, owner } of given) {
    const met = segment.lan?.others.find(
      (other) => overlaps(other.range, range) && !reservedByHost(owner.member, other.range),
    );
    if (met !== undefined)
      tell(
        owner.member,
        owner.path,
        `Docker would give out ${formatRange(met.range)}, which ${met.owner}`,
        "add it to network.auxAddresses, or choose another ipRange",
        findings,
      );
    if (
      pool !== undefined &&
      owner.member.spec?.dhcpPool !== pool &&
      edges(segment.lan!).some((edge) => edge.first !== edge.last && overlaps(edge, range))
    )
      tell(
        owner.member,
        owner.path,
        `${formatRange(range)} overlaps ${pool}, the DHCP pool of ${segment.title}`,
        "choose ranges apart from each other",
        findings,
      );
  }
}

function reservedByHost({ spec }: Member, range: Ipv4Range): boolean {
  return range.first === range.last && Object.values(spec?.auxAddresses ?? {}).includes(formatIpv4(range.first));
}

/** Addresses of appliances against those of other hosts and of the LAN. What is wrong on the host alone is told already. */
function checkPins(segment: Segment, findings: Findings): void {
  const { members, lan } = segment;
  const ranges = new Ranges<OwnRange | string>([
    ...(lan?.others ?? []),
    ...members.flatMap((member) =>
      ownRanges(member).map(({ path, range, is }) => ({ range, owner: { member, path, is } })),
    ),
  ]);
  const seen = new Map<number, { member: Member; pin: MemberPin }>();
  for (const member of members)
    for (const pin of member.pins) {
      const twin = seen.get(pin.ip);
      if (twin === undefined) seen.set(pin.ip, { member, pin });
      const owner = ranges
        .at(pin.ip)
        .find((each) => typeof each.owner === "string" || each.owner.member.draft !== member.draft)?.owner;
      // Nearly every time.
      if (owner === undefined && twin === undefined) continue;
      const path = ["appliances", pin.name, "ip"];
      if (findings.has([...member.draft.path, ...path])) continue;
      const text = formatIpv4(pin.ip);
      if (owner !== undefined)
        tell(
          member,
          path,
          `${text} ${typeof owner === "string" ? owner : `${owner.is}${at(owner.member, owner.path)}`}`,
          segment.nextFree(),
          findings,
        );
      else if (twin !== undefined && twin.member.draft !== member.draft)
        tell(
          member,
          path,
          `${text} is the address of the appliance ${twin.pin.name} of host ${twin.member.draft.name} too${at(twin.member, ["appliances", twin.pin.name, "ip"])}`,
          segment.nextFree(),
          findings,
        );
    }
}

interface OwnMac {
  readonly member: Member;
  readonly mac?: string;
  readonly path: Path;
  readonly what: string;
  /** The address that it may be derived from. */
  readonly ip?: number;
}

function checkMacs({ members }: Segment, findings: Findings): void {
  const seen = new Map<string, OwnMac>();
  for (const own of members.flatMap(macsOf)) {
    const { member, mac, path } = own;
    const twin = mac === undefined ? undefined : seen.get(mac);
    if (mac !== undefined && twin === undefined) seen.set(mac, own);
    if (twin === undefined || twin.member.draft === member.draft || sameCause(own, twin)) continue;
    const remedy = "give each its own, or leave them out to have them derived";
    tell(member, path, `${mac} is the MAC of ${twin.what} too${at(twin.member, twin.path)}`, remedy, findings);
  }
}

function macsOf(member: Member): OwnMac[] {
  const { link, pins, draft } = member;
  const host = `of host ${draft.name}`;
  return [
    ...(link === undefined
      ? []
      : [
          { member, mac: link.nic.mac, path: ["interface", "nic", "mac"], what: `the NIC ${host}` },
          { member, mac: link.mac, path: ["interface", "mac"], what: `the link ${link.name} ${host}` },
        ]),
    ...pins.map(({ mac, name, ip }) => {
      return { member, mac, path: ["appliances", name, "mac"], what: `the appliance ${name} ${host}`, ip };
    }),
  ];
}

/** Equal addresses derive equal MACs, and equal NICs or destinations equal links: what is equal there is told already. */
function sameCause(a: OwnMac, b: OwnMac): boolean {
  if (a.ip !== undefined || b.ip !== undefined) return a.ip === b.ip;
  const [nic, other] = [a.member.link?.nic.mac, b.member.link?.nic.mac];
  const seed = nic !== undefined || other !== undefined ? nic === other : a.member.destination === b.member.destination;
  return a.path.length === b.path.length && seed;
}

/** Tells it where this host could differ; what follows is its path in the host. */
export function tell(member: Member, path: Path, message: string, remedy: string, findings: Findings): void {
  const full = pathOn(member, path);
  findings.add(ownPlace(member, full), [...member.draft.path, ...full], message, remedy);
}

/** Where another host says it, in parentheses. */
export function at(member: Member, path: Path): string {
  return inParentheses(shortPlace(ownPlace(member, pathOn(member, path))));
}
