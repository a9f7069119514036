import { encodeFrames } from "../ssh";
import { NicArgs, ResolvedInterface } from "./spec";

const MARK = "# managed by pulumi-macvlan";

/** The files of one link, as frames for `macvlan-host link apply`. */
export function renderLink(link: ResolvedInterface): string {
  return encodeFrames({
    "link.conf": renderLinkConf(link),
    "udev.rules": renderUdevRule(link),
    "networkd.network": `${MARK}\n[Match]\nName=${link.name}\n\n[Link]\nUnmanaged=yes\n`,
    "networkmanager.conf": `${MARK}\n[keyfile]\nunmanaged-devices+=interface-name:${link.name}\n`,
  });
}

/** What the host's scripts read: KEY='value' lines of a shell. No value can hold a quote (see spec.ts). */
export function renderLinkConf(link: ResolvedInterface): string {
  const { name, mac, path } = link.nic;
  const values: Record<string, string | number | undefined> = {
    NAME: link.name,
    NIC_NAME: name,
    NIC_MAC: mac,
    NIC_PATH: path,
    MAC: link.mac,
    MODE: "bridge",
    REACH: link.reach,
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
