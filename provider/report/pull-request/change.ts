// What a preview of one host means for whoever runs it: pure.
import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import { decodeConf } from "../../ssh/conf";
import { driftOf } from "./drift";
import { FileDiff, fileDiffs, filesOf } from "./files";
import { Inputs, Preview, Step } from "./preview";

/** The parts of a host, in the order in which it boots. */
export type Stage = "boot" | "link" | "network" | "appliance";

/** What becomes of the containers of an appliance. */
export type Downtime =
  | "starts"
  | "restarts"
  /** Taken down, and brought back when what it stands on is there again. */
  | "replaced"
  | "stops"
  | "none"
  /** Secret values, or what was changed on the host by hand, decide. */
  | "may restart";

/** One value that people know a part by. */
export interface Field {
  readonly label: string;
  readonly before?: string;
  readonly after?: string;
}

/** What would be done to one part of a host. */
export interface Change {
  readonly stage: Stage;
  readonly name: string;
  readonly kind: Exclude<Step["kind"], "same">;
  /** Values that differ; of an appliance also those that stay, so that it is known which one is meant. */
  readonly fields: readonly Field[];
  readonly files: readonly FileDiff[];
  /** Values of secrets differ. */
  readonly secrets: boolean;
  /** What was changed on the host since the last run, as reasons. */
  readonly drift: readonly string[];
  readonly downtime: Downtime;
  /** Its volumes go with it. */
  readonly deletesVolumes: boolean;
}

/** What a preview would do to one host. */
export interface HostChange {
  readonly changes: readonly Change[];
  /** How many appliances there are after it. */
  readonly appliances: number;
  /** dockerd is restarted, with every container of the host, also those of others. */
  readonly dockerd: boolean;
}

const STAGES: readonly { readonly stage: Stage; readonly type: RegExp }[] = [
  { stage: "boot", type: /BootShim\$command:local:Command$/ },
  { stage: "link", type: /HostInterface\$command:local:Command$/ },
  { stage: "network", type: /docker:index\/network:Network$/ },
  { stage: "appliance", type: /Appliance\$command:local:Command$/ },
];

/** Reads a preview of a stack that has one host. */
export function hostChange({ steps }: Preview): HostChange {
  const known = steps.flatMap((step) => {
    // The types of a resource and of the components around it: urn:pulumi:STACK::PROJECT::TYPES::NAME.
    const types = step.urn.split("::")[2] ?? "";
    const found = STAGES.find(({ type }) => type.test(types));
    return found ? [{ step, stage: found.stage }] : [];
  });
  const order = (stage: Stage): number => STAGES.findIndex((each) => each.stage === stage);
  const changes = known
    .flatMap(({ step, stage }) => (step.kind === "same" ? [] : [changeOf(stage, step, step.kind)]))
    .sort((a, b) => order(a.stage) - order(b.stage) || (a.name < b.name ? -1 : 1));
  return {
    changes,
    appliances: known.filter(({ stage, step }) => stage === "appliance" && step.kind !== "delete").length,
    dockerd: changes.some(({ drift }) => drift.some((reason) => /\bdockerd is restarted\b/.test(reason))),
  };
}

