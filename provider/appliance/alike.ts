import { group } from "../validate";

/** So many texts may differ, and each may be so long: together they fit into what `Seen` leaves free. */
const DIFFERENT = 8;
const SHORT = 64;

interface Content {
  readonly service: unknown;
  readonly files: unknown;
}

/**
 * Whether two appliances differ only in what hosts give one template and no rule asks about: short texts as values of the
 * environment, as the name of the host, and in files.
 */
export function areAlike(before: Content, after: Content): boolean {
  const left = without(before.service, after.service, DIFFERENT, inService);
  return without(before.files, after.files, left, inFiles) >= 0;
}

/** What is left of the texts that may differ after one value; less than 0 if it may not differ. */
type Cost = (key: string, before: unknown, after: unknown, left: number) => number;

/** What is left after two groups. */
function without(before: unknown, after: unknown, left: number, cost: Cost): number {
  if (before === after) return left;
  const [was, is] = [group(before), group(after)];
  const keys = Object.keys(is);
  if (keys.length !== Object.keys(was).length) return -1;
  return keys.reduce(
    (rest, key) => (rest < 0 || was[key] === is[key] ? rest : cost(key, was[key], is[key], rest)),
    left,
  );
}

const inService: Cost = (key, before, after, left) => {
  if (key === "hostname") return inText(key, before, after, left);
  // A list names variables that Compose looks up.
  const isGroup = key === "environment" && !Array.isArray(before) && !Array.isArray(after);
  return isGroup ? without(before, after, left, inText) : -1;
};

/** .env says which variables Compose knows. */
const inFiles: Cost = (path, before, after, left) => (path === ".env" ? -1 : inText(path, before, after, left));

const inText: Cost = (_, before, after, left) => (isPlain(before) && isPlain(after) ? left - 1 : -1);

/** Neither a variable of Compose nor what no file may have. */
function isPlain(value: unknown): boolean {
  return typeof value === "string" && value.length <= SHORT && !/[$\0]/.test(value);
}
