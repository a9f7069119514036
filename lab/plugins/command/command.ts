// command:local:Command and command:local:run, version 1.2.1.
import { randomBytes } from "node:crypto";
import type { Failure, Resource, Say } from "../rpc/server";
import { detailedDiff, hasUnknown, plain, topOf, UNKNOWN, type Properties, type Value } from "../rpc/values";
import { runShell, type ShellInput, type ShellOutput } from "./shell";

type Test = (value: Value) => boolean;

const isText: Test = (value) => typeof value === "string";
const isTextList: Test = (value) => Array.isArray(value) && value.every(isText);
const isTextMap: Test = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(isText);

const BASE: Record<string, [what: string, Test]> = {
  stdin: ["a string", isText],
  logging: ["a kind of logging", (value) => ["stdout", "stderr", "stdoutAndStderr", "none"].includes(value as string)],
  interpreter: ["a list of strings", isTextList],
  dir: ["a string", isText],
  environment: ["a map of strings", isTextMap],
  addPreviousOutputInEnv: ["a boolean", (value) => typeof value === "boolean"],
};

const INPUTS: Record<string, [what: string, Test]> = {
  ...BASE,
  create: ["a string", isText],
  update: ["a string", isText],
  delete: ["a string", isText],
  triggers: ["a list", (value) => Array.isArray(value)],
};

function failuresOf(inputs: Properties): Failure[] {
  return Object.entries(inputs).flatMap(([property, value]) => {
    const [what, test] = INPUTS[property] ?? [];
    if (!what || !test) return [{ property, reason: `the lab's stand-in does not serve ${property}` }];
    return value === null || hasUnknown(value) || test(plain(value)) ? [] : [{ property, reason: `must be ${what}` }];
  });
}

function shellInput(command: Value | undefined, properties: Properties, previous?: Properties): ShellInput {
  const { interpreter, dir, environment, stdin, logging, addPreviousOutputInEnv } = plain(properties) as Properties;
  const before = addPreviousOutputInEnv === false || !previous ? {} : (plain(previous) as Properties);
  return { command, interpreter, dir, environment, stdin, logging, previous: before } as unknown as ShellInput;
}

/** Runs the command, where there is one; `previous` is the state whose output the command may see. */
async function runFor(
  command: Value | undefined,
  properties: Properties,
  previous: Properties,
  say: Say,
): Promise<ShellOutput> {
  const { stdout = "", stderr = "" } = plain(previous) as Partial<Record<string, string>>;
  if (command === undefined || command === null) return { stdout, stderr };
  return runShell(shellInput(plain(command), properties, previous), say);
}

const PENDING = { stdout: UNKNOWN, stderr: UNKNOWN };

export const localCommand: Resource = {
  check: (_name, _olds, news) => ({ inputs: news, failures: failuresOf(news) }),
  diff: (_olds, oldInputs, news) => {
    const diff = detailedDiff(oldInputs, news);
    // The SDK asks for a replacement when an element of triggers changes; the plugin only when the whole comes or goes.
    if (diff.triggers) diff.triggers = `${diff.triggers}_REPLACE` as (typeof diff)[string];
    return { diff };
  },
  create: async (name, inputs, preview, say) => {
    const id = `${name}${randomBytes(4).toString("hex")}`;
    return { id, state: { ...inputs, ...(preview ? PENDING : await runFor(inputs.create, inputs, {}, say)) } };
  },
  read: (_id, state, inputs) => Promise.resolve(state && inputs && { state, inputs }),
  update: async (state, inputs, preview, say) => ({
    ...inputs,
    ...(preview ? PENDING : await runFor(inputs.update ?? inputs.create, inputs, state, say)),
  }),
  delete: async (_id, state, say) => void (await runFor(state.delete, state, state, say)),
};

/** command:local:run: runs at every preview and update. */
export async function localRun(args: Properties, say: Say): Promise<Properties> {
  const wrong = Object.keys(args).find((key) => key !== "command" && !BASE[topOf(key)]);
  if (wrong) throw new Error(`the lab's stand-in does not serve ${wrong} of command:local:run`);
  return { ...args, ...(await runShell(shellInput(plain(args.command ?? ""), args), say)) };
}
