import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { readArgs, repairText, typeToken } from "../component";
import { below, formatProblem, refuse } from "../errors";
import { enforce, factsOf, findAll, NetworkFact } from "../observe";
import { dockerHost, sshOptions } from "../ssh";
import { networkDrift } from "./drift";
import { differences, equalsSpec, observedNetwork } from "./observed";
import { optionsOf } from "./options";
import { macvlanNetworkRules, NETWORK_LABEL } from "./preflight";
import { ResolvedNetwork, resolveNetwork } from "./resolve";
import { macvlanNetworkSchema } from "./schema";
import type { MacvlanNetworkArgs } from "./spec";
import { stackHasNetwork } from "./state";

/** On a network that was made because there was none: when and why. */
const REPAIR_LABEL = "pulumi-macvlan.repair";

/** The ssh destination that a network was made through. Another one in the specification means that it is to be replaced. */
const SSH_LABEL = "pulumi-macvlan.ssh";

/**
 * Stage 2: the Docker network on the parent link, macvlan or ipvlan. Needs a HostInterface on the host. One docker.Network, and the
 * provider that reaches the host's Docker through the same ssh as everything else.
 */
export class MacvlanNetwork extends pulumi.ComponentResource {
  /** Docker's id of the network, another one after each replacement: what an Appliance takes as its networkId. */
  public readonly networkId: pulumi.Output<string>;
  /** Docker's name of the network. */
  public readonly name: pulumi.Output<string>;

  constructor(name: string, args: MacvlanNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    const { ssh, parent, overrides, ...spec } = readArgs(name, macvlanNetworkSchema, args);
    const { network, problems } = resolveNetwork(spec, parent ?? "lan0");
    refuse(below([name], problems));
    const facts = factsOf(ssh, [name]);
    if (facts)
      enforce(findAll(macvlanNetworkRules, facts, network), [name], { facts, overrides, parent: opts?.parent });
    super(typeToken("MacvlanNetwork"), name, args, opts);

    // The destination is in the name: the provider under another address is another one, and the old network is deleted
    // through the old. A provider whose host changes would keep its resources and take them for those of the new host.
    const provider = new docker.Provider(
      `${name}-${ssh.destination}`,
      { host: dockerHost(ssh), sshOpts: sshOptions(ssh), disableDockerDaemonCheck: true },
      { parent: this },
    );
    const observed = facts && observedNetwork(facts, network.name);
    // A network has no other input that Docker takes any text for. One that is there and differs needs none: Docker changes no
    // network, so that its options are those of the state, and it is the specification that went on.
    const why = facts && observed === undefined ? repairText(facts, networkDrift(facts, network)) : undefined;
    const through = observed?.labels[SSH_LABEL];
    const moved = through !== undefined && through !== ssh.destination;
    const { ipv6 } = network;
    const lan = new docker.Network(
      `${name}-network`,
      {
        name: observed && !equalsSpec(observed, network) ? replaceable(name, observed, network) : network.name,
        driver: network.driver,
        options: optionsOf(network),
        ipamConfigs: [
          {
            subnet: network.subnet,
            gateway: network.gateway,
            ipRange: network.ipRange,
            ...(Object.keys(network.auxAddresses).length === 0 ? {} : { auxAddress: network.auxAddresses }),
          },
          ...(ipv6 === undefined ? [] : [{ subnet: ipv6.subnet, gateway: ipv6.gateway, ipRange: ipv6.ipRange }]),
        ],
        ...(ipv6 === undefined ? {} : { ipv6: true }),
        labels: [
          { label: NETWORK_LABEL, value: "true" },
          { label: SSH_LABEL, value: ssh.destination },
          ...(why === undefined ? [] : [{ label: REPAIR_LABEL, value: why }]),
        ],
      },
      {
        parent: this,
        dependsOn: opts?.dependsOn ?? [],
        provider,
        deleteBeforeReplace: true,
        replacementTrigger: ssh.destination,
        // Takes a network over that the state lost (a refresh with the host unreachable drops it) and costs nothing when the
        // state has it; with anything to replace the engine would refuse it.
        ...(observed && equalsSpec(observed, network) && !moved ? { import: observed.id } : {}),
        ...(why === undefined && !moved ? { ignoreChanges: ["labels"] } : {}),
      },
    );
    this.networkId = lan.id;
    this.name = pulumi.output(network.name);
    this.registerOutputs({ networkId: this.networkId, name: this.name });
  }
}

/**
 * The name of a network on the host that differs from the specification. It is an error of the run if its state does not have
 * that network (a refresh with the host unreachable drops it): the engine would only find it in the way. Told and not thrown,
 * since a resource whose inputs fail keeps a program of the Automation API waiting for ever.
 */
async function replaceable(component: string, observed: NetworkFact, network: ResolvedNetwork): Promise<string> {
  if ((await stackHasNetwork(observed.id)) === false) {
    const message =
      `the network ${network.name} on this host is not the one that this stack has in its state, ` +
      `and differs from the specification (${differences(observed, network).join(", ")})`;
    const remedy =
      "specify it as it is and run an update, which takes it over, then change it; or remove its containers and then it: " +
      `docker network rm ${network.name}`;
    await pulumi.log.error(formatProblem({ path: [component, "name"], message, remedy }));
  }
  return network.name;
}
