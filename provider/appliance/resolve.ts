import * as pulumi from "@pulumi/pulumi";
import { Definition, readDefinition } from "./definition";
import { ApplianceArgs, ApplianceSpec, macOf } from "./spec";

/** An appliance with every default filled in. */
export interface ResolvedAppliance {
  readonly name: string;
  readonly ip: string;
  readonly mac: string;
  readonly network: string;
  readonly parent: string;
  readonly definition: Definition;
  readonly files: Readonly<Record<string, string>>;
  readonly startAfter: readonly string[];
  readonly readyTimeout: number;
  readonly deleteVolumes: boolean;
}

/** Fills in the defaults of arguments that `applianceSchema` accepted. */
export function resolveAppliance(args: ApplianceArgs): ResolvedAppliance {
  const network = args.network.name ?? "lan";
  const mac = macOf(args)!;
  const { definition } = readDefinition(args, { ip: args.ip, mac, place: { name: args.name, network } });
  return {
    name: args.name,
    ip: args.ip,
    mac,
    network,
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
