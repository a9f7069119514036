import * as pulumi from "@pulumi/pulumi";
import { Definition, readDefinition } from "./definition";
import { NetworkDriver } from "../host-interface";
import { ipv6Of, ResolvedIpv6, resolveIpv6 } from "../macvlan-network";
import { slaacOf } from "./slaac";
import { ApplianceArgs, ApplianceSpec, macOf } from "./spec";

/** An appliance with every default filled in. */
export interface ResolvedAppliance {
  readonly name: string;
  readonly ip: string;
  /** On a network with IPv6. */
  readonly ip6?: string;
  /** Absent with the driver ipvlan. */
  readonly mac?: string;
  /** Given where it is not what Docker does by itself. */
  readonly slaac?: boolean;
  readonly network: string;
  readonly driver: NetworkDriver;
  readonly parent: string;
  readonly definition: Definition;
  readonly files: Readonly<Record<string, string>>;
  readonly startAfter: readonly string[];
  readonly readyTimeout: number;
  readonly deleteVolumes: boolean;
}

/** Who an appliance is on its network: what is given of it, and what follows from that. Nothing follows from a network that cannot be read. */
export function identityOf(
  { ip, ip6: given, mac: written, slaac: asked }: Pick<ApplianceSpec, "ip" | "ip6" | "mac" | "slaac">,
  on?: { readonly driver: NetworkDriver; readonly ipv6?: ResolvedIpv6 },
): Pick<ResolvedAppliance, "ip" | "ip6" | "mac" | "slaac"> {
  const ip6 = on && ipv6Of(on, ip, given);
  const mac = macOf({ ip, mac: written }, on);
  const slaac = slaacOf(asked, ip6);
  return {
    ip,
    ...(ip6 === undefined ? {} : { ip6 }),
    ...(mac === undefined ? {} : { mac }),
    ...(slaac === undefined ? {} : { slaac }),
  };
}

/** Fills in the defaults of arguments that `applianceSchema` accepted. */
export function resolveAppliance(args: ApplianceArgs): ResolvedAppliance {
  const network = args.network.name ?? "lan";
  const driver = args.network.driver ?? NetworkDriver.Macvlan;
  const identity = identityOf(args, { driver, ipv6: resolveIpv6(args.network) });
  const { definition } = readDefinition(args, {
    ip: args.ip,
    ip6: args.ip6,
    mac: identity.mac,
    place: { name: args.name, network, driver },
  });
  return {
    name: args.name,
    ...identity,
    network,
    driver,
    parent: args.network.parent ?? "lan0",
    definition: definition!,
    files: args.files ?? {},
    startAfter: args.startAfter ?? [],
    readyTimeout: args.readyTimeout ?? 120,
    deleteVolumes: args.deleteVolumes ?? false,
  };
}

/** The same appliances with their secrets marked as such, which is to happen before they become a component's inputs. */
export function withSecrets<T extends ApplianceSpec>(appliances: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(appliances).map(([name, spec]) => [name, withSecret(spec)]));
}

/** The appliance with its secrets marked as such. */
export function withSecret<T extends ApplianceSpec>(spec: T): T {
  if (spec.secrets === undefined) return spec;
  const secrets = Object.entries(spec.secrets).map(([key, value]) => [key, pulumi.secret(value)] as const);
  return { ...spec, secrets: Object.fromEntries(secrets) };
}
