// The program of one host: what `pulumi` runs for its stack.
import * as pulumi from "@pulumi/pulumi";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { ApplianceHost } from "../../appliance-host";
import { below, refuse } from "../../errors";
import { InventoryHost, secretSource, withSecretValues } from "../inventory";
import { Gate } from "./gate";

export interface ProgramOptions {
  /** The host is not contacted. */
  readonly offline?: boolean;
  /** Secrets that are not to be had stay as they are in the state. Never provision with this. */
  readonly secretsMayMiss?: boolean;
  /** There is no stack yet: neither its configuration is to be had, nor a state in which anything could stay. */
  readonly fromNothing?: boolean;
  /** Asked before each resource. */
  readonly gate?: Gate;
}

/** What is told of a resource that was not begun. */
export const STOPPED = "the run was interrupted before this was begun";

/** A program that makes one host of an inventory. Throws SpecError, from which nothing is made, where a secret is missing. */
export function hostProgram(host: InventoryHost, options: ProgramOptions): PulumiFn {
  const { offline = false, secretsMayMiss = false, fromNothing = false, gate } = options;
  return () => {
    if (offline) pulumi.runtime.setConfig("macvlan:offline", "true");
    const missing = new Set<string>();
    const config = (key: string): pulumi.Input<string> | undefined => (fromNothing ? undefined : configSecret(key));
    let { args, problems } = withSecretValues(host.args, secretSource(process.env, config));
    if (secretsMayMiss && args === undefined) {
      for (const { path } of problems) missing.add(String(path[1]));
      ({ args, problems } = withSecretValues(host.args, {
        env: (name) => process.env[name] || "not known here",
        config: (key) => config(key) ?? "not known here",
      }));
    }
    refuse(below([host.name], problems));
    const transforms: pulumi.ResourceTransform[] = [
      ...(gate === undefined ? [] : [passing(gate)]),
      ...(missing.size === 0 || fromNothing
        ? []
        : [keeping(new Set([...missing].map((name) => `${host.name}-${name}-appliance`)))]),
    ];
    const made = new ApplianceHost(host.name, args!, { transforms });
    return Promise.resolve({ networkId: made.networkId, mac: made.mac, appliances: made.appliances });
  };
}

/** `KEY` of the project, or `NAMESPACE:KEY`. */
export function configSecret(key: string): pulumi.Output<string> | undefined {
  const [namespace, name] = key.includes(":") ? (key.split(":") as [string, string]) : [undefined, key];
  return new pulumi.Config(namespace).getSecret(name);
}

/** The engine asks before it begins a resource. Components change nothing. */
function passing(gate: Gate): pulumi.ResourceTransform {
  return ({ custom, type, name }) => {
    if (custom && !gate.pass(`${type}::${name}`)) throw new pulumi.RunError(STOPPED);
    return undefined;
  };
}

/** The secret input of these resources is left as it is in the state. */
function keeping(names: ReadonlySet<string>): pulumi.ResourceTransform {
  return ({ name, props, opts }) => {
    if (!names.has(name)) return undefined;
    const ignoreChanges = [...((opts as pulumi.CustomResourceOptions).ignoreChanges ?? []), "stdin"];
    return { props, opts: { ...opts, ignoreChanges } };
  };
}
