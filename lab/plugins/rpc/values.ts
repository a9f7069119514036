// Property values as the engine's protocol carries them in a protobuf Struct: plain JSON with marks for what is secret
// and what is not known yet (github.com/pulumi/pulumi, sdk/go/common/resource/properties.go).

export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };
export type Properties = Record<string, Value>;

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

/** What stands for a value of any type that is known only after the run. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const isObject = (value: Value | undefined): value is { [key: string]: Value } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isMarked = (value: Value | undefined, mark: string): value is { [key: string]: Value } =>
  isObject(value) && value[SIGNATURE] === mark;

/** The same value with every secret and output wrapper taken off. */
export function plain(value: Value): Value {
  if (isMarked(value, SECRET) || isMarked(value, OUTPUT)) return plain(value.value ?? UNKNOWN);
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/** Whether the value or a part of it is known only after the run. */
export function hasUnknown(value: Value): boolean {
  const bare = plain(value);
  if (bare === UNKNOWN) return true;
  return typeof bare === "object" && bare !== null && Object.values(bare).some(hasUnknown);
}

export function equal(one: Value | undefined, other: Value | undefined): boolean {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, index) => equal(item, other[index]));
  }
  if (!isObject(one) || !isObject(other)) return false;
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => equal(one[key], other[key]));
}

export type Kind = "ADD" | "ADD_REPLACE" | "DELETE" | "DELETE_REPLACE" | "UPDATE" | "UPDATE_REPLACE";
export type DetailedDiff = Record<string, Kind>;

/** A path of keys and indexes in the engine's notation: environment.A, triggers[0], environment["a-b"]. */
export function pathText(path: (string | number)[]): string {
  return path
    .map((key, index) => {
      if (typeof key === "number") return `[${key}]`;
      if (!/^[A-Za-z0-9_]*$/.test(key)) return `["${key.replace(/"/g, '\\"')}"]`;
      return index === 0 ? key : `.${key}`;
    })
    .join("");
}

/** Every difference between two values, at the deepest path where it can be named. */
export function detailedDiff(
  old: Value | undefined,
  now: Value | undefined,
  path: (string | number)[] = [],
): DetailedDiff {
  const absent = (value: Value | undefined): boolean => value === undefined || value === null;
  if (absent(old) && absent(now)) return {};
  if (path.length > 0 && absent(old)) return { [pathText(path)]: "ADD" };
  if (path.length > 0 && absent(now)) return { [pathText(path)]: "DELETE" };
  if (Array.isArray(old) && Array.isArray(now)) {
    const longest = old.length > now.length ? old : now;
    const diffs = longest.map((_, index) => detailedDiff(old[index], now[index], [...path, index]));
    return Object.assign({}, ...diffs) as DetailedDiff;
  }
  // A secret is compared as a whole: nothing of its inside may show.
  const nested = isObject(old) && isObject(now) && !(SIGNATURE in old) && !(SIGNATURE in now);
  if (nested) {
    const keys = new Set([...Object.keys(old), ...Object.keys(now)]);
    return Object.assign(
      {},
      ...[...keys].map((key) => detailedDiff(old[key], now[key], [...path, key])),
    ) as DetailedDiff;
  }
  return equal(old, now) ? {} : { [pathText(path)]: "UPDATE" };
}

/** The first key of a path in the engine's notation. */
export const topOf = (path: string): string => /^[A-Za-z0-9_]+/.exec(path)?.[0] ?? path;
