import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import {
  defaultMac,
  isMulticast,
  isUniversal,
  linkNameFault,
  macFault,
  parseCidr,
  lanSubnet6Fault,
  parseIpv4,
  parseIpv6,
  parseMac,
} from "../address";
import { below, Fault, Problem } from "../errors";
import { NetworkDriver } from "../host-interface";
import { addressFault, ipv6Fault, resolveNetwork } from "../macvlan-network";
import { overridesSchema } from "../observe";
import { SshArgs, sshSchema } from "../ssh";
import { text } from "../validate";
import { Definition, ReadDefinition, readDefinition } from "./definition";
import { relativePath } from "./model";
import { pinRules } from "./preflight";
import { Seen } from "./seen";

/** One appliance as a part of a host. */
export interface ApplianceSpec {
  /** IPv4 address on the LAN, outside every range that something else gives out. */
  ip: string;
  /**
   * MAC on the LAN. Default `02:42:` and the four octets of `ip`, as Docker up to 27 derived it. Not on a network of driver ipvlan: there it
   * is that of the NIC.
   */
  mac?: string;
  /**
   * IPv6 address on a LAN with `subnet6`. Default: the one of `subnet6` that ends in the 32 bits of `ip`, such as fd00:76::c0a8:4c35 for
   * 192.168.76.53.
   */
  ip6?: string;
  /**
   * Whether it takes a further IPv6 address and a default route from a router of the LAN that announces them (SLAAC). The address ends in what its
   * MAC makes of it (EUI-64). Default: as Docker does it, true on a network with `subnet6`, and without it false: no IPv6 at all. False with
   * `subnet6` needs Docker 27 and Compose 2.27.1.
   */
  slaac?: boolean;
  /** `mac` is that of a real device on purpose (bit 1 of the first octet is clear). Default false: such a MAC is refused. */
  universalMac?: boolean;
  /** What runs: a service as in a compose file, as plain data. Either this or `compose`. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the plugin analyzer takes no other type for plain data
  service?: any;
  /** What runs: the path of a compose file, from the folder that the program runs in. Either this or `service`. */
  compose?: string;
  /** Which service of the compose file is on the LAN. Default: the only one. */
  lanService?: string;
  /**
   * Files beside the compose file on the host: relative path to text. Paths in the compose file that begin with ./ are theirs.
   * A service whose files change is made anew.
   */
  files?: Record<string, string>;
  /** Values for `${KEY}` in the compose file: never in a plan, a log or a process list. Keys of A-Z, 0-9 and _. */
  secrets?: Record<string, pulumi.Input<string>>;
  /** Appliances of the same host that are to be ready before this one starts, at a boot as well. */
  startAfter?: string[];
  /** Seconds in which the appliance has to become healthy. Default 120. */
  readyTimeout?: number;
  /** Removing the appliance removes its volumes too, with everything in them. Default false. */
  deleteVolumes?: boolean;
}

/** One appliance as a part of a whole host. */
export interface HostAppliance extends ApplianceSpec {
  /** Which of the host's LANs it is on: a name of `lans`. Default: the first one, of `interface` and `network`. */
  lan?: string;
}

/** The network that an appliance is put on. */
export interface ApplianceNetworkArgs {
  /** Name of the Docker network. Default lan. */
  name?: string;
  /** The parent link. Default lan0. */
  parent?: string;
  /** Driver of the network: macvlan or ipvlan. Default macvlan. */
  driver?: NetworkDriver;
  /** The LAN's subnet in canonical form, such as 192.168.76.0/24. */
  subnet: string;
  /** The LAN's router. */
  gateway: string;
  /** The LAN's IPv6 prefix, if the network has one, such as fd00:76::/64. */
  subnet6?: string;
  /** The LAN's router in `subnet6`. Default: its first address. */
  gateway6?: string;
}

/** One appliance on a host that has a boot shim, a parent link and a network. */
export interface ApplianceArgs extends ApplianceSpec {
  /** The host. */
  ssh: SshArgs;
  /** Name of the appliance: of its Compose project, its container and its folder on the host. Lower case, 2 to 63 characters. */
  name: string;
  /** The network that it is put on. */
  network: ApplianceNetworkArgs;
  /** Docker's id of the network: when the network is replaced, the appliance is taken down before and brought back after. */
  networkId?: pulumi.Input<string>;
  /** Ids of rules (docs/rules.md) whose findings on this host are told and do not stop the run. */
  overrides?: string[];
}

/** They travel in one environment variable, of which Linux takes 128 KiB (MAX_ARG_STRLEN); the rest is for what is added. */
const MAX_FILES = 112 * 1024;

/** A refinement that also looks at what is wrong in other fields, so that one run tells every problem. */
const everyTime = { when: () => true };

