// The command line of the commands that run Pulumi.
import { Command, InvalidArgumentError } from "commander";
import type { Printed } from "../fleet";
import type { DestroyArguments, PreviewArguments, ShardArguments, UpArguments } from ".";
import type { FleetArguments } from "./session";

/** An option that may be given again. Not a variadic one, which would take the hosts after it for its own. */
const each = (value: string, before: readonly string[] = []): string[] => [...before, value];

const INVENTORY = [
  "-i, --inventory <file>",
  "the inventory (YAML or JSON); repeatable, several are read as one",
  each,
] as const;

/** Adds `preview`, `up`, `destroy`, `outputs`, `shards` and `unlock`. */
export function addProvision(macvlan: Command, version: string): void {
  const provision = () => import(".");
  running(macvlan, "preview", "what `up` would do to the hosts of an inventory; nothing is changed anywhere")
    .option("--against <file>", "compare with this inventory, without a state, secrets or hosts: for forks")
    .option("--report <format>", "a report for a pull request: md")
    .option("--out <file>", "write the report to this file instead of the output")
    .option("--diff", "with the differences of files")
    .option("--save-plan <dir>", "write each host's plan, for `up --plan`")
    .option("--annotations <forge>", "print what is wrong as annotations of a pull request: github")
    .option("--sarif <file>", "write what is wrong as SARIF 2.1.0")
    .option("--code-quality <file>", "write what is wrong as GitLab's code quality report")
    .option("--expect-no-changes", "end with 3 if anything would change")
    .action(async (hosts: string[], args: PreviewArguments) =>
      show(await (await provision()).preview(hosts, args, version)),
    );
  running(macvlan, "up", "provision the hosts of an inventory")
    .option("-y, --yes", "do not ask")
    .option(
      "--plan <dir>",
      "only what `preview --save-plan` has written there; a host with another plan by now is refused",
    )
    .option(
      "--canary [host]",
      "one host first (the first with the tag canary): the others if `verify` finds it in sync",
    )
    .option(
      "--waves <tag>",
      "hosts with this tag first, verified before the next wave; then the others; repeatable",
      each,
    )
    .option("--diff", "show the differences of files before asking")
    .action(async (hosts: string[], args: UpArguments) => show(await (await provision()).up(hosts, args)));
  running(macvlan, "destroy", "take away what was made on hosts; also of hosts that are in the inventory no longer")
    .option("-y, --yes", "do not ask")
    .action(async (hosts: string[], args: DestroyArguments) => show(await (await provision()).destroy(hosts, args)));
  choosing(macvlan, "outputs", "addresses of the appliances as they were made, from the state").action(
    async (hosts: string[], args: FleetArguments) => show(await (await provision()).outputs(hosts, args)),
  );
  choosing(
    macvlan,
    "unlock",
    "remove the locks that a run on another machine left in the state; see that it is gone first",
  ).action(async (hosts: string[], args: FleetArguments) => show(await (await provision()).unlock(hosts, args)));
  macvlan
    .command("shards")
    .description("the parts of a fleet for a matrix of jobs, as JSON")
    .argument("[host...]", "hosts of the inventory; default all")
    .requiredOption(...INVENTORY)
    .requiredOption("--of <number>", "how many parts", positive)
    .option("--tag <tag>", "hosts with this tag; repeatable", each)
    .option("--json", "with the hosts of each part")
    .action(async (hosts: string[], args: ShardArguments) => show((await provision()).shardsOf(hosts, args)));
}

function running(macvlan: Command, name: string, description: string): Command {
  return choosing(macvlan, name, description)
    .option("--parallel <number>", "hosts at once; default 4", positive)
    .option("--continue", "begin further hosts after one failed")
    .option("--offline", "contact no host: the plan is that of the inventory and the last known state");
}

function choosing(macvlan: Command, name: string, description: string): Command {
  return macvlan
    .command(name)
    .description(description)
    .argument("[host...]", "hosts of the inventory; default all")
    .requiredOption(...INVENTORY)
    .option("--tag <tag>", "hosts with this tag; repeatable", each)
    .option("--shard <part>", "one part of the hosts, such as 2/4")
    .option("--backend <url>", "where the state is; default what PULUMI_BACKEND_URL or `pulumi login` say")
    .option(
      "--fleet <name>",
      "Pulumi's name of the project; default that of the Pulumi.yaml beside the inventory, or macvlan",
    )
    .option("--json", "for programs");
}

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError("It must be a number from 1.");
  return number;
}

function show({ out = "", error = "", exitCode }: Printed): void {
  process.stdout.write(out);
  process.stderr.write(error);
  process.exitCode = exitCode;
}
