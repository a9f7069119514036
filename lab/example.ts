// examples/single-host on a lab host: the same program and the same settings as `pulumi up` of the root's Pulumi.yaml.
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { stackFor, type EngineOptions, type LabStack } from "./pulumi";
import type { Host } from "./vm/host";

export interface ExampleOptions extends EngineOptions {
  host: Host;
  program: PulumiFn;
}

/** The project's name in Pulumi.yaml; its configuration is below this name. */
export const PROJECT = "single-host";

/** A stack of the example with its state in `dir`. */
export async function exampleStack({ host, ...options }: ExampleOptions): Promise<LabStack> {
  const stack = await stackFor({ ...options, name: "lab", project: PROJECT });
  const site = {
    destination: host.alias(),
    nicMac: host.mac,
    hostAddress: host.ip,
    images: { dns: "lab/dns:1", web: "lab/web:1" },
  };
  await stack.stack.setAllConfig({
    [`${PROJECT}:site`]: { value: JSON.stringify(site) },
    [`${PROJECT}:adminPassword`]: { value: "a password for the lab", secret: true },
  });
  return stack;
}
