import { z } from "zod";
import { parseCidr, parseIpv4, parseRange } from "../../address";
import { HostAppliance, hostApplianceSchema } from "../../appliance";
import { ApplianceHostArgs, applianceHostSchema, LanSpec } from "../../appliance-host";
import { Fault } from "../../errors";
import { report, text } from "../../validate";
import { mentionsVariable } from "./variables";

/** Where the value of a secret comes from when it is needed: exactly one field. The value itself is never in an inventory. */
export interface SecretReference {
  /** Name of an environment variable of the workstation or the CI job. */
  env?: string;
  /** Key of a secret of the stack's Pulumi configuration. */
  config?: string;
}

/** A file beside the inventory. */
export interface FileReference {
  /** Path of the file, from the folder of the file that says so. */
  file: string;
}

/** Text, numbers, true or false for `${{ NAME }}`; lists and groups too where the variable is the whole value. */
export type Variables = Record<string, unknown>;

/** An appliance of an inventory, or a part of it: the rest comes from its template. */
export interface InventoryAppliance extends Omit<Partial<HostAppliance>, "ip" | "compose" | "files" | "secrets"> {
  /** Name of the template that it is made of; what is given here goes before what the template says. */
  template?: string;
  /** Values for `${{ NAME }}` in this appliance; they go before those of the host. */
  vars?: Variables;
  /**
   * IPv4 address on the LAN. `auto` gives one from the LAN's range (`auto:RANGE` if it has several), recorded in
   * macvlan.lock.json so that it never moves.
   */
  ip?: string;
  /** What runs: the path of a compose file, from the folder of the file that says so. Either this or `service`. */
  compose?: string;
  /** Files beside the compose file on the host: relative path to text, or to `{ file: PATH }`. */
  files?: Record<string, string | FileReference>;
  /** Where the values for `${KEY}` in the compose file come from; nothing after KEY: the environment variable of that name. */
  secrets?: Record<string, SecretReference | null>;
}

/** A template: an appliance that is written once and put on many hosts. */
export type InventoryTemplate = Omit<InventoryAppliance, "template">;

type DeepPartial<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]?: DeepPartial<T[K]> } : T;

/** What hosts have in common. Groups are merged; text, numbers and lists replace; null takes away what is inherited. */
export interface HostDefaults extends Omit<DeepPartial<ApplianceHostArgs>, "appliances" | "lans"> {
  /** Name of the LAN that the host is on. */
  lan?: string;
  /**
   * Further LANs that the host is on, by name. Of one that the inventory describes, under `lans`, the network is known, and its
   * defaults for `interface` and `network` hold.
   */
  lans?: Record<string, DeepPartial<LanSpec> | null>;
  /** Words to select hosts by. */
  tags?: string[];
  /** Values for `${{ NAME }}` in everything that the host is made of. */
  vars?: Variables;
  /** The appliances by name; null leaves out one that is inherited. */
  appliances?: Record<string, InventoryAppliance | null>;
}

/** A host: what ApplianceHost takes, the parts from defaults and LAN left out. `ssh.destination` is its name if it is not given. */
export type InventoryHostArgs = HostDefaults;

/** A LAN: what all hosts on it have in common, and who else is there. */
export interface Lan {
  /** The LAN's subnet in canonical form, such as 192.168.76.0/24. */
  subnet: string;
  /** The LAN's router. */
  gateway: string;
  /** Addresses that the LAN's DHCP server gives out, such as 192.168.76.128-192.168.76.250. */
  dhcpPool?: string;
  /** The LAN's IPv6 prefix in canonical form, such as fd00:76::/64. Default: none, the hosts' networks are of IPv4 alone. */
  subnet6?: string;
  /** The LAN's router in `subnet6`. Default: its first address, such as fd00:76::1. */
  gateway6?: string;
  /** Addresses or ranges of other machines by name, such as printers and switches. */
  reserved?: Record<string, string>;
  /** Virtual addresses by name that machines share (VRRP, keepalived, CARP). */
  vips?: Record<string, string>;
  /** Ranges by name, out of which `ip: auto` gives addresses. */
  ranges?: Record<string, string>;
  /** The LAN is not routed to the others, so its subnet may overlap with theirs. Default false. */
  separate?: boolean;
  /** Defaults of the hosts on this LAN; they go before those of the file. */
  defaults?: HostDefaults;
}