/** Names that Compose, Docker or the shell give a meaning of their own. */
const RESERVED =
  /^(PATH|HOME|USER|SHELL|IFS|ENV|PWD|OLDPWD|PS[124]|OPTIND|PPID|LC_.*|LANG|TMPDIR|(LD|DOCKER|COMPOSE|BUILDKIT|MACVLAN)_.*|(HTTP|HTTPS|NO|ALL)_PROXY)$/;

/** Why `name` cannot be that of an appliance: it names a Compose project, and a container (of at least two characters). */
export function applianceNameFault(name: string): Fault | undefined {
  if (/^[a-z0-9][a-z0-9_-]{1,62}$/.test(name)) return undefined;
  return {
    message: `${JSON.stringify(name)} cannot be the name of an appliance`,
    remedy: "use 2 to 63 lower-case letters, digits, - and _, beginning with a letter or a digit",
  };
}

function filePathFault(path: string): Fault | undefined {
  if (/^[\w@%+=,.-]+( [\w@%+=,.-]+)*(\/[\w@%+=,.-]+( [\w@%+=,.-]+)*)*$/.test(path) && relativePath(path) === path)
    return undefined;
  const message = `${JSON.stringify(path)} cannot be the path of a file beside the compose file`;
  return {
    message,
    remedy: "give a relative path of letters, digits and . _ - without ./ and .., such as conf/unbound.conf",
  };
}

function secretKeyFault(key: string): Fault | undefined {
  if (!/^[A-Z_][A-Z0-9_]*$/.test(key))
    return {
      message: `${JSON.stringify(key)} cannot be the name of a secret`,
      remedy: "use capital letters, digits and _",
    };
  if (RESERVED.test(key))
    return { message: `${key} has a meaning of its own on the host`, remedy: "choose another name" };
  return undefined;
}

const named = text(applianceNameFault);
const input = z.unknown().superRefine((value, context) => {
  const later = pulumi.Output.isInstance(value) || value instanceof Promise;
  if (!later && typeof value !== "string")
    context.addIssue({ code: "custom", message: "is not text", params: { remedy: "give text, or an Output of text" } });
  else if (typeof value === "string" && value.includes("\0"))
    context.addIssue({
      code: "custom",
      message: "has a zero byte",
      params: { remedy: "encode it, such as in base64" },
    });
});

const fields = {
  ip: text((value) => parseIpv4(value).fault, "an IPv4 address, such as 192.168.76.53"),
  mac: text((value) => parseMac(value).fault).optional(),
  ip6: text((value) => parseIpv6(value).fault).optional(),
  slaac: z.boolean().optional(),
  universalMac: z.boolean().optional(),
  service: z.unknown().optional(),
  compose: z.string().min(1).optional(),
  lanService: z.string().min(1).optional(),
  files: z
    .record(
      text(filePathFault),
      text((value) =>
        value.includes("\0")
          ? { message: "is not text", remedy: "put it into the image, or into a volume" }
          : undefined,
      ),
    )
    .optional(),
  secrets: z.record(text(secretKeyFault), input).optional(),
  startAfter: z.array(named).optional(),
  readyTimeout: z.number().int().min(1).max(3600).optional(),
  deleteVolumes: z.boolean().optional(),
};

const cidr = text((value) => parseCidr(value).fault);
const networkFields = z.strictObject({
  name: z.string().min(1).optional(),
  parent: text(linkNameFault).optional(),
  driver: z.enum(NetworkDriver).optional(),
  subnet: cidr,
  gateway: text((value) => parseIpv4(value).fault),
  subnet6: text(lanSubnet6Fault).optional(),
  gateway6: text((value) => parseIpv6(value).fault).optional(),
});

/** Every field of an appliance of a host by itself. */
export const applianceFieldsSchema = z.strictObject({ ...fields, lan: z.string().min(1).optional() });

/** The appliance by itself: what depends on its name and its network is added by `placedProblems`. */
export const hostApplianceSchema = applianceFieldsSchema.superRefine((spec, context) => {
  const whole = context.issues.length === 0;
  report(context, problemsOf(whole ? (spec as ApplianceSpec) : readable(spec)));
}, everyTime);

export const applianceSchema = z
  .strictObject({
    ssh: sshSchema,
    name: named,
    network: networkFields,
    networkId: z.unknown().optional(),
    overrides: overridesSchema(pinRules),
    ...fields,
  })
  .superRefine((args, context) => {
    const network = networkFields.safeParse(args.network).data;
    const name = named.safeParse(args.name).data;
    const place = name && network ? { name, network: network.name ?? "lan", driver: network.driver } : undefined;
    report(context, problemsOf(readable(args), place));
    const ip = fields.ip.safeParse(args.ip).data;
    if (!network) return;
    const resolved = resolveNetwork(network, network.parent ?? "lan0");
    report(context, below(["network"], resolved.problems));
    if (ip === undefined || resolved.problems.length > 0) return;
    const fault = addressFault(resolved.network, ip);
    if (fault) report(context, [{ path: ["ip"], ...fault }]);
    const ip6 = fields.ip6.safeParse(args.ip6);
    const fault6 = ip6.success ? ipv6Fault(resolved.network, ip, ip6.data) : undefined;
    if (fault6) report(context, [{ path: ["ip6"], ...fault6 }]);
  }, everyTime);

