import { nearest, Path } from "../errors";
import { parseMac } from "../address";
import { NetworkDriver } from "../host-interface";
import { group, list } from "../validate";
import { SERVICE_KEYS, TOP_LEVEL_KEYS } from "./keys";
import { checkFiles } from "./check-files";
import { checkNetworks } from "./check-networks";
import { ComposeContext, ComposeProblem, networksOf } from "./model";
import { checkVariables } from "./check-variables";
import { variablesIn } from "./variables";

/** Everything in a compose file that cannot work for an appliance. Compose itself checks the rest on the host, before anything is touched. */
export function checkCompose(file: Record<string, unknown>, context: ComposeContext): ComposeProblem[] {
  const services = Object.entries(group(file["services"]));
  return [
    ...topLevel(file, context),
    ...services.flatMap(([name, service]) => [
      ...anyService(name, group(service), context),
      ...(name === context.lanService
        ? lanService(name, group(service), context)
        : otherService(name, group(service), context)),
    ]),
    ...checkNetworks(file, context),
    ...checkFiles(file, context),
    ...checkVariables(file, context),
  ];
}

function topLevel(file: Record<string, unknown>, { place }: ComposeContext): ComposeProblem[] {
  const problems: ComposeProblem[] = [];
  for (const key of Object.keys(file)) {
    if (key.startsWith("x-") || TOP_LEVEL_KEYS.includes(key)) continue;
    if (key === "include") {
      problems.push({
        path: [key],
        message: "would need files that are not on the host",
        remedy: "put what they say into this file (docker compose config shows the whole)",
      });
      continue;
    }
    const near = nearest(key, TOP_LEVEL_KEYS);
    const remedy = near === undefined ? `known: ${TOP_LEVEL_KEYS.join(", ")}` : `did you mean ${near}?`;
    problems.push({ path: [key], message: "is not a part of a compose file", remedy });
  }
  if (place && file["name"] !== undefined && file["name"] !== place.name)
    problems.push({
      path: ["name"],
      message: `the project is called like the appliance, ${place.name}`,
      remedy: "leave name out",
    });
  return problems;
}

function anyService(name: string, service: Record<string, unknown>, context: ComposeContext): ComposeProblem[] {
  const at = (...keys: (string | number)[]): Path => ["services", name, ...keys];
  const problems: ComposeProblem[] = [];
  for (const key of Object.keys(service)) {
    const near = SERVICE_KEYS.includes(key) || key.startsWith("x-") ? undefined : nearest(key, SERVICE_KEYS);
    if (near !== undefined)
      problems.push({ path: at(key), message: "is not known to Compose", remedy: `did you mean ${near}?` });
  }
  if (service["build"] !== undefined)
    problems.push({
      path: at("build"),
      message: "nothing is built on the host",
      remedy: "push the image to a registry and name it as image",
    });
  else if (typeof service["image"] !== "string" || service["image"] === "")
    problems.push({ path: at(), message: "has no image", remedy: "add image, best with a digest: name@sha256:…" });
  const source = service["extends"];
  if (group(source)["file"] !== undefined)
    problems.push({
      path: at("extends"),
      message: `extends a service of another file, which is not on the host`,
      remedy: "write the service out here",
    });
  const container = service["container_name"];
  if (
    typeof container === "string" &&
    !/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(container) &&
    variablesIn(container).length === 0
  )
    problems.push({
      path: at("container_name"),
      message: `${JSON.stringify(container)} cannot be the name of a container`,
      remedy: "use two or more letters, digits, _, . and -",
    });
  for (const label of Array.isArray(service["labels"]) ? service["labels"] : Object.keys(group(service["labels"])))
    if (String(label).startsWith("pulumi-macvlan."))
      problems.push({
        path: at("labels"),
        message: `${String(label).split("=")[0]} is a label of this package`,
        remedy: "choose another name",
      });
  if (context.place && service["network_mode"] === context.place.network)
    problems.push({
      path: at("network_mode"),
      message: `would put the service on the LAN without a fixed address`,
      remedy: "leave it out, or make the service an appliance of its own",
    });
  return problems;
}