/** A fleet: hosts, the LANs they are on, and what they have in common. */
export interface InventoryArgs {
  /** Further files, from the folder of this one; * stands for any part of a file's name. They see these defaults too. */
  include?: string[];
  /** Defaults of all hosts of this file and of those that it includes. */
  defaults?: HostDefaults;
  /** The LANs by name. */
  lans?: Record<string, Lan>;
  /** Appliances to be put on several hosts, by name. */
  templates?: Record<string, InventoryTemplate>;
  /** The hosts by name; a stack each. */
  hosts?: Record<string, InventoryHostArgs | null>;
}

type Schema = z.core.$ZodType;

const named = (what: string) =>
  text((name) =>
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/.test(name)
      ? undefined
      : {
          message: `${JSON.stringify(name)} cannot be the name of a ${what}`,
          remedy: "use up to 63 letters, digits, _, . and -, beginning with a letter or a digit",
        },
  );

const variableName = text((name) => {
  if (BUILT_IN.includes(name))
    return { message: `${name} has its value from the inventory itself`, remedy: "choose another name" };
  if (/^[A-Za-z_]\w*$/.test(name)) return undefined;
  return { message: `${JSON.stringify(name)} cannot be the name of a variable`, remedy: "use letters, digits and _" };
});

/** Variables that every host has: its name, its LAN's, those of the appliance, and its addresses. */
export const BUILT_IN: readonly string[] = ["host", "lan", "appliance", "ip", "subnet", "gateway"];

/** `auto` or `auto:RANGE`: the name of the range, "" for the only one; undefined for an address. */
export function automatic(ip: string): string | undefined {
  const match = /^auto(?::(.*))?$/.exec(ip);
  return match ? (match[1] ?? "") : undefined;
}

function secretFault(value: unknown): Fault | undefined {
  const remedy =
    "write { env: NAME } for an environment variable or { config: KEY } for a secret of the stack's configuration";
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { message: "does not say where the secret comes from; a value does not belong into an inventory", remedy };
  const entries = Object.entries(value).filter(([, given]) => given !== undefined);
  const [key, given] = entries[0] ?? [];
  if (entries.length !== 1 || (key !== "env" && key !== "config"))
    return { message: "is not exactly one of env and config", remedy };
  if (typeof given !== "string") return { message: `has a ${key} that is not text`, remedy };
  if (mentionsVariable(given)) return undefined;
  if (key === "env" && !/^[A-Za-z_]\w*$/.test(given))
    return { message: "has an env that is not the name of a variable", remedy: "use letters, digits and _" };
  if (key === "config" && !/^([\w.-]+:)?[\w.-]+$/.test(given))
    return { message: "has a config that is not a key", remedy: "give KEY or NAMESPACE:KEY" };
  return undefined;
}

function fileFault(value: unknown): Fault | undefined {
  if (typeof value === "string") return undefined;
  const path: unknown = typeof value === "object" && value !== null ? (value as { file?: unknown }).file : undefined;
  if (typeof path === "string" && path !== "" && Object.keys(value as object).length === 1) return undefined;
  return { message: "is neither text nor a reference to a file", remedy: "give text, or { file: PATH }" };
}

/** A value that `fault` judges; editors see `shown`. */
function either(fault: (value: unknown) => Fault | undefined, shown: Record<string, unknown>): z.ZodType {
  return z
    .unknown()
    .superRefine((value, context) => {
      const found = fault(value);
      if (found) report(context, [found]);
    })
    .meta(shown);
}

