// Checks and differences of docker:index/network:Network, as the official plugin (5.1) reports them: pure.
import { createHash } from "node:crypto";
import type { Diffed, Failure } from "../rpc/server";
import {
  detailedDiff,
  equal,
  hasUnknown,
  type DetailedDiff,
  type Kind,
  type Properties,
  type Value,
} from "../rpc/values";
import { bare, COMPUTED, FIELDS, items } from "./inspect";

const BOOLEANS = ["attachable", "ingress", "internal", "ipv6"];
const MAPS = ["options", "ipamOptions"];
const SETS = ["ipamConfigs", "labels"];

function failureOf(field: string, value: Value): Failure | undefined {
  const [isList, isMap] = [Array.isArray(value), typeof value === "object" && !Array.isArray(value)];
  if (value === null || hasUnknown(value)) return undefined;
  if (!FIELDS.includes(field)) return { property: field, reason: "is not a field of a docker network" };
  if (BOOLEANS.includes(field)) {
    return typeof value === "boolean" ? undefined : { property: field, reason: "must be a boolean" };
  }
  if (MAPS.includes(field)) return isMap ? undefined : { property: field, reason: "must be a map" };
  if (SETS.includes(field)) return isList ? undefined : { property: field, reason: "must be a list" };
  return typeof value === "string" ? undefined : { property: field, reason: "must be a string" };
}

/** Fills in the defaults and marks them as such; a name that was made up once stays. */
export function check(name: string, olds: Properties, news: Properties): { inputs: Properties; failures: Failure[] } {
  const failures = Object.entries(news).flatMap(([field, value]) => failureOf(field, value) ?? []);
  const inputs: Properties = { ...news };
  for (const field of SETS) {
    if (field in news) inputs[field] = items(news[field]).map((item) => ({ __defaults: [], ...item }));
  }
  const defaults: string[] = [];
  if (news.ipamDriver === undefined) {
    inputs.ipamDriver = "default";
    defaults.push("ipamDriver");
  }
  if (news.name === undefined) {
    const before = Array.isArray(olds.__defaults) && olds.__defaults.includes("name") ? olds.name : undefined;
    const random = createHash("sha256").update(`${name} ${process.hrtime.bigint()} ${process.pid}`).digest("hex");
    inputs.name = before ?? `${name}-${random.slice(0, 7)}`;
    defaults.push("name");
  }
  return { inputs: { ...inputs, __defaults: defaults }, failures };
}

const isEmpty = (value: Value | undefined): boolean =>
  value === undefined ||
  value === null ||
  value === "" ||
  value === false ||
  (typeof value === "object" && Object.keys(value).length === 0);

function setDiff(field: string, old: Value[], now: Value[]): DetailedDiff {
  const [before, after] = [items(old).map(bare), items(now).map(bare)];
  const missing = (from: Value[], other: Value[]): number[] =>
    from.flatMap((item, index) => (other.some((candidate) => equal(candidate, item)) ? [] : [index]));
  const [gone, come] = [missing(before, after), missing(after, before)];
  if (gone.length === 0 && come.length === 0) return {};
  const [lost, found] = [before[gone[0] ?? -1], after[come[0] ?? -1]];
  if (field === "ipamConfigs") {
    const { auxAddress, ...rest } = lost ?? {};
    const onlyAux = gone.length === 1 && come.length === 1 && auxAddress && found && equal(rest, found);
    return onlyAux ? { [`ipamConfigs[${come[0]}].auxAddress`]: "DELETE" } : { ipamConfigs: "UPDATE" };
  }
  if (gone.length === 1 && come.length === 1 && gone[0] === come[0]) {
    return detailedDiff({ [field]: before }, { [field]: after });
  }
  return Object.fromEntries([
    ...gone.map((index) => [`${field}[${index}]`, "DELETE"] as const),
    ...come.map((index) => [`${field}[${index}]`, "ADD"] as const),
  ]);
}

function fieldDiff(field: string, old: Value | undefined, now: Value | undefined): DetailedDiff {
  // What the program leaves out and the daemon fills in is as it should be.
  if (isEmpty(now) && COMPUTED.includes(field) && typeof now !== "boolean") return {};
  if (isEmpty(old) && isEmpty(now)) return {};
  if (now !== undefined && hasUnknown(now)) return { [field]: "UPDATE" };
  if (isEmpty(now) && typeof now !== "boolean") return { [field]: "DELETE" };
  if (isEmpty(old) && typeof old === "object") return { [field]: "ADD" };
  if (Array.isArray(old) && Array.isArray(now)) return setDiff(field, old, now);
  const [before, after] = [old, now].map((value) =>
    typeof value === "object" && value !== null && !Array.isArray(value) ? bare(value) : value,
  );
  return detailedDiff({ [field]: before ?? null }, { [field]: after ?? null });
}

/** Every difference replaces the network, and deletes it first unless its name was made up. */
export function diff(state: Properties, news: Properties): Diffed {
  const changed = FIELDS.map((field) => [field, fieldDiff(field, state[field], news[field])] as const);
  const all = Object.assign({}, ...changed.map(([, found]) => found)) as DetailedDiff;
  const replacing = Object.entries(all).map(([path, kind]) => [path, `${kind}_REPLACE` as Kind]);
  const madeUp = Array.isArray(news.__defaults) && news.__defaults.includes("name");
  return {
    diff: Object.fromEntries(replacing) as DetailedDiff,
    deleteBeforeReplace: replacing.length > 0 && !madeUp,
    stables: changed.filter(([, found]) => Object.keys(found).length === 0).map(([field]) => field),
  };
}
