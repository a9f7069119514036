import { readFileSync } from "node:fs";
import { group } from "../validate";
import { areAlike } from "./alike";
import type { ApplianceSpec } from "./spec";

/** So many are kept: a service that is another one on each host comes once. */
const KEPT = 1000;

interface Faultless {
  readonly network: string;
  readonly service: unknown;
  readonly files: ApplianceSpec["files"];
  readonly lanService: string | undefined;
  readonly secrets: string;
}

/**
 * What the appliances of one reading have in common: compose files, and services that many take from one template. Whoever hands one
 * in changes neither meanwhile.
 */
export class Seen {
  private readonly texts = new Map<string, string>();
  private readonly faultless = new Map<unknown, Faultless>();

  /** The text of a file; throws what Node.js throws where it cannot be read. */
  read(path: string): string {
    const known = this.texts.get(path);
    if (known !== undefined) return known;
    const text = readFileSync(path, "utf8");
    this.texts.set(path, text);
    return text;
  }

  /** Whether an appliance like this one, with another name, address and MAC, was found without a fault on that network. */
  has(spec: ApplianceSpec, network: string): boolean {
    const service: unknown = spec.service;
    const { compose, files } = spec;
    const before = this.faultless.get(service ?? compose) ?? this.faultless.get(imageOf(service));
    if (before === undefined || before.lanService !== spec.lanService || before.network !== network) return false;
    if (before.secrets !== secretsOf(spec)) return false;
    return areAlike(before, { service, files });
  }

  /** Keeps that no fault was found, if that holds with any name, address and MAC. */
  keep(spec: ApplianceSpec, network: string, { file }: { readonly file: Record<string, unknown> }): void {
    if (this.faultless.size >= KEPT || !standsAlone(file)) return;
    const service: unknown = spec.service;
    const { files, lanService } = spec;
    const faultless = { network, service, files, lanService, secrets: secretsOf(spec) };
    this.faultless.set(service ?? spec.compose, faultless);
    if (service !== undefined) this.faultless.set(imageOf(service), faultless);
  }
}

/** What services of one template have in common, as a key that no path of a compose file is. */
function imageOf(service: unknown): string {
  return `image ${String(group(service)["image"])}`;
}

function secretsOf({ secrets }: ApplianceSpec): string {
  return Object.keys(secrets ?? {}).join();
}

/** Whether nothing in it says what an appliance is called, or which address and MAC it has. */
function standsAlone({ name, services }: Record<string, unknown>): boolean {
  return (
    name === undefined &&
    Object.values(group(services)).every((service) => {
      const { mac_address, networks = [] } = group(service);
      return mac_address === undefined && Array.isArray(networks);
    })
  );
}
