// What the fields of an appliance get wrong together, and in its place.
import { isMulticast, isUniversal, macFault } from "../address";
import { Problem } from "../errors";
import { NetworkDriver } from "../host-interface";
import { Definition, ReadDefinition, readDefinition } from "./definition";
import type { Seen } from "./seen";
import { ApplianceSpec, macOf } from "./spec";

/** They travel in one environment variable, of which Linux takes 128 KiB (MAX_ARG_STRLEN); the rest is for what is added. */
const MAX_FILES = 112 * 1024;

/** The network that an appliance is on, as far as that decides on what it may be. */
export interface PlaceOnLan {
  readonly network: string;
  /** Default macvlan. */
  readonly driver?: NetworkDriver;
}

/** What is wrong with an appliance as a part of a host, given its name and the network; paths below the appliance. */
export function placedProblems(name: string, on: PlaceOnLan, spec: ApplianceSpec): Problem[] {
  return problemsOf(spec, { name, ...on });
}

/**
 * Whether nothing is wrong with an appliance of which each field is right, neither by itself nor in its place, as one look can tell.
 * False may also be for what only two looks tell: a service or a network of another name. `seen` has what others were found to be.
 */
export function isRight(name: string, on: PlaceOnLan, spec: ApplianceSpec, seen: Seen): boolean {
  if (spec.compose === undefined && spec.lanService !== undefined) return false;
  const place = { name, ...on };
  if (seen.has(spec, on.network)) return macProblems(spec, place).length === 0;
  const { problems, definition } = lookAt(spec, place, seen);
  if (problems.length > 0 || definition === undefined || definition.file["networks"] !== undefined) return false;
  // With room for another name.
  if (sizeOf(spec.files ?? {}) + definition.atMost < MAX_FILES / 2) seen.keep(spec, on.network, definition);
  return true;
}

/** All that the fields together get wrong; a field that is wrong by itself is left out. */
export function problemsOf(spec: Partial<ApplianceSpec>, place?: Place): Problem[] {
  return lookAt(spec, place).problems;
}

export interface Place extends PlaceOnLan {
  readonly name: string;
}

function lookAt(spec: Partial<ApplianceSpec>, place?: Place, seen?: Seen): ReadDefinition {
  const { definition, problems } = readDefinition(
    spec,
    { ip: spec.ip, ip6: spec.ip6, mac: macOf(spec, place), place },
    seen,
  );
  return {
    definition,
    problems: [...macProblems(spec, place), ...problems, ...tooLarge(spec.files ?? {}, definition)],
  };
}

function macProblems(spec: Partial<ApplianceSpec>, place?: Place): Problem[] {
  if (place?.driver === NetworkDriver.Ipvlan && spec.mac !== undefined) {
    const message = `on network ${place.network}, an ipvlan one, every appliance has the MAC of the NIC`;
    return [{ path: ["mac"], message, remedy: "leave it out, or use network.driver: macvlan" }];
  }
  const mac = macOf(spec, place);
  const fault = mac === undefined ? undefined : macFault(mac, spec.universalMac);
  if (mac === undefined || fault === undefined) return [];
  const allowed = isUniversal(mac) && !isMulticast(mac);
  return [
    { path: ["mac"], ...fault, remedy: allowed ? `${fault.remedy}; universalMac: true allows it` : fault.remedy },
  ];
}

function sizeOf(files: Readonly<Record<string, string>>): number {
  const bytes = Object.entries(files).map(([path, content]) => Buffer.byteLength(path) + Buffer.byteLength(content));
  return bytes.reduce((sum, each) => sum + each, 0);
}

function tooLarge(files: Readonly<Record<string, string>>, definition: Definition | undefined): Problem[] {
  const delivered = sizeOf(files);
  // An inline service need not be written out to see that it is small.
  if (delivered + (definition?.atMost ?? 0) <= MAX_FILES) return [];
  const size = delivered + Buffer.byteLength(definition?.text ?? "");
  if (size <= MAX_FILES) return [];
  return [
    {
      path: ["files"],
      message: `the compose file and the files have ${Math.ceil(size / 1024)} KiB together`,
      remedy: `at most ${MAX_FILES / 1024}: put what is large into the image`,
    },
  ];
}
