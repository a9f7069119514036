import * as pulumi from "@pulumi/pulumi";

const NETWORK = "docker:index/network:Network";

type Resources = Record<string, { type: string; outputs?: Record<string, unknown> }>;

/** Whether this stack has the Docker network with this id; undefined where its state cannot be read. Never rejects. */
export async function stackHasNetwork(id: string): Promise<boolean | undefined> {
  const resources = await resourcesOfStack().catch(() => undefined);
  return resources && Object.values(resources).some(({ type, outputs }) => type === NETWORK && outputs?.id === id);
}

/** What the state has at the start of this run: the engine reads it, as it reads that of any stack for a StackReference. */
async function resourcesOfStack(): Promise<Resources | undefined> {
  const stackName = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()].join("/");
  const read = (await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName })) as {
    outputs?: Resources;
  };
  return read.outputs;
}
