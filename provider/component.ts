import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { refuse } from "./errors";
import { HostFacts } from "./observe";
import { parse } from "./validate";

/** The type token of a component; the plugin host knows no module but `index`. */
export function typeToken(className: string): string {
  return `pulumi-macvlan:index:${className}`;
}

/** Reads a component's arguments; throws one SpecError with every problem, each below the component's name. */
export function readArgs<T extends z.ZodType>(name: string, schema: T, args: unknown): z.output<T> {
  const { value, problems } = parse(schema, args, [name]);
  refuse(problems);
  return value as z.output<T>;
}

/**
 * What the Commands of all stages have in common. Their scripts say the same in every plan, so the plan hides them. A host
 * under another address is another host: its resources are taken away there and made here.
 */
export function commandArgs(
  destination: string,
): Pick<local.CommandArgs, "addPreviousOutputInEnv" | "logging" | "triggers"> {
  return { addPreviousOutputInEnv: false, logging: local.Logging.Stderr, triggers: [destination] };
}

/**
 * The options that go with commandArgs. `opts` are those of the component: what it depends on, its resources depend on
 * themselves, so that the state has the order in which a destroy, which runs no program, takes them away.
 */
export function commandOptions(
  parent: pulumi.Resource,
  opts: pulumi.ComponentResourceOptions = {},
): pulumi.CustomResourceOptions {
  const dependsOn = opts.dependsOn ?? [];
  return { parent, dependsOn, deleteBeforeReplace: true, hideDiffs: ["create", "delete", "triggers"] };
}

/** How a Command is told to put right what drifted: spread into its environment and its options. */
export interface Repair {
  readonly environment: { readonly REPAIR?: string };
  readonly options: Pick<pulumi.CustomResourceOptions, "ignoreChanges">;
}

/**
 * Drift is a change of the Command's input REPAIR, which has it run again; its script takes no notice of the text. Without
 * drift, or without facts, what the state has from the last repair stays, so that nothing changes.
 */
export function repair(facts: HostFacts | undefined, reasons: (facts: HostFacts) => readonly string[]): Repair {
  const text = facts && repairText(facts, reasons(facts));
  if (text === undefined) return { environment: {}, options: { ignoreChanges: ["environment.REPAIR"] } };
  return { environment: { REPAIR: text }, options: {} };
}

/** Why there is something to put right; with the time, so that the same drift seen again is a change again. */
export function repairText({ time }: HostFacts, reasons: readonly string[]): string | undefined {
  return reasons.length === 0 ? undefined : `${reasons.join("; ")}, seen ${time.replace("T", " ")}`;
}
