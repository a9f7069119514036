import { formatIpv6, parseIpv4, parseMac, readCidr6 } from "../address";
import { parseCompose } from "../appliance/compose-file";
import { NetworkDriver } from "../host-interface";
import { decodeConf, decodeFrames } from "../ssh";
import { group, list } from "../validate";

/** A resource as a policy pack is shown it. */
export interface StackResource {
  readonly type: string;
  readonly urn: string;
  readonly name: string;
  /** Reading a value that is not known before the update throws. */
  readonly props: Readonly<Record<string, unknown>>;
}

/** Something with an address on a LAN. */
export interface Member {
  readonly urn: string;
  /** "appliance dns", "container web". */
  readonly title: string;
  readonly network: string;
  /** Undefined where nobody fixed it, or where it is not known yet. */
  readonly ip?: string;
  readonly ip6?: string;
  readonly mac?: string;
  /** Whether it is to be found fault with for what is undefined. */
  readonly pinned: { readonly ip: boolean; readonly mac: boolean };
}

/** What runs in a container. */
export interface Service {
  readonly urn: string;
  readonly title: string;
  readonly image: string;
  readonly healthCheck: "given" | "none" | "disabled";
}

export interface LanStack {
  readonly members: readonly Member[];
  readonly services: readonly Service[];
}

/** What of a stack is on LANs: our appliances, and containers of the docker provider on macvlan and ipvlan networks. */
export function lanStackOf(resources: readonly StackResource[]): LanStack {
  const networks = new Map(resources.flatMap(lanNetwork));
  // Resources come as they were registered, which differs from run to run.
  const sorted = [...resources].sort((a, b) => (a.urn < b.urn ? -1 : 1));
  const parts = sorted.map((resource) => appliance(resource) ?? container(resource, networks));
  return {
    members: parts.flatMap((part) => part?.members ?? []),
    services: parts.flatMap((part) => part?.services ?? []),
  };
}

/** A property; undefined where it is not known before the update. */
function known(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Name and driver of a network on a LAN. */
function lanNetwork({ type, props }: StackResource): [string, NetworkDriver][] {
  if (type !== "docker:index/network:Network") return [];
  const driver = Object.values(NetworkDriver).find((each) => each === known(() => props["driver"]));
  const name = known(() => props["name"]);
  return driver !== undefined && typeof name === "string" ? [[name, driver]] : [];
}

/** Our Command with the texts that an appliance is made of. */
function appliance({ type, urn, props }: StackResource): LanStack | undefined {
  if (type !== "command:local:Command") return undefined;
  const text = known(() => group(props["environment"])["FILES"]);
  if (typeof text !== "string") return undefined;
  const files = decodeFrames(text);
  const [conf, compose] = [files.get("appliance.conf"), files.get("compose.yaml")];
  if (conf === undefined || compose === undefined) return undefined;
  const values = decodeConf(conf);
  const title = `appliance ${values.get("NAME")}`;
  const [ip, ip6, mac] = ["IP", "IP6", "MAC"].map((key) => values.get(key));
  const member = { urn, title, network: values.get("NETWORK") ?? "", ip, ip6, mac };
  const services = Object.entries(group(group(parseCompose(compose).file)["services"]));
  return {
    members: [{ ...member, pinned: { ip: true, mac: true } }],
    services: services.map(([name, service]) => ({
      urn,
      title: services.length === 1 ? title : `service ${name} of ${title}`,
      image: textOf(group(service)["image"]) ?? "",
      healthCheck: healthOf(group(service)["healthcheck"]),
    })),
  };
}

function container(
  { type, urn, name, props }: StackResource,
  networks: ReadonlyMap<string, NetworkDriver>,
): LanStack | undefined {
  if (type !== "docker:index/container:Container") return undefined;
  const joined = list(known(() => props["networksAdvanced"])).map(group);
  const members = joined.flatMap((endpoint): Member[] => {
    const network = known(() => endpoint["name"]);
    if (typeof network !== "string" || !networks.has(network)) return [];
    const [ip, mac] = [
      unread(() => endpoint["ipv4Address"]),
      unread(() => endpoint["macAddress"] ?? props["macAddress"]),
    ];
    const ip6 = unread(() => endpoint["ipv6Address"]) || undefined;
    // On ipvlan there is no other than the NIC's.
    const pinned = { ip: ip !== "", mac: mac !== "" || networks.get(network) === NetworkDriver.Ipvlan };
    return [{ urn, title: `container ${name}`, network, ip: ip || undefined, ip6, mac: mac || undefined, pinned }];
  });
  if (members.length === 0) return undefined;
  const image = textOf(known(() => props["image"]));
  const health = known(() => group(props["healthcheck"])["tests"]);
  const service: Service = { urn, title: `container ${name}`, image: image ?? "", healthCheck: testsOf(list(health)) };
  return { members, services: image === undefined ? [] : [service] };
}

/** The text, "" for none, undefined for one that is not known yet. */
function unread(read: () => unknown): string | undefined {
  try {
    return textOf(read()) ?? "";
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function healthOf(check: unknown): Service["healthCheck"] {
  if (check === undefined || check === null) return "none";
  return group(check)["disable"] === true ? "disabled" : testsOf(list(group(check)["test"]));
}

function testsOf(test: readonly unknown[]): Service["healthCheck"] {
  if (test.length === 0) return "none";
  return test[0] === "NONE" ? "disabled" : "given";
}

/** The same address however it is written. */
export function canonical({ ip, ip6, mac }: Member): { ip?: string; ip6?: string; mac?: string } {
  // The docker provider takes a prefix length too.
  const [address, address6] = [ip, ip6].map((each) => each?.replace(/\/.*$/, ""));
  const found6 = address6 === undefined ? undefined : readCidr6(`${address6}/128`);
  return {
    ip: address === undefined || parseIpv4(address).fault ? undefined : address,
    ip6: found6 && formatIpv6(found6.first),
    mac: mac === undefined ? undefined : parseMac(mac).value,
  };
}
