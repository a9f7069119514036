import * as pulumi from "@pulumi/pulumi";

const NETWORK = "docker:index/network:Network";

/** Whether this stack has the Docker network with this id; undefined where its state cannot be read. */
export async function stackHasNetwork(id: string): Promise<boolean | undefined> {
  const stackName = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()].join("/");
  const resources = await resourcesOf(stackName).catch(() => undefined);
  return resources && Object.values(resources).some(({ type, outputs }) => type === NETWORK && outputs?.id === id);
}

type Resources = Record<string, { type: string; outputs?: Record<string, unknown> }>;

/** The engine reads the state of any stack that the person may read, with each resource's outputs. */
async function resourcesOf(stackName: string): Promise<Resources | undefined> {
  const read = (await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName })) as {
    outputs?: Resources;
  };
  return read.outputs;
}