function lanService(
  name: string,
  service: Record<string, unknown>,
  { ip, ip6, mac, place }: ComposeContext,
): ComposeProblem[] {
  const at = (...keys: (string | number)[]): Path => ["services", name, ...keys];
  const problems: ComposeProblem[] = [];
  if (list(service["ports"]).length > 0)
    problems.push({
      path: at("ports"),
      message: `has no effect: every port of this service is on the LAN at ${ip ?? "its own address"}`,
      remedy: "leave ports out",
    });
  if (service["network_mode"] !== undefined)
    problems.push({
      path: at("network_mode"),
      message: "takes the service off the LAN",
      remedy: "leave it out, or name another service with lanService",
    });
  if (list(service["links"]).length > 0 || list(service["external_links"]).length > 0)
    problems.push({
      path: at(service["links"] === undefined ? "external_links" : "links"),
      message: "links are of Docker's own bridge",
      remedy: "leave them out: services of one file find each other by name",
    });
  const ownMac = service["mac_address"];
  const shared = place?.driver === NetworkDriver.Ipvlan;
  const macFault = shared
    ? { message: `on network ${place.network}, an ipvlan one, it has the MAC of the NIC`, remedy: "leave it out" }
    : {
        message: `the MAC of this service is ${mac}`,
        remedy: "leave it out, and give the one that you want as mac of the appliance",
      };
  const isOther = (given: unknown) => given !== undefined && (shared || !sameMac(given, mac));
  if (isOther(ownMac)) problems.push({ path: at("mac_address"), ...macFault });
  const replicas = [["scale", service["scale"]] as const, ["deploy", group(service["deploy"])["replicas"]] as const];
  for (const [key, count] of replicas)
    if (count !== undefined && Number(count) !== 1)
      problems.push({
        path: key === "scale" ? at("scale") : at("deploy", "replicas"),
        message: `${Number(count)} containers cannot have one address`,
        remedy: "make more appliances, each with its own ip",
      });
  if (group(service["deploy"])["mode"] === "global")
    problems.push({ path: at("deploy", "mode"), message: "is for a swarm", remedy: "leave it out" });
  if (list(service["profiles"]).length > 0)
    problems.push({
      path: at("profiles"),
      message: "the service on the LAN would only start with its profile",
      remedy: "leave profiles out",
    });
  for (const [key, endpoint] of Object.entries(networksOf(service) ?? {})) {
    if (place && key !== place.network) continue;
    if (place && ip !== undefined && ![undefined, ip].includes(endpoint["ipv4_address"] as string | undefined))
      problems.push({
        path: at("networks", key, "ipv4_address"),
        message: `the address of this service is ${ip}`,
        remedy: "leave it out, and give the one that you want as ip of the appliance",
      });
    if (place && ![undefined, ip6].includes(endpoint["ipv6_address"] as string | undefined))
      problems.push({
        path: at("networks", key, "ipv6_address"),
        message: `the IPv6 address of this service is ${ip6 ?? "that of the appliance"}`,
        remedy: "leave it out, and give the one that you want as ip6 of the appliance",
      });
    if (place && isOther(endpoint["mac_address"]))
      problems.push({ path: at("networks", key, "mac_address"), ...macFault });
  }
  return problems;
}

function otherService(
  name: string,
  service: Record<string, unknown>,
  { place, lanService: lan }: ComposeContext,
): ComposeProblem[] {
  if (!place || !(place.network in (networksOf(service) ?? {}))) return [];
  return [
    {
      path: ["services", name, "networks", place.network],
      message: `one service of an appliance is on the LAN, and that is ${lan}`,
      remedy: `reach it from ${lan} by name, or make it an appliance of its own`,
    },
  ];
}

function sameMac(value: unknown, mac: string | undefined): boolean {
  if (mac === undefined) return true;
  const parsed = parseMac(String(value));
  return !parsed.fault && parsed.value === mac;
}
