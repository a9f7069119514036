import { Fault, nearest, Path, Problem } from "../errors";
import { HostFacts, LinkFact, Rule, Severity } from "../observe";
import { NicArgs, ResolvedInterface } from "./spec";

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

function selection(nic: NicArgs): { key: string; value: string } {
  const [key, value] = Object.entries(nic).find(([, given]) => given !== undefined) as [string, string];
  return { key, value };
}

function inventory(facts: HostFacts): string {
  const known = facts.nics.map(({ name, idPath }) => {
    const link = facts.links.find(({ ifname }) => ifname === name);
    return `${name} (MAC ${link ? permanentMac(link) : "unknown"}${idPath === "" ? "" : `, path ${idPath}`})`;
  });
  return known.length === 0 ? "none" : known.join(", ");
}

function missing(facts: HostFacts, nic: NicArgs): Fault {
  const { key, value } = selection(nic);
  const alias = key === "name" ? facts.links.find(({ altnames }) => altnames.includes(value)) : undefined;
  if (alias) return { message: `${value} is another name of ${alias.ifname}`, remedy: `write ${alias.ifname}` };
  const near =
    key === "name"
      ? nearest(
          value,
          facts.nics.map(({ name }) => name),
        )
      : undefined;
  return {
    message: `the host has no interface with the ${key} ${value}`,
    remedy: `${near === undefined ? "" : `did you mean ${near}? `}its interfaces: ${inventory(facts)}`,
  };
}

/** Why no macvlan can be put on an interface. */
function unfit(facts: HostFacts, nic: LinkFact): Fault[] {
  const found: Fault[] = [];
  const { ifname: name } = nic;
  const kind = nic.linkinfo?.info_kind;
  if (facts.nics.some((device) => device.name === name && device.wireless))
    found.push({
      message: `${name} is Wi-Fi, whose access point lets no second MAC through`,
      remedy: "use a wired interface",
    });
  if (nic.master !== undefined)
    found.push({
      message: `${name} is a member of the ${nic.linkinfo?.info_slave_kind ?? "group"} ${nic.master}`,
      remedy: `put the link on ${nic.master}: nic: { name: ${nic.master} }`,
    });
  if (nic.link_type !== "ether" || ["tun", "wireguard", "ipvlan", "macvlan", "macvtap", "veth"].includes(kind ?? ""))
    found.push({
      message: `${name} is not an Ethernet interface of the LAN${kind ? ` (${kind})` : ""}`,
      remedy: `choose one of: ${inventory(facts)}`,
    });
  if (name === "docker0" || /^br-[0-9a-f]{12}$/.test(name))
    found.push({ message: `${name} is a bridge of Docker's own`, remedy: `choose one of: ${inventory(facts)}` });
  return found;
}

function onNic(facts: HostFacts, link: ResolvedInterface, find: (nic: LinkFact) => Fault[]): Problem[] {
  const nics = findNics(facts, link.nic);
  return nics.length === 1 ? at(["nic", selection(link.nic).key], find(nics[0]!)) : [];
}

function at(path: Path, faults: Fault[]): Problem[] {
  return faults.map((fault) => ({ path, ...fault }));
}

export const hostInterfaceRules: readonly Rule<ResolvedInterface>[] = [
  {
    id: "kernel-macvlan",
    severity: Severity.Refuse,
    find: ({ macvlan, kernel }) =>
      macvlan
        ? []
        : at(
            ["ssh", "destination"],
            [{ message: `the kernel ${kernel} has no macvlan`, remedy: "install a kernel with the module macvlan" }],
          ),
  },
  {
    id: "nic-missing",
    severity: Severity.Refuse,
    find: (facts, { nic }) =>
      findNics(facts, nic).length > 0 ? [] : at(["nic", selection(nic).key], [missing(facts, nic)]),
  },
  {
    id: "nic-ambiguous",
    severity: Severity.Refuse,
    find: (facts, { nic }) => {
      const found = findNics(facts, nic).map(({ ifname }) => ifname);
      if (found.length < 2) return [];
      const { key, value } = selection(nic);
      const message = `several interfaces have the ${key} ${value}: ${found.join(", ")}`;
      return at(["nic", key], [{ message, remedy: "choose one by its name or its path" }]);
    },
  },
  {
    id: "nic-unfit",
    severity: Severity.Refuse,
    find: (facts, link) => onNic(facts, link, (nic) => unfit(facts, nic)),
  },
  {
    id: "nic-taken",
    severity: Severity.Refuse,
    find: (facts, link) =>
      onNic(facts, link, (nic) =>
        facts.links
          .filter((upper) => upper.link === nic.ifname && upper.ifname !== link.name)
          .flatMap(({ ifname, linkinfo }) => {
            const kind = linkinfo?.info_kind ?? "";
            if (kind === "ipvlan" || kind === "ipvtap")
              return [
                {
                  message: `${nic.ifname} carries the ipvlan ${ifname}, and the kernel allows no macvlan beside it`,
                  remedy: `remove ${ifname}`,
                },
              ];
            if (linkinfo?.info_data?.mode === "passthru")
              return [{ message: `${ifname} has ${nic.ifname} for itself (passthru)`, remedy: `remove ${ifname}` }];
            return [];
          }),
      ),
  },
  {
    id: "link-name-taken",
    severity: Severity.Refuse,
    find: (facts, { name }) => {
      const other = facts.links.find(({ ifname, altnames }) => ifname === name || altnames.includes(name));
      if (other === undefined || (other.ifname === name && other.linkinfo?.info_kind === "macvlan")) return [];
      const kind = other.linkinfo?.info_kind ?? other.link_type;
      return at(
        ["name"],
        [{ message: `the host has another interface called ${name} (${kind})`, remedy: "choose another name" }],
      );
    },
  },
  {
    id: "link-mac-taken",
    severity: Severity.Refuse,
    find: (facts, { name, mac }) => {
      const link = facts.links.find(({ ifname, address }) => ifname !== name && address === mac);
      const container = facts.containers.find(({ networks }) =>
        Object.values(networks).some(({ MacAddress }) => MacAddress === mac),
      );
      const owner = link ? `the interface ${link.ifname}` : container ? `the container ${container.name}` : undefined;
      if (owner === undefined) return [];
      return at(
        ["mac"],
        [
          {
            message: `${mac} is the MAC of ${owner} on this host`,
            remedy: "choose another, or leave it out to have one derived",
          },
        ],
      );
    },
  },
];
