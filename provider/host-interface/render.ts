import { encodeFrames } from "../ssh";
import { NicArgs, ResolvedInterface } from "./spec";

const MARK = "# managed by pulumi-macvlan";

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

/** The files of one link, on a host that has every network manager. */
export function linkFiles(link: ResolvedInterface): LinkFile[] {
  // Network managers leave alone what we make, the link and the VLAN beneath.
  const devices = [link.name, ...(link.vlan === undefined ? [] : [link.vlan.device])];
  const { name } = link;
  const [networkd, networkManager] = ["/etc/systemd/network", "/etc/NetworkManager/conf.d"];
  return [
    { frame: "link.conf", path: `/etc/macvlan/links/${name}.conf`, content: renderLinkConf(link) },
    { frame: "udev.rules", path: `/etc/udev/rules.d/82-macvlan-${name}.rules`, content: renderUdevRule(link) },
    {
      frame: "networkd.network",
      path: `${networkd}/05-macvlan-${name}.network`,
      content: `${MARK}\n[Match]\nName=${devices.join(" ")}\n\n[Link]\nUnmanaged=yes\n`,
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

/** The files of one link, as frames for `macvlan-host link apply`. */
export function renderLink(link: ResolvedInterface): string {
  return encodeFrames(Object.fromEntries(linkFiles(link).map(({ frame, content }) => [frame, content])));
}

/** What the host's scripts read: KEY='value' lines of a shell. No value can hold a quote (see spec.ts). */
export function renderLinkConf(link: ResolvedInterface): string {
  const { name, mac, path } = link.nic;
  const values: Record<string, string | number | undefined> = {
    NAME: link.name,
    NIC_NAME: name,
    NIC_MAC: mac,
    NIC_PATH: path,
    VLAN: link.vlan?.id,
    VLAN_NAME: link.vlan?.device,
    MAC: link.mac,
    MTU: link.mtu,
    MODE: "bridge",
    REACH: link.reach,
    RANGE: link.ipRange,
    ADDRESS: link.address,
    ROUTES: link.routes?.join(" "),
    WAIT: link.waitForNic,
  };
  const lines = Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [`${key}='${value}'`]));
  return `${[MARK, ...lines].join("\n")}\n`;
}

/**
 * Gives the NIC, whatever it is called today, a device unit of its own that the link's unit follows, and starts that unit
 * again whenever the NIC comes or returns.
 */
export function renderUdevRule(link: ResolvedInterface): string {
  const rule = [
    'ACTION!="remove"',
    'SUBSYSTEM=="net"',
    ...nicMatch(link.nic),
    'TAG+="systemd"',
    `ENV{SYSTEMD_ALIAS}+="/macvlan/${link.name}"`,
    `ENV{SYSTEMD_WANTS}+="macvlan-parent@${link.name}.service"`,
  ];
  return `${MARK}\n${rule.join(", ")}\n`;
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
