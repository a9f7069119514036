import * as pulumi from "@pulumi/pulumi";
import { ApplianceHostArgs } from "../../appliance-host";
import { HostAppliance } from "../../appliance";
import { Path, Problem } from "../../errors";
import { SecretReference } from "./spec";

/** What ApplianceHost takes, but for the secrets, of which an inventory has only where they come from. */
export interface HostArgs extends Omit<ApplianceHostArgs, "appliances"> {
  appliances: Record<string, Omit<HostAppliance, "secrets"> & { secrets?: Record<string, SecretReference | null> }>;
}

/** Where the values of secrets are. */
export interface SecretSource {
  env(name: string): string | undefined;
  config(key: string): pulumi.Input<string> | undefined;
}

/** The environment of this process, and the configuration of the program's stack. */
export function secretSource(
  env: NodeJS.ProcessEnv,
  config?: (key: string) => pulumi.Input<string> | undefined,
): SecretSource {
  return { env: (name) => env[name], config: (key) => config?.(key) };
}

/**
 * Fills in the secrets, as is needed for `up` alone; paths of problems are below the host. An empty environment variable
 * counts as missing: a CI job sets those that it may not see to "".
 */
export function withSecretValues(
  args: HostArgs,
  source: SecretSource,
): { args?: ApplianceHostArgs; problems: Problem[] } {
  const problems: Problem[] = [];
  const filled = mapSecrets(args, ({ env, config }, path) => {
    const value = env !== undefined ? source.env(env) : source.config(config ?? "");
    if (value !== undefined && value !== "") return value;
    problems.push(
      env !== undefined
        ? { path, message: `the environment variable ${env} is not set`, remedy: `export ${env}=… before the run` }
        : { path, message: `the configuration has no ${config}`, remedy: `pulumi config set --secret ${config}` },
    );
    return "";
  });
  return problems.length > 0 ? { problems } : { args: filled, problems };
}

/** For looking only: every secret has an empty value. Never provision with this. */
export function withoutSecretValues(args: HostArgs): ApplianceHostArgs {
  return mapSecrets(args, () => "");
}

function mapSecrets(
  args: HostArgs,
  value: (reference: SecretReference, path: Path) => pulumi.Input<string>,
): ApplianceHostArgs {
  const appliances = Object.entries(Object(args.appliances) as HostArgs["appliances"]).map(([name, appliance]) => {
    const references = (Object(appliance) as HostArgs["appliances"][string]).secrets ?? undefined;
    if (references === undefined) return [name, appliance];
    const secrets = Object.entries(references).map(([key, reference]) => {
      // Nothing after the name means the environment variable of that name, as in the environment of a compose file.
      return [key, value(reference ?? { env: key }, ["appliances", name, "secrets", key])] as const;
    });
    return [name, { ...appliance, secrets: Object.fromEntries(secrets) }];
  });
  return { ...args, appliances: Object.fromEntries(appliances) as ApplianceHostArgs["appliances"] };
}
