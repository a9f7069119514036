import { z } from "zod";
import { below, Fault, formatPath, nearest, Path, Problem } from "./errors";

type Issue = z.core.$ZodIssue;
type Schema = z.core.$ZodType;

/** A group of named values that nobody has checked; anything else reads as an empty one. */
export function group(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** A list that nobody has checked; a single value is a list of one, nothing is an empty one. */
export function list(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? (value as unknown[]) : [value];
}

/** What a refinement puts on its issue (`params: { remedy }`) so that the remedy stays apart from the message. */
interface RefinementParams {
  readonly remedy?: string;
}

/** Of a choice: values that somebody may try with reason, and why they are none here. */
const refusals = z.registry<Readonly<Record<string, Fault>>>();

/** Of a text: what to give, with its article and an example. */
const wanted = z.registry<{ what: string }>();

/** One of `values`; of those that are refused it says why. */
export function choice<T extends Readonly<Record<string, string>>>(
  values: T,
  refused: Readonly<Record<string, Fault>>,
): z.ZodEnum<T> {
  return z.enum(values).register(refusals, refused);
}

/**
 * Reads `value` by `schema`: the parsed value, or every problem, with paths below `prefix`.
 * Values themselves are never printed: they may be secrets.
 */
export function parse<T extends z.ZodType>(
  schema: T,
  value: unknown,
  prefix: Path = [],
): { value: z.output<T>; problems: [] } | { value?: undefined; problems: Problem[] } {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return { value: result.data, problems: [] };
  return {
    problems: below(
      prefix,
      result.error.issues.flatMap((issue) => fromIssue(schema, issue)),
    ),
  };
}

/** The problems that one zod issue stands for. */
export function fromIssue(schema: Schema, issue: Issue): Problem[] {
  const path = issue.path.map((key) => (typeof key === "symbol" ? String(key) : key));
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = fieldsOf(schemaAt(schema, path));
      return issue.keys.map((key) => {
        const near = nearest(key, known);
        return {
          path: [...path, key],
          message: `there is no field ${JSON.stringify(key)} here`,
          remedy: near !== undefined ? `did you mean ${JSON.stringify(near)}?` : `known fields: ${known.join(", ")}`,
        };
      });
    }
    case "invalid_type": {
      const at = schemaAt(schema, path);
      const remedy = `give ${(at && wanted.get(unwrap(at))?.what) ?? article(typeName(issue.expected))}`;
      return [{ path, message: issue.input === undefined ? "is missing" : `is ${kindOf(issue.input)}`, remedy }];
    }
    case "invalid_value": {
      const values = issue.values.map((value) => JSON.stringify(value)).join(", ");
      if (issue.input === undefined) return [{ path, message: "is missing", remedy: `choose one of ${values}` }];
      const at = schemaAt(schema, path);
      const refused = at && typeof issue.input === "string" ? refusals.get(unwrap(at))?.[issue.input] : undefined;
      if (refused) return [{ path, ...refused }];
      return [{ path, message: "has a value that is not known here", remedy: `choose one of ${values}` }];
    }
    case "too_small":
      return [{ path, message: sizeMessage(issue.origin, "too small"), remedy: `at least ${issue.minimum}` }];
    case "too_big":
      return [{ path, message: sizeMessage(issue.origin, "too large"), remedy: `at most ${issue.maximum}` }];
    case "invalid_key":
      return issue.issues.map((inner) => keyProblem(path, inner));
    case "custom":
      return [{ path, message: issue.message, remedy: (issue.params as RefinementParams | undefined)?.remedy ?? "" }];
    case "invalid_union":
    case "invalid_element":
    case "invalid_format":
    case "not_multiple_of":
      return [{ path, message: issue.message, remedy: `correct ${formatPath(path) || "it"}` }];
  }
}

function keyProblem(path: Path, issue: Issue): Problem {
  const remedy = issue.code === "custom" ? (issue.params as RefinementParams | undefined)?.remedy : undefined;
  return { path, message: issue.message, remedy: remedy ?? "choose another name" };
}

function sizeMessage(origin: string, what: string): string {
  if (origin === "string" || origin === "array") return what === "too small" ? "is too short" : "is too long";
  return `is ${what}`;
}

function typeName(expected: string): string {
  const names: Record<string, string> = {
    object: "group of fields",
    record: "group of named entries",
    array: "list",
    string: "text",
    boolean: "true or false",
    int: "whole number",
  };
  return names[expected] ?? expected;
}

function article(noun: string): string {
  if (noun === "text" || noun === "true or false") return noun;
  return /^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number" && !Number.isInteger(value)) return "a number with a fraction";
  return typeof value === "object" ? "a group of fields" : article(typeName(typeof value));
}

/** The schema of the value at `path`, through optional, default, record and list. */
function schemaAt(schema: Schema, path: Path): Schema | undefined {
  let current: Schema | undefined = schema;
  for (const key of path) {
    const def: Def | undefined = current && defOf(unwrap(current));
    if (def?.shape !== undefined) current = def.shape[String(key)];
    else if (def?.type === "record") current = def.valueType;
    else if (def?.type === "array") current = def.element;
    else return undefined;
  }
  return current;
}

interface Def {
  readonly type: string;
  readonly shape?: Record<string, Schema>;
  readonly valueType?: Schema;
  readonly element?: Schema;
  readonly innerType?: Schema;
  readonly in?: Schema;
}

function defOf(schema: Schema): Def {
  return schema._zod.def;
}

function unwrap(schema: Schema): Schema {
  const { innerType, in: input } = defOf(schema);
  const inner = innerType ?? input;
  return inner === undefined ? schema : unwrap(inner);
}

function fieldsOf(schema: Schema | undefined): string[] {
  return schema === undefined ? [] : Object.keys(defOf(unwrap(schema)).shape ?? {});
}

/** Tells what a refinement has found, with paths below what is refined. */
export function report(context: z.core.$RefinementCtx, problems: readonly (Fault & Partial<Problem>)[]): void {
  for (const { path = [], message, remedy } of problems)
    context.addIssue({ code: "custom", path: [...path], message, params: { remedy } });
}

/** A text for which `fault` finds nothing wrong. `what` says what to give where there is none. */
export function text(fault: (value: string) => Fault | undefined, what?: string): z.ZodType<string, string> {
  const schema = z.string().superRefine((value, context) => {
    const found = fault(value);
    if (found) report(context, [found]);
  });
  return what === undefined ? schema : schema.register(wanted, { what });
}
