import { z } from "zod";
import { derivedMac, interfaceNameFault, linkNameFault, macFault, parseMac } from "../address";
import { valueOf } from "../errors";
import { overridesSchema } from "../observe";
import { SshArgs, sshSchema } from "../ssh";
import { text } from "../validate";
import { hostInterfaceRules } from "./preflight";

/** Which of the host's own interfaces is plugged into the LAN: exactly one field. */
export interface NicArgs {
  /** Its name, such as enp3s0; also that of a bond, a bridge or a VLAN. */
  name?: string;
  /** Its permanent MAC, such as 52:54:00:00:02:01. */
  mac?: string;
  /** Where it is plugged in, as udev names it: ID_PATH, such as pci-0000:03:00.0. */
  path?: string;
}

/** Whether the host and its appliances reach each other; the kernel keeps a NIC and the macvlans on it apart. */
export const Reach = {
  /** Only the rest of the LAN reaches the appliances. */
  None: "none",
  /** One route per pinned address, through the parent link. */
  Pinned: "pinned",
} as const;
export type Reach = (typeof Reach)[keyof typeof Reach];

/** The parent link as a part of a host. */
export interface InterfaceSpec {
  /** Name of the link on the host, at most 15 characters, no dot. Default lan0. */
  name?: string;
  /** The NIC that it is put on. */
  nic: NicArgs;
  /** MAC of the link, locally administered. Default: derived from the NIC's MAC or the host, always the same. */
  mac?: string;
  /** Default none. */
  reach?: Reach;
  /** Seconds that the start of Docker waits at boot for a NIC that is not there yet. Default 30. */
  waitForNic?: number;
}

/** The macvlan link of the host that is Docker's parent. */
export interface HostInterfaceArgs extends InterfaceSpec {
  /** The host. */
  ssh: SshArgs;
  /** Ids of rules (docs/rules.md) whose findings on this host are told and do not stop the run. */
  overrides?: string[];
}

const anyMac = text((value) => parseMac(value).fault);
const ourMac = text((value) => {
  const parsed = parseMac(value);
  return parsed.fault ?? macFault(parsed.value);
});

const nicSchema = z
  .strictObject({
    name: text(interfaceNameFault).optional(),
    mac: anyMac.optional(),
    path: text((value) =>
      /^[\w.:+@-]+$/.test(value)
        ? undefined
        : { message: `${JSON.stringify(value)} is not an ID_PATH of udev`, remedy: "such as pci-0000:03:00.0" },
    ).optional(),
  })
  .superRefine((nic, context) => {
    const given = Object.values(nic).filter((value) => value !== undefined).length;
    if (given !== 1)
      context.addIssue({
        code: "custom",
        message: given === 0 ? "names no interface" : "names the interface in several ways",
        params: { remedy: "give exactly one of name, mac and path" },
      });
  });

const fields = {
  name: text(linkNameFault).optional(),
  nic: nicSchema,
  mac: ourMac.optional(),
  reach: z.enum(Reach).optional(),
  waitForNic: z.number().int().min(0).max(600).optional(),
};

export const interfaceSchema = z.strictObject(fields);
export const hostInterfaceSchema = z.strictObject({
  ssh: sshSchema,
  overrides: overridesSchema(hostInterfaceRules),
  ...fields,
});

/** The parent link with every default filled in. */
export interface ResolvedInterface {
  readonly name: string;
  readonly nic: NicArgs;
  readonly mac: string;
  readonly reach: Reach;
  readonly waitForNic: number;
}

/** Fills in the defaults. `destination` is that of the host, for a MAC that no other host derives. */
export function resolveInterface(spec: InterfaceSpec, destination: string): ResolvedInterface {
  const name = spec.name ?? "lan0";
  const nicMac = spec.nic.mac === undefined ? undefined : valueOf(parseMac(spec.nic.mac));
  return {
    name,
    nic: nicMac === undefined ? spec.nic : { mac: nicMac },
    mac: spec.mac === undefined ? derivedMac(`${nicMac ?? destination} ${name}`) : valueOf(parseMac(spec.mac)),
    reach: spec.reach ?? Reach.None,
    waitForNic: spec.waitForNic ?? 30,
  };
}