const string = { type: "string" };
const secret = either(secretFault, {
  oneOf: ["env", "config"].map((key) => {
    return { type: "object", properties: { [key]: string }, required: [key], additionalProperties: false };
  }),
});
const file = either(fileFault, {
  anyOf: [string, { type: "object", properties: { file: string }, required: ["file"], additionalProperties: false }],
});

/** The same schema with every field to be left out or null, and without what fields must be together: that shows when all is merged. */
function loosen(schema: Schema, replaced: Record<string, z.ZodType> = {}): z.ZodType {
  const { shape, innerType, keyType, valueType } = schema._zod.def as {
    shape?: Record<string, Schema>;
    innerType?: Schema;
    keyType?: z.core.$ZodRecordKey;
    valueType?: Schema;
  };
  if (innerType !== undefined) return loosen(innerType);
  if (keyType !== undefined && valueType !== undefined) return z.record(keyType, loosen(valueType).nullable());
  if (shape === undefined) return schema as z.ZodType;
  const fields = {
    ...Object.fromEntries(Object.entries(shape).map(([key, value]) => [key, loosen(value)])),
    ...replaced,
  };
  return z.strictObject(
    Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, value.nullable().optional()])),
  );
}

const vars = z.record(variableName, z.unknown());
const applianceFields = {
  vars,
  ip: text((value) => {
    if (automatic(value) !== undefined) return undefined;
    const { fault } = parseIpv4(value);
    return fault && { message: fault.message, remedy: `${fault.remedy}, or auto` };
  }, "an IPv4 address, such as 192.168.76.53, or auto"),
  files: z.record(z.string(), file.nullable()),
  secrets: z.record(z.string(), secret.nullable()),
};
const template = named("template");
const lan = named("LAN");
const templateSchema = loosen(hostApplianceSchema, applianceFields).meta({ id: "template" });
const applianceSchema = loosen(hostApplianceSchema, { template, ...applianceFields }).meta({ id: "appliance" });
const appliances = z.record(applianceHostSchema.shape.appliances.keyType, applianceSchema.nullable());
const hostSchema = loosen(applianceHostSchema, {
  lan,
  tags: z.array(named("tag")),
  vars,
  appliances,
}).meta({ id: "host" });

const addressOrRange = text((value) =>
  value.includes("-") || value.includes("/") ? parseRange(value).fault : parseIpv4(value).fault,
);
const range = text((value) => parseRange(value).fault);
const lanSchema = z
  .strictObject({
    subnet: applianceHostSchema.shape.network.shape.subnet,
    gateway: applianceHostSchema.shape.network.shape.gateway,
    dhcpPool: range.optional(),
    subnet6: applianceHostSchema.shape.network.shape.subnet6,
    gateway6: applianceHostSchema.shape.network.shape.gateway6,
    reserved: z.record(named("reserved address"), addressOrRange).optional(),
    vips: z
      .record(
        named("virtual address"),
        text((value) => parseIpv4(value).fault),
      )
      .optional(),
    ranges: z.record(named("range"), range).optional(),
    separate: z.boolean().optional(),
    defaults: hostSchema.optional(),
  })
  .meta({ id: "lan" });

/** One file of an inventory. Its hosts are parts only; whether they are whole shows when everything is put together. */
export const inventorySchema = z.strictObject({
  include: z.array(z.string().min(1)).optional(),
  defaults: hostSchema.optional(),
  lans: z.record(lan, lanSchema).optional(),
  templates: z.record(template, templateSchema).optional(),
  hosts: z.record(named("host"), hostSchema.nullable()).optional(),
});

export const lanFieldsSchema = lanSchema.omit({ defaults: true });

/** The subnet of a LAN if it can be read. */
export function subnetOf(lanArgs: unknown) {
  const subnet: unknown = (lanArgs as { subnet?: unknown } | undefined)?.subnet;
  return typeof subnet === "string" ? parseCidr(subnet).value : undefined;
}
