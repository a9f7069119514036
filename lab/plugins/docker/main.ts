import { serve } from "../rpc/server";
import { detailedDiff, type Properties } from "../rpc/values";
import { dockerClient, type DockerClient } from "./client";
import { dockerNetwork, getNetwork } from "./network";

interface Config {
  host: string;
  sshOpts: string[];
  checkDaemon: boolean;
}

let config: Config | undefined;
let connected: DockerClient | undefined;

/** Fields of a provider come as strings: lists and booleans as their JSON. */
function configOf({ host, sshOpts, disableDockerDaemonCheck }: Properties): Config {
  const options = typeof sshOpts === "string" ? (JSON.parse(sshOpts) as string[]) : [];
  const address = typeof host === "string" ? host : (process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock");
  return { host: address, sshOpts: options, checkDaemon: disableDockerDaemonCheck !== "true" };
}

/** The connection, made when first needed: previews make none. */
async function client(): Promise<DockerClient> {
  if (!config) throw new Error("the provider is not configured: is its host known?");
  connected ??= dockerClient(config.host, config.sshOpts);
  if (config.checkDaemon) {
    await connected.ping().catch((error: Error) => {
      const advice = `please make sure that ${config?.host} is reachable and has a  '_ping' endpoint`;
      throw new Error(`Error pinging Docker server, ${advice}. Error: ${error.message}`);
    });
  }
  return connected;
}

serve({
  name: "docker",
  version: "5.2.0+lab.stand-in",
  resources: { "docker:index/network:Network": dockerNetwork(client) },
  functions: { "docker:index/getNetwork:getNetwork": (args) => getNetwork(client, args) },
  checkConfig: (news) => news,
  diffConfig: (olds, news) => ({ diff: detailedDiff(olds, news), inputDiff: true }),
  configure: (args) => {
    config = configOf(args);
  },
  acceptSecrets: false,
});
