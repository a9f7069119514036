import { HostFacts } from "../observe";
import { differences, observedNetwork, seesNetworks } from "./observed";
import type { ResolvedNetwork } from "./resolve";

/** What of the Docker network is not as it is to be. A ghost is as it is to be: what is wrong with it is Docker's start. */
export function networkDrift(facts: HostFacts, spec: ResolvedNetwork): string[] {
  if (!seesNetworks(facts)) return [];
  const observed = observedNetwork(facts, spec.name);
  if (observed === undefined) return [`network ${spec.name} is missing on this host`];
  const different = differences(observed, spec);
  return different.length === 0 ? [] : [`network ${spec.name} is another one (${different.join(", ")})`];
}
