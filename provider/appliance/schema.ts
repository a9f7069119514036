import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { lanSubnet6Fault, linkNameFault, parseCidr, parseIpv4, parseIpv6, parseMac } from "../address";
import { below, Fault } from "../errors";
import { NetworkDriver } from "../host-interface";
import { addressFault, ipv6Fault, resolveNetwork } from "../macvlan-network";
import { overridesSchema } from "../observe";
import { sshSchema } from "../ssh";
import { report, text } from "../validate";
import { relativePath } from "./model";
import { pinRules } from "./preflight";
import { problemsOf } from "./problems";
import type { ApplianceSpec } from "./spec";

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
    report(context, [{ message: "is not text", remedy: "give text, or an Output of text" }]);
  else if (typeof value === "string" && value.includes("\0"))
    report(context, [{ message: "has a zero byte", remedy: "encode it, such as in base64" }]);
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

/** The fields that can be read. */
function readable(given: object): Partial<ApplianceSpec> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, schema]) => {
      const { data } = schema.safeParse((Object(given) as Record<string, unknown>)[key]);
      return data === undefined ? [] : [[key, data]];
    }),
  );
}