/** The network that an appliance is on, as far as that decides on what it may be. */
export interface PlaceOnLan {
  readonly network: string;
  /** Default macvlan. */
  readonly driver?: NetworkDriver;
}

/** What is wrong with an appliance as a part of a host, given its name and the network; paths below the appliance. */
export function placedProblems(name: string, on: PlaceOnLan, spec: ApplianceSpec): Problem[] {
  return problemsOf(spec, { name, ...on });
}

/**
 * Whether nothing is wrong with an appliance of which each field is right, neither by itself nor in its place, as one look can tell.
 * False may also be for what only two looks tell: a service or a network of another name. `seen` has what others were found to be.
 */
export function isRight(name: string, on: PlaceOnLan, spec: ApplianceSpec, seen: Seen): boolean {
  if (spec.compose === undefined && spec.lanService !== undefined) return false;
  const place = { name, ...on };
  if (seen.has(spec, on.network)) return macProblems(spec, place).length === 0;
  const { problems, definition } = lookAt(spec, place, seen);
  if (problems.length > 0 || definition === undefined || definition.file["networks"] !== undefined) return false;
  // With room for another name.
  if (sizeOf(spec.files ?? {}) + definition.atMost < MAX_FILES / 2) seen.keep(spec, on.network, definition);
  return true;
}

/** All that the fields together get wrong; a field that is wrong by itself is left out. */
function problemsOf(spec: Partial<ApplianceSpec>, place?: Place): Problem[] {
  return lookAt(spec, place).problems;
}

interface Place extends PlaceOnLan {
  readonly name: string;
}

function lookAt(spec: Partial<ApplianceSpec>, place?: Place, seen?: Seen): ReadDefinition {
  const { definition, problems } = readDefinition(
    spec,
    { ip: spec.ip, ip6: spec.ip6, mac: macOf(spec, place), place },
    seen,
  );
  return {
    definition,
    problems: [...macProblems(spec, place), ...problems, ...tooLarge(spec.files ?? {}, definition)],
  };
}

function macProblems(spec: Partial<ApplianceSpec>, place?: Place): Problem[] {
  if (place?.driver === NetworkDriver.Ipvlan && spec.mac !== undefined) {
    const message = `on network ${place.network}, an ipvlan one, every appliance has the MAC of the NIC`;
    return [{ path: ["mac"], message, remedy: "leave it out, or use network.driver: macvlan" }];
  }
  const mac = macOf(spec, place);
  const fault = mac === undefined ? undefined : macFault(mac, spec.universalMac);
  if (mac === undefined || fault === undefined) return [];
  const allowed = isUniversal(mac) && !isMulticast(mac);
  return [
    { path: ["mac"], ...fault, remedy: allowed ? `${fault.remedy}; universalMac: true allows it` : fault.remedy },
  ];
}

function sizeOf(files: Readonly<Record<string, string>>): number {
  const bytes = Object.entries(files).map(([path, content]) => Buffer.byteLength(path) + Buffer.byteLength(content));
  return bytes.reduce((sum, each) => sum + each, 0);
}

function tooLarge(files: Readonly<Record<string, string>>, definition: Definition | undefined): Problem[] {
  const delivered = sizeOf(files);
  // An inline service need not be written out to see that it is small.
  if (delivered + (definition?.atMost ?? 0) <= MAX_FILES) return [];
  const size = delivered + Buffer.byteLength(definition?.text ?? "");
  if (size <= MAX_FILES) return [];
  return [
    {
      path: ["files"],
      message: `the compose file and the files have ${Math.ceil(size / 1024)} KiB together`,
      remedy: `at most ${MAX_FILES / 1024}: put what is large into the image`,
    },
  ];
}

/** The pinned MAC: the one that is given, or that of the address; undefined while it cannot be read, and with ipvlan, where nothing can be pinned. */
export function macOf(
  spec: Pick<Partial<ApplianceSpec>, "ip" | "mac">,
  on?: { readonly driver?: NetworkDriver },
): string | undefined {
  if (on?.driver === NetworkDriver.Ipvlan) return undefined;
  if (spec.mac === undefined) return spec.ip === undefined ? undefined : defaultMac(spec.ip);
  const parsed = parseMac(spec.mac);
  return parsed.fault ? undefined : parsed.value;
}

/** The fields that can be read. */
function readable(given: object): Partial<ApplianceSpec> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, schema]) => {
      const { data } = schema.safeParse((Object(given) as Record<string, unknown>)[key]);
      return data === undefined ? [] : [[key, data]];
    }),
  );
}

function report(context: z.core.$RefinementCtx, problems: readonly Problem[]): void {
  for (const { path, message, remedy } of problems)
    context.addIssue({ code: "custom", path: [...path], message, params: { remedy } });
}
