import { encodeConf, encodeFrames } from "../ssh";
import { LINK_MODES, NetworkDriver } from "./driver";
import type { ResolvedInterface } from "./resolve";
import type { NicArgs } from "./spec";

const MARK = "# managed by pulumi-macvlan";
/** How many rules inbound.sh puts on a link that lets no connections in. */
export const INBOUND_RULES = "11";

/** In a link's ifalias: it is ours (lib.sh). */
export const LINK_MARK = "pulumi-macvlan";

/** A file of a link. */
export interface LinkFile {
  /** What `macvlan-host link apply` calls it. */
  readonly frame: string;
  /** Where that puts it. */
  readonly path: string;
  readonly mode: string;
  readonly content: string;
  /** It is put on hosts that have this folder. */
  readonly folder?: string;
}

/** What we make for a link: itself, and the VLAN beneath. Network managers are to leave these alone. */
export function madeFor(link: ResolvedInterface): string[] {
  return [link.name, ...(link.vlan === undefined ? [] : [link.vlan.device])];
}

/** The files of one link, on a host that has every network manager. */
export function linkFiles(link: ResolvedInterface): LinkFile[] {
  const devices = madeFor(link);
  const { name } = link;
  const [networkd, networkManager] = ["/etc/systemd/network", "/etc/NetworkManager/conf.d"];
  return [
    { frame: "link.conf", path: `/etc/macvlan/links/${name}.conf`, content: renderLinkConf(link) },
    { frame: "udev.rules", path: `/etc/udev/rules.d/82-macvlan-${name}.rules`, content: renderUdevRule(link) },
    {
      frame: "networkd.network",
      path: `${networkd}/05-macvlan-${name}.network`,
      content: `${MARK}\n[Match]\n${networkdMatch(link, devices)}\n\n[Link]\nUnmanaged=yes\n`,
      folder: networkd,
    },
    {
      frame: "networkmanager.conf",
      path: `${networkManager}/50-macvlan-${name}.conf`,
      content: `${MARK}\n[keyfile]\nunmanaged-devices+=${devices.map((device) => `interface-name:${device}`).join(";")}\n`,
      folder: networkManager,
    },
  ].map((file) => ({ ...file, mode: "0644" }));
}

/**
 * With ipvlan a container's interface, which Docker calls veth… while it is still on the host, has the NIC's MAC: a file that finds
 * the NIC by that would give it the NIC's address.
 */
function networkdMatch({ driver }: ResolvedInterface, devices: readonly string[]): string {
  if (driver === NetworkDriver.Macvlan) return `Name=${devices.join(" ")}`;
  return `Name=${[...devices, "veth*"].join(" ")}\nKind=ipvlan vlan`;
}

/** The files of one link, as frames for `macvlan-host link apply`. */
export function renderLink(link: ResolvedInterface): string {
  return encodeFrames(Object.fromEntries(linkFiles(link).map(({ frame, content }) => [frame, content])));
}

/** What the host's scripts read. No value can hold a quote (see schema.ts). */
export function renderLinkConf(link: ResolvedInterface): string {
  const { name, mac, path } = link.nic;
  const values = {
    NAME: link.name,
    NIC_NAME: name,
    NIC_MAC: mac,
    NIC_PATH: path,
    VLAN: link.vlan?.id,
    VLAN_NAME: link.vlan?.device,
    // Nothing stands for macvlan.
    DRIVER: link.driver === NetworkDriver.Macvlan ? undefined : link.driver,
    MAC: link.mac,
    MTU: link.mtu,
    BCQUEUELEN: link.bcqueuelen,
    MODE: LINK_MODES[link.driver],
    REACH: link.reach,
    RANGE: link.ipRange,
    ADDRESS: link.address,
    ADDRESS6: link.address6,
    INBOUND: link.inbound === false ? "no" : undefined,
    ROUTES: link.routes?.join(" "),
    WAIT: link.waitForNic,
  };
  return `${[MARK, ...encodeConf(values)].join("\n")}\n`;
}

/**
 * Gives the NIC, whatever it is called today, a device unit of its own that the link's unit follows, and starts that unit
 * again whenever the NIC comes or returns. What we make is marked as not a network manager's: systemd-networkd from 256 on then
 * leaves it alone even where a file that it reads before ours matches everything, and NetworkManager where it is installed later.
 */
export function renderUdevRule(link: ResolvedInterface): string {
  const device = ['ACTION!="remove"', 'SUBSYSTEM=="net"'];
  const nic = [
    ...nicMatch(link.nic),
    'TAG+="systemd"',
    `ENV{SYSTEMD_ALIAS}+="/macvlan/${link.name}"`,
    `ENV{SYSTEMD_WANTS}+="macvlan-parent@${link.name}.service"`,
  ];
  const ours = [
    `KERNEL=="${madeFor(link).join("|")}"`,
    `ENV{ID_NET_MANAGED_BY}="${LINK_MARK}"`,
    'ENV{NM_UNMANAGED}="1"',
  ];
  return `${[MARK, [...device, ...nic].join(", "), [...device, ...ours].join(", ")].join("\n")}\n`;
}

/** By MAC and path, devices made by software are left out: a bridge or a VLAN has the MAC and the path of its NIC too. */
function nicMatch({ name, mac, path }: NicArgs): string[] {
  const physical = 'DEVPATH!="/devices/virtual/*"';
  // Every rename is followed by an event with the new name as KERNEL.
  if (name !== undefined) return [`KERNEL=="${name}"`];
  // The permanent MAC, which udev puts into this name whether or not it is used.
  if (mac !== undefined) return [physical, `ENV{ID_NET_NAME_MAC}=="enx${mac.replace(/:/g, "")}"`];
  return [physical, `ENV{ID_PATH}=="${path ?? ""}"`];
}
