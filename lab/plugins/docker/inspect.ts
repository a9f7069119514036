// Between the Docker API's networks and the properties of docker:index/network:Network: pure.
import { equal, type Properties, type Value } from "../rpc/values";

/** What GET /networks/ID answers, as far as it is used here. */
export interface Inspected {
  Id: string;
  Name: string;
  Driver: string;
  Scope: string;
  EnableIPv6: boolean;
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  Labels: Record<string, string> | null;
  Options: Record<string, string> | null;
  IPAM: {
    Driver: string;
    Options: Record<string, string> | null;
    Config:
      | {
          Subnet?: string;
          IPRange?: string;
          Gateway?: string;
          AuxiliaryAddresses?: Record<string, string> | null;
        }[]
      | null;
  };
  Containers?: Record<string, Record<string, string>> | null;
}

export const FIELDS = [
  ...["attachable", "driver", "ingress", "internal", "ipamConfigs", "ipamDriver"],
  ...["ipamOptions", "ipv6", "labels", "name", "options"],
];

/** Fields that the daemon fills in where the program leaves them out. */
export const COMPUTED = ["driver", "options", "internal", "ipamConfigs"];

type Item = { [key: string]: Value };

export const items = (value: Value | undefined): Item[] => (Array.isArray(value) ? (value as Item[]) : []);

/** An element of a set without the engine's marks and without what is empty, which is the same as absent. */
export function bare(item: Item): Item {
  const kept = Object.entries(item).filter(([key, value]) => {
    const empty = value === null || value === "" || (typeof value === "object" && Object.keys(value).length === 0);
    return key !== "__defaults" && !empty;
  });
  return Object.fromEntries(
    kept.map(([key, value]) => [key, typeof value === "object" && !Array.isArray(value) ? bare(value as Item) : value]),
  );
}

/** The elements of `found` in the order in which `wanted` names them; sets have none of their own. */
function ordered(found: Item[], wanted: Item[]): Item[] {
  const rank = (item: Item): number => {
    const at = wanted.findIndex((other) => equal(bare(item), bare(other)));
    return at < 0 ? wanted.length : at;
  };
  return [...found].sort((one, other) => rank(one) - rank(other));
}

/** The state of a network; `inputs` only gives the order of its sets. */
export function stateOf(found: Inspected, inputs: Properties): Properties {
  const blocks = (found.IPAM.Config ?? []).map((block) => ({
    auxAddress: block.AuxiliaryAddresses ?? {},
    gateway: block.Gateway ?? "",
    ipRange: block.IPRange ?? "",
    subnet: block.Subnet ?? "",
  }));
  const labels = Object.entries(found.Labels ?? {}).map(([label, value]) => ({ label, value }));
  return {
    attachable: found.Attachable,
    driver: found.Driver,
    id: found.Id,
    ingress: found.Ingress,
    internal: found.Internal,
    ipamConfigs: ordered(blocks, items(inputs.ipamConfigs)),
    ipamDriver: found.IPAM.Driver,
    ipamOptions: found.IPAM.Options ?? {},
    ipv6: found.EnableIPv6,
    labels: ordered(labels, items(inputs.labels)),
    name: found.Name,
    options: found.Options ?? {},
    scope: found.Scope,
  };
}

/** The body of POST /networks/create. */
export function createBody(inputs: Properties): object {
  const blocks = items(inputs.ipamConfigs).map(({ subnet, ipRange, gateway, auxAddress }) =>
    bare({
      Subnet: subnet ?? "",
      IPRange: ipRange ?? "",
      Gateway: gateway ?? "",
      AuxiliaryAddresses: bare((auxAddress ?? {}) as Item),
    }),
  );
  const labels = items(inputs.labels).map(({ label, value }) => [label, value] as [string, Value]);
  return {
    Name: inputs.name,
    Driver: inputs.driver ?? "",
    Internal: inputs.internal ?? false,
    Attachable: inputs.attachable ?? false,
    Ingress: inputs.ingress ?? false,
    ...(inputs.ipv6 ? { EnableIPv6: true } : {}),
    Options: inputs.options ?? {},
    Labels: Object.fromEntries(labels),
    IPAM: {
      Driver: inputs.ipamDriver ?? "default",
      ...(inputs.ipamOptions ? { Options: inputs.ipamOptions } : {}),
      ...(blocks.length > 0 ? { Config: blocks } : {}),
    },
  };
}

/** Elements of sets carry the engine's mark of which of their fields are defaults: none here. */
const marked = (list: Value | undefined): Value => items(list).map((item) => ({ __defaults: [], ...item }));

/** The inputs that would make the network as it is: what an import takes for the program's. */
export function importedInputs(state: Properties): Properties {
  const inputs: Properties = { __defaults: [], name: state.name ?? "", driver: state.driver ?? "" };
  const marks = (value: Value): Value => ({ __defaults: [], ...(value as Item) });
  for (const key of ["options", "ipamOptions"]) {
    if (Object.keys(state[key] ?? {}).length > 0) inputs[key] = marks(state[key] as Value);
  }
  for (const key of ["attachable", "ingress", "internal", "ipv6"]) if (state[key]) inputs[key] = true;
  if (state.ipamDriver !== "default") inputs.ipamDriver = state.ipamDriver ?? "";
  const blocks = items(state.ipamConfigs).map((block) => {
    const kept = bare(block);
    return { __defaults: [], ...kept, ...(kept.auxAddress ? { auxAddress: marks(kept.auxAddress) } : {}) };
  });
  if (blocks.length > 0) inputs.ipamConfigs = blocks;
  if (items(state.labels).length > 0) inputs.labels = marked(state.labels);
  return inputs;
}

/** The inputs after a refresh: the same fields as before, with the values that were found. */
export function refreshedInputs(inputs: Properties, state: Properties): Properties {
  const entries = Object.entries(inputs).map(([key, value]): [string, Value] => {
    if (key.startsWith("__") || !(key in state)) return [key, value];
    const found = state[key] as Value;
    return [key, key === "ipamConfigs" || key === "labels" ? items(found).map(bare) : found];
  });
  return Object.fromEntries(entries);
}

/** What the state looks like before the daemon has answered; undefined stands for what only it can say. */
export function plannedState(inputs: Properties, unknown: Value): Properties {
  const planned = FIELDS.map((field): [string, Value] => {
    const value = inputs[field];
    if (value === undefined) return [field, COMPUTED.includes(field) ? unknown : null];
    return [field, Array.isArray(value) ? items(value).map(({ __defaults: _, ...item }) => item) : value];
  });
  return { ...Object.fromEntries(planned), id: unknown, scope: unknown };
}

/** The result of docker:index/getNetwork:getNetwork. */
export function lookedUp(found: Inspected): Properties {
  const { driver, id, internal, ipamConfigs, name, options, scope } = stateOf(found, {}) as Required<Properties>;
  const containers = Object.entries(found.Containers ?? {})
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([containerId, endpoint]) => ({
      containerId,
      endpointId: endpoint.EndpointID ?? "",
      ipv4Address: endpoint.IPv4Address ?? "",
      ipv6Address: endpoint.IPv6Address ?? "",
      macAddress: endpoint.MacAddress ?? "",
      name: endpoint.Name ?? "",
    }));
  const known = { driver, id, internal, ipamConfigs, name, options, scope } as Properties;
  return { ...known, containers };
}
