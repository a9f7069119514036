import { ContainerFact, InfoFact, LinkFact, NeighbourFact, NetworkFact, RouteFact } from "./schemas";

export type { ContainerFact, InfoFact, LinkFact, NeighbourFact, NetworkFact, RouteFact };

/** A device of the machine itself (not one made by software). */
export interface NicFact {
  readonly name: string;
  readonly wireless: boolean;
  /** udev's name of the place where it is plugged in, such as pci-0000:00:04.0. */
  readonly idPath: string;
}

/** An address of an interface. */
export interface AddressFact {
  readonly family: "inet" | "inet6";
  readonly address: string;
  readonly prefix: number;
}

/** Whose a file is. */
export interface ModeFact {
  /** Octal, as stat prints it: 644, 755. */
  readonly mode: string;
  readonly owner: string;
}

/** A file of ours on the host, or one where ours would be. */
export interface FileFact extends ModeFact {
  /** SHA-256, hexadecimal. */
  readonly digest: string;
}

/** What the kernel has inside a running container, whatever Docker says of it. */
export interface InsideFact {
  /** Interfaces other than lo: name → MAC. */
  readonly macs: Readonly<Record<string, string>>;
  /** Those that another machine could reach: IPv4 but for 127.0.0.0/8, and IPv6 of global scope. */
  readonly addresses: readonly string[];
}

/** A record in the macvlan driver's store of a network that Docker itself does not know any more. */
export interface ZombieFact {
  readonly id: string;
  /** The parent that it claims at each start of dockerd, where the record could be read. */
  readonly parent?: string;
}

/** The connection that the observation came through. */
export interface ConnectionFact {
  /** Address of the workstation, as the host sees it. */
  readonly client: string;
  /** The host's own address that it came to. */
  readonly server: string;
  /** The interface that answers go out by. */
  readonly device: string;
}

/** A change that the host took back by itself. */
export interface UndoneFact {
  /** Time of the host, UTC, 2026-11-21T03:20:11Z. */
  readonly time: string;
  readonly reason: string;
}

/** What takes care of the host's network. */
export interface NetworkManagersFact {
  /** Units that are active: systemd-networkd, NetworkManager, dhcpcd, networking, connman, wicked. */
  readonly active: readonly string[];
  /** Interfaces that NetworkManager has, by name → state as nmcli prints it. */
  readonly networkManager: Readonly<Record<string, string>>;
  /** Interfaces that networkd has set up, by name → the .network file. */
  readonly networkd: Readonly<Record<string, string>>;
  /** What dhcpcd's configuration says of interfaces, as patterns of names: those that it leaves alone, and those that alone it takes. */
  readonly dhcpcd: { readonly deny: readonly string[]; readonly allow: readonly string[] };
}

/** The state of a unit as `systemctl show` prints it. */
export interface UnitFact {
  readonly loadState: string;
  readonly activeState: string;
  readonly fragmentPath: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** What the Docker client on the host says. */
export interface DockerFact {
  /** Where the program really is: /snap/… for the snap. */
  readonly path: string;
  /** Absent if the daemon did not answer to the account that ssh logs in to. */
  readonly server?: { readonly version: string; readonly apiVersion: string; readonly components: readonly string[] };
  /** Why the daemon did not answer to that account. */
  readonly refusal?: string;
  /** Absent if the daemon did not answer to root either (or there is no way to be root). */
  readonly info?: InfoFact & {
    /** The Compose plugin, if there is one. Without Version it is the one that an appliance was applied with. */
    readonly cliPlugins: readonly { readonly Name: string; readonly Version?: string }[];
  };
}

/** The state of a host at one moment, from observe.sh. */
export interface HostFacts {
  /** Time of the host, UTC, 2026-11-21T03:20:11Z. */
  readonly time: string;
  readonly account: {
    readonly uid: number;
    readonly name: string;
    readonly groups: readonly string[];
    /** root: it is root; ok: `sudo -n` works; password: sudo asks for one; missing: there is no sudo. */
    readonly sudo: string;
  };
  readonly tools: readonly string[];
  readonly kernel: string;
  /** The fields of /etc/os-release. */
  readonly os: Readonly<Record<string, string>>;
  readonly links: readonly LinkFact[];
  /** Addresses of each interface. */
  readonly addresses: ReadonlyMap<string, readonly AddressFact[]>;
  /** IPv4 routes of the main table, and those of IPv6 that carry our protocol number. */
  readonly routes: readonly RouteFact[];
  readonly neighbours: readonly NeighbourFact[];
  /** Kernel settings that the rules ask for, by path below net/: `ipv4/conf/lan0/arp_filter`. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** Bonds and their mode: bond0 → balance-alb. */
  readonly bonds: ReadonlyMap<string, string>;
  readonly nics: readonly NicFact[];
  readonly macvlan: boolean;
  /** Whether the kernel has ipvlan; absent if that was not looked at. */
  readonly ipvlan?: boolean;
  /** Whether the kernel can keep connections out of a link (conntrack in traffic control); absent if that was not looked at. */
  readonly inbound?: boolean;
  /** How many rules of traffic control there are on each link that is to let no connections in. */
  readonly closed: Readonly<Record<string, string>>;
  /** Whether the kernel has VLANs (802.1Q); absent if that was not looked at. */
  readonly vlan?: boolean;
  /** As systemd-detect-virt prints it: none, kvm, vmware, lxc… */
  readonly virtualization: string;
  /** Vendor and product of the machine, from its DMI: "Amazon EC2 t3.micro". */
  readonly machine: string;
  /** Systems that wrap Docker or write /etc anew: unraid, truenas-scale, synology, qnap, haos, k3s, rke2, kubelet, proxmox… */
  readonly platforms: readonly string[];
  readonly connection?: ConnectionFact;
  readonly managers: NetworkManagersFact;
  /** MaxStartups of sshd, as `sshd -T` prints it. */
  readonly maxStartups?: string;
  /** Version of systemd; absent if the host was not started by it. */
  readonly systemd?: number;
  readonly units: ReadonlyMap<string, UnitFact>;
  readonly docker?: DockerFact;
  readonly networks: readonly NetworkFact[];
  readonly containers: readonly ContainerFact[];
  /** Ids of networks that dockerd could not restore since it was started. */
  readonly ghosts: readonly string[];
  readonly zombies: readonly ZombieFact[];
  /** Running containers with an address on a macvlan or ipvlan network, by container id. */
  readonly inside: ReadonlyMap<string, InsideFact>;
  /** Who answers on the LAN for the addresses that were asked for: the MACs, none if the address is free. */
  readonly probed: ReadonlyMap<string, readonly string[]>;
  /** Our files on the host. */
  readonly files: ReadonlyMap<string, FileFact>;
  /** Of `files` those that are at our places and do not carry our mark. */
  readonly foreign: readonly string[];
  /** The files with secrets, of which nothing else is read. */
  readonly secrets: ReadonlyMap<string, ModeFact>;
  /** Of the folders from which network managers take further files, those that the host has. */
  readonly folders: readonly string[];
  /** /etc/macvlan/links/NAME.conf, by name. */
  readonly linkConfs: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** /etc/macvlan/appliances/NAME/appliance.conf, by name. */
  readonly applianceConfs: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Per appliance the digest of the last complete apply. */
  readonly applied: ReadonlyMap<string, string>;
  /** Links of which the host took the last change back, because nobody confirmed it: when and why, by name. */
  readonly undone: ReadonlyMap<string, UndoneFact>;
  /** Frames of commands that failed, by name: what they said. */
  readonly failed: ReadonlyMap<string, string>;
}