function changeOf(stage: Stage, step: Step, kind: Change["kind"]): Change {
  const drift = driftOf(step);
  const secrets = kind === "update" && step.paths.some((path) => path.split(/[.[]/)[0] === "stdin");
  return {
    ...{ stage, name: nameOf(stage, step), kind, drift, secrets },
    fields: fieldsOf(stage, step),
    files: kind === "delete" ? [] : fileDiffs(step),
    downtime: stage === "appliance" ? downtimeOf(step, kind, secrets || drift.length > 0) : "none",
    deletesVolumes: kind === "delete" && confIn(step.old, "appliance.conf").get("DELETE_VOLUMES") === "1",
  };
}

function confIn(inputs: Inputs | undefined, file: string): Map<string, string> {
  return decodeConf(filesOf(inputs).get(file) ?? "");
}

function nameOf(stage: Stage, { name, old, new: after }: Step): string {
  const inputs = after ?? old;
  if (stage === "boot") return "boot shim";
  if (stage === "network") return typeof inputs?.["name"] === "string" ? inputs["name"] : name;
  return confIn(inputs, stage === "link" ? "link.conf" : "appliance.conf").get("NAME") ?? name;
}

function fieldsOf(stage: Stage, { old, new: after }: Step): Field[] {
  const [before, now] = [old, after].map((inputs) => (inputs ? valuesOf(stage, inputs) : new Map<string, string>()));
  return [...new Set([...now!.keys(), ...before!.keys()])]
    .map((label) => ({ label, before: before!.get(label), after: now!.get(label) }))
    .filter((field) => {
      if (stage === "appliance" && PINS.has(field.label)) return true;
      return field.before !== field.after && (stage !== "appliance" || after !== undefined);
    });
}

function valuesOf(stage: Stage, inputs: Inputs): Map<string, string> {
  const pick = (conf: Map<string, string>, keys: Record<string, string>): Map<string, string> =>
    new Map(Object.entries(keys).flatMap(([key, label]) => (conf.has(key) ? [[label, conf.get(key)!]] : [])));
  if (stage === "appliance")
    return new Map([
      ...pick(confIn(inputs, "appliance.conf"), { IP: "IP", IP6: "IPv6", MAC: "MAC" }),
      ...imagesOf(inputs),
    ]);
  if (stage === "link") {
    return pick(confIn(inputs, "link.conf"), {
      ...{ NIC_NAME: "NIC", NIC_MAC: "NIC", NIC_PATH: "NIC", DRIVER: "driver", MAC: "MAC", MODE: "mode" },
      ...{ REACH: "reach", INBOUND: "inbound", RANGE: "range", ADDRESS: "address", ROUTES: "routes" },
    });
  }
  if (stage === "boot") return new Map();
  return networkValues(inputs);
}

/** Of an appliance these are told also where they stay. */
const PINS = new Set(["IP", "IPv6", "MAC"]);

/** Images by service; twelve digits of a digest are as good as all of them, and leave the table its width. */
function imagesOf(inputs: Inputs): [string, string][] {
  const services = Object.entries(servicesIn(filesOf(inputs).get("compose.yaml") ?? ""));
  return services.flatMap(([name, service]): [string, string][] => {
    const image = (service as { image?: unknown } | null)?.image;
    if (typeof image !== "string") return [];
    const label = services.length === 1 ? "image" : `image of ${name}`;
    return [[label, image.replace(/(@sha256:[0-9a-f]{12})[0-9a-f]+$/, "$1…")]];
  });
}

function servicesIn(compose: string): object {
  try {
    const services = (parse(compose) as { services?: unknown } | null)?.services;
    return typeof services === "object" && services !== null ? services : {};
  } catch {
    return {};
  }
}

function networkValues(inputs: Inputs): Map<string, string> {
  const blocks = (inputs["ipamConfigs"] ?? []) as Record<string, unknown>[];
  const block6 = blocks.find((each) => String(each["subnet"]).includes(":"));
  const block = blocks.find((each) => each !== block6) ?? {};
  const { parent, macvlan_mode, ipvlan_mode } = (inputs["options"] ?? {}) as Record<string, unknown>;
  const { subnet, gateway, ipRange, auxAddress } = block;
  const aux = Object.entries((auxAddress ?? {}) as Record<string, unknown>).map(([key, ip]) => `${key} ${String(ip)}`);
  const values = { driver: inputs["driver"], mode: macvlan_mode ?? ipvlan_mode, parent, subnet, gateway };
  const given = Object.entries({
    ...values,
    subnet6: block6?.["subnet"],
    gateway6: block6?.["gateway"],
    "range for others": ipRange === `${String(gateway)}/32` ? "none" : ipRange,
    reserved: aux.join(", "),
  });
  return new Map(given.flatMap(([key, value]) => (typeof value === "string" && value !== "" ? [[key, value]] : [])));
}

/** Compose makes a container anew when its definition differs, which comments and our own settings are no part of. */
function downtimeOf(step: Step, kind: Change["kind"], hidden: boolean): Downtime {
  if (kind === "create") return "starts";
  if (kind === "delete") return "stops";
  if (kind === "replace") return "replaced";
  const [before, now] = [filesOf(step.old), filesOf(step.new)];
  const differs = ["compose.yaml", "pins.yaml"].some((name) => !sameYaml(before.get(name), now.get(name)));
  if (differs) return "restarts";
  return hidden ? "may restart" : "none";
}

function sameYaml(a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true;
  try {
    return a !== undefined && b !== undefined && isDeepStrictEqual(parse(a), parse(b));
  } catch {
    return false;
  }
}
